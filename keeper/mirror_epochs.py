"""
Epochs of auto-deleveraging, read back, and what they say of one another checked.

The contracts keep what an epoch carries on and has left, the specification the sum of
the sizes that it has met: the one follows from the other, or `Mismatch` is raised. So
it is where what all epochs have left is not what is stored of their market, or not
what its inventory holds.
"""

from keeper.mirror_ticks import Mismatch, Words, expect
from specs import clearinghouse as ch
from specs import packing
from specs.deleveraging import Epoch, compute_carry, compute_left, get_left
from specs.fixed_point import Lots, Wad


def read_epochs(reader: Words, market: int) -> tuple[Epoch, ...]:
    """Return all epochs of a market, the first one first."""
    risk = packing.unpack(reader.word("market_risk", market), packing.RISK)
    return tuple(
        to_epoch(
            f"market {market}: epoch {number}",
            reader.word("epoch_terms", market, number),
            reader.word("epoch_state", market, number),
        )
        for number in range(1, risk["epochs"] + 1)
    )


def to_epoch(name: str, terms_word: int, state_word: int) -> Epoch:
    """Return the epoch in its words; raise `Mismatch` if sizes do not explain it."""
    terms = packing.unpack(terms_word, packing.EPOCH_TERMS)
    seen = packing.unpack(state_word, packing.EPOCH_STATE)
    closed = terms["lots"] - seen["left"]
    met, rest = divmod(closed * terms["open_interest"] + seen["carry"], terms["lots"])
    if rest or not 0 <= met <= terms["open_interest"]:
        raise Mismatch(f"{name}: no sizes leave {seen}")
    epoch = Epoch(
        is_long=terms["is_long"] != 0,
        lots=Lots(terms["lots"]),
        open_interest=Lots(terms["open_interest"]),
        price=Wad(terms["price"]),
        funding_index=seen["funding_index"],
        met=Lots(met),
    )
    expect(
        name, (seen["carry"], seen["left"]), (compute_carry(epoch), compute_left(epoch))
    )
    return epoch


def check_pending(reader: Words, market: int, listed: ch.Market) -> None:
    """Raise `Mismatch` unless all that epochs have left is in the sums."""
    longs, shorts = (get_left(listed.epochs, is_long) for is_long in (True, False))
    word = reader.word("market_pending", market)
    pending = packing.unpack(word, packing.PENDING)
    expect(f"market {market}: pending", pending, {"longs": longs, "shorts": shorts})
    held = listed.inventory.lots
    expect(f"market {market}: inventory", held, shorts - longs)
