"""
What happens on the order book, and what of it is measured.

Makers and takers stand outside the tick set and hold USDC, as those of a fill of quotes
do; every slot that is written has been written before, but for a price at which nothing
ever rested.
"""

from collections.abc import Sequence
from typing import Final

from keeper.bench.cost import Cost
from keeper.bench.scene import Scene
from keeper.bench.story import BTC_PERP, COIN, Gas, gas_of, require
from keeper.chain.interface import Receipt
from keeper.parameters import BOOKS
from keeper.replay.wallets import Wallet
from specs.fixed_point import WAD
from specs.listings import Kind
from specs.quotes import SPOT

MAKERS: Final = 5
SIZE: Final = COIN // 10
"""Lots of one order for the perpetual."""

STEPS: Final = 10
"""Ticks from one price of the ladder to the next."""

MOST: Final = 32
ETH: Final = 2

TICKS: Final = {listing.instrument: listing.tick for listing in BOOKS}
LOTS: Final = {listing.instrument: 10**listing.lot_exponent for listing in BOOKS}


def trade_on_book(scene: Scene) -> Gas:
    """Measure orders that rest, go, and are filled; the book tells the oracle mids."""
    teller = scene.deployment.order_book.address
    scene.send(scene.governor, "oracle", "set_book", BTC_PERP, teller)
    makers = [scene.enter(f"quoter {n}", USDC=100_000) for n in range(MAKERS)]
    taker = scene.enter("hitter", USDC=200_000)
    for wallet in (*makers, taker):
        scene.leave_ticks(wallet)
    gas = rest_and_go(scene, makers[0])
    gas |= take(scene, makers, taker)
    return gas | sell_short(scene, makers[0])


def rest_and_go(scene: Scene, maker: Wallet) -> Gas:
    """Measure a bid at a price of its own, one behind it, and its cancellation."""
    below = rung(scene, BTC_PERP, -20)
    # Slots and sizes that were used before.
    for _ in range(2):
        for _ in range(3):
            place(scene, maker, BTC_PERP, SIZE, below)
        scene.send(maker, "order_book", "cancel_all", maker.account())
    lower = rung(scene, BTC_PERP, -25)
    new = place(scene, maker, BTC_PERP, SIZE, lower)
    place(scene, maker, BTC_PERP, SIZE, below)
    behind = place(scene, maker, BTC_PERP, SIZE, below)
    order = behind.event("OrderPlaced").arguments["order"]
    gone = scene.send(maker, "order_book", "cancel", [order])
    scene.send(maker, "order_book", "cancel_all", maker.account())
    return {
        "book_place_new": gas_of(new),
        "book_place": gas_of(behind),
        "book_cancel": gas_of(gone),
    }


def take(scene: Scene, makers: Sequence[Wallet], taker: Wallet) -> Gas:
    """Measure takers of one order, of five at a price, and of five prices."""
    one = hit(scene, makers[:1], taker, is_spread=False)
    five = hit(scene, makers, taker, is_spread=False)
    levels = hit(scene, makers, taker, is_spread=True)
    return {
        "book_take_1": one,
        "book_take_5": five,
        "book_take_5_levels": levels,
        "book_per_order": (five - one) // (MAKERS - 1),
        "book_per_level": (levels - one) // (MAKERS - 1),
    }


def hit(scene: Scene, makers: Sequence[Wallet], taker: Wallet, is_spread: bool) -> Cost:
    """
    Return the gas of taking all that these makers ask, the third time: the first opens
    positions, the second makes them grow as the third does.
    """
    for _ in range(3):
        for number, maker in enumerate(makers):
            price = rung(scene, BTC_PERP, 1 + (number if is_spread else 0))
            place(scene, maker, BTC_PERP, -SIZE, price)
        bought = SIZE * len(makers)
        last = place(scene, taker, BTC_PERP, bought, rung(scene, BTC_PERP, 6), Kind.IOC)
        filled = last.event("OrderTaken").arguments["filled"]
        require(filled == bought, f"{filled} of {bought} lots are filled")
    return gas_of(last)


def sell_short(scene: Scene, maker: Wallet) -> Gas:
    """Measure the sale of ETH that is borrowed, in one order."""
    instrument = SPOT + ETH
    seller = scene.enter("short seller", USDC=50_000)
    lots = WAD // LOTS[instrument]
    for _ in range(2):
        place(scene, maker, instrument, lots, rung(scene, instrument, -1))
        limit = rung(scene, instrument, -3)
        last = place(scene, seller, instrument, -lots, limit, Kind.IOC)
        filled = last.event("OrderTaken").arguments["filled"]
        require(filled == lots, f"{filled} of {lots} lots are sold")
    return {"book_short": gas_of(last)}


def rung(scene: Scene, instrument: int, steps: int) -> int:
    """Return a price on a tick, so many steps from the index."""
    tick = TICKS[instrument]
    return (scene.price_of(instrument) // tick + STEPS * steps) * tick


def place(
    scene: Scene,
    wallet: Wallet,
    instrument: int,
    lots: int,
    price: int,
    kind: Kind = Kind.LIMIT,
) -> Receipt:
    """Place an order for a signed number of lots, at prices of a moment ago."""
    scene.refresh()
    terms = (
        wallet.account(),
        instrument,
        lots > 0,
        abs(lots),
        price,
        int(kind),
        False,
        0,
        0,
    )
    return scene.send(wallet, "order_book", "place", terms, MOST)
