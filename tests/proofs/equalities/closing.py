"""Layer 2 of what closes positions and debts: backstop, slices and epochs."""

from dataclasses import replace

from specs import backstop, deleveraging, packing, slices
from specs.fixed_point import PPM
from specs.margin import Health
from specs.packing import get_field, unpack
from specs.requirements import Requirement
from tests.proofs.equalities.pools import AMOUNTS
from tests.proofs.equality import assume
from tests.proofs.exposed import same
from tests.proofs.lifter.reference import within
from tests.proofs.shared import DOWN, MAINTENANCE

PRICES = 2**100
WORTH = 2**127
LARGE = 2**96
"""Above what an account has or binds: 79 thousand million USDC."""


def make_health(equity: int, maintenance_margin: int, exposure: int = 0) -> Health:
    """Return a health of which nothing else is asked."""
    return Health(0, 0, equity, maintenance_margin, exposure, 0, 0, 0, 0, 0, 0)


def unpack_requirement(risk: int) -> Requirement:
    """Return what a leg binds."""
    names = ("base_imf", "base_mmf", "imf_factor", "mmf_factor")
    return Requirement(*(get_field(risk, packing.RISK[name]) for name in names))


def is_health(equity: int, maintenance_margin: int, exposure: int = 1) -> bool:
    """Tell whether the amounts are some that pools can hold, and margin positive."""
    return within(
        (equity, -WORTH, WORTH), (maintenance_margin, 1, WORTH), (exposure, 1, AMOUNTS)
    )


def compute_backstop_margin(maintenance_margin: int, exposure: int) -> int:
    """Do as the specification; margin is never negative."""
    assume(maintenance_margin >= 0)
    health = make_health(0, maintenance_margin, exposure)
    return backstop.compute_backstop_margin(health)


def is_open(equity: int, maintenance_margin: int, exposure: int) -> bool:
    """Do as the specification; margin is never negative."""
    assume(maintenance_margin >= 0)
    return backstop.is_open(make_health(equity, maintenance_margin, exposure))


BACKSTOP = (
    same(
        "backstop._compute_backstop_margin",
        compute_backstop_margin,
        ("_mul_div_up(exposure, 6, 100)", "_mul_div_down(exposure, 6, 100)"),
        ("maintenance_margin // 2,", "maintenance_margin // 3,"),
        fits=lambda maintenance_margin, exposure: within(
            (maintenance_margin, 0, WORTH), (exposure, 0, AMOUNTS)
        ),
    ),
    same(
        "backstop._is_open",
        is_open,
        ("return equity < self._comp", "return equity <= self._comp"),
        fits=is_health,
    ),
    same(
        "backstop._compute_discount",
        lambda equity, maintenance_margin, exposure: backstop.compute_discount(
            make_health(equity, maintenance_margin, exposure)
        ),
        ("fp.WAD, 4 * exposure)", "fp.WAD, 3 * exposure)"),
        fits=is_health,
    ),
    same(
        "backstop._compute_ratio",
        lambda equity, maintenance_margin: backstop.compute_ratio(
            make_health(equity, maintenance_margin)
        ),
        (
            "    if equity <= 0:\n        return 0\n    return fp",
            "    if equity <= 1:\n        return 0\n    return fp",
        ),
        fits=is_health,
    ),
    same(
        "backstop._initial_margin",
        lambda risk, notional: backstop.compute_initial_margin(
            unpack_requirement(risk), notional
        ),
        ("(risk >> 48) & _LOW_40", "(risk >> 88) & _LOW_40"),
        fits=lambda risk, notional: within((notional, 0, AMOUNTS)),
    ),
    same(
        "margin._initial_margin",
        lambda risk, notional, least: backstop.compute_initial_margin(
            replace(
                unpack_requirement(risk),
                base_imf=max(unpack_requirement(risk).base_imf, least),
            ),
            notional,
        ),
        ("max(risk & _LOW_24, least), ", "risk & _LOW_24, "),
        fits=lambda risk, notional, least: within(
            (notional, 0, AMOUNTS), (least, 0, PPM)
        ),
    ),
    same(
        "margin._margins",
        lambda risk, opened, kept, least: (
            backstop.compute_initial_margin(
                replace(
                    unpack_requirement(risk),
                    base_imf=max(unpack_requirement(risk).base_imf, least),
                ),
                opened,
            ),
            slices.compute_maintenance_margin(unpack_requirement(risk), kept),
        ),
        ("unsafe_mul((risk >> 24) & _LOW_24", "unsafe_mul(risk & _LOW_24"),
        ("    if opened != kept:\n", "    if opened > kept:\n"),
        fits=lambda risk, opened, kept, least: within(
            (opened, 0, AMOUNTS), (kept, 0, AMOUNTS), (least, 0, PPM)
        ),
    ),
)

# Slices


def compute_ratio(
    equity: int,
    maintenance_margin: int,
    instrument: int,
    notional: int,
    risk: int,
    borrowed: int,
) -> int:
    """Do as the specification for a leg whose fields are in a word."""
    leg = (unpack_requirement(risk), notional)
    health = make_health(equity, maintenance_margin)
    return slices.compute_ratio(health, leg, borrowed)


def can_have_ratio(
    equity: int,
    maintenance_margin: int,
    instrument: int,
    notional: int,
    risk: int,
    borrowed: int,
) -> bool:
    """Tell whether an account has equity, and no more of it or of margin than that."""
    sizes = (equity, 0, LARGE), (maintenance_margin, 0, WORTH - 1)
    if not within(*sizes, (notional, 0, AMOUNTS)):
        return False
    bound = slices.compute_maintenance_margin(unpack_requirement(risk), notional)
    return bound <= LARGE


SLICES = (
    same(
        "slices._compute_ratio",
        compute_ratio,
        ("freed: uint256 = bound - min(bound, borrowed)", "freed: uint256 = bound"),
        ("uint256) * freed, fp.WAD, whole", "uint256) * bound, fp.WAD, whole"),
        fits=can_have_ratio,
        shares=(DOWN, MAINTENANCE),
    ),
    same(
        "slices._bound",
        lambda risk, notional: slices.compute_maintenance_margin(
            unpack_requirement(risk), notional
        ),
        ("(risk >> 24) & _LOW_24", "risk & _LOW_24"),
        fits=lambda risk, notional: within((notional, 0, AMOUNTS)),
    ),
    same(
        "slices._compute_limit",
        slices.compute_limit,
        ("min(ratio // 2, MAX_APART)", "ratio // 2"),
        fits=lambda mark, ratio, is_buy: within((mark, 0, PRICES)),
    ),
    same(
        "slices._compute_fee_rate",
        slices.compute_fee_rate,
        ("min(MAX_FEE, ratio // 4)", "min(MAX_FEE, ratio // 2)"),
    ),
    same(
        "slices._is_improved",
        lambda old_equity, old_margin, new_equity, new_margin: slices.is_improved(
            make_health(old_equity, old_margin), make_health(new_equity, new_margin)
        ),
        ("new_margin <= old_margin\n", "new_margin < old_margin\n"),
        fits=lambda *words: within(*((word, -WORTH, WORTH) for word in words)),
    ),
    same(
        "slices._compute_most",
        slices.compute_most,
        ("return min(held, max(", "return min(held, min("),
        fits=lambda held, parts, least: within((held, 0, AMOUNTS), (parts, 0, 2**16)),
    ),
)

# Epochs


def share(market: int, epoch: int, lots: int, terms: int, kept: int) -> tuple[int, int]:
    """Return what an epoch closes of a position, and what it carries on."""
    found = unpack(terms, packing.EPOCH_TERMS)
    carry = get_field(kept, packing.EPOCH_STATE["carry"])
    parts = abs(lots) * found["lots"] + carry
    return parts // found["open_interest"], parts % found["open_interest"]


def compute_closing_price(
    market: int, epoch: int, funding_index: int, terms: int, kept: int
) -> int:
    """Do as the specification with an epoch's words."""
    price = get_field(terms, packing.EPOCH_TERMS["price"])
    then = get_field(kept, packing.EPOCH_STATE["funding_index"])
    return deleveraging.compute_closing_price(
        deleveraging.Epoch(False, 0, 0, price, then), funding_index
    )


def compute_effective_interest(market: int, size: int, pending: int) -> int:
    """Return what either side has once all epochs have met it."""
    left = unpack(pending, packing.PENDING)
    open_interest = get_field(size, packing.SIZE["open_interest"])
    most = max(left["longs"], left["shorts"])
    assume(most <= open_interest)
    return open_interest - most


def reduces(market: int, epoch: int, lots: int, terms: int) -> bool:
    """Return whether an epoch is one of the side of a position that has a size."""
    assume(lots != 0)
    is_long = get_field(terms, packing.EPOCH_TERMS["is_long"]) == 1
    return deleveraging.reduces(deleveraging.Epoch(is_long, 0, 0, 0, 0), lots)


TERMS = {"terms": ("epoch_terms", "market", "epoch")}
KEPT = {"kept": ("epoch_state", "market", "epoch")}

EPOCHS = (
    same(
        "deleveraging._share",
        share,
        ("* (terms >> 192) + carry", "* (terms >> 192)"),
        fits=lambda market, epoch, lots, terms, kept: (
            within((lots, -(2**57), 2**57))
            and get_field(terms, packing.EPOCH_TERMS["open_interest"]) > 0
        ),
        reads=TERMS | KEPT,
    ),
    same(
        "deleveraging._reduces",
        reduces,
        ("& 1 != 0) == (lots > 0)", "& 1 != 0) != (lots > 0)"),
        reads=TERMS,
    ),
    same(
        "deleveraging._closing_price",
        compute_closing_price,
        ("funding_index - then, 0), uint256)", "funding_index, 0), uint256)"),
        fits=lambda market, epoch, funding_index, terms, kept: within(
            (funding_index, -WORTH, WORTH)
        ),
        reads=TERMS | KEPT,
    ),
    same(
        "deleveraging._effective_interest",
        compute_effective_interest,
        (
            "(pending >> 64) & _LOW_64, pending & _LOW_64",
            "pending & _LOW_64, pending & _LOW_64",
        ),
        reads={
            "size": ("market_size", "market"),
            "pending": ("market_pending", "market"),
        },
    ),
)

PROOFS = (*BACKSTOP, *SLICES, *EPOCHS)
