"""The plots of a report, as SVG that needs nothing beside it."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from keeper.figures import COLOURS, INK, finish, moment, render
from keeper.parameters import ASSETS, MARKETS
from keeper.replay.interest import UNIT
from keeper.replay.recorder import Liquidation, Sample
from keeper.replay.stages import STAGES, Stages, by_tick
from specs.accounts import AccountId
from specs.fixed_point import RAY, WAD
from specs.interest_rate import SECONDS_PER_YEAR

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_WIDTH: Final = 11
"""Inches."""


def prices(samples: Sequence[Sample], liquidations: Sequence[Liquidation]) -> str:
    """Plot index, mark and basis of each market, takeovers as ticks on the axis."""

    def draw(figure: "Figure") -> None:
        rows = figure.subplots(2, len(MARKETS), sharex="col", height_ratios=(3, 1.4))
        columns = zip(*rows, MARKETS, COLOURS, strict=False)
        for upper, lower, market, colour in columns:
            times = _times(samples)
            slow = [s.slow[market.underlying] / WAD for s in samples]
            marks = [s.marks[market.number] / WAD for s in samples]
            basis = [(m / i - 1) * 10_000 for m, i in zip(marks, slow, strict=True)]
            upper.plot(times, slow, color=INK, linewidth=1.1, label="slow index")
            upper.plot(times, marks, color=colour, label="mark")
            for entry in liquidations:
                upper.axvline(moment(entry.time), ymax=0.04, color=COLOURS[5])
            lower.fill_between(times, basis, color=colour, alpha=0.35, linewidth=0)
            _finish(upper, f"{market.symbol}, USDC")
            _finish(lower, "Mark over index, bp")

    return _render(draw, 4.6)


def money_market(samples: Sequence[Sample]) -> str:
    """Plot utilisation and borrow rate of each pool."""

    def draw(figure: "Figure") -> None:
        left, right = figure.subplots(1, 2)
        for asset, colour in zip(ASSETS, COLOURS, strict=False):
            used = [s.utilisations[asset.number] * 100 / WAD for s in samples]
            rates = [
                s.rates[asset.number] * SECONDS_PER_YEAR * 100 / RAY for s in samples
            ]
            left.plot(_times(samples), used, color=colour, label=asset.symbol)
            right.plot(_times(samples), rates, color=colour, label=asset.symbol)
        _finish(left, "Utilisation, %")
        _finish(right, "Borrow rate, % a year")

    return _render(draw, 3.1)


def interest(samples: Sequence[Sample]) -> str:
    """Plot the interest of pools, and that on unrealised profit and loss, so far."""
    pools = {
        "borrowers": "paid by borrowers",
        "lenders": "earned by lenders",
        "reserve": "earned by the reserve",
    }
    unrealised = {
        "virtual_losers": "paid by losses",
        "virtual_winners": "earned by gains",
    }

    def draw(figure: "Figure") -> None:
        axes = figure.subplots(1, 2)
        colours = iter(COLOURS)
        for axis, kinds in zip(axes, (pools, unrealised), strict=True):
            for kind, label in kinds.items():
                sums = [getattr(s.interest, kind) / UNIT / WAD for s in samples]
                axis.plot(_times(samples), sums, color=next(colours), label=label)
        _finish(axes[0], "Interest so far, USDC")
        _finish(axes[1], "Interest on unrealised profit and loss so far, USDC")

    return _render(draw, 3.1)


def equity(samples: Sequence[Sample], roles: Mapping[AccountId, str]) -> str:
    """Plot what each role's accounts have made since the first tick."""
    names = list(dict.fromkeys(roles.values()))

    def worth(sample: Sample, name: str) -> float:
        accounts = [account for account, role in roles.items() if role == name]
        made = sum(
            sample.equities.get(account, 0) - sample.brought.get(account, 0)
            for account in accounts
        )
        return made / WAD

    def draw(figure: "Figure") -> None:
        left, right = figure.subplots(1, 2)
        for name, colour in zip(names, COLOURS, strict=False):
            values = [worth(s, name) for s in samples]
            changes = [(value - values[0]) / 1_000 for value in values]
            axis = right if name in ("long", "short") else left
            axis.plot(_times(samples), changes, color=colour, label=name)
        _finish(left, "Equity made, thousand USDC")
        _finish(right, "Equity made by longs and shorts, thousand USDC")
        for axis in (left, right):
            axis.axhline(0, color=INK, linewidth=0.6)

    return _render(draw, 3.1)


def takeovers(samples: Sequence[Sample], liquidations: Sequence[Liquidation]) -> str:
    """Plot the notional taken over in each tick, and its sum."""

    def draw(figure: "Figure") -> None:
        axis = figure.subplots()
        times = [sample.time for sample in samples]
        step = times[1] - times[0] if len(times) > 1 else 1
        taken = dict.fromkeys(times, 0.0)
        for entry in liquidations:
            tick = max((t for t in times if t <= entry.time), default=times[0])
            taken[tick] += entry.notional / WAD / 1_000
        sums, total = [], 0.0
        for value in taken.values():
            total += value
            sums.append(total)
        moments = _times(samples)
        width = step / 86_400 * 0.8
        axis.bar(moments, list(taken.values()), width, color=COLOURS[5], label="tick")
        other = axis.twinx()
        other.plot(moments, sums, color=INK, label="sum")
        other.grid(visible=False)
        other.set_ylim(bottom=0)
        _finish(axis, "Taken over at the backstop, thousand USDC of notional")
        handles = [*axis.get_legend_handles_labels()[0], *other.get_lines()]
        axis.legend(handles, ["in a tick", "in all (right)"], loc="upper left")

    return _render(draw, 2.6)


def stages(samples: Sequence[Sample], seen: Stages) -> str:
    """Plot what each stage has closed so far, and at which price against mark."""
    colours = dict(zip(STAGES, (COLOURS[0], COLOURS[5], INK), strict=True))

    def draw(figure: "Figure") -> None:
        left, right = figure.subplots(1, 2)
        times = [sample.time for sample in samples]
        for stage, sums in by_tick(seen.closed, times).items():
            left.plot(_times(samples), sums, color=colours[stage], label=stage)
            parts = [e for e in seen.closed if e.stage == stage and e.notional]
            right.scatter(
                [moment(each.time) for each in parts],
                [each.lost / each.notional * 10_000 for each in parts],
                s=[2 + min(60, each.notional / WAD / 5_000) for each in parts],
                color=colours[stage],
                alpha=0.5,
                linewidth=0,
                label=stage if parts else None,
            )
        left.set_ylim(bottom=0)
        right.axhline(0, color=INK, linewidth=0.6)
        _finish(left, "Closed so far, million USDC of notional")
        _finish(right, "Lost against mark, bp of what was closed")

    return _render(draw, 3.1)


def _render(draw: Callable[["Figure"], None], height: float) -> str:
    return render(draw, _WIDTH, height)


def _finish(axis: "Axes", title: str) -> None:
    axis.set_title(title)
    finish(axis)


def _times(samples: Sequence[Sample]) -> Any:
    return [moment(sample.time) for sample in samples]
