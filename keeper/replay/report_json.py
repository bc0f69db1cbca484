"""
The report of a replay as data.

Amounts are decimal strings in whole USDC, exact to the wei, valued when they accrued;
`fund_residue` is in wei. What lenders, the reserve and unrealised gains earned is what
borrowers and unrealised losses paid, less `rounding`, which stays with the pools and is
at least nothing and at most `rounding_bound`. Everything but `seconds` and `gas` is the
same for the same prices and seed, on every engine.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from keeper.parameters import ASSETS, MARKETS
from keeper.prices import PricePath
from keeper.prices.file import show_time
from keeper.replay import report_crash
from keeper.replay.checker import Tally
from keeper.replay.interest import UNIT, Interest
from keeper.replay.numbers import decimal as decimal
from keeper.replay.recorder import Recorder, compute_residue
from keeper.replay.stages import STAGES
from specs.clearinghouse import State

NAME = "report.json"


@dataclass(frozen=True)
class Violation:
    """An invariant that did not hold, and the shortest replay that shows it."""

    invariant: str
    time: int
    command: str


@dataclass(frozen=True)
class Result:
    """All that a replay found out, finished or interrupted."""

    path: PricePath
    seed: int
    accounts: int
    seconds: float
    recorder: Recorder
    tally: Mapping[str, Tally]
    state: State
    violation: Violation | None = None
    watched: str = "every transaction and every block"
    """What invariants were checked on."""
    is_complete: bool = True


def build(result: Result) -> dict[str, Any]:
    """Return the report, ready to be written as JSON."""
    seen = result.recorder
    return {
        "prices": {
            "file": result.path.label,
            "rows": result.path.rows,
            "from": show_time(result.path.start),
            "to": show_time(result.path.end),
        },
        "seed": result.seed,
        "complete": result.is_complete,
        "ticks": seen.ticks,
        "transactions": seen.transactions,
        "seconds": round(result.seconds, 3),
        "accounts": result.accounts,
        "traded_notional": {
            place: decimal(seen.traded[place]) for place in ("book", "quotes")
        },
        **_liquidations(seen),
        **({"crash": report_crash.build(seen.stages)} if seen.stages.peak else {}),
        **_flows(seen),
        "entry_ticks": {
            "crossings": seen.crossings,
            "cursor_lags": seen.lags,
            "touches": seen.touches,
        },
        **_markets(result),
        "slack": {
            asset.symbol: decimal(seen.slack.get(asset.number, 0)) for asset in ASSETS
        },
        "watched": result.watched,
        "invariants": {
            code: {"checked": tally.checked, "violated": tally.violated}
            for code, tally in result.tally.items()
        },
        "violation": _violation(result.violation),
        "refused": dict(sorted(seen.refusals.items())),
        "gas": _gas(seen),
    }


def write(result: Result, folder: Path) -> Path:
    """Write the report into ``folder``, which is made if need be; return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / NAME
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(build(result), indent=2) + "\n")
    draft.replace(path)
    return path


def _liquidations(seen: Recorder) -> dict[str, Any]:
    stages = seen.stages
    return {
        "liquidations": len(seen.liquidations),
        "liquidated_notional": {
            stage: decimal(stages.get_notional(stage)) for stage in STAGES
        },
        "bad_debt": decimal(seen.bad_debt),
    }


def _markets(result: Result) -> dict[str, Any]:
    peaks = result.recorder.peaks
    return {
        "open_interest": {
            market.symbol: decimal(peaks.get(market.number, 0)) for market in MARKETS
        },
        "fund_residue": {
            market.symbol: str(compute_residue(result.state, market.number))
            for market in MARKETS
        },
    }


def _gas(seen: Recorder) -> dict[str, Any]:
    return {
        operation: {
            "count": gas.count,
            "mean": gas.total // gas.count,
            "max": gas.most,
        }
        for operation, gas in sorted(seen.gas.items())
    }


def _flows(seen: Recorder) -> dict[str, Any]:
    return {
        "interest": _interest(seen.interest),
        "funding": {
            "paid": decimal(seen.funding_paid),
            "received": decimal(seen.funding_received),
        },
    }


def _interest(booked: Interest) -> dict[str, Any]:
    """Return interest by kind, each rounded down to the wei."""
    kinds = ("lenders", "borrowers", "virtual_winners", "virtual_losers", "reserve")
    return {
        **{kind: decimal(getattr(booked, kind) // UNIT) for kind in kinds},
        "rounding": decimal(booked.rounding // UNIT),
        "rounding_bound": decimal(booked.bound // UNIT),
        "adds_up": booked.adds_up,
    }


def _violation(found: Violation | None) -> dict[str, str] | None:
    if found is None:
        return None
    return {
        "invariant": found.invariant,
        "time": show_time(found.time),
        "command": found.command,
    }
