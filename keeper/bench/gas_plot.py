"""The plot of the figures: bars beside peer, target and floor, and how gas grows."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from keeper.bench.table import Row
from keeper.figures import COLOURS, INK, render, stand_alone

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

OURS, PEER, TARGET = COLOURS[0], COLOURS[1], COLOURS[2]

MARKS: Final = {
    "peer_gas": ("best peer", "o", PEER, 5),
    "target": ("target", ">", TARGET, 6),
    "floor": ("floor of the present layout", "|", INK, 13),
}
"""Label, shape, colour and size of what a bar is compared with."""

MOST: Final = 10
"""Units of growth that are drawn."""


class Line(NamedTuple):
    """Gas that grows by the figure ``slope`` per unit, from the figure ``base``."""

    label: str
    base: str | None
    slope: str


class Growth(NamedTuple):
    """A panel: what the gas grows with, and lines."""

    unit: str
    lines: Sequence[Line]


GROWTH: Final[Sequence[Growth]] = (
    Growth(
        "further assets held",
        (
            Line("borrow", "borrow_3", "health_per_asset"),
            Line("withdraw, no debt", "withdraw_1", "withdraw_per_asset"),
            Line("deposit", "deposit_1", "deposit_per_asset"),
            Line("repay", "repay", "repay_per_asset"),
        ),
    ),
    Growth("further assets listed", (Line("borrow", "borrow_3", "health_per_listed"),)),
    Growth(
        "markets held", (Line("withdraw, no debt", "withdraw", "health_per_market"),)
    ),
    Growth(
        "accounts in a batch",
        (
            Line("realise, outside", None, "realise_out"),
            Line("realise, inside", None, "realise_in"),
        ),
    ),
    Growth(
        "further markets, ticks crossed",
        (
            Line("tick, per market", "tick", "tick_per_market"),
            Line("tick, per crossed tick", "tick", "tick_per_crossing"),
        ),
    ),
    Growth(
        "further fills, levels",
        (
            Line("take, per level", "book_take_1", "book_per_level"),
            Line("take, per order", "book_take_1", "book_per_order"),
        ),
    ),
)


def plot(rows: Sequence[Row]) -> str:
    """Return bars of all that has a peer or a target, and growth, as a file of SVG."""
    known = [row for row in rows if (row["peer_gas"], row["target"]) != (None, None)]
    further = [row for row in known if is_further(row["operation"])]
    whole = [row for row in known if row not in further]

    def draw(figure: "Figure") -> None:
        heights = [len(whole) + 3, len(further) + 3, 18]
        parts: Any = figure.subfigures(3, 1, height_ratios=heights)
        top, middle, bottom = parts
        bars(top.subplots(), whole, "Gas of a whole transaction")
        bars(middle.subplots(), further, "Gas of one more")
        by_name = {row["operation"]: row for row in rows}
        panels = bottom.subplots(2, 3)
        for axis, growth in zip(panels.flat, GROWTH, strict=True):
            grow(axis, growth, by_name)

    return stand_alone(render(draw, 10, 0.3 * (len(known) + 24)))


def is_further(operation: str) -> bool:
    """Return whether a figure is of one more of something, in a transaction."""
    return "_per_" in operation or operation.startswith("realise")


def bars(axis: "Axes", rows: Sequence[Row], title: str) -> None:
    """Draw a bar for each row, the first on top, and marks for what is compared."""
    places = range(len(rows))
    gas = [row["gas"] for row in rows]
    axis.barh(places, gas, color=OURS, height=0.55, alpha=0.75, label="ours")
    near = max(gas) // 10
    for place, row in enumerate(rows):
        # Behind a mark that it would be written over.
        marks = (row["peer_gas"] or 0, row["target"] or 0)
        right = max(mark for mark in (row["gas"], *marks) if mark < row["gas"] + near)
        axis.annotate(
            f"{row['gas']:,}",
            (right, place),
            xytext=(7, 0),
            textcoords="offset points",
            va="center",
            fontsize=7,
        )
    columns: Mapping[str, list[int | None]] = {
        "peer_gas": [row["peer_gas"] for row in rows],
        "target": [row["target"] for row in rows],
        "floor": [row["floor"] for row in rows],
    }
    for column, (label, shape, colour, size) in MARKS.items():
        marked = [
            (value, place)
            for place, value in zip(places, columns[column], strict=True)
            if value is not None
        ]
        axis.plot(
            [value for value, _ in marked],
            [place for _, place in marked],
            linestyle="",
            marker=shape,
            color=colour,
            markersize=size,
            markeredgewidth=2 if shape == "|" else 0,
            label=label,
        )
    axis.set_yticks(places, [name_of(row) for row in rows], fontsize=8)
    axis.invert_yaxis()
    axis.set_xlim(left=0)
    axis.grid(visible=False, axis="y")
    axis.xaxis.set_major_formatter("{x:,.0f}")
    axis.set_title(title)
    axis.margins(x=0.1)
    axis.legend(loc="best", fontsize=8)


def name_of(row: Row) -> str:
    """Return what a bar is called: the operation, and the peer it is compared with."""
    peer = row["best_peer"]
    return row["operation"] + (f" ({peer})" if peer else "")


def grow(axis: "Axes", growth: Growth, rows: Mapping[str, Row]) -> None:
    """
    Draw lines of ours and, dashed in their colours, of peers that grow too: where base
    and slope are of the same one.
    """
    units = range(MOST + 1)
    for line, colour in zip(growth.lines, COLOURS, strict=False):
        slope = rows[line.slope]
        base = None if line.base is None else rows[line.base]
        start = 0 if base is None else base["gas"]
        gas = [start + count * slope["gas"] for count in units]
        axis.plot(units, gas, label=line.label, color=colour)
        theirs = peer_line(base, slope)
        if theirs:
            label = f"{line.label}: {slope['best_peer']}"
            axis.plot(units, theirs, label=label, color=colour, linestyle="--")
    axis.set_ylim(bottom=0)
    axis.yaxis.set_major_formatter("{x:,.0f}")
    axis.tick_params(labelsize=8)
    axis.set_title(f"Gas by {growth.unit}", fontsize=9)
    axis.legend(loc="best", fontsize=7)


def peer_line(base: Row | None, slope: Row) -> list[int]:
    """Return a peer's gas at each number of units, if there is one who has both."""
    further, first = slope["peer_gas"], 0 if base is None else base["peer_gas"]
    is_one = base is None or base["best_peer"] == slope["best_peer"]
    if further is None or first is None or not is_one:
        return []
    return [first + count * further for count in range(MOST + 1)]
