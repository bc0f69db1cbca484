"""
Reduce accounts below maintenance margin on the order book, slice by slice.

Of each account every leg of which a slice is due is reduced, the one that binds the
largest share of margin first: a leg that finds nobody on its book does not keep the
others waiting. How much of it, and at which price, is the contracts' business.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from keeper.chain.interface import Block, Chain, Contract
from keeper.job import Call
from keeper.jobs.priority import INTERVAL, MOST, ask, pick, rank, say
from keeper.jobs.watch import Sight
from specs import accounts as acc
from specs import conversion, errors, slice_code
from specs.accounts import USDC, AccountId, Address
from specs.clearinghouse import State
from specs.fixed_point import Seconds
from specs.instruments import SPOT
from specs.legs import get_legs
from specs.requirements import compute_maintenance_margin
from specs.state import NOBODY

EXPECTED: Final = frozenset(
    kind.reason
    for kind in (
        # Somebody else was faster: with this leg, another one, or the backstop.
        errors.NothingDue,
        errors.NothingToReduce,
        errors.NotLiquidatable,
        errors.WrongCollateral,
        # The market was: by new prices, or by none for too long.
        errors.NoEquity,
        errors.PriceTooFresh,
        errors.StalePrice,
        errors.PricesDiverge,
    )
)


@dataclass(frozen=True)
class Due:
    """An account's shortfall, and what to trade, the most urgent first."""

    shortfall: int
    instruments: tuple[int, ...]


@dataclass(frozen=True)
class Snapshot:
    """Who is to be reduced, the largest shortfall first."""

    due: Mapping[AccountId, Due]


@dataclass(frozen=True)
class Reduce:
    """
    Send ``reduce`` for accounts of which a slice may be sold or bought on a book.

    ``instruments`` are those with a book, ``reward`` the account that gets the caller's
    share of the fees, ``keeper`` who sends: nobody may liquidate himself.
    """

    watch: Sight
    liquidator: Contract
    instruments: Collection[int]
    reward: AccountId
    keeper: Address = NOBODY
    most: int = MOST
    interval: int = INTERVAL
    passes: int = 1
    name: str = field(default="reduce", init=False)

    def read(self, chain: Chain, block: Block) -> Snapshot:
        """Read every account, and ask the liquidator about the legs that seem due."""
        seen = self.watch.read(chain, block)
        found: dict[AccountId, tuple[int, ...]] = {}

        def agrees(account: AccountId) -> bool:
            if acc.get_owner(account) == self.keeper:
                return False
            found[account] = tuple(
                instrument
                for instrument in find_instruments(seen.state, account, seen.now)
                if instrument in self.instruments
                and ask(chain, self.liquidator, "can_reduce", account, instrument)
            )
            return bool(found[account])

        due = pick(find_due(seen.state, seen.now), self.most, agrees)
        return Snapshot({n: Due(short, found[n]) for n, short in due.items()})

    def decide(self, snapshot: Snapshot) -> Sequence[Call]:
        """Reduce them leg by leg; nobody is rewarded for an account of his own."""
        calls: list[Call] = []
        for name, due in snapshot.due.items():
            is_own = acc.get_owner(name) == acc.get_owner(self.reward)
            reward = AccountId(0) if is_own else self.reward
            for number, instrument in enumerate(due.instruments, 1):
                words = name, instrument, reward
                because = f"{say(due.shortfall)}, leg {number}"
                calls.append(Call(self.liquidator, "reduce", words, because, EXPECTED))
        return calls


def find_due(state: State, now: Seconds) -> Mapping[AccountId, int]:
    """Return whose slices may start or go on, with the shortfall, largest first."""
    return rank(state, now, lambda n, _: slice_code.can_slice(state, n, now))


def find_instruments(state: State, account: AccountId, now: Seconds) -> tuple[int, ...]:
    """
    Return what to trade to close an account's legs, that of the largest margin first:
    for a USDC debt the best collateral, if there is one to sell.
    """
    bound: dict[int, int] = {}
    for instrument, leg in get_legs(state, account, now).items():
        if instrument != SPOT + USDC:
            bound[instrument] = compute_maintenance_margin(*leg)
        elif asset := conversion.get_best_collateral(state, account, now):
            bound[SPOT + asset] = compute_maintenance_margin(*leg)
    order = sorted(bound, key=lambda instrument: (-bound[instrument], instrument))
    return tuple(instrument for instrument in order if bound[instrument] > 0)
