"""Laws of deleveraging: whom an epoch reduces by how much, and at what price."""

from specs.deleveraging import (
    INDEX_BOUND,
    Epoch,
    compute_carry,
    compute_closed,
    compute_closing_price,
    compute_effective_interest,
    compute_effective_position,
    compute_left,
    compute_price,
    get_left,
    is_open,
    limit_to_index,
    meet,
    reduces,
)
from specs.fixed_point import PPM, WAD
from specs.perpetual import Position, compute_cost
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


def what_is_carried_over_is_never_lost(
    lots: int, interest: int, met: int, size: int
) -> bool:
    """
    What an epoch closes is what the contracts count with a carry, from touch to touch.

    Serves: I37.

    pre: 0 <= lots <= interest and 0 < interest and 0 <= met and 0 < size
    post: __return__
    """
    epoch = Epoch(True, lots, interest, 0, 0, met)
    before, after = compute_carry(epoch), compute_carry(meet(epoch, size))
    closed = compute_closed(epoch, size)
    is_exact = closed * interest + after == size * lots + before
    return is_exact and 0 <= after < interest


def what_is_left_of_epochs_adds_up(
    lots: int, more: int, other: int, interest: int, met: int
) -> bool:
    """
    A side's epochs have yet to close what each of them has; the open interest after
    them all follows from it.

    Serves: I19, I37.

    pre: 0 <= lots and 0 <= more and 0 <= other and 0 < interest and 0 <= met
    pre: lots + more <= interest and other <= interest and met <= interest
    post: __return__
    """
    first, second = (
        Epoch(True, lots, interest, 0, 0, met),
        Epoch(True, more, interest, 0, 0),
    )
    epochs = (first, second, Epoch(False, other, interest, 0, 0))
    longs, shorts = get_left(epochs, True), get_left(epochs, False)
    after = compute_effective_interest(epochs, interest)
    return (
        longs == compute_left(first) + more
        and shorts == other
        and after == interest - max(longs, shorts)
        and 0 <= after <= interest
    )


def an_epoch_reduces_its_side_alone(is_long: bool, lots: int) -> bool:
    """
    Nobody of the other side, nor without a position, is reduced.

    Serves: I37.

    post: __return__
    """
    side = lots > 0 if is_long else lots < 0
    return reduces(Epoch(is_long, 1, 1, 0, 0), lots) == side


def closing_later_costs_what_it_did_then(
    lots: int, price: int, then: int, now: int
) -> bool:
    """
    Whenever an epoch is met, its price at the funding index then is what counts, unless
    funding has moved further than the price.

    Serves: I23, I37.

    pre: 0 < price and 0 <= price + now - then
    post: __return__
    """
    closing = compute_closing_price(Epoch(True, 1, 1, price, then), now)
    met = compute_cost(lots, 10**12, closing, now)
    return closing >= 0 and met == compute_cost(lots, 10**12, price, then)


def a_touch_leaves_what_was_foreseen(
    lots: int, size: int, interest: int, price: int, is_long: bool
) -> bool:
    """
    Margin sees a position as its next epoch leaves it: of its side, smaller by its
    share, on the side that it was; at the epoch's price.

    Serves: I10, I22, I37.

    pre: 0 <= size <= interest and 0 < interest and 0 < price and lots != 0
    pre: -interest <= lots <= interest
    post: __return__
    """
    epoch = Epoch(is_long, size, interest, price, 0)
    after = compute_effective_position(Position(lots, 0), (epoch,), 10**12, 0)
    if is_long != (lots > 0):
        return after == Position(lots, 0, epoch=1)
    closed = compute_closed(epoch, lots)
    traded = -closed if lots > 0 else closed
    is_kept = abs(after.lots) == abs(lots) - closed and after.lots * lots >= 0
    return is_kept and after.basis == compute_cost(traded, 10**12, price, 0)


def deleveraging_opens_below_the_backstop(equity: int, margin: int, value: int) -> bool:
    """
    It opens at a quarter of maintenance margin, or without any worth; with more equity
    it never opens where it does not with less.

    Serves: I35.

    pre: 0 <= margin
    post: __return__
    """
    opens = is_open(equity, margin, value)
    is_monotone = opens or not is_open(equity + 1, margin, value + 1)
    return opens == (4 * equity <= margin or value < 0) and is_monotone


def an_epochs_price_is_near_the_index(price: int, units: int, index_units: int) -> bool:
    """
    It is no further from the slow index than a mark may be, or than mark is, and never
    moved across mark.

    Serves: I37.

    pre: 0 <= price and 0 < units and 0 < index_units
    post: __return__
    """
    mark, index = units * 10**6, index_units * 10**6
    limited = limit_to_index(price, mark, index)
    is_near = abs(limited - index) * PPM <= index * INDEX_BOUND
    is_inside = min(mark, price) <= limited <= max(mark, price)
    return is_inside and (is_near or abs(limited - index) <= abs(mark - index))


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
    "what_is_carried_over_is_never_lost": (
        *_mutant("epoch.met * epoch.lots % epoch", "epoch.met % epoch"),
        *_mutant(
            "Lots(compute_left(epoch) - compute_left(meet(epoch, size)))",
            "Lots(abs(size) * epoch.lots // epoch.open_interest)",
        ),
        *_mutant(
            "Lots(epoch.lots - epoch.met * epoch.lots // epoch.open_interest)",
            "Lots(epoch.lots - epoch.met * epoch.lots // (epoch.open_interest + 1))",
        ),
    ),
    "what_is_left_of_epochs_adds_up": (
        *_mutant("for e in epochs if e.is_long == is_long", "for e in epochs"),
        *_mutant(
            "left = max(get_left(epochs, is_long=True),",
            "left = min(get_left(epochs, is_long=True),",
        ),
    ),
    "an_epoch_reduces_its_side_alone": _mutant(
        "return lots > 0 if epoch.is_long else lots < 0",
        "return lots > 0 if epoch.is_long else lots <= 0",
    ),
    "closing_later_costs_what_it_did_then": _mutant(
        "epoch.price + funding_index - epoch.funding_index",
        "epoch.price - funding_index + epoch.funding_index",
    ),
    "a_touch_leaves_what_was_foreseen": _mutant(
        "lots = Lots(-closed if position.lots > 0 else closed)", "lots = Lots(-closed)"
    ),
    "deleveraging_opens_below_the_backstop": _mutant(
        "4 * equity <= maintenance_margin or value < 0",
        "4 * equity <= maintenance_margin",
    ),
    "an_epochs_price_is_near_the_index": _mutant(
        "low = mul_div_up(units, PPM - INDEX_BOUND, PPM) * PRICE_UNIT",
        "low = mul_div_down(units, PPM - INDEX_BOUND, PPM) * PRICE_UNIT",
    ),
}
