"""What the book's contracts say, in whole units and by name."""

from typing import Any

from keeper.chain.interface import Receipt
from keeper.client.listings import Instrument, Listings
from keeper.client.results import Fill, Level, Order, Placed
from keeper.client.units import to_decimal


def read_order(listings: Listings, word: Any) -> Order:
    """Return an order as the lens of the book tells it."""
    instrument = listings.named(word.instrument)
    return Order(
        id=word.id,
        account=word.account,
        instrument=instrument.name,
        is_buy=word.is_buy,
        size=instrument.to_size(word.lots),
        price=to_decimal(word.price),
        is_reduce_only=word.is_reduce_only,
        expiry=word.expiry,
    )


def read_level(instrument: Instrument, word: Any) -> Level:
    """Return a level as the lens of the book tells it."""
    return Level(
        price=to_decimal(word.price),
        size=instrument.to_size(word.lots),
        firm=instrument.to_size(word.firm),
    )


def read_placed(instrument: Instrument, is_buy: bool, receipt: Receipt) -> Placed:
    """Return what the events of a placement say became of it."""
    fills = [
        Fill(
            order=event.arguments["order"],
            size=instrument.to_size(event.arguments["lots"]),
            price=to_decimal(event.arguments["price"]),
        )
        for event in receipt.events
        if event.name == "OrderFilled"
    ]
    rests = [e.arguments["order"] for e in receipt.events if e.name == "OrderPlaced"]
    reasons = [e.arguments["reason"] for e in receipt.events if e.name == "OrderTaken"]
    return Placed(
        instrument=instrument.name,
        is_buy=is_buy,
        fills=tuple(fills),
        order=rests[0] if rests else None,
        reason=next(filter(None, reasons), None),
        time=receipt.block.timestamp,
    )
