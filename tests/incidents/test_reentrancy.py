"""Calls from within: a token that calls back finds every door of every body locked."""

import pytest

from keeper.artifacts import BODIES, artifact
from tests.helpers.calls import SOMEONE, VAULT, calls_of
from tests.helpers.protocol import calldata
from tests.helpers.scenes import OWING
from tests.helpers.stages import sizes_of
from tests.helpers.worlds import PRICES, bear, bull, lender, trade
from tests.unit import test_hostile_tokens as tokens

SCENE = OWING
REFUSED = False, b""
BTC = 1


@pytest.fixture(scope="module")
def hostile():
    """A vault that has listed a token which calls back, and given it every right."""
    return tokens.empower(tokens.with_token("MockCallbackToken"))


def attempt(made, entry, name, contract=VAULT):
    """Return what becomes of a call of a function from within another one."""
    arguments = calls_of(made)[contract][name]
    data = calldata(contract, name, arguments)
    return tokens.call_back(made, entry, data, contract)


def outside(made, name, contract=VAULT):
    """Return what becomes of the same call while nothing else is under way."""
    arguments = calls_of(made)[contract][name]
    return tokens.call_outside(made, calldata(contract, name, arguments), contract)


def sums_of(made):
    """Return what the vault remembers of its markets as wholes."""
    return [
        made.view(VAULT, name, *arguments)
        for name, arguments in (
            ("market_size", (0,)),
            ("market_winners", (0,)),
            ("market_fund", (0,)),
            ("funds", ()),
        )
    ]


# D11, GMX: positions were opened before the sum over all of them was brought along


@pytest.mark.parametrize("name", ["fill_perp", "realise", "tick"])
@pytest.mark.parametrize("entry", ["withdraw", "borrow", "deposit"])
def test_d11_no_position_changes_within_a_call(hostile, entry, name):
    """
    While tokens were paid out the receiver called another contract of the protocol,
    which opened positions that the average price of all shorts never saw, and shares
    priced by it were redeemed for 42 million. All bodies share one lock.
    """
    with hostile.undone():
        before = sums_of(hostile)
        assert attempt(hostile, entry, name) == REFUSED
        assert sums_of(hostile) == before
    with hostile.undone():
        assert outside(hostile, name)[0] is True


def test_d11_open_interest_is_the_sum_of_positions_through_flips(stage):
    """Sums over positions are written by whatever writes a position, never later."""
    for lots, buyer, seller in ((9_000, bear, bull), (7_000, bull, lender)):
        stage.play(trade(0, buyer, seller, lots, PRICES[BTC]))
        clearing = stage.world.clearing
        sizes = [sizes_of(stage, account).get(0, 0) for account in clearing.accounts]
        assert sum(sizes) == 0
        assert sum(max(0, size) for size in sizes) == clearing.markets[0].open_interest
    assert clearing.markets[0].open_interest == 7_000


# D14, Vyper: a lock with a word for each function locked no other one


@pytest.mark.parametrize("name", ["withdraw", "borrow", "deposit", "transfer", "batch"])
@pytest.mark.parametrize("entry", ["withdraw", "borrow", "deposit", "repay"])
def test_d14_one_lock_is_for_all_functions(hostile, entry, name):
    """
    Old compilers gave each function a lock of its own, so that from within one pool's
    withdrawal its deposit was open, on books half written. Whichever function is
    under way, every other one is closed, and is paid for once.
    """
    with hostile.undone():
        token = "MockCallbackToken"
        before = tokens.balance(hostile, token, SOMEONE)
        assert attempt(hostile, entry, name) == REFUSED
        paid = tokens.balance(hostile, token, SOMEONE) - before
        assert paid == (5 if entry in ("withdraw", "borrow") else 0)


def test_d14_the_lock_is_one_word_in_every_body():
    """The word is the compiler's to place: the same one wherever code runs on it."""
    places = {
        artifact(name).layout["transient_storage_layout"]["$.nonreentrant_key"]["slot"]
        for name in BODIES
    }
    assert len(places) == 1


# D15, Curve and dForce: who asked for a price from within got one that never held


@pytest.mark.parametrize("entry", ["withdraw", "borrow", "deposit", "repay"])
@pytest.mark.parametrize(
    ("contract", "name"),
    [(VAULT, "assess"), ("Lens", "health"), ("Lens", "reserves")],
)
def test_d15_what_others_could_price_by_is_not_told_from_within(
    hostile, entry, contract, name
):
    """
    A view that nothing locked told a price out of books that were half written, and
    a lender elsewhere believed it. What tells of health and reserves is locked, too.
    """
    with hostile.undone():
        assert attempt(hostile, entry, name, contract) == REFUSED
        assert outside(hostile, name, contract)[0] is True


# D24, Mango: bankruptcies were decided while checks of health were put off


@pytest.mark.parametrize("entry", ["batch", "withdraw", "borrow"])
@pytest.mark.parametrize(
    ("contract", "name"),
    [
        ("Liquidator", "liquidate"),
        (VAULT, "open_takeover"),
        (VAULT, "take_over"),
        (VAULT, "close_takeover"),
    ],
)
def test_d24_nobody_is_liquidated_from_within(hostile, entry, contract, name):
    """A liquidation that began inside of somebody's loan saw what he had borrowed."""
    with hostile.undone():
        assert attempt(hostile, entry, name, contract) == REFUSED
        # Without a call around it there is a reason; here nobody is even asked.
        assert outside(hostile, name, contract) != REFUSED
