"""Layer 2 of trades: what reduces, what it costs, and what the tick set may hold."""

from specs import packing, perpetual, settlement
from specs.distress import DISTRESS
from specs.packing import get_field
from tests.proofs.equalities.pools import AMOUNTS
from tests.proofs.equality import assume
from tests.proofs.exposed import same
from tests.proofs.lifter.reference import within


def compute_fee(notional: int, risk: int, is_maker: int) -> int:
    """Do as the specification with the fees in a word."""
    name = "maker" if is_maker else "taker"
    return settlement.compute_fee(notional, get_field(risk, packing.RISK[name]))


def fits(account: int, market: int, lots: int, header: int, limits: int) -> bool:
    """Return whether a position is one for the tick set."""
    least = get_field(limits, packing.LIMITS["min_lots"])
    is_realising = get_field(header, packing.HEADER["is_realising"])
    return is_realising == 0 and abs(lots) >= max(1, least)


def sell(word: int, now: int) -> int:
    """Return the word of an account of which a part is sold now."""
    assume(within((word, 0, 2**64 - 1), (now, 0, 2**32 - 1)))
    return get_field(word, DISTRESS["flagged_at"]) * 2**32 + now


TRADES = (
    same(
        "perpetual._is_reduction",
        perpetual.is_reduction,
        (
            "        return False\n    return abs(lots) <= abs(held)",
            "        return False\n    return abs(lots) < abs(held)",
        ),
        fits=lambda held, lots: within(
            (held, -(2**57), 2**57), (lots, -(2**57), 2**57)
        ),
    ),
    same(
        "settlement._fee",
        compute_fee,
        ("128 if is_maker else 152", "152 if is_maker else 128"),
        fits=lambda notional, risk, is_maker: within((notional, 0, AMOUNTS)),
    ),
    same(
        "settlement._fits",
        fits,
        (
            "return convert(abs(lots), uint256) >= least",
            "return convert(abs(lots), uint256) > least",
        ),
        fits=lambda account, market, lots, header, limits: lots > -(2**255),
        reads={"header": ("headers", "account"), "limits": ("market_limits", "market")},
    ),
    same(
        "distress._slice",
        sell,
        ("return (word & ~_LOW_32) | now", "return now"),
    ),
)

PROOFS = TRADES
