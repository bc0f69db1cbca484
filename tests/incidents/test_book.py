"""The book: orders that are in the way, that have failed, or that are dead."""

import pytest

from specs.errors import NotAuthorised
from specs.fixed_point import WAD
from tests.helpers.books import MAKER, OTHER, STRANGER, TAKER, THIRD, Twin, stand_in


@pytest.fixture(scope="module")
def surroundings():
    with stand_in():
        yield


@pytest.fixture
def twin(surroundings):
    return Twin()


# D20, Perennial: a close that was pending kept its account from being liquidated


def test_d20_anyone_cancels_what_an_account_in_need_has_resting(twin):
    """The book lets a stranger do it, if the account is due and not before."""
    for number in range(3):
        twin.sell(MAKER, price=(101 + number) * WAD)
    with pytest.raises(NotAuthorised):
        twin.change("cancel_all", STRANGER, MAKER)
    assert len(twin.state.orders) == 3
    twin.set_liquidatable(MAKER)
    twin.change("cancel_all", STRANGER, MAKER)
    assert len(twin.state.orders) == 0


# D23, GMX: an order that had failed was tried again when its price had got better


def test_d23_an_order_that_failed_is_gone(twin):
    """
    Whose order could not be executed kept it, and with it the choice of the moment at
    which it could: an option for nothing. An order whose maker can't pay for it when
    it is met is cancelled.
    """
    twin.sell(MAKER)
    twin.set_refused(MAKER)
    assert twin.place(TAKER)[1] == 0
    twin.set_refused(MAKER, is_refused=False)
    assert MAKER not in {order.account for order in twin.state.orders.values()}
    assert twin.sell(OTHER)[1] == 5


# D27, Clober: to clean a heap of dead orders cost more than a block has


def test_d27_a_heap_of_dead_orders_is_cleaned_piece_by_piece(twin):
    """
    Cleaning all that was dead on the way cost more gas than a block has, and the
    book stood. A call visits 32 orders at most, and what it cleaned stays clean.
    """
    for account in (MAKER, OTHER):
        for _ in range(32):
            twin.sell(account, expiry=twin.now)
    twin.sell(THIRD)
    twin.wait(1)
    rounds = 0
    while twin.place(TAKER)[1] == 0:
        rounds += 1
        assert len(twin.state.orders) == 65 - 32 * rounds
    assert rounds == 2
