"""
Layer 2 of what the Lens computes by itself from words of the state: what guards admit,
what is unrealised inside a tick set, and the growth that a position has yet to see.
"""

from specs import guards, packing
from specs.fixed_point import BPS, PPM, WAD
from specs.packing import get_field
from tests.proofs.equalities.guards import unpack_guards
from tests.proofs.equalities.pools import NOW
from tests.proofs.equality import assume
from tests.proofs.exposed import same
from tests.proofs.lifter.reference import within

EXPONENTS = 12, 18
"""Of lots, as `bounds` has them."""


def get_admissible(word: int, utilisation: int, now: int) -> int:
    """Return the highest utilisation that `guards.check_utilisation` lets pass."""
    found = unpack_guards(word)
    assume(found.throttle_share <= BPS)
    highest = found.max_utilisation * WAD // BPS
    free = max(utilisation, found.threshold * WAD // BPS)
    if free >= highest:
        return free
    if found.throttle_share >= BPS:
        return highest
    admitted = found.admissible
    if now // guards.THROTTLE_STEP != found.step:
        admitted = guards.compute_admissible(found, utilisation)
    return max(free, min(highest, admitted * WAD // PPM))


def are_guards(word: int, utilisation: int, now: int) -> bool:
    """Tell whether guards are within their bounds, and utilisation is a share."""
    found = unpack_guards(word)
    return within(
        (found.max_utilisation, 0, BPS),
        (found.threshold, 0, BPS),
        (found.throttle_share, 0, BPS),
        (utilisation, 0, WAD),
    )


GUARDS = (
    same(
        "guard_views._admissible",
        get_admissible,
        ("if free >= highest or share", "if share"),
        ("if step != packing._get(word, 96, 32):", "if step != 0:"),
        ("max(free, min(admitted, highest))", "max(free, admitted)"),
        fits=are_guards,
        reads=NOW,
    ),
)

# Sums over winners and losers


def get_gain_unit(risk: int) -> int:
    """Return a lot's size times a price unit, over WAD: a power of ten as both are."""
    return 10 ** (get_field(risk, packing.RISK["lot_exponent"]) - 12)


def has_lot(risk: int) -> bool:
    """Tell whether a market's lot is within its bounds."""
    return within((get_field(risk, packing.RISK["lot_exponent"]), *EXPONENTS))


def get_sum(cursor: int, word: int, risk: int) -> int:
    """Return what the positions in a sum have gained or lost at the cursor."""
    found = packing.unpack(word, packing.WINNERS)
    units = cursor * found["winners_lots"] + found["winners_cost"]
    return units * get_gain_unit(risk)


def is_sum(cursor: int, word: int, risk: int) -> bool:
    """Tell whether a sum is one: no side of a tick set has gained less than nothing."""
    found = packing.unpack(word, packing.WINNERS)
    units = cursor * found["winners_lots"] + found["winners_cost"]
    return has_lot(risk) and within((cursor, 0, 2**80 - 1)) and units >= 0


SUMS = (
    same(
        "market_views._gain_unit",
        get_gain_unit,
        ("- tick_set._MIN_EXPONENT)", "- 11)"),
        fits=has_lot,
    ),
    same(
        "market_views._sum",
        get_sum,
        ("units + tick_set._cost(word)", "units - tick_set._cost(word)"),
        fits=is_sum,
    ),
)

# Growth


def grow(booked: int, weight: int, now: int, cursor: int, price: int) -> int:
    """
    Return what is booked, what an accrual adds at the cursor while the weight falls,
    and the tick's own price times the weight that is left; modulo a word.
    """
    return (booked + cursor * (weight - now) + price * now) % 2**256


GROWTH = (
    same(
        "position_views._grow",
        grow,
        ("unsafe_sub(weight, now)", "unsafe_sub(now, weight)"),
        ("unsafe_mul(price, now)", "unsafe_mul(price, weight)"),
    ),
)

PROOFS = (*GUARDS, *SUMS, *GROWTH)
