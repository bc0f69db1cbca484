"""Laws of the rate curve."""

from specs.fixed_point import WAD
from specs.interest_rate import Curve, compute_rate
from tests.proofs.proof import Mutant


def the_rate_stays_within_its_curve(curve: Curve, utilisation: int) -> bool:
    """
    A rate is never below its base, nor above base and both slopes together.

    Serves: I6.

    pre: 0 <= curve.base and 0 <= curve.slope_low and 0 <= curve.slope_high
    pre: 0 < curve.optimal < WAD and 0 <= utilisation <= WAD
    post: __return__
    """
    rate = compute_rate(curve, utilisation)
    return curve.base <= rate <= curve.base + curve.slope_low + curve.slope_high


def the_rate_never_falls_with_utilisation(curve: Curve, less: int, more: int) -> bool:
    """
    A pool that is used more pays no lower rate, across the kink too.

    Serves: I6.

    pre: 0 <= curve.base and 0 <= curve.slope_low and 0 <= curve.slope_high
    pre: 0 < curve.optimal < WAD and 0 <= less <= more <= WAD
    post: __return__
    """
    return compute_rate(curve, less) <= compute_rate(curve, more)


def the_curve_meets_its_corners(curve: Curve) -> bool:
    """
    The rate is the base at none, base and low slope at the optimum, all at full use.

    Serves: I6.

    pre: 0 <= curve.base and 0 <= curve.slope_low and 0 <= curve.slope_high
    pre: 0 < curve.optimal < WAD
    post: __return__
    """
    at_optimum = curve.base + curve.slope_low
    return (
        compute_rate(curve, 0) == curve.base
        and compute_rate(curve, curve.optimal) == at_optimum
        and compute_rate(curve, WAD) == at_optimum + curve.slope_high
    )


def _mutant(old: str, new: str) -> tuple[Mutant, ...]:
    return (Mutant("specs/interest_rate.py", old, new),)


MUTANTS = {
    "compute_utilisation": _mutant("lends - cash, WAD", "lends + cash, WAD"),
    "the_rate_stays_within_its_curve": _mutant(
        "excess = utilisation - curve.optimal", "excess = utilisation"
    ),
    "the_rate_never_falls_with_utilisation": _mutant(
        "curve.base + curve.slope_low + slope", "curve.base + slope"
    ),
    "the_curve_meets_its_corners": _mutant(
        "excess, WAD - curve.optimal", "excess, WAD"
    ),
}

SERVES = {"compute_utilisation": ("I6",)}
