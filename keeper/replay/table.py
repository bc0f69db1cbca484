"""The end of a replay on the terminal."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from keeper.replay import report_crash
from keeper.replay.report_html import count_checks, short


def show(report: Mapping[str, Any], console: Console) -> None:
    """Print what a report says in brief."""
    console.print(title_of(report), style="bold", highlight=False, soft_wrap=True)
    table = Table(show_header=False)
    table.add_column(style="dim")
    table.add_column(justify="right")
    for name, value in rows_of(report):
        table.add_row(name, value)
    console.print(table)
    checked, violated = count_checks(report)
    codes = ", ".join(report["invariants"])
    console.print(f"invariants: {codes}", highlight=False)
    console.print(
        f"{len(report['invariants'])} invariants checked {checked:,} times, "
        f"{violated} violated; on {report['watched']}",
        style="bold red" if violated else "bold green",
        highlight=False,
    )


def title_of(report: Mapping[str, Any]) -> str:
    """Return what was replayed."""
    prices = report["prices"]
    return f"{prices['file']}: {prices['from']} to {prices['to']}"


def rows_of(report: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the rows of the table, amounts in USDC unless a unit is named."""
    interest, funding = report["interest"], report["funding"]
    rows = [
        ("ticks", f"{report['ticks']:,}"),
        ("transactions", f"{report['transactions']:,}"),
        ("accounts", f"{report['accounts']:,}"),
        ("seconds", f"{report['seconds']:.1f}"),
    ]
    if "crash" in report:
        rows += report_crash.rows_of(report["crash"])
    rows += [
        (f"peak open interest {name}", short(value, 3))
        for name, value in report["open_interest"].items()
    ]
    rows += [
        ("traded on the book", short(report["traded_notional"]["book"])),
        ("traded by quotes", short(report["traded_notional"]["quotes"])),
        ("liquidations at the backstop", f"{report['liquidations']:,}"),
        ("their notional", short(report["liquidated_notional"]["backstop"])),
        ("bad debt", short(report["bad_debt"])),
        ("interest paid by borrowers", short(interest["borrowers"])),
        ("and by unrealised losses", short(interest["virtual_losers"])),
        ("interest to lenders", short(interest["lenders"])),
        ("and to unrealised gains", short(interest["virtual_winners"])),
        ("and to the reserve", short(interest["reserve"])),
        ("paid and not received, rounding", short(interest["rounding"])),
        ("entry ticks crossed", f"{report['entry_ticks']['crossings']:,}"),
        ("cursors behind their marks", f"{report['entry_ticks']['cursor_lags']:,}"),
        (
            "settled interest on profit and loss",
            f"{report['entry_ticks']['touches']:,}",
        ),
        ("funding paid", short(funding["paid"])),
        ("funding received", short(funding["received"])),
    ]
    rows += [
        (f"smallest slack, {name}", short(value, 12))
        for name, value in report["slack"].items()
    ]
    rows += [
        (f"fund residue {name}, wei", f"{int(value):,}")
        for name, value in report["fund_residue"].items()
    ]
    rows += [
        (f"refused: {reason}", f"{count:,}")
        for reason, count in report["refused"].items()
    ]
    return rows
