"""
Accounts that nobody opened, in the words that the contract would keep of them.

Two in five lend; two in five hold USDC and one to three positions; the others owe USDC
or coins against other coins. Positions were opened within some percent of the price,
and cash is drawn such that some accounts are below maintenance margin and more are near
it. Sizes are spread over four powers of ten.
"""

from collections.abc import Iterator, Mapping
from random import Random
from typing import Final

from keeper.parameters import ASSETS, MARKETS, MarketListing
from keeper.prices import START_PRICES
from keeper.watch.layout import Key
from specs import packing
from specs.accounts import USDC, AccountId, Address, compute_account
from specs.fixed_point import WAD, Lots
from specs.packing import BALANCE, HEADER, POSITION
from specs.perpetual import Position
from specs.virtual_pnl import compute_entry

LENDERS: Final = 0.4
TRADERS: Final = 0.4
"""Shares of the accounts; the rest are borrowers."""

RATIOS: Final = (0.48, 8.0)
"""Between which a trader's equity over initial margin is drawn."""

Row = dict[Key, int]
"""Words of an account that are not zero."""


def price_of(number: int) -> int:
    """Return the price at which an asset starts, WAD USDC."""
    symbol = next(asset.symbol for asset in ASSETS if asset.number == number)
    return START_PRICES[symbol]


def draw_people(count: int, seed: int) -> Iterator[tuple[AccountId, Row]]:
    """
    Yield accounts with their words. What one trader has opened another one is the other
    side of, in the end the last account, so that a market's lots add up to nothing.
    """
    rng = Random(seed)
    open_lots = dict.fromkeys((market.number for market in MARKETS), 0)
    for number in range(count):
        name = compute_account(Address(rng.getrandbits(160) | 1 << 159), 0)
        kind = rng.random()
        if number == count - 1:
            yield name, close(rng, open_lots)
        elif kind < LENDERS:
            yield name, draw_lender(rng)
        elif kind < LENDERS + TRADERS:
            yield name, draw_trader(rng, open_lots)
        else:
            yield name, draw_borrower(rng)


def draw_lender(rng: Random) -> Row:
    """Return an account that has one asset, lent or idle."""
    asset = rng.choice(ASSETS).number
    value = draw_value(rng)
    amount = value * WAD // (price_of(asset) if asset != USDC else WAD)
    held = (amount, 0) if rng.random() < 0.9 else (0, amount)
    return make_row({asset: held}, {})


def draw_borrower(rng: Random) -> Row:
    """Return an account that owes USDC, or another asset, against coins."""
    asset, owed = rng.sample([1, 2, 3], 2)
    if rng.random() < 0.7:
        owed = USDC
    value = draw_value(rng)
    debt = int(value * rng.uniform(0.2, 0.84))
    return make_row(
        {
            asset: (value * WAD // price_of(asset), 0),
            owed: (-debt * WAD // (price_of(owed) if owed else WAD), 0),
        },
        {},
    )


def close(rng: Random, open_lots: Mapping[int, int]) -> Row:
    """Return an account that is the other side of whatever is still open."""
    lots = {market: -open_lots[market] for market in open_lots if open_lots[market]}
    positions = {m: draw_position(rng, MARKETS[m], size) for m, size in lots.items()}
    return make_row({USDC: (10**6 * WAD, 0)}, positions)


def draw_trader(rng: Random, open_lots: dict[int, int]) -> Row:
    """Return an account with USDC and positions, some of them of what is open."""
    held: dict[int, Position] = {}
    cash = WAD
    for market in rng.sample(MARKETS, rng.choice([1, 1, 2, 3])):
        lots = -open_lots[market.number]
        if lots == 0:
            worth = price_of(market.underlying) * market.lot // WAD
            lots = max(100, draw_value(rng) // worth) * rng.choice([-1, 1])
        open_lots[market.number] += lots
        held[market.number] = draw_position(rng, market, lots)
        notional = abs(lots) * market.lot * price_of(market.underlying) // WAD
        fraction = market.requirement.base_imf + int(
            market.requirement.imf_factor * notional**0.5 / 10**15
        )
        cash += int(notional * fraction // 10**6 * rng.uniform(*RATIOS))
        value = lots * market.lot * price_of(market.underlying) // WAD
        cash -= value - held[market.number].basis
    return make_row({USDC: (max(WAD, cash), 0)}, held)


def draw_position(rng: Random, market: MarketListing, lots: int) -> Position:
    """Return a position opened within some percent of the price."""
    price = int(price_of(market.underlying) * rng.gauss(1, 0.05))
    basis = lots * market.lot * price // WAD
    position = Position(Lots(lots), basis)
    entry = compute_entry(position, market.lot, 0)
    return Position(Lots(lots), basis, entry)


def draw_value(rng: Random) -> int:
    """Return between ten and a hundred thousand USDC, in wei."""
    return int(10 ** rng.uniform(1, 5) * WAD)


def make_row(
    balances: Mapping[int, tuple[int, int]], positions: Mapping[int, Position]
) -> Row:
    """Return the words of an account, at indices of 1 and with no growth so far."""
    header = {
        **dict.fromkeys(HEADER, 0),
        "assets": packing.pack_list(tuple(a for a in balances if a != USDC)),
        "markets": packing.pack_list(tuple(positions)),
    }
    row: Row = {("headers", None): packing.pack(header, HEADER)}
    for asset, (scaled, idle) in balances.items():
        fields = {"scaled": scaled, "idle": idle}
        row["balances", asset] = packing.pack(fields, BALANCE)
    for market, position in positions.items():
        assert position.entry is not None
        held = {**vars(position), "entry": position.entry + 1}
        row["positions", market] = packing.pack(held, POSITION)
    return {key: word for key, word in row.items() if word}
