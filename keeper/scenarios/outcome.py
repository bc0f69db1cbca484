"""What a scenario found out: in sentences, tables, plots, and figures for tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from specs.fixed_point import WAD


@dataclass(frozen=True)
class Table:
    """Rows of cells; the first column names them."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Chart:
    """Lines over time, in seconds."""

    title: str
    times: Sequence[int]
    lines: Mapping[str, Sequence[float]]


@dataclass(frozen=True)
class Outcome:
    """One played scenario."""

    title: str
    findings: Sequence[str]
    """One sentence each."""
    tables: Sequence[Table]
    charts: Sequence[Chart]
    checked: int
    """How often an invariant was asked, and held."""
    figures: Mapping[str, int] = field(default_factory=dict)
    """What the sentences rest on: WAD USDC unless the name says otherwise."""


def usdc(amount: int, digits: int = 2) -> str:
    """Return WAD USDC for people."""
    text = f"{amount / WAD:,.{digits}f}"
    return text if text.strip("-0.,") else text.removeprefix("-")


def percent(part: int, whole: int, digits: int = 2) -> str:
    """Return a share for people."""
    return f"{usdc(100 * part * WAD // whole, digits)} %"


def yearly(part: int, whole: int, seconds: int) -> str:
    """Return what a gain within so many seconds is a year, without compounding."""
    return percent(part * 365 * 86_400, whole * seconds)
