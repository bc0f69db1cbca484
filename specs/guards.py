"""
Guards of a pool.

What may be lent and borrowed in all, how far and how fast a pool may be utilised, and
how much of an asset may leave the vault within a day. A guard refuses what would make
things worse; it never stands in the way of what makes them better, nor of anything
that leaves its quantity as it is.

What the guards know is what calls tell them; what their laws are is said with each
function. Calls that are not guarded (a lender without exposure who leaves, interest, a
liquidation) may take a pool beyond its guards; then guarded calls are refused until it
is back.

Counterpart of ``contracts/modules/guards.vy``.
"""

from dataclasses import dataclass, replace
from typing import Final

from specs.errors import (
    BorrowCapReached,
    OutflowTooLarge,
    SupplyCapReached,
    UtilisationTooHigh,
)
from specs.fixed_point import (
    BPS,
    PPM,
    WAD,
    Seconds,
    Wad,
    mul_div_down,
    mul_div_up,
    signed_mul_div_up,
)

THROTTLE_STEP: Final = Seconds(60)
WINDOW: Final = Seconds(86_400)
AVERAGE_UNIT: Final = 10**9
MAX_AVERAGE: Final = Wad((2**72 - 1) * AVERAGE_UNIT)


@dataclass(frozen=True)
class Guards:
    """
    A pool's guards, the throttle's present step and the average of what is held.

    Governance keeps ``threshold <= max_utilisation <= BPS``, ``outflow_share <= BPS``
    and a positive ``outflow_floor``: without one, what is left could never leave.
    """

    average: Wad
    """Of what the vault holds; a multiple of AVERAGE_UNIT."""
    averaged_at: Seconds
    admissible: int
    """Parts per million that may be utilised in ``step``."""
    step: int
    """The last step, of THROTTLE_STEP each, in which the throttle was asked."""
    max_utilisation: int
    """Basis points, as the three below."""
    threshold: int
    throttle_share: int
    """Of the room above utilisation, what a step may use; BPS for no throttle."""
    outflow_share: int
    """Of the average, what may be missing; 0 for no limit."""
    outflow_floor: Wad
    """What may be missing of any average; whole tokens."""


OPEN: Final = Guards(Wad(0), Seconds(0), 0, 0, BPS, BPS, BPS, 0, Wad(0))
"""Guards that guard nothing."""


def require_supply_cap(lends_before: Wad, lends_after: Wad, cap: Wad) -> None:
    """Refuse lends that grow and are above the cap; a cap of 0 is none."""
    if 0 < cap < lends_after and lends_before < lends_after:
        raise SupplyCapReached


def require_borrow_cap(borrows_before: Wad, borrows_after: Wad, cap: Wad) -> None:
    """Refuse borrows that grow and are above the cap; a cap of 0 is none."""
    if 0 < cap < borrows_after and borrows_before < borrows_after:
        raise BorrowCapReached


def compute_admissible(guards: Guards, utilisation: Wad) -> int:
    """
    Return what a step that begins at ``utilisation`` admits, in parts per million,
    rounded down: a share of the room up to the maximum, counted from the threshold
    if utilisation is lower.
    """
    highest = guards.max_utilisation * WAD // BPS
    start = max(guards.threshold * WAD // BPS, utilisation)
    room = mul_div_down(highest - start, guards.throttle_share, BPS)
    return (start + room) * PPM // WAD


def check_utilisation(
    guards: Guards, utilisation_before: Wad, utilisation_after: Wad, now: Seconds
) -> Guards:
    """
    Refuse utilisation that rises above the maximum, or above the threshold by more
    than the throttle admits in this step; return the guards with the step that was
    asked.

    The first call of a step to rise above the threshold settles what the step admits,
    and no guarded call of that step ends above it. So, while all that rises is
    guarded, n steps leave at least ``(1 - share)**n`` of the room above the higher of
    threshold and utilisation at first; idle steps admit nothing more afterwards, and
    whoever lowers utilisation first may raise it no further. A span of T seconds
    meets at most ``ceil(T / THROTTLE_STEP) + 1`` steps.

    Lenders without exposure are not held back, so by a deposit of another account of
    its own that leaves again, an account can still have utilisation end above what is
    admitted; and who lowers it so for the first call of a step has the others wait for
    the next step, but only with what raises utilisation above the threshold.
    """
    if utilisation_after <= max(utilisation_before, guards.threshold * WAD // BPS):
        return guards
    if utilisation_after > guards.max_utilisation * WAD // BPS:
        raise UtilisationTooHigh
    if guards.throttle_share >= BPS:
        return guards

    step = now // THROTTLE_STEP
    if step != guards.step:
        admissible = compute_admissible(guards, utilisation_before)
        guards = replace(guards, step=step, admissible=admissible)
    if utilisation_after > guards.admissible * WAD // PPM:
        raise UtilisationTooHigh
    return guards


def follow(guards: Guards, held: Wad, now: Seconds) -> Guards:
    """
    Return the guards with the average moved to now, as if ``held`` had been there
    since it was moved last: all the way in a window, rounded up, but no higher than
    is stored.
    """
    elapsed = min(now - guards.averaged_at, WINDOW)
    moved = guards.average + signed_mul_div_up(held - guards.average, elapsed, WINDOW)
    rounded = mul_div_up(moved, 1, AVERAGE_UNIT) * AVERAGE_UNIT
    return replace(guards, average=Wad(min(rounded, MAX_AVERAGE)), averaged_at=now)


def compute_outflow(guards: Guards) -> Wad:
    """Return what may be missing of the average; exact, for BPS divides its unit."""
    share = mul_div_down(guards.average, guards.outflow_share, BPS)
    return Wad(max(share, guards.outflow_floor))


def check_outflow(
    guards: Guards, held_before: Wad, held_after: Wad, now: Seconds
) -> Guards:
    """
    Refuse a withdrawal that leaves the vault with less of the asset than the average
    without what may be missing of it; return the guards with the average moved.

    ``held`` is all that the vault has of the asset for its users, lent to the pool or
    idle. With A the average and M what may be missing of it at a withdrawal, what is
    held T later, T up to WINDOW, is at least ``A - M * (1 + T / WINDOW)``, whatever is
    deposited and withdrawn between. So the net outflow of a window is at most 2 * M,
    and with a share s and no floor at most ``s * (2 - s)`` of A, which is reached by
    taking M at both ends of a window; what is held above A at first (deposits younger
    than the average) may leave as well. Moving the average more often only slows it,
    to no slower than ``exp(-T / WINDOW)``.

    A deposit does not move the average but counts as if it had come right after the
    last withdrawal. Nothing else changes what is held between two, so the average is
    never lower than the mean of the last one and of what was held since, each weighed
    by its time in the window. In a second that has seen a withdrawal a deposit counts
    nothing, so none can be made to admit more. After a fraction f of a window without
    one, X deposited and withdrawn at once lifts the average by f * X, and so takes as
    much, less its share, from what others may withdraw; that comes back within the
    next window, linearly. To ``follow`` before a large deposit closes this.
    """
    if guards.outflow_share == 0:
        return guards

    guards = follow(guards, held_before, now)
    if held_after < guards.average - compute_outflow(guards):
        raise OutflowTooLarge
    return guards
