"""How a scenario reports: on the terminal, and as a page with its plots."""

import io
from collections.abc import Callable
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table as RichTable

from keeper.replay.plots import COLOURS, FAINT, INK, embed
from keeper.scenarios.outcome import Chart, Outcome, Table

Progress = Callable[[int, int], None]
"""Told how many of how many steps are done."""

_STYLE: Final = """
body { margin: 0; background: #f5f6f9; color: #27303f;
       font: 15px/1.5 system-ui, "Segoe UI", Roboto, sans-serif; }
main { max-width: 960px; margin: 0 auto; padding: 32px 20px 64px; }
h1 { font-size: 26px; margin: 0 0 12px; } h2 { font-size: 17px; margin: 0 0 12px; }
section { background: #fff; border: 1px solid #dfe3ea; border-radius: 10px;
          padding: 18px 20px; margin-bottom: 18px; overflow-x: auto; }
p { margin: 0 0 8px; } p.story { color: #6a7486; white-space: pre-line; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
td, th { padding: 4px 12px 4px 0; border-bottom: 1px solid #dfe3ea; text-align: right;
         font-variant-numeric: tabular-nums; font-weight: 400; }
th { color: #6a7486; }
td:first-child, th:first-child { text-align: left; }
td.words, th.words { text-align: left; }
svg { width: 100%; height: auto; display: block; }
"""

_PAGE: Final = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<main>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"""


def show(outcome: Outcome, console: Console) -> None:
    """Print what was found out."""
    for table in outcome.tables:
        console.print(_as_rich(table))
    for finding in outcome.findings:
        console.print(finding, highlight=False)
    console.print(
        f"{outcome.checked:,} checks of invariants, 0 violated", highlight=False
    )


def write(outcome: Outcome, story: str, folder: Path, name: str) -> Path:
    """Write the page ``name``.html into a folder; return its path."""
    path = folder / f"{name}.html"
    draft = path.with_suffix(".draft")
    draft.write_text(build(outcome, story))
    draft.replace(path)
    return path


def build(outcome: Outcome, story: str) -> str:
    """Return the page."""
    told = "".join(f"<p>{escape(finding)}</p>" for finding in outcome.findings)
    checks = f"<p>{outcome.checked:,} checks of invariants, 0 violated.</p>"
    parts = [
        f'<p class="story">{escape(story)}</p>',
        f"<section>{told}{checks}</section>",
        *(_as_html(table) for table in outcome.tables),
        *(_section(chart.title, draw(chart)) for chart in outcome.charts),
    ]
    title = escape(outcome.title)
    return _PAGE.format(title=title, style=_STYLE, body="\n".join(parts))


def draw(chart: Chart) -> str:
    """Return a chart as SVG that needs nothing beside it."""
    # Matplotlib takes a second to import, which the terminal alone need not spend.
    import matplotlib as mpl
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
    from matplotlib.figure import Figure

    style: Any = {
        "svg.fonttype": "none",
        "svg.hashsalt": "scenario",
        "axes.edgecolor": FAINT,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.color": FAINT,
        "text.color": INK,
        "legend.frameon": False,
    }
    with mpl.rc_context(style):
        figure = Figure(figsize=(9, 2.8), layout="constrained")
        axis = figure.subplots()
        times: Any = [datetime.fromtimestamp(time, UTC) for time in chart.times]
        for (name, values), colour in zip(chart.lines.items(), COLOURS, strict=False):
            axis.plot(times, values, color=colour, label=name)
        locator: Any = AutoDateLocator(minticks=3, maxticks=6)  # type: ignore[no-untyped-call]
        formatter: Any = ConciseDateFormatter(locator, show_offset=False)  # type: ignore[no-untyped-call]
        axis.xaxis.set_major_locator(locator)
        axis.xaxis.set_major_formatter(formatter)
        axis.legend(loc="best", fontsize=9)
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None})
    return embed(file.getvalue())


def _is_words(table: Table, column: int) -> bool:
    """Return whether a column beside the first has words rather than amounts."""
    return any(row[column][:1].isalpha() for row in table.rows)


def _as_rich(table: Table) -> RichTable:
    made = RichTable(title=table.title, title_justify="left")
    for column, name in enumerate(table.head):
        is_left = column == 0 or _is_words(table, column)
        made.add_column(name, justify="left" if is_left else "right", overflow="fold")
    for row in table.rows:
        made.add_row(*row)
    return made


def _as_html(table: Table) -> str:
    words = [_is_words(table, column) for column in range(len(table.head))]

    def cells(row: Any, tag: str) -> str:
        kinds = [' class="words"' if each else "" for each in words]
        return "".join(
            f"<{tag}{kind}>{escape(cell)}</{tag}>"
            for kind, cell in zip(kinds, row, strict=True)
        )

    rows = "".join(f"<tr>{cells(row, 'td')}</tr>" for row in table.rows)
    head = f"<tr>{cells(table.head, 'th')}</tr>"
    return _section(table.title, f"<table>{head}{rows}</table>")


def _section(title: str, body: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{body}</section>"
