# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Backstop
@license Apache-2.0
@notice When an account's equity is below half of its maintenance margin or so, pledged
        providers take its positions over, at a discount that leaves the account better
        off. Providers share pro rata to what is left of their capacities.
@dev opens       equity < max(MM / 2, MM - 6 % of exposure)
     discount    d = clamp(equity / exposure, 0, MM / exposure / 4)
     fraction    the smallest c, in 1/65536, for which
                 equity - c*N*d >= IM((1 - c) * N);  all of it if equity < N*d
     prices      the account fills at mark*(1 -/+ d), the provider at mark*(1 -/+ 2d/3)
     Amounts are WAD USDC, prices WAD USDC, the discount WAD of notional. Maintenance
     margin is signed as in a Health; it is never negative.
@custom:spec specs/backstop.py
"""

from . import fixed_point as fp
from . import requirements

# Fractions are counted in parts of this.
PARTS: constant(uint256) = 2**16
# Halvings that find one part of all.
HALVINGS: constant(uint256) = 16
# Eight positions, eight debts, USDC, and one to spare.
MAX_LEGS: constant(uint256) = 18
# Collateral worth no more than this does not keep an account from being bankrupt.
DUST: constant(uint256) = 10**18 // 100
_LOW_24: constant(uint256) = 2**24 - 1
_LOW_40: constant(uint256) = 2**40 - 1


# A position or a debt of an account, and what initial margin it binds.
# `instrument` is the market, or the asset's of a debt; `risk` has the fields of the word
# of that name, scaled by the market's volatility.
struct Leg:
    instrument: uint256
    notional: uint256
    risk: uint256


@internal
@pure
def _compute_backstop_margin(maintenance_margin: int256, exposure: uint256) -> int256:
    """
    @notice Return the margin below which the backstop opens, rounded down.
    """
    less: int256 = convert(fp._mul_div_up(exposure, 6, 100), int256)
    return max(maintenance_margin // 2, maintenance_margin - less)


@internal
@pure
def _is_open(equity: int256, maintenance_margin: int256, exposure: uint256) -> bool:
    """
    @notice Return whether the account is below the margin that opens the backstop.
    """
    return equity < self._compute_backstop_margin(maintenance_margin, exposure)


@internal
@pure
def _compute_unfunded(deficit: uint256, fund: uint256) -> uint256:
    """
    @notice Return the share of a deficit that the backstop fund can't pay, rounded up.
    """
    if deficit <= fund:
        return 0
    return fp._mul_div_up(deficit - fund, fp.WAD, deficit)


@internal
@pure
def _compute_discount(
    equity: int256, maintenance_margin: int256, exposure: uint256
) -> uint256:
    """
    @notice Return the discount of a takeover, WAD of notional, rounded down: at most
            equity over exposure, so that whatever part of an account is taken over,
            equity over margin does not fall.
    @param exposure Not zero where the equity is positive.
    """
    if equity <= 0:
        return 0
    share: uint256 = fp._mul_div_down(convert(equity, uint256), fp.WAD, exposure)
    margin: uint256 = convert(maintenance_margin, uint256)
    return min(share, fp._mul_div_down(margin, fp.WAD, 4 * exposure))


@internal
@pure
def _compute_ratio(equity: int256, maintenance_margin: int256) -> uint256:
    """
    @notice Return equity over maintenance margin, WAD, rounded down; 0 without equity.
    @param maintenance_margin Positive where the equity is.
    """
    if equity <= 0:
        return 0
    return fp._mul_div_down(
        convert(equity, uint256), fp.WAD, convert(maintenance_margin, uint256)
    )


@internal
@pure
def _compute_fraction(
    equity: int256, discount: uint256, legs: DynArray[Leg, MAX_LEGS]
) -> uint256:
    """
    @notice Return the smallest share, in parts, whose takeover restores initial margin.
    @dev Of each leg what is left is rounded up, and so is its margin, as by
         `_initial_margin`: spelled out here, where it is computed most.
    """
    exposure: uint256 = self._sum(legs)
    if equity < convert(fp._mul_div_up(exposure, discount, fp.WAD), int256):
        return PARTS
    failing: uint256 = 0
    healing: uint256 = PARTS
    for i: uint256 in range(HALVINGS):
        parts: uint256 = unsafe_add(failing, healing) >> 1
        left: uint256 = unsafe_sub(PARTS, parts)
        needed: uint256 = fp._mul_div_up(exposure * parts, discount, PARTS * fp.WAD)
        for leg: Leg in legs:
            # USDC's is always there, and mostly nothing.
            if leg.notional == 0:
                continue
            notional: uint256 = (leg.notional * left + (PARTS - 1)) // PARTS
            fraction: uint256 = unsafe_mul(leg.risk & _LOW_24, requirements._PPM_UNIT)
            factor: uint256 = (leg.risk >> 48) & _LOW_40
            # Up to the square of this root the base binds, and no root is taken; it has
            # 74 bits, a factor 40, and a root at most 128.
            flat: uint256 = unsafe_div(
                unsafe_mul(fraction, requirements._ROOT_UNIT), factor
            )
            if notional > unsafe_mul(flat, flat):
                root: uint256 = unsafe_add(isqrt(unsafe_sub(notional, 1)), 1)
                fraction = max(
                    fraction,
                    unsafe_add(unsafe_mul(factor, root), requirements._ROOT_UNIT - 1)
                    // requirements._ROOT_UNIT,
                )
            needed += (fraction * notional + (fp.WAD - 1)) // fp.WAD
        if equity >= convert(needed, int256):
            healing = parts
        else:
            failing = parts
    return healing


@internal
@pure
def _initial_margin(risk: uint256, notional: uint256) -> uint256:
    """
    @notice Return the initial margin of a leg of that notional, rounded up.
    """
    return requirements._compute_margin(
        risk & _LOW_24, (risk >> 48) & _LOW_40, notional
    )


@internal
@pure
def _sum(legs: DynArray[Leg, MAX_LEGS]) -> uint256:
    """
    @notice Return the exposure of all legs.
    """
    exposure: uint256 = 0
    for leg: Leg in legs:
        exposure += leg.notional
    return exposure


@internal
@pure
def _compute_account_price(
    mark: uint256, discount: uint256, is_selling: bool
) -> uint256:
    """
    @notice Return the price at which the account fills, rounded against it.
    """
    if is_selling:
        return fp._mul_div_down(mark, fp.WAD - discount, fp.WAD)
    return fp._mul_div_up(mark, fp.WAD + discount, fp.WAD)


@internal
@pure
def _compute_provider_price(
    mark: uint256, discount: uint256, is_buying: bool
) -> uint256:
    """
    @notice Return the price at which the provider fills, rounded against it.
    """
    part: uint256 = fp._mul_div_down(2, discount, 3)
    if is_buying:
        return fp._mul_div_up(mark, fp.WAD - part, fp.WAD)
    return fp._mul_div_down(mark, fp.WAD + part, fp.WAD)


@internal
@pure
def _compute_allocation(
    total: uint256, capacity: uint256, capacities: uint256, rest: uint256
) -> uint256:
    """
    @notice Return a provider's part of `total`: pro rata, rounded up, within its
            capacity and the `rest` that is not allocated yet. Rounded up, the last
            provider gets what the others leave, so that the whole is allocated
            whenever the capacities reach.
    """
    share: uint256 = fp._mul_div_up(total, capacity, capacities)
    return min(min(share, capacity), rest)


@internal
@pure
def _compute_portion(allocation: uint256, exposure: uint256) -> uint256:
    """
    @notice Return an allocation as a share of the exposure left, WAD, rounded up.
    """
    return min(fp.WAD, fp._mul_div_up(allocation, fp.WAD, exposure))
