"""Laws of deleveraging: whom an epoch reduces by how much, and at what price."""

from specs.deleveraging import Epoch, compute_closed, compute_price, meet
from specs.fixed_point import WAD
from tests.proofs.proof import Mutant


def an_epoch_closes_exactly_its_size(lots: int, first: int, second: int) -> bool:
    """
    Two sides' worth of positions, met one after the other, close all of it.

    Serves: I37.

    pre: 0 <= first and 0 <= second and 0 < first + second
    pre: 0 <= lots <= first + second
    post: __return__
    """
    epoch = Epoch(True, lots, first + second, 0, 0)
    closed = compute_closed(epoch, first)
    return closed + compute_closed(meet(epoch, first), second) == lots


def nobody_is_closed_a_lot_more_or_less_than_his_share(
    lots: int, interest: int, met: int, size: int
) -> bool:
    """
    Whatever was met before, a position closes its share within one lot, and no more
    than it has.

    Serves: I37.

    pre: 0 <= lots <= interest and 0 < interest
    pre: 0 <= met and 0 <= size and met + size <= interest
    post: __return__
    """
    closed = compute_closed(Epoch(True, lots, interest, 0, 0, met), size)
    is_near = -interest < closed * interest - size * lots < interest
    return is_near and 0 <= closed <= size


def a_price_is_between_mark_and_its_bound(
    units: int, is_selling: bool, discount: int, loss: int, notional: int, bound: int
) -> bool:
    """
    With a loss the other side pays, never more than the bound; without one the account
    does.

    Serves: I34, I37.

    pre: 0 < units and 0 <= discount <= bound <= WAD and 0 <= loss and 0 < notional
    post: __return__
    """
    mark = units * 10**6
    price = compute_price(mark, is_selling, discount, loss, notional, bound)
    gain = price - mark if is_selling else mark - price
    if loss == 0:
        gain = -gain
    return 0 <= gain * WAD <= mark * bound


def _mutant(old: str, new: str) -> tuple[Mutant, ...]:
    return (Mutant("specs/deleveraging.py", old, new),)


MUTANTS = {
    "an_epoch_closes_exactly_its_size": _mutant(
        "met=Lots(epoch.met + abs(size))", "met=Lots(abs(size))"
    ),
    "nobody_is_closed_a_lot_more_or_less_than_his_share": _mutant(
        "met=Lots(epoch.met + abs(size))", "met=Lots(epoch.met + 2 * abs(size))"
    ),
    "a_price_is_between_mark_and_its_bound": _mutant(
        "shift = min(mul_div_down(loss, WAD, notional), bound)",
        "shift = mul_div_down(loss, WAD, notional)",
    ),
}
