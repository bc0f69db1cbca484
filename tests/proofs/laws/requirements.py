"""Laws of requirements: scaled margins keep their order."""

from specs.requirements import (
    CALM,
    Requirement,
    Scales,
    limit_leverage,
    scale,
)
from tests.proofs.proof import Mutant


def initial_margin_stays_above_maintenance(
    base: int, more: int, factor: int, imf: int, mmf: int, least: int
) -> bool:
    """
    What is at least maintenance margin is so when both are scaled.

    Serves: I12.

    pre: 0 <= base and 0 <= more and 0 <= factor and 0 <= least
    pre: 0 <= mmf <= imf
    post: __return__
    """
    requirement = Requirement(base + more, base, factor + more, factor)
    scaled = scale(requirement, Scales(imf, mmf, least))
    return scaled.base_imf >= scaled.base_mmf and scaled.imf_factor >= scaled.mmf_factor


def a_scale_of_one_changes_nothing(base: int, more: int, factor: int) -> bool:
    """
    A calm market asks for what is set; so, as no scale is below one, for no less ever.

    Serves: I12.

    pre: 0 <= base and 0 <= more and 0 <= factor < 10**12
    post: __return__
    """
    requirement = Requirement(base + more, base, factor, factor)
    return scale(requirement, CALM) == requirement


def a_higher_scale_asks_for_no_less(
    base: int, factor: int, less: int, more: int
) -> bool:
    """
    A market that moves more binds no less margin.

    Serves: I12.

    pre: 0 <= base and 0 <= factor and 0 <= less <= more
    post: __return__
    """
    requirement = Requirement(base, base, factor, factor)
    low = scale(requirement, Scales(less, less, 0))
    high = scale(requirement, Scales(more, more, 0))
    return (
        low.base_imf <= high.base_imf
        and low.base_mmf <= high.base_mmf
        and low.imf_factor <= high.imf_factor
        and low.mmf_factor <= high.mmf_factor
    )


def a_limit_of_leverage_holds(base: int, max_leverage: int) -> bool:
    """
    Initial margin is at least the share of notional that the limit leaves to debt.

    Serves: I12.

    pre: 0 <= base and 0 < max_leverage
    post: __return__
    """
    limited = limit_leverage(Requirement(base, 0, 0, 0), max_leverage).base_imf
    return limited >= base and limited * max_leverage >= 10**6


def _mutant(old: str, new: str) -> tuple[Mutant, ...]:
    return (Mutant("specs/requirements.py", old, new),)


MUTANTS = {
    "initial_margin_stays_above_maintenance": _mutant(
        "base_mmf=mul_div_up(requirement.base_mmf, scales.mmf, SCALE_ONE)",
        "base_mmf=mul_div_up(requirement.base_mmf, scales.mmf, SCALE_ONE) + 1",
    ),
    "a_scale_of_one_changes_nothing": _mutant(
        "base_imf=mul_div_up(base_imf, scales.imf, SCALE_ONE)",
        "base_imf=mul_div_up(base_imf, scales.imf, SCALE_ONE + 1)",
    ),
    "a_higher_scale_asks_for_no_less": _mutant(
        "base_imf=mul_div_up(base_imf, scales.imf, SCALE_ONE)",
        "base_imf=base_imf - scales.imf",
    ),
    "a_limit_of_leverage_holds": _mutant(
        "mul_div_up(1, PPM, max_leverage)", "mul_div_down(1, PPM, max_leverage)"
    ),
}
