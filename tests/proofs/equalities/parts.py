"""
Layer 2: functions of the contracts that equal those of the specification.

Of each mechanism the pure functions, called through a harness; what stores is layer 3.
Square roots are not among them: a solver cannot follow Newton's method.
"""

from collections.abc import Callable
from typing import Any
from unittest.mock import patch

from specs import (
    backstop,
    bands,
    dynamic_margin,
    fixed_point,
    funding,
    guards,
    instruments,
    interest_rate,
    liquidity_fund,
    open_orders,
    requirements,
    weights,
)
from specs import perpetual as perp
from specs.fixed_point import PPM, WAD
from specs.interest_rate import Curve
from specs.liquidity_fund import Fund
from specs.open_orders import OpenOrders
from tests.proofs.equality import Equality
from tests.proofs.lifter.ratio import Ratio
from tests.proofs.lifter.reference import within
from tests.proofs.proof import Mutant

LARGEST = 2**256 - 1
PRICES = 2**100
"""Above every price that the oracle stores."""
AMOUNTS = 2**128
"""Above every amount that a pool stores."""


def equality(
    mechanism: str,
    function: str,
    reference: Callable[..., Any],
    fits: Callable[..., bool],
    *mutants: tuple[str, str],
    is_exact: bool = False,
    exposed: str = "",
    internal: str = "",
) -> Equality:
    """Return the claim about one function of a module; mutants are (old, new)."""
    name = "".join(word.title() for word in (exposed or mechanism).split("_"))
    module = f"contracts/modules/{mechanism}.vy"
    faults = tuple(Mutant(module, old, new) for old, new in mutants)
    harness = f"tests/harness/{name}Harness.vy"
    return Equality(
        harness, function, reference, fits, faults, is_exact, internal=internal
    )


# Arithmetic: exactly when it refuses


def product_fits(x: int, y: int, d: int) -> bool:
    """Tell whether ``|x| * y`` is a word, and the divisor a divisor."""
    return abs(x) * y <= LARGEST and d > 0


def rounding_up_fits(x: int, y: int, d: int) -> bool:
    """Tell whether ``|x| * y + d - 1`` is a word too, as rounding up needs."""
    return abs(x) * y + d - 1 <= LARGEST and d > 0


def signed_down_fits(x: int, y: int, d: int) -> bool:
    """Tell whether a quotient rounded down has all its parts in words."""
    fits = product_fits if x >= 0 else rounding_up_fits
    return x > -(2**255) and fits(x, y, d) and -(2**255) < x * y // d < 2**255


def signed_up_fits(x: int, y: int, d: int) -> bool:
    """Tell whether a quotient rounded up has all its parts in words."""
    fits = rounding_up_fits if x >= 0 else product_fits
    return x > -(2**255) and fits(x, y, d) and -(2**255) < -(-x * y // d) < 2**255


ARITHMETIC = (
    equality(
        "fixed_point",
        "mul_div_down",
        fixed_point.mul_div_down,
        product_fits,
        ("    return x * y // d\n", "    return x * y // d + 1\n"),
        ("    return x * y // d\n", "    return unsafe_mul(x, y) // d\n"),
        is_exact=True,
    ),
    equality(
        "fixed_point",
        "mul_div_up",
        fixed_point.mul_div_up,
        rounding_up_fits,
        ("    return (x * y + unsafe_sub(d, 1)) // d", "    return x * y // d + 1"),
        (
            "    return (x * y + unsafe_sub(d, 1)) // d",
            "    return unsafe_sub(unsafe_add(x * y, d), 1) // d",
        ),
        is_exact=True,
    ),
    equality(
        "fixed_point",
        "signed_mul_div_down",
        fixed_point.signed_mul_div_down,
        signed_down_fits,
        (
            "-convert((convert(-x, uint256) * y + unsafe_sub(d, 1)) // d, int256)",
            "-convert(convert(-x, uint256) * y // d, int256)",
        ),
        is_exact=True,
    ),
    equality(
        "fixed_point",
        "signed_mul_div_up",
        fixed_point.signed_mul_div_up,
        signed_up_fits,
        (
            "return convert((convert(x, uint256) * y + unsafe_sub(d, 1)) // d, int256)",
            "return convert(convert(x, uint256) * y // d, int256)",
        ),
        is_exact=True,
    ),
)


# Interest


def compute_rate(
    base: int, slope_low: int, slope_high: int, optimal: int, utilisation: int
) -> int:
    """Return the rate of the curve with those fields."""
    curve = Curve(base, slope_low, slope_high, optimal, 0)
    return interest_rate.compute_rate(curve, utilisation)


def is_curve(
    base: int, slope_low: int, slope_high: int, optimal: int, utilisation: int
) -> bool:
    """Tell whether a curve can be stored, and its utilisation is a share."""
    rates = ((rate, 0, RATES) for rate in (base, slope_low, slope_high))
    return within(*rates, (optimal, 1, WAD - 1), (utilisation, 0, WAD))


RATES = 2**96

INTEREST = (
    equality(
        "interest_rate",
        "compute_utilisation",
        interest_rate.compute_utilisation,
        lambda cash, lends: within((cash, 0, AMOUNTS), (lends, 0, AMOUNTS)),
        ("if cash >= lends", "if cash > lends"),
        ("lends - cash, fp.WAD, lends", "lends - cash, fp.WAD, lends + 1"),
    ),
    equality(
        "interest_rate",
        "compute_rate",
        compute_rate,
        is_curve,
        ("return base + slope_low + slope", "return base + slope"),
        ("fp.WAD - optimal)", "fp.WAD)"),
    ),
)


# Positions


POSITIONS = (
    equality(
        "perpetual",
        "compute_notional",
        perp.compute_notional,
        lambda lots, lot, price: within(
            (lots, -(2**57), 2**57), (lot, 0, 2**64), (price, 0, PRICES)
        ),
        ("convert(abs(lots), uint256) * lot", "convert(max(lots, 0), uint256) * lot"),
    ),
    equality(
        "perpetual",
        "compute_opening",
        perp.compute_opening,
        lambda held, lots: within((held, -(2**57), 2**57), (lots, -(2**57), 2**57)),
        (
            "        return 0\n    return held + lots",
            "        return 0\n    return lots",
        ),
    ),
)


# Funding and the liquidity fund


def compute_payment(fund_balance: int, cap: int, gain: int) -> int:
    """Return what the fund with those fields pays of a gain."""
    return liquidity_fund.compute_payment(Fund(fund_balance, cap), gain)


SETTLEMENT = (
    equality(
        "funding",
        "compute_rate",
        funding.compute_rate,
        lambda premium, interval: within(
            (premium, -AMOUNTS, AMOUNTS), (interval, 0, 2**32)
        ),
        ("return max(-RATE_CAP, min(RATE_CAP, rate))", "return min(RATE_CAP, rate)"),
        ("BASE_RATE - premium", "BASE_RATE + premium"),
    ),
    equality(
        "liquidity_fund",
        "compute_payment",
        compute_payment,
        lambda fund_balance, cap, gain: within(
            (fund_balance, -AMOUNTS, AMOUNTS), (cap, 0, AMOUNTS)
        ),
        ("max(0, fund_balance + ", "max(1, fund_balance + "),
    ),
    equality(
        "liquidity_fund",
        "compute_surplus",
        liquidity_fund.compute_surplus,
        lambda fund_balance: True,
        ("max(0, fund_balance), uint256", "max(1, fund_balance), uint256"),
    ),
)


# Backstop

BACKSTOP = (
    equality(
        "backstop",
        "compute_account_price",
        backstop.compute_account_price,
        lambda mark, discount, is_selling: within(
            (mark, 0, PRICES), (discount, 0, WAD)
        ),
        ("mul_div_up(mark, fp.WAD + discount", "mul_div_down(mark, fp.WAD + discount"),
    ),
    equality(
        "backstop",
        "compute_provider_price",
        backstop.compute_provider_price,
        lambda mark, discount, is_buying: within((mark, 0, PRICES), (discount, 0, WAD)),
        ("_mul_div_down(2, discount, 3)", "_mul_div_down(1, discount, 3)"),
    ),
    equality(
        "backstop",
        "compute_allocation",
        backstop.compute_allocation,
        lambda total, capacity, capacities, left: within(
            (total, 0, 2**120), (capacity, 0, 2**120), (capacities, 1, 2**123)
        ),
        ("min(min(share, capacity), rest)", "min(share, rest)"),
    ),
    equality(
        "backstop",
        "compute_portion",
        backstop.compute_portion,
        lambda allocation, left: within((allocation, 0, AMOUNTS), (left, 1, AMOUNTS)),
        ("_mul_div_up(allocation, fp.WAD", "_mul_div_down(allocation, fp.WAD"),
    ),
)

# Weights, dynamic margin and caps


def require_supply_cap(curve: int, before: int, after: int) -> tuple[()]:
    """Do as the specification with the cap in a word."""
    cap = (curve // 2**176) % 2**40 * WAD
    guards.require_supply_cap(before, after, cap)
    return ()


def require_borrow_cap(curve: int, before: int, after: int) -> tuple[()]:
    """Do as the specification with the cap in a word."""
    guards.require_borrow_cap(before, after, curve // 2**216 * WAD)
    return ()


LIMITS = (
    equality(
        "weights",
        "compute_weight",
        weights.compute_weight,
        lambda index: index > 0,
        ("ONE * fp.RAY // index", "ONE * fp.RAY // index + 1"),
        is_exact=True,
        exposed="money_market",
    ),
    equality(
        "dynamic_margin",
        "compute_maintenance_scale",
        dynamic_margin.compute_maintenance_scale,
        lambda old_scale, scale, elapsed: within(
            (old_scale, 0, 2**16), (scale, 0, 2**16), (elapsed, 0, 2**32)
        ),
        ("old_scale + RAMP * seconds", "old_scale + (RAMP + 1) * seconds"),
    ),
    equality(
        "guards",
        "require_supply_cap",
        require_supply_cap,
        lambda curve, before, after: True,
        ("(curve >> 176) & _LOW_40", "(curve >> 176)"),
        is_exact=True,
    ),
    equality(
        "guards",
        "require_borrow_cap",
        require_borrow_cap,
        lambda curve, before, after: True,
        ("curve >> 216", "curve >> 215"),
        is_exact=True,
    ),
    equality(
        "requirements",
        "leverage_imf",
        lambda max_leverage: (
            requirements.limit_leverage(
                requirements.Requirement(0, 0, 0, 0), max_leverage
            ).base_imf
        ),
        lambda max_leverage: within((max_leverage, 0, 255)),
        ("fp._mul_div_up(1, fp.PPM", "fp._mul_div_down(1, fp.PPM"),
    ),
    equality(
        "requirements",
        "scale_factor",
        lambda factor, scale: (
            requirements.scale(
                requirements.Requirement(0, 0, factor, 0), requirements.Scales(scale)
            ).imf_factor
        ),
        lambda factor, scale: within((factor, 0, 2**40), (scale, 0, 2**16)),
        (
            "min((factor * scale + (_SCALE_ONE - 1)) // _SCALE_ONE",
            "min(factor * scale // _SCALE_ONE",
        ),
    ),
)

# Open orders and instruments


def compute_worst_lots(held: int, word: int) -> int:
    """Return the worst position with the sizes of both sides in a word."""
    orders = OpenOrders(word // 2**128, word % 2**128)
    return open_orders.compute_worst_lots(held, orders)


def positions_fit(held: int, word: int) -> bool:
    """Tell whether every position that a side could leave has its opposite."""
    bids, asks = word // 2**128, word % 2**128
    return held + bids < 2**255 and held - asks > -(2**255)


ORDERS = (
    equality(
        "open_orders",
        "worst_lots",
        compute_worst_lots,
        positions_fit,
        ("max(abs(bought), abs(sold))", "abs(bought - sold)"),
        ("    return word & _LOW_128\n", "    return word >> 128\n"),
        is_exact=True,
    ),
    equality(
        "open_orders",
        "bid_cost",
        open_orders.compute_bid_cost,
        lambda bids, high: rounding_up_fits(bids, high, WAD),
        ("fp._mul_div_up(bids, high, ", "fp._mul_div_down(bids, high, "),
        is_exact=True,
    ),
    equality(
        "open_orders",
        "ask_debt",
        open_orders.compute_ask_debt,
        lambda asks, held, owed, high: (
            rounding_up_fits(owed + max(0, asks - held), high, WAD)
            and owed + max(0, asks - held) <= LARGEST
        ),
        ("    if asks > held:\n", "    if owed == 0 and asks > held:\n"),
        ("fp._mul_div_up(owed + uncovered", "fp._mul_div_down(owed + uncovered"),
        is_exact=True,
    ),
    equality(
        "instruments",
        "is_spot",
        instruments.is_spot,
        lambda instrument: True,
        ("    return instrument >= SPOT\n", "    return instrument > SPOT\n"),
        is_exact=True,
    ),
    equality(
        "instruments",
        "get_asset",
        instruments.get_asset,
        lambda instrument: instrument >= instruments.SPOT,
        ("    return instrument - SPOT\n", "    return unsafe_sub(instrument, SPOT)\n"),
        is_exact=True,
        internal="_asset",
    ),
    equality(
        "instruments",
        "get_code",
        instruments.get_code,
        lambda instrument: True,
        ("        return instrument - SPOT + MAX", "        return instrument - MAX"),
        is_exact=True,
        internal="_code",
    ),
    equality(
        "instruments",
        "get_instrument",
        instruments.get_instrument,
        lambda code: code <= LARGEST - instruments.SPOT,
        ("    if code < MAX_LISTED:\n", "    if code <= MAX_LISTED:\n"),
        is_exact=True,
        internal="_instrument",
    ),
)

# Bands


def compute_band(price: int, tolerance: int) -> tuple[int, int]:
    """Return the band of the specification, whose fractions may be symbolic."""
    with patch.object(bands, "Fraction", Ratio):
        return bands.compute_band(Ratio(price), tolerance)


def compute_perp_band(mark: int, mean_mark: int, tolerance: int) -> tuple[int, int]:
    """Return a perpetual's band, likewise."""
    with patch.object(bands, "Fraction", Ratio):
        return bands.compute_perp_band(Ratio(mark), Ratio(mean_mark), tolerance)


BANDS = (
    equality(
        "bands",
        "around",
        compute_band,
        lambda price, tolerance: within((price, 0, PRICES), (tolerance, 0, PPM)),
        ("_mul_div_up(price, fp.PPM -", "_mul_div_down(price, fp.PPM -"),
        ("_mul_div_down(price, fp.PPM +", "_mul_div_up(price, fp.PPM +"),
        exposed="pricing",
    ),
    equality(
        "bands",
        "perp_band",
        compute_perp_band,
        lambda mark, mean_mark, tolerance: within(
            (mark, 0, PRICES), (mean_mark, 0, PRICES), (tolerance, 0, PPM)
        ),
        ("max(low, mean_low)", "min(low, mean_low)"),
        ("min(high, mean_high)", "max(high, mean_high)"),
        exposed="pricing",
    ),
)

PROOFS = (
    *ARITHMETIC,
    *INTEREST,
    *POSITIONS,
    *SETTLEMENT,
    *BACKSTOP,
    *LIMITS,
    *ORDERS,
    *BANDS,
)
