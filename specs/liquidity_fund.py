"""
Liquidity fund.

Each market's fund is the counterparty of every realisation: losers pay into it in
full, winners are paid from it, at most down to minus its cap. What it holds is what
all positions together are worth, plus dust:

    fund = sum over accounts of value + dust,  0 <= dust <= 2 per fill + 1 per position

Counterpart of ``contracts/modules/liquidity_fund.vy``.
"""

from dataclasses import dataclass, replace

from specs.fixed_point import Wad


@dataclass(frozen=True)
class Fund:
    """What a market's losers have paid that its winners have not yet got."""

    balance: int
    """WAD USDC; negative by at most the cap."""
    cap: Wad
    """How far winners may be paid ahead of losers."""


def compute_payment(fund: Fund, gain: int) -> int:
    """
    Return how much of ``gain`` is paid now: a loss in full, a gain as far as
    the fund reaches.
    """
    if gain <= 0:
        return gain
    return min(gain, max(0, fund.balance + fund.cap))


def pay(fund: Fund, gain: int) -> tuple[Fund, int]:
    """Return the fund after paying what it can of ``gain``, and what it paid."""
    paid = compute_payment(fund, gain)
    return replace(fund, balance=fund.balance - paid), paid


def compute_surplus(balance: int) -> Wad:
    """Return the positive part of a fund's balance."""
    return Wad(max(0, balance))


def compute_rest(balance: int, winners: Wad, losers: Wad) -> Wad:
    """
    Return Z of a market: what its fund has beyond what unrealised gains exceed
    unrealised losses by, at least 0.
    """
    return Wad(max(0, balance - winners + losers))
