"""How a scenario reports: on the terminal, and as a page with its plots."""

from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.table import Table as RichTable

from keeper import pages
from keeper.figures import COLOURS, finish, moment, render
from keeper.scenarios.outcome import Chart, Outcome, Table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Progress = Callable[[int, int], None]
"""Told how many of how many steps are done."""

_STYLE: Final = """
main { max-width: 960px; }
p.lead { white-space: pre-line; }
section p { margin: 0 0 8px; }
td.words:not(:first-child), th.words:not(:first-child) { text-align: left; }
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
    pages.write(build(outcome, story), path)
    return path


def build(outcome: Outcome, story: str) -> str:
    """Return the page."""
    told = "".join(f"<p>{escape(finding)}</p>" for finding in outcome.findings)
    checks = f"<p>{outcome.checked:,} checks of invariants, 0 violated.</p>"
    parts = [
        f"<section>{told}{checks}</section>",
        *(_as_html(table) for table in outcome.tables),
        *(_section(chart.title, draw(chart)) for chart in outcome.charts),
    ]
    return pages.build(outcome.title, outcome.title, story, "\n".join(parts), _STYLE)


def draw(chart: Chart) -> str:
    """Return a chart as SVG that needs nothing beside it."""

    def lines(figure: "Figure") -> None:
        axis = figure.subplots()
        times = [moment(time) for time in chart.times]
        for (name, values), colour in zip(chart.lines.items(), COLOURS, strict=False):
            axis.plot(times, values, color=colour, label=name)
        finish(axis)

    return render(lines, 9, 2.8)


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
