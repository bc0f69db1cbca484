"""
The small world of the walks made larger: more accounts, more markets.

What there is in it are constants of a few modules, put in place of while a walk is
taken. Accounts that are added have money and a position; markets that are added are
like that of ether, each on an asset and with books of its own.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from unittest.mock import patch

from specs.accounts import USDC, Address
from specs.accounts import compute_account as account_of
from specs.instruments import SPOT
from tests.helpers import worlds
from tests.helpers.worlds import ETH, own, publish, trade
from tests.stateful import book_twin, book_walk, twin, walk

ACCOUNTS, MARKETS = len(worlds.ACCOUNTS), len(worlds.MARKETS)
"""How many there are if nothing is added."""

MOST_MARKETS = 8
"""An account holds at most eight assets besides USDC."""

DOLLARS, LOTS = 2_000, 500
"""What an account brings that is added, and its position: three thousand, or one."""


@contextmanager
def sized(accounts: int = ACCOUNTS, markets: int = MARKETS) -> Iterator[None]:
    """Let walks have so many accounts and markets, no fewer than they have."""
    if accounts < ACCOUNTS or not MARKETS <= markets <= MOST_MARKETS:
        raise ValueError((accounts, markets))
    owners = [Address((0x1000 + i) << 96) for i in range(accounts - ACCOUNTS)]
    with ExitStack() as stack:
        for module, values in (*add_owners(owners), *add_markets(markets)):
            for name, value in values.items():
                stack.enter_context(patch.object(module, name, value))
        if owners or markets > MARKETS:
            added = list(settle(owners))
            # They come first: some starts end with caps on what may be supplied.
            starts = {name: [*added, *begun] for name, begun in worlds.STARTS.items()}
            stack.enter_context(patch.object(worlds, "STARTS", starts))
        yield


def add_owners(owners):
    """Return the constants with more owners, by module."""
    accounts = (*worlds.ACCOUNTS, *(account_of(owner, 0) for owner in owners))
    callers = (*worlds.CALLERS, *owners)
    everybody = {"ACCOUNTS": accounts, "CALLERS": callers}
    return [
        (worlds, {**everybody, "OWNERS": (*worlds.OWNERS, *owners)}),
        (walk, everybody),
        (book_walk, {"ACCOUNTS": accounts}),
    ]


def add_markets(count):
    """Return the constants with so many markets, by module."""
    markets = tuple(range(count))
    more = markets[MARKETS:]
    assets = (*worlds.ASSETS, *(market + 1 for market in more))
    underlying = (*worlds.UNDERLYING, *(market + 1 for market in more))
    books = {
        **book_walk.BOOKS,
        **dict.fromkeys(more, book_walk.BOOKS[1]),
        **{SPOT + market + 1: book_walk.BOOKS[SPOT + ETH] for market in more},
    }
    named = {"ASSETS": assets, "MARKETS": markets, "UNDERLYING": underlying}
    prices = like_ether(worlds.PRICES, more)
    caps = like_ether(worlds.CAPS, more)
    return [
        (
            worlds,
            {
                **named,
                "PRICES": prices,
                "CAPS": caps,
                "DECIMALS": like_ether(worlds.DECIMALS, more),
                "HAIRCUTS": like_ether(worlds.HAIRCUTS, more),
                "REQUIREMENTS": like_ether(worlds.REQUIREMENTS, more),
                "LOT_EXPONENTS": like_last(worlds.LOT_EXPONENTS, more),
                "PERPETUALS": like_last(worlds.PERPETUALS, more),
                "FUND_CAPS": like_last(worlds.FUND_CAPS, more),
                "LISTINGS": [*worlds.LISTINGS, *list_more(more)],
            },
        ),
        (walk, {**named, "PRICES": prices, "CAPS": caps}),
        (
            book_walk,
            {
                "BOOKS": books,
                "INSTRUMENTS": tuple(books),
                "UNDERLYING": underlying,
                "LOT_EXPONENTS": like_last(worlds.LOT_EXPONENTS, more),
            },
        ),
        (book_twin, {"BOOKS": books, "INSTRUMENTS": tuple(books)}),
        (twin, {"INSTRUMENTS": (*markets, *(SPOT + asset for asset in assets))}),
    ]


def like_ether(values, more):
    """Return what is said by asset, with what is said of ether for those added."""
    return {**values, **{market + 1: values[ETH] for market in more}}


def like_last(values, more):
    """Return what is said by market, with what is said of the last for those added."""
    return (*values, *(values[-1] for _ in more))


def list_more(more):
    """Yield the listings of the assets and the markets that are added."""
    by_name = {action.name: action for action in worlds.LISTINGS}
    asset, market = by_name["list_asset"], by_name["list_market"]
    for number in more:
        said = number + 1, *asset.arguments[1:]
        yield replace(asset, arguments=said)
    for number in more:
        said = number, number + 1, *market.arguments[2:]
        yield replace(market, arguments=said)


def settle(owners):
    """Yield the actions by which everything has a price, and all added a position."""
    yield from publish(worlds.PRICES)
    accounts = [account_of(owner, 0) for owner in owners]
    for account in accounts:
        yield own("deposit", account, USDC, DOLLARS * 10**6)
    pairs = zip(accounts[::2], accounts[1::2], strict=False)
    for number, (buyer, seller) in enumerate(pairs):
        market = worlds.MARKETS[number % len(worlds.MARKETS)]
        price = worlds.PRICES[worlds.UNDERLYING[market]]
        yield trade(market, buyer, seller, LOTS, price)
