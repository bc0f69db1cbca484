"""
Who earned interest and who owed it, as the specification's accruals say.

A pool accrues at most once in a block, before anything else changes it. So what two
states, one block apart, have in common with an accrual between them is booked here,
exactly:

    borrowers        borrows * (B2 - B1)                scaled units, RAY indices
    virtual losers   units added to borrows * B2        V, unrealised losses
    lenders          (lends - reserve) * (L2 - L1)
    virtual winners  units added to lends * L2          W, unrealised gains
    reserve          what the reserve's lend is worth more

Each is a sum of integers in wei of the asset times RAY, valued at the price that held.
An accrual rounds four times to a wei and once to a scaled unit, always for the pool:

    0 <= borrowers + virtual losers - lenders - virtual winners - reserve < bound

where the bound is four wei and a scaled unit for each accrual.
"""

from dataclasses import dataclass, fields
from typing import Final

from specs import clearinghouse as ch
from specs import money_market
from specs.accounts import USDC
from specs.clearinghouse import State
from specs.fixed_point import RAY, WAD
from specs.money_market import Pool

UNIT: Final = RAY * WAD
"""Sums are in wei of USDC times this."""

ROUNDINGS: Final = 4


@dataclass
class Interest:
    """Interest of all pools since the beginning, exactly."""

    lenders: int = 0
    borrowers: int = 0
    reserve: int = 0
    virtual_winners: int = 0
    """What unrealised gains earned; in USDC only, like the next."""
    virtual_losers: int = 0
    """What unrealised losses paid."""
    bound: int = 0
    """More than what rounding may have left with the pools."""

    @property
    def rounding(self) -> int:
        """Return what was paid and nobody got: it stays with the pools."""
        paid = self.borrowers + self.virtual_losers
        return paid - self.lenders - self.virtual_winners - self.reserve

    @property
    def adds_up(self) -> bool:
        """Return whether what was paid was got, up to what rounding may leave."""
        return 0 <= self.rounding <= self.bound

    def add(self, before: State, after: State, asset: int) -> None:
        """Add what a pool booked between two states, at the price before."""
        old = before.assets[asset].pool
        virtuals = ch.get_virtuals(before, asset)
        new = money_market.accrue(old, virtuals, after.assets[asset].pool.accrued_at)
        price = WAD if asset == USDC else before.assets[asset].quote.slow
        booked = compute_interest(old, new)
        for entry in fields(self):
            name = entry.name
            setattr(self, name, getattr(self, name) + getattr(booked, name) * price)


def compute_interest(old: Pool, new: Pool) -> Interest:
    """Return the interest of one accrual, wei of the asset times RAY."""
    if new.accrued_at == old.accrued_at:
        return Interest()
    minted = new.reserve - old.reserve
    growth = new.lend_index - old.lend_index
    return Interest(
        lenders=(old.lends - old.reserve) * growth,
        borrowers=old.borrows * (new.borrow_index - old.borrow_index),
        reserve=old.reserve * growth + minted * new.lend_index,
        virtual_winners=(new.lends - old.lends - minted) * new.lend_index,
        virtual_losers=(new.borrows - old.borrows) * new.borrow_index,
        bound=ROUNDINGS * RAY + new.lend_index,
    )
