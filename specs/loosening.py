"""
Loosening.

Which changes of parameters have to be announced: those that let anybody take more risk
at the cost of others, and those that cost users more or pay lenders less. All others
make the protocol safer and must not wait. A setter of several parameters loosens if it
loosens any of them.

Counterpart of ``contracts/modules/loosening.vy``.
"""

from typing import Final

from specs.guards import Guards
from specs.interest_rate import Curve
from specs.requirements import Haircut, Requirement
from specs.state import Cull, Fees, Limits

ENDLESS: Final = 2**256
"""Above every limit that can be set."""


def or_endless(limit: int) -> int:
    """Return a limit of which 0 says that there is none."""
    return limit or ENDLESS


def is_lower_curve(old: Curve, new: Curve) -> bool:
    """
    Return whether ``new`` may ask for less than ``old`` at some utilisation, or keeps
    more for the reserve.

    A curve whose base, bend and top are no lower and whose bend is no further right is
    no lower anywhere.
    """
    return (
        new.base < old.base
        or new.base + new.slope_low < old.base + old.slope_low
        or new.base + new.slope_low + new.slope_high
        < old.base + old.slope_low + old.slope_high
        or new.optimal > old.optimal
        or new.reserve_share > old.reserve_share
    )


def is_looser_haircut(old: Haircut, new: Haircut) -> bool:
    """Return whether more of an asset counts; the old weight is the target."""
    return new.weight > old.weight or new.factor < old.factor


def is_looser_requirement(old: Requirement, new: Requirement) -> bool:
    """Return whether an exposure may bind less margin."""
    return (
        new.base_imf < old.base_imf
        or new.base_mmf < old.base_mmf
        or new.imf_factor < old.imf_factor
        or new.mmf_factor < old.mmf_factor
    )


def is_dearer(old: Fees, new: Fees) -> bool:
    """Return whether somebody pays a higher fee."""
    return new.maker > old.maker or new.taker > old.taker


def is_looser_cap(old: int, new: int) -> bool:
    """Return whether a cap, 0 for none, lets more through."""
    return or_endless(new) > or_endless(old)


def is_looser_guards(old: Guards, new: Guards) -> bool:
    """
    Return whether more may be lent out, sooner, or leave the vault. Without a limit
    of the outflow its floor means nothing.
    """
    return (
        new.max_utilisation > old.max_utilisation
        or new.threshold > old.threshold
        or new.throttle_share > old.throttle_share
        or is_looser_cap(old.outflow_share, new.outflow_share)
        or (old.outflow_share > 0 and new.outflow_floor > old.outflow_floor)
    )


def is_looser_limits(old: Limits, new: Limits) -> bool:
    """
    Return whether a market or a position may grow larger, smaller positions may burden
    the tick set, or margin answers less to volatility and open interest.
    """
    return (
        new.max_open_interest > old.max_open_interest
        or new.max_position > old.max_position
        or new.min_lots < old.min_lots
        or new.open_interest_factor < old.open_interest_factor
        or is_looser_cap(old.reference, new.reference)
        or new.max_scale < old.max_scale
    )


def is_looser_cull(old: Cull, new: Cull) -> bool:
    """Return whether gains give more credit, or may be left unrealised for longer."""
    return (
        new.credit_cap > old.credit_cap
        or is_looser_cap(old.account_threshold, new.account_threshold)
        or is_looser_cap(old.system_threshold, new.system_threshold)
    )


def adds_roles(old: int, new: int) -> bool:
    """Return whether a venue gets a role that it did not have."""
    return new & ~old != 0
