"""Slots of orders, by the specification: the lowest free one, ids that never recur."""

from dataclasses import replace

import pytest

from specs import errors
from specs.book_state import Order, State
from specs.fixed_point import Lots
from specs.order_slots import MAX_ORDERS, find_slot, get_slot, occupy
from tests.helpers.worlds import BOOK, GOVERNOR, bear, bull

EMPTY = State(GOVERNOR, BOOK)


def rest(state, account):
    """Return `state` with one more order of an account resting, and its id."""
    state, order = occupy(state, account)
    resting = Order(account, 0, True, Lots(1), 1, False, 0)
    return replace(state, orders={**state.orders, order: resting}), order


def crowd(account, number=MAX_ORDERS, state=EMPTY):
    """Return a state in which so many orders of an account rest, and their ids."""
    orders = []
    for _ in range(number):
        state, order = rest(state, account)
        orders.append(order)
    return state, orders


def without(state, *orders):
    left = {o: resting for o, resting in state.orders.items() if o not in orders}
    return replace(state, orders=left)


def test_slots_are_taken_from_the_lowest_on():
    _, orders = crowd(bull)
    assert [get_slot(order) for order in orders] == [*range(32)]


@pytest.mark.parametrize(
    ("freed", "lowest"), [((0,), 0), ((31,), 31), ((9, 4, 20), 4), ((30, 31), 30)]
)
def test_the_lowest_that_is_free_is_taken(freed, lowest):
    state, orders = crowd(bull)
    state = without(state, *(orders[slot] for slot in freed))
    assert find_slot(state, bull) == lowest


def test_a_33rd_order_has_no_slot():
    state, _ = crowd(bull, 31)
    assert find_slot(state, bull) == 31
    state, _ = rest(state, bull)
    with pytest.raises(errors.TooManyOrders):
        find_slot(state, bull)


def test_each_account_has_slots_of_its_own():
    state, _ = crowd(bull)
    assert find_slot(state, bear) == 0
    _, orders = crowd(bear, 3, state)
    assert [get_slot(order) for order in orders] == [0, 1, 2]


def test_an_id_says_the_maker_the_slot_and_the_how_manyth_it_is():
    state, (first, _) = crowd(bull, 2)
    state, other = rest(state, bear)
    again, second = rest(without(state, first), bull)
    assert first == 1 * 2**40 + 0 * 2**32 + 1
    assert other == 1 * 2**40 + 0 * 2**32 + 2
    assert second == 2 * 2**40 + 0 * 2**32 + 1
    _, third = rest(again, bull)
    assert third == 1 * 2**40 + 2 * 2**32 + 1
