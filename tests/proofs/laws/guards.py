"""Laws of guards: they refuse what makes things worse, and nothing else."""

from specs.errors import (
    BorrowCapReached,
    OutflowTooLarge,
    SupplyCapReached,
    UtilisationTooHigh,
)
from specs.fixed_point import WAD
from specs.guards import (
    Guards,
    check_outflow,
    check_utilisation,
    compute_outflow,
    follow,
    require_borrow_cap,
    require_supply_cap,
)
from tests.proofs.proof import Mutant


def a_supply_cap_refuses_growth_alone(before: int, after: int, cap: int) -> bool:
    """
    Lends are refused if, and only if, they grow and are above a cap.

    Serves: I4.

    pre: 0 <= before and 0 <= after and 0 <= cap
    post: __return__
    """
    try:
        require_supply_cap(before, after, cap)
    except SupplyCapReached:
        return before < after and 0 < cap < after
    return after <= before or cap == 0 or after <= cap


def a_borrow_cap_refuses_growth_alone(before: int, after: int, cap: int) -> bool:
    """
    Borrows are refused if, and only if, they grow and are above a cap.

    Serves: I4.

    pre: 0 <= before and 0 <= after and 0 <= cap
    post: __return__
    """
    try:
        require_borrow_cap(before, after, cap)
    except BorrowCapReached:
        return before < after and 0 < cap < after
    return after <= before or cap == 0 or after <= cap


def no_step_ends_above_what_it_admits(
    highest: int, start: int, part: int, before: int, after: int, step: int, now: int
) -> bool:
    """
    Utilisation that rises is at most the maximum, and at most what its step admits, or
    the threshold; what falls is never refused.

    Serves: I4.

    pre: 0 <= start <= highest <= 10_000 and 0 <= part <= 10_000
    pre: 0 <= before and 0 <= after <= WAD and 0 <= step and 0 <= now
    post: __return__
    """
    guards = Guards(0, 0, 0, step, highest, start, part, 0, 0)
    unit = WAD // 10_000
    try:
        moved = check_utilisation(guards, before, after, now)
    except UtilisationTooHigh:
        return after > before and after > start * unit
    if after <= max(before, start * unit):
        return moved == guards
    is_within = after <= highest * unit
    return is_within and (part >= 10_000 or after <= moved.admissible * (WAD // 10**6))


def a_step_is_settled_once(
    start: int, part: int, admissible: int, before: int, after: int, now: int
) -> bool:
    """
    What a step admits is not raised by another call in it.

    Serves: I4.

    pre: 0 <= start <= 10_000 and 0 <= part < 10_000 and 0 <= admissible
    pre: 0 <= before and 0 <= after and 0 <= now
    post: __return__
    """
    guards = Guards(0, 0, admissible, now // 60, 10_000, start, part, 0, 0)
    try:
        return check_utilisation(guards, before, after, now) == guards
    except UtilisationTooHigh:
        return after > before


def an_average_moves_between_itself_and_what_is_held(
    units: int, held: int, averaged_at: int, now: int
) -> bool:
    """
    The average comes no further than to what is held, and no less than all the way in a
    window, but for a part of a unit.

    Serves: I44.

    pre: 0 <= units < 2**72 and 0 <= held < 2**72 * 10**9 - 10**9
    pre: 0 <= averaged_at <= now
    post: __return__
    """
    unit, average = 10**9, units * 10**9
    after = follow(Guards(average, averaged_at, 0, 0, 0, 0, 0, 1, 0), held, now)
    low, high = min(average, held), max(average, held)
    is_there = now - averaged_at < 86_400 or held <= after.average < held + unit
    return low <= after.average < high + unit and is_there and after.averaged_at == now


def nothing_leaves_beyond_the_outflow(
    units: int, share: int, floor: int, before: int, after: int, now: int
) -> bool:
    """
    A withdrawal leaves the average, moved to now, less what may be missing of it: the
    larger of share and floor.

    Serves: I44.

    pre: 0 <= units < 2**72 and 0 <= share <= 10_000 and 0 <= floor
    pre: 0 <= before < 2**100 and 0 <= after and 0 <= now
    post: __return__
    """
    guards = Guards(units * 10**9, 0, 0, 0, 0, 0, 0, share, floor)
    try:
        moved = check_outflow(guards, before, after, now)
    except OutflowTooLarge:
        return share > 0
    if share == 0:
        return moved == guards
    missing = compute_outflow(moved)
    is_larger = missing >= floor and missing * 10_000 >= moved.average * share
    return after + missing >= moved.average and is_larger


def _mutant(old: str, new: str) -> tuple[Mutant, ...]:
    return (Mutant("specs/guards.py", old, new),)


MUTANTS = {
    "a_supply_cap_refuses_growth_alone": _mutant(
        "0 < cap < lends_after and lends_before < lends_after", "0 < cap < lends_after"
    ),
    "a_borrow_cap_refuses_growth_alone": _mutant(
        "if 0 < cap < borrows_after and", "if cap < borrows_after and"
    ),
    "no_step_ends_above_what_it_admits": _mutant(
        "if utilisation_after > guards.admissible * WAD // PPM:",
        "if utilisation_before > guards.admissible * WAD // PPM:",
    ),
    "a_step_is_settled_once": _mutant("if step != guards.step:", "if step != 0:"),
    "an_average_moves_between_itself_and_what_is_held": _mutant(
        "elapsed = min(now - guards.averaged_at, WINDOW)",
        "elapsed = now - guards.averaged_at",
    ),
    "nothing_leaves_beyond_the_outflow": (
        *_mutant(
            "if held_after < guards.average - compute_outflow(guards):",
            "if held_before < guards.average - compute_outflow(guards):",
        ),
        *_mutant(
            "max(share, guards.outflow_floor)", "min(share, guards.outflow_floor)"
        ),
    ),
}
