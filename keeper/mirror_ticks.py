"""
Entry ticks, read back: what each position inside a market's tick set has pending.

The contracts keep growth by tick and no position's interest; the specification keeps
every position's interest and no growth. Here the one becomes the other, in exact
integers, and whatever the contracts keep only to get there quickly (sizes by tick, the
bitmap, the sums over winners and losers) is checked against the positions: `Mismatch`
where it differs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Protocol

from specs import accounts as acc
from specs import clearinghouse as ch
from specs import grid, liquidity_fund, packing, tick_set, virtual_pnl
from specs.accounts import Account, AccountId
from specs.fixed_point import Wad
from specs.money_market import Pool
from specs.packing import TICK
from specs.perpetual import Position
from specs.virtual_pnl import PRICE_UNIT
from specs.weights import compute_weight

HALF = 2**128
"""Growth is modulo this."""


def unpacker(layout: packing.Word) -> Callable[[int], Mapping[str, int]]:
    """
    Return what unpacks words of a layout into fields that nobody may change.

    Most words are as they were when last read: what they say is remembered.
    """
    return lru_cache(maxsize=2**14)(lambda word: packing.unpack(word, layout))


unpack_growth = unpacker(packing.GROWTH)


class Mismatch(Exception):
    """Two places of the storage that say the same differ."""


class Words(Protocol):
    """Where words are read from by the name of their variable."""

    def word(self, name: str, *keys: int) -> int:
        """Return a word of a variable."""
        ...


@dataclass(frozen=True)
class Growth:
    """A market's accumulators, brought to the pool's indices."""

    price: int
    """The cursor, in price units."""
    lend_sum: int
    borrow_sum: int
    lend_weight: int
    borrow_weight: int

    def at(self, tick: int, other: int, is_long: bool) -> tuple[int, int]:
        """
        Return what one lot at `tick` has seen of interest on gains and on losses.

        `other` is the tick's word: the growth of when the cursor was on its other side.
        """
        price = grid.get_price(tick)
        fields = unpack_growth(other)
        is_above = self.price > price
        lend = self.lend_sum + price * self.lend_weight
        borrow = self.borrow_sum + price * self.borrow_weight
        above_lend = lend - fields["lend"] if is_above else fields["lend"]
        above_borrow = borrow - fields["borrow"] if is_above else fields["borrow"]
        if is_long:
            return above_lend, above_borrow - borrow
        return above_lend - lend, above_borrow


def read_growth(reader: Words, market: int, pool: Pool) -> Growth:
    """Return a market's accumulators at the indices of the USDC pool."""
    cursor = packing.unpack(reader.word("market_cursor", market), packing.CURSOR)
    sums = unpack_growth(reader.word("market_growth", market))
    price = cursor["price"] // PRICE_UNIT
    lend, borrow = compute_weight(pool.lend_index), compute_weight(pool.borrow_index)
    return Growth(
        price=price,
        lend_sum=sums["lend"] + price * (cursor["lend_weight"] - lend),
        borrow_sum=sums["borrow"] + price * (cursor["borrow_weight"] - borrow),
        lend_weight=lend,
        borrow_weight=borrow,
    )


def to_signed(growth: int) -> int:
    """Return a difference of growth, modulo 2**128, as the number that it is."""
    growth %= HALF
    return growth - HALF if growth >= HALF // 2 else growth


def with_pending(
    reader: Words,
    accounts: Mapping[AccountId, Account],
    markets: Mapping[int, ch.Market],
    pool: Pool,
) -> Mapping[AccountId, Account]:
    """Return accounts, their positions with the interest that is pending for them."""
    growths = {market: read_growth(reader, market, pool) for market in markets}
    changed = dict(accounts)
    for name, account in accounts.items():
        inside = {
            market: read_pending(
                reader, growths[market], name, market, markets[market].lot, position
            )
            for market, position in account.positions.items()
            if position.entry is not None and market in markets
        }
        if inside:
            positions = {**account.positions, **inside}
            changed[name] = replace(account, positions=positions)
    return changed


def read_pending(
    reader: Words,
    growth: Growth,
    name: AccountId,
    market: int,
    lot: Wad,
    position: Position,
) -> Position:
    """Return a position inside the tick set with its pending interest."""
    assert position.entry is not None
    other = reader.word("tick_growth", market, position.entry)
    seen = unpack_growth(reader.word("snapshots", name, market))
    lend, borrow = growth.at(position.entry, other, position.lots > 0)
    size = abs(position.lots) * lot // 10**12
    return replace(
        position,
        pending_lend=size * to_signed(lend - seen["lend"]),
        pending_borrow=size * to_signed(borrow - seen["borrow"]),
    )


def check_ticks(
    reader: Words,
    accounts: Mapping[AccountId, Account],
    markets: Mapping[int, ch.Market],
) -> None:
    """Raise `Mismatch` unless sizes, bitmaps and sums are those of the positions."""
    winners, losers, rest, total = 0, 0, 0, 0
    for market, listed in markets.items():
        inside = [
            account.positions[market]
            for account in accounts.values()
            if acc.get_position(account, market).entry is not None
        ]
        check_market(reader, market, listed, inside)
        gains = [
            virtual_pnl.compute_gain(position, listed.lot, listed.cursor)
            for position in inside
        ]
        won = sum(max(0, gain) for gain in gains)
        lost = sum(max(0, -gain) for gain in gains)
        fund = packing.unpack(reader.word("market_fund", market), packing.FUND)
        expect(f"market {market}: spread", fund["spread"], lost - won)
        winners, losers = winners + won, losers + lost
        rest += liquidity_fund.compute_rest(listed.fund.balance, Wad(won), Wad(lost))
        total += listed.fund.balance
    funds = packing.unpack(reader.word("funds"), packing.FUNDS)
    expect("funds", funds, {"total": total, "virtual": rest})
    virtuals = packing.unpack(reader.word("virtuals"), packing.VIRTUALS)
    expect("virtuals", virtuals, {"winners": winners, "losers": losers})


def check_market(
    reader: Words, market: int, listed: ch.Market, inside: list[Position]
) -> None:
    """Raise `Mismatch` unless a market's words by tick are those of its positions."""
    sizes = tick_set.compute_sizes(inside)
    for tick, size in sizes.items():
        word = reader.word("tick_size", market, tick)
        expect(f"market {market}: tick {tick}", word, packing.pack(vars(size), TICK))
    for number, bits in tick_set.compute_bitmap(sizes).items():
        found = reader.word("tick_map", market, number)
        expect(f"market {market}: bitmap {number}", found, bits)
    winners, losers = tick_set.compute_sums(sizes, listed.cursor // PRICE_UNIT)
    won = packing.unpack(reader.word("market_winners", market), packing.WINNERS)
    expect(
        f"market {market}: winners",
        (won["winners_lots"], won["winners_cost"]),
        (winners.lots, winners.cost),
    )
    lost = packing.unpack(reader.word("market_size", market), packing.SIZE)
    expect(
        f"market {market}: losers",
        (lost["losers_lots"], lost["losers_cost"]),
        (losers.lots, losers.cost),
    )


def expect(name: str, found: object, expected: object) -> None:
    """Raise `Mismatch` unless what was found is what positions say."""
    if found != expected:
        raise Mismatch(f"{name}: the storage says {found}, the positions {expected}")
