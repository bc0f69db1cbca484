"""How plots look, on every page: as SVG that needs nothing beside it."""

import io
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS: Final = ("#2f5bd7", "#d9642c", "#17876d", "#8f4bc2", "#b8860b", "#c2325a")
INK: Final = "#27303f"
FAINT: Final = "#dfe3ea"

_STYLE: Final[Any] = {
    "svg.fonttype": "none",
    # The same figure has the same names of its parts in every run.
    "svg.hashsalt": "figure",
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.grid": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": FAINT,
    "grid.linewidth": 0.7,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
}


def render(draw: Callable[["Figure"], None], width: float, height: float) -> str:
    """Return what ``draw`` puts on a figure of so many inches."""
    # Matplotlib takes a second to import, which a keeper need not spend.
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        draw(figure)
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None})
    return _embed(file.getvalue())


def stand_alone(svg: str) -> str:
    """Return a plot as a file of its own rather than an element of a page."""
    return svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)


def finish(axis: "Axes") -> None:
    """Give an axis its dates and, if it has names for its lines, a legend."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator: Any = AutoDateLocator(minticks=3, maxticks=6)  # type: ignore[no-untyped-call]
    formatter: Any = ConciseDateFormatter(locator, show_offset=False)  # type: ignore[no-untyped-call]
    axis.xaxis.set_major_locator(locator)
    axis.xaxis.set_major_formatter(formatter)
    if axis.get_legend_handles_labels()[0]:
        axis.legend(loc="best", fontsize=9)


def moment(time: int) -> Any:
    """Return a time as a date, which matplotlib plots and its types do not know."""
    return datetime.fromtimestamp(time, UTC)


def _embed(svg: str) -> str:
    """Return a file of SVG as an element, without size and what is about the file."""
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.S)
    head = re.compile(r'<svg [^>]*?viewBox="([^"]+)"[^>]*>')
    return head.sub(r'<svg viewBox="\1">', svg, count=1)
