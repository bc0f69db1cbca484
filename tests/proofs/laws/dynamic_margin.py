"""Laws of dynamic margin: maintenance margin follows slowly."""

from specs.dynamic_margin import compute_maintenance_scale
from tests.proofs.proof import Mutant


def maintenance_is_scaled_no_more(old_scale: int, scale: int, elapsed: int) -> bool:
    """
    The scale of maintenance margin is never above that of initial margin.

    Serves: I12.

    pre: 10_000 <= old_scale and 10_000 <= scale and 0 <= elapsed
    post: __return__
    """
    return 10_000 <= compute_maintenance_scale(old_scale, scale, elapsed) <= scale


def no_minute_raises_it_by_more_than_its_ramp(
    old_scale: int, scale: int, elapsed: int
) -> bool:
    """
    It rises by no more than 0.048 a minute, and not at all in the same second.

    Serves: I12.

    pre: 10_000 <= old_scale and 10_000 <= scale and 0 <= elapsed
    post: __return__
    """
    later = compute_maintenance_scale(old_scale, scale, elapsed)
    return later - old_scale <= 8 * elapsed


def to_be_asked_often_changes_nothing(
    old_scale: int, scale: int, first: int, second: int
) -> bool:
    """
    Two steps to one scale come where one step of both times comes.

    Serves: I12.

    pre: 10_000 <= old_scale and 10_000 <= scale and 0 <= first and 0 <= second
    post: __return__
    """
    between = compute_maintenance_scale(old_scale, scale, first)
    later = compute_maintenance_scale(between, scale, second)
    return later == compute_maintenance_scale(old_scale, scale, first + second)


def _mutant(new: str) -> tuple[Mutant, ...]:
    old = "return max(SCALE_ONE, min(scale, old_scale + RAMP * elapsed))"
    return (Mutant("specs/dynamic_margin.py", old, f"return {new}"),)


MUTANTS = {
    "maintenance_is_scaled_no_more": _mutant("old_scale + RAMP * elapsed"),
    "no_minute_raises_it_by_more_than_its_ramp": _mutant("scale"),
    "to_be_asked_often_changes_nothing": _mutant(
        "max(SCALE_ONE, min(scale, old_scale + RAMP * (elapsed // 2)))"
    ),
}
