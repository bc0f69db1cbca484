"""The report of a replay as one HTML file that needs nothing beside it."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from html import escape
from pathlib import Path
from typing import Any, Final

from keeper import pages
from keeper.replay import plots, report_crash, report_json
from keeper.replay.report_json import Result
from specs.accounts import AccountId

NAME: Final = "report.html"

_STYLE: Final = """
.cards { display: grid; gap: 12px; margin-bottom: 18px;
         grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); }
.card { background: #fff; border: 1px solid var(--faint); border-radius: 10px;
        padding: 12px 16px; }
.card b { display: block; font-size: 21px; font-variant-numeric: tabular-nums; }
.card span { color: var(--soft); font-size: 13px; }
.good { color: var(--good); } .bad { color: var(--bad); }
.columns { display: grid; gap: 18px;
           grid-template-columns: repeat(auto-fit, minmax(320px, 1fr)); }
code { background: #f0f2f6; padding: 1px 5px; border-radius: 4px; }
"""


def write(result: Result, roles: Mapping[AccountId, str], folder: Path) -> Path:
    """Write the report into ``folder``, which is made if need be; return its path."""
    path = folder / NAME
    pages.write(build(result, roles), path)
    return path


def build(result: Result, roles: Mapping[AccountId, str]) -> str:
    """Return the page."""
    report = report_json.build(result)
    prices = report["prices"]
    lead = (
        f"{prices['file']}, {prices['from']} to {prices['to']}, seed {report['seed']}"
    )
    if not report["complete"]:
        lead += "; interrupted"
    parts = [_cards(report), _alarm(report), *_plots(result, roles), _tables(report)]
    body = "\n".join(part for part in parts if part)
    return pages.build(f"Replay: {prices['file']}", "Replay", lead, body, _STYLE)


def short(amount: str, digits: int = 2) -> str:
    """Return a decimal amount for people: thousands apart, few decimals."""
    value = Decimal(amount)
    if value and abs(value) < Decimal(10) ** -digits:
        return f"{value:.2e}"
    return f"{value:,.{digits}f}"


def count_checks(report: Mapping[str, Any]) -> tuple[int, int]:
    """Return how often invariants were checked and found violated."""
    tallies = report["invariants"].values()
    return (
        sum(tally["checked"] for tally in tallies),
        sum(tally["violated"] for tally in tallies),
    )


def _cards(report: Mapping[str, Any]) -> str:
    checked, violated = count_checks(report)
    verdict = "bad" if violated else "good"
    cards = (
        ("ticks", f"{report['ticks']:,}", ""),
        ("transactions", f"{report['transactions']:,}", ""),
        ("accounts", f"{report['accounts']:,}", ""),
        ("liquidations", f"{report['liquidations']:,}", ""),
        (
            "USDC taken over",
            short(report["liquidated_notional"]["backstop"], 0),
            "",
        ),
        ("USDC of bad debt", short(report["bad_debt"], 2), ""),
        (f"violations in {checked:,} checks", f"{violated:,}", verdict),
    )
    return '<div class="cards">{}</div>'.format(
        "".join(
            f'<div class="card"><b class="{kind}">{value}</b><span>{name}</span></div>'
            for name, value, kind in cards
        )
    )


def _alarm(report: Mapping[str, Any]) -> str:
    found = report["violation"]
    if not found:
        return ""
    return (
        f'<section><h2 class="bad">{escape(found["invariant"])} does not hold at '
        f"{found['time']}</h2><p>The smallest replay that shows it: "
        f"<code>{escape(found['command'])}</code></p></section>"
    )


def _plots(result: Result, roles: Mapping[AccountId, str]) -> Iterable[str]:
    seen = result.recorder
    if not seen.samples:
        return []
    drawn = [
        ("Prices", plots.prices(seen.samples, seen.liquidations)),
        ("Money market", plots.money_market(seen.samples)),
        ("Interest", plots.interest(seen.samples)),
        ("Equity", plots.equity(seen.samples, roles)),
    ]
    if seen.stages.peak:
        drawn.insert(1, ("Liquidations", plots.stages(seen.samples, seen.stages)))
    else:
        found = plots.takeovers(seen.samples, seen.liquidations)
        drawn.append(("Liquidations", found))
    return [f"<section><h2>{name}</h2>{svg}</section>" for name, svg in drawn]


def _tables(report: Mapping[str, Any]) -> str:
    tables = [*_crash(report), *_amounts(report), *_counts(report)]
    return f'<div class="columns">{"".join(tables)}</div>'


def _crash(report: Mapping[str, Any]) -> list[str]:
    """Return what a crash did, and who was deleveraged."""
    if "crash" not in report:
        return []
    head = ("time", "account", "market", "lots", "price", "haircut, USDC")
    return [
        _table("Liquidations", ("", ""), report_crash.rows_of(report["crash"])),
        _table("Deleveraged", head, report_crash.victims_of(report["crash"])),
    ]


def _amounts(report: Mapping[str, Any]) -> list[str]:
    interest, funding = report["interest"], report["funding"]
    flows = [
        ("interest paid by borrowers", short(interest["borrowers"])),
        ("interest paid by unrealised losses", short(interest["virtual_losers"])),
        ("interest of lenders", short(interest["lenders"])),
        ("interest of unrealised gains", short(interest["virtual_winners"])),
        ("interest of the reserve", short(interest["reserve"])),
        ("paid and not received, rounding", short(interest["rounding"])),
        ("funding paid", short(funding["paid"])),
        ("funding received", short(funding["received"])),
    ]
    peaks = [(name, short(v, 3)) for name, v in report["open_interest"].items()]
    slack = [(name, short(v, 12)) for name, v in report["slack"].items()]
    residue = [(name, f"{int(v):,}") for name, v in report["fund_residue"].items()]
    return [
        _table("Flows, USDC", ("", "amount"), flows),
        _table("Open interest, peak", ("market", "base units"), peaks),
        _table("Slack, smallest", ("pool", "tokens"), slack),
        _table("Fund residue", ("market", "wei"), residue),
    ]


def _counts(report: Mapping[str, Any]) -> list[str]:
    refused = [(name, f"{count:,}") for name, count in report["refused"].items()]
    gas = [
        (name, f"{row['count']:,}", f"{row['mean']:,}", f"{row['max']:,}")
        for name, row in report["gas"].items()
    ]
    ticks = [
        ("entry ticks crossed", f"{report['entry_ticks']['crossings']:,}"),
        ("cursors behind their marks", f"{report['entry_ticks']['cursor_lags']:,}"),
        ("interest settled", f"{report['entry_ticks']['touches']:,}"),
    ]
    checks = [
        (code, f"{tally['checked']:,}", f"{tally['violated']:,}")
        for code, tally in report["invariants"].items()
    ]
    return [
        _table("Interest on unrealised profit and loss", ("", "count"), ticks),
        _table("Refused", ("reason", "count"), refused),
        _table("Gas", ("operation", "count", "mean", "max"), gas),
        _table(
            f"Invariants, on {report['watched']}",
            ("", "checked", "violated"),
            checks,
        ),
    ]


def _table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    top = "".join(f"<th>{escape(name)}</th>" for name in head)
    body = "".join(
        "<tr>{}</tr>".format("".join(f"<td>{escape(cell)}</td>" for cell in row))
        for row in rows
    )
    table = f"<table><tr>{top}</tr>{body}</table>"
    return f"<section><h2>{escape(title)}</h2>{table}</section>"
