"""What a report says of a crash: stages, prices, who paid, how long it took."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from keeper.parameters import MARKETS
from keeper.prices.file import show_time
from keeper.replay.numbers import decimal
from keeper.replay.stages import STAGES, Stages, Victim

NAMES: Final = {"book": "order book", "backstop": "backstop", "adl": "deleveraging"}


def build(stages: Stages) -> dict[str, Any]:
    """
    Return the figures; amounts in USDC as exact decimals, shares and slippage as
    fractions, times in seconds.
    """
    median, late, most = stages.get_seconds()
    before, after = stages.get_equities()
    peak = stages.peak
    return {
        "peak_open_interest": decimal(peak),
        "liquidated": decimal(stages.notional),
        "liquidated_of_peak": share(stages.perpetual_notional, peak),
        "accounts": len(stages.get_liquidated()),
        "stages": {stage: _stage(stages, stage) for stage in STAGES},
        "slices": {
            "count": stages.slices,
            "less_than_half_filled": stages.unfilled,
            "fees": decimal(stages.fees),
        },
        "equity": {
            "before": decimal(before),
            "returned": decimal(after),
            "share": share(after, before),
        },
        "fund": {
            "before": decimal(stages.fund_before or 0),
            "in": decimal(stages.fund_in),
            "out": decimal(stages.fund_out),
            "after": decimal(stages.fund_after),
        },
        "bad_debt": {
            "fund": decimal(stages.fund_out),
            "reserve": decimal(stages.reserve_out),
            "lenders": decimal(stages.socialised),
        },
        "breaches": {
            "count": len(stages.episodes),
            "median": median,
            "p95": late,
            "max": most,
        },
        "deleveraged": [_victim(each) for each in stages.victims],
    }


def share(part: int, whole: int) -> float:
    """Return a part of a whole, rounded to a millionth; 0 of nothing."""
    return round(part / whole, 6) if whole else 0.0


def rows_of(crash: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    """Return the same for people, a line each."""
    rows = [
        ("peak open interest, USDC", whole(crash["peak_open_interest"])),
        ("liquidated, USDC", whole(crash["liquidated"])),
        ("of peak open interest, perpetuals", percent(crash["liquidated_of_peak"])),
        ("accounts liquidated", f"{crash['accounts']:,}"),
    ]
    for stage, name in NAMES.items():
        found = crash["stages"][stage]
        slippage = found["slippage"]
        said = f"{whole(found['notional'])} = {percent(found['share'], 3)}"
        rows.append((f"by {name}", said))
        if found["share"]:
            prices = (
                f"{points(slippage['mean'])} mean, {points(slippage['worst'])} worst"
            )
            rows.append(("against mark, bp", prices))
    equity, fund, debt = crash["equity"], crash["fund"], crash["bad_debt"]
    breaches, slices = crash["breaches"], crash["slices"]
    rows += [
        ("slices", f"{slices['count']:,}"),
        ("less than half filled", f"{slices['less_than_half_filled']:,}"),
        ("fees of slices", whole(slices["fees"])),
        ("equity at breach, of the liquidated", whole(equity["before"])),
        (
            "returned to them",
            f"{whole(equity['returned'])} = {percent(equity['share'])}",
        ),
        ("backstop fund, in", whole(fund["in"])),
        ("backstop fund, out", whole(fund["out"])),
        ("bad debt paid by the fund", whole(debt["fund"])),
        ("by the reserve", whole(debt["reserve"])),
        ("by lenders", whole(debt["lenders"])),
        ("breaches of maintenance margin", f"{breaches['count']:,}"),
        (
            "seconds until well: median, 95 %, most",
            f"{breaches['median']:g}, {breaches['p95']}, {breaches['max']}",
        ),
        ("positions deleveraged", f"{len(crash['deleveraged']):,}"),
    ]
    return rows


def victims_of(crash: Mapping[str, Any]) -> Sequence[Sequence[str]]:
    """Return who was deleveraged, a row each."""
    return [
        (
            each["time"],
            each["account"][:10] + "…" + each["account"][-4:],
            each["market"],
            f"{each['lots']:,}",
            f"{float(each['price']):,.4f}",
            f"{float(each['haircut']):,.2f}",
        )
        for each in crash["deleveraged"]
    ]


def whole(amount: str) -> str:
    """Return a decimal amount with thousands apart."""
    value = float(amount)
    return f"{value:,.0f}" if abs(value) >= 100 or value == 0 else f"{value:,.4f}"


def percent(part: float, digits: int = 2) -> str:
    """Return a fraction in percent."""
    return f"{100 * part:.{digits}f} %"


def points(part: float) -> str:
    """Return a fraction in basis points."""
    return f"{part * 10_000:.1f}"


def _stage(stages: Stages, stage: str) -> dict[str, Any]:
    mean, worst = stages.get_slippage(stage)
    return {
        "notional": decimal(stages.get_notional(stage)),
        "share": round(stages.get_share(stage), 6),
        "slippage": {"mean": round(mean, 8), "worst": round(worst, 8)},
    }


def _victim(victim: Victim) -> dict[str, Any]:
    return {
        "time": show_time(victim.time),
        "account": f"{victim.account:#066x}",
        "market": MARKETS[victim.market].symbol,
        "lots": victim.lots,
        "price": decimal(victim.price),
        "haircut": decimal(victim.haircut),
    }
