"""
Whether what is remembered is what the chain has.

Three looks, from cheap to complete: sums over all columns beside the totals that the
contract keeps; every word of some or all accounts beside the storage; and health beside
the contract's own ``assess``. What differs is said in one line and read again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

import numpy as np

from keeper.chain.interface import Chain, Contract
from keeper.watch.columns import Columns, Limbs
from keeper.watch.feed import Feed, place_of
from keeper.watch.layout import Key
from keeper.watch.market import read_shared
from keeper.watch.scan import with_accounts
from keeper.watch.sheet import Pages
from specs import packing, tick_set
from specs import state as st
from specs.accounts import INVENTORY, AccountId
from specs.fixed_point import Lots, Seconds
from specs.packing import POSITION, SIZE, WINNERS
from specs.perpetual import Position
from specs.virtual_pnl import PRICE_UNIT

CHUNK: Final = 250
"""Accounts whose words are compared at once."""

VIEWED: Final = (
    "equity",
    "maintenance_margin",
    "exposure",
    "value",
    "stale_loss",
    "stale_margin",
    "priced_at",
)
"""What of health does not depend on accounts that are not looked at."""


@dataclass(frozen=True)
class Difference:
    """Something that the chain has otherwise, in one line; of whom, if it is known."""

    text: str
    account: AccountId | None = None

    def __str__(self) -> str:
        """Return the line."""
        return self.text


def choose(feed: Feed, count: int, seed: int) -> list[AccountId]:
    """Return so many accounts at random, the same for the same seed."""
    names = feed.columns.names
    return Random(seed).sample(names, min(count, len(names)))


def repair(feed: Feed, found: Sequence[Difference]) -> None:
    """Have read again what differs: an account, or everybody where none is known."""
    if not found:
        return
    named = {each.account for each in found if each.account is not None}
    is_known = len({each.account for each in found} - {None}) == len(found)
    feed.suspect(named if is_known else feed.columns.names)
    feed.suspect_shared()


def check_totals(feed: Feed) -> Iterator[Difference]:
    """
    Yield where sums over all accounts are not the contract's totals; no chain is asked.

    Idle balances add up to the pools', positions inside the tick set to what winners
    and losers have, all positions with what epochs have left to nothing.
    """
    columns, words = feed.columns, feed.sheet.words
    for asset in feed.layout.assets:
        idle = add_up(columns.column("balances", asset)[:, 1::-1])
        yield from compare(
            f"idle balances of asset {asset}",
            idle,
            packing.unpack(words["pool_idle", asset], packing.POOL_IDLE)["idle"],
        )
    for market in feed.layout.markets:
        held = packing.unpack(words["positions", INVENTORY, market], POSITION)["lots"]
        yield from compare(
            f"all lots of market {market}", sum_lots(columns, market) + held, 0
        )
        sizes = tick_set.compute_sizes(inside(columns, market))
        cursor = feed.sheet.cursor(market) // PRICE_UNIT
        winners, losers = tick_set.compute_sums(sizes, cursor)
        won = packing.unpack(words["market_winners", market], WINNERS)
        lost = packing.unpack(words["market_size", market], SIZE)
        yield from compare(
            f"winners' lots and cost of market {market}",
            (winners.lots, winners.cost),
            (won["winners_lots"], won["winners_cost"]),
        )
        yield from compare(
            f"losers' lots and cost of market {market}",
            (losers.lots, losers.cost),
            (lost["losers_lots"], lost["losers_cost"]),
        )


def check_words(feed: Feed, names: Sequence[AccountId]) -> Iterator[Difference]:
    """Yield the words of accounts that the chain has otherwise, of all columns."""
    assert feed.at is not None
    for start in range(0, len(names), CHUNK):
        pairs = [
            (name, key)
            for name in names[start : start + CHUNK]
            for key in feed.layout.keys
            if is_kept(feed.columns, name, key)
        ]
        places = [place_of(*pair) for pair in pairs]
        found = feed.source.words(places, feed.at.number)
        for (name, (variable, number)), word in zip(pairs, found, strict=True):
            if (mine := feed.columns.word(name, variable, number)) != word:
                field = variable if number is None else f"{variable} {number}"
                text = f"account {name:#x}: {field} is {word:#x}, not {mine:#x}"
                yield Difference(text, name)


def check_health(
    feed: Feed, chain: Chain, clearinghouse: Contract, names: Sequence[AccountId]
) -> Iterator[Difference]:
    """Yield what the contract itself says otherwise of the health of accounts."""
    assert feed.at is not None
    pages = Pages(feed.columns, feed.sheet)
    shared = read_shared(pages, Seconds(feed.at.timestamp))
    state = with_accounts(pages, shared, names)
    for name in names:
        mine = st.assess(state, name, shared.now)
        said = chain.call(clearinghouse, "assess", name, block=feed.at.number)
        for field in VIEWED:
            word, own = getattr(said, field), getattr(mine, field)
            if word != own:
                text = f"account {name:#x}: {field} is {word}, not {own}"
                yield Difference(text, name)


def is_kept(columns: Columns, name: AccountId, key: Key) -> bool:
    """
    Return whether a word is kept of an account: what a position saw of interest says
    nothing any more once it is closed.
    """
    variable, number = key
    return variable != "snapshots" or columns.word(name, "positions", number) != 0


def compare(what: str, mine: object, word: object) -> Iterator[Difference]:
    """Yield a difference if there is one."""
    if mine != word:
        yield Difference(f"{what}: the chain says {word}, all accounts {mine}")


def add_up(halves: Limbs) -> int:
    """Return the sum of numbers of 128 bits, given as high and low halves; exact."""
    total = 0
    low = np.uint64(2**32 - 1)
    for place, limb in enumerate((halves[:, 1], halves[:, 0])):
        for half, part in enumerate((limb & low, limb >> np.uint64(32))):
            total += int(part.sum()) << (64 * place + 32 * half)
    return total


def sum_lots(columns: Columns, market: int) -> int:
    """Return the signed sum of all positions of a market, exact."""
    lots = columns.column("positions", market)[:, 3]
    negative = int((lots >> np.uint64(63)).sum())
    halves = np.stack([np.zeros_like(lots), lots], axis=1)
    return add_up(halves) - (negative << 64)


def inside(columns: Columns, market: int) -> list[Position]:
    """Return the sizes of a market's positions inside the tick set, and their ticks."""
    words = columns.column("positions", market)
    entries = words[:, 0] & np.uint64(2 ** POSITION["entry"].width - 1)
    rows = np.flatnonzero(entries)
    lots = words[rows, 3].view(np.int64)
    return [
        Position(Lots(int(size)), entry=int(entry) - 1)
        for size, entry in zip(lots, entries[rows], strict=True)
    ]
