"""The figures as small pictures, each with axes of its own."""

from collections.abc import Callable, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from keeper.figures import COLOURS, render
from tests.speed.measuring import DISTURBED, Series

COLUMNS = 3
WIDTH, HEIGHT = 4.2, 3.2
"""Inches of a picture."""

SECOND = "a second of CPU"


def plot(found: Sequence[Series], committed: Sequence[dict]) -> str:
    """Return all pictures of which there is anything, as a file of SVG."""
    pictures = [
        *choose(found),
        *([lambda axis: draw_committed(axis, committed)] if committed else []),
    ]
    rows = max(1, -(-len(pictures) // COLUMNS))
    columns = min(COLUMNS, max(1, len(pictures)))

    def draw(figure: Figure) -> None:
        for number, picture in enumerate(pictures, 1):
            picture(figure.add_subplot(rows, columns, number))
        if any(point.is_disturbed for series in found for point in series.points):
            figure.supxlabel(f"hollow: {DISTURBED}", fontsize=8)

    svg = render(draw, columns * WIDTH, rows * HEIGHT)
    return svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)


def choose(found: Sequence[Series]) -> list[Callable[[Axes], None]]:
    """Return what draws each picture, of those that have a point."""
    groups: dict[tuple[str, str], list[Series]] = {}
    for series in found:
        if series.points:
            groups.setdefault((series.part, series.size), []).append(series)
    return [
        lambda axis, part=part, group=group: DRAWN[part](axis, group)
        for (part, _), group in groups.items()
    ]


def draw_walks(axis: Axes, group: Sequence[Series]) -> None:
    """Draw transactions a second, from none on: they differ by little."""
    for series, colour in zip(group, COLOURS, strict=False):
        put(axis, series, "transactions", series.name, colour)
    axis.set_ylim(bottom=0)
    axis.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:,.0f}"))
    finish(axis, group, "Walks beside the contracts", f"transactions {SECOND}")


def draw_machine(axis: Axes, group: Sequence[Series]) -> None:
    """Draw steps a second of both machines."""
    for series, colour in zip(group, COLOURS, strict=False):
        put(axis, series, "steps", series.name, colour)
    axis.set_ylim(bottom=0)
    finish(axis, group, "The random machine", f"steps {SECOND}")


def draw_replay(axis: Axes, group: Sequence[Series]) -> None:
    """Draw transactions and ticks a second, which are far apart."""
    (series,) = group
    for unit, colour in zip(("transactions", "ticks"), COLOURS, strict=False):
        put(axis, series, unit, unit, colour)
    scale(axis)
    finish(axis, group, f"Replay of {series.name}", SECOND)
    if series.size != "accounts":
        axis.set_xscale("linear")


def draw_proofs(axis: Axes, group: Sequence[Series]) -> None:
    """Draw seconds, by the clock and of CPU, against how many are proved."""
    for series, colour in zip(group, COLOURS, strict=False):
        line(axis, series, [p.seconds for p in series.points], series.name, colour)
        sizes, cpu = zip(*((p.size, p.cpu) for p in series.points), strict=True)
        axis.plot(sizes, cpu, ".:", color=colour, label=f"{series.name}, CPU")
    scale(axis)
    finish(axis, group, "A sample of proofs, mutants spared", "seconds")


def draw_engine(axis: Axes, group: Sequence[Series]) -> None:
    """Draw calls a second as bars."""
    names = [series.name for series in group]
    rates = [series.points[-1].rates["calls"] for series in group]
    axis.set_axisbelow(True)
    axis.barh(names, rates, color=COLOURS[0], height=0.6)
    axis.invert_yaxis()
    axis.set_xscale("log")
    axis.set_xlim(min(rates) / 2, max(rates) * 12)
    axis.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x / 1000:,g}k"))
    axis.xaxis.set_minor_formatter(NullFormatter())
    for number, rate in enumerate(rates):
        axis.text(rate * 1.15, number, f"{rate:,.0f}", va="center", fontsize=8)
    axis.tick_params(axis="y", labelsize=8)
    axis.grid(visible=False, axis="y")
    axis.set_xlabel(f"calls {SECOND}")
    axis.set_title("The compiled engine")


def draw_committed(axis: Axes, committed: Sequence[dict]) -> None:
    """Draw what proofs took together when written down, the quickest first."""
    for entry, colour in zip(committed, COLOURS, strict=False):
        sums = entry["sums"]
        label = f"layer {entry['layer']}, {entry['tool']}"
        axis.loglog(range(1, len(sums) + 1), sums, color=colour, label=label)
    for each in (axis.xaxis, axis.yaxis):
        each.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axis.set_xlabel("proofs, the quickest first")
    axis.set_ylabel("seconds, together")
    axis.set_title("proofs.json")
    axis.legend(loc="best", fontsize=8)


def put(axis: Axes, series: Series, unit: str, label: str, colour: str) -> None:
    """Draw a line of rates."""
    rates = [point.rates[unit] for point in series.points]
    line(axis, series, rates, label, colour)


def line(
    axis: Axes, series: Series, values: Sequence[float], label: str, colour: str
) -> None:
    """Draw a value for each point; hollow where the measurement was disturbed."""
    sizes = [point.size for point in series.points]
    axis.plot(sizes, values, color=colour, label=label)
    for point, value in zip(series.points, values, strict=True):
        face = "white" if point.is_disturbed else colour
        axis.plot(point.size, value, "o", color=colour, markerfacecolor=face)


def scale(axis: Axes) -> None:
    """Have an upright axis be logarithmic, and say enough of its numbers."""
    axis.set_yscale("log")
    axis.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
    axis.yaxis.set_minor_formatter(NullFormatter())


def finish(axis: Axes, group: Sequence[Series], title: str, unit: str) -> None:
    """Name the axes, and put the sizes that were measured on the one."""
    sizes = sorted({point.size for series in group for point in series.points})
    axis.set_xscale("log")
    axis.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.tick_params(axis="x", which="minor", bottom=False)
    axis.set_xlabel(group[0].size)
    axis.set_ylabel(unit)
    axis.set_title(title)
    axis.legend(loc="best", fontsize=8)


DRAWN = {
    "walks": draw_walks,
    "machine": draw_machine,
    "replay": draw_replay,
    "proofs": draw_proofs,
    "engine": draw_engine,
}
