"""Tokens that call back, keep a fee, answer false or nothing, or are given away."""

from dataclasses import replace

import pytest

from keeper.artifacts import abi_of
from keeper.chain.interface import Refused
from specs.accounts import USDC
from specs.accounts import compute_account as account_of
from specs.fixed_point import WAD
from specs.invariants import pools_are_solvent, vault_backs_pools
from specs.world import Action
from tests.helpers import worlds
from tests.helpers.calls import (
    ACCOUNT,
    CURVE,
    FEES,
    HAIRCUT,
    OWNER,
    REQUIREMENT,
    SECOND,
    SOMEONE,
    STRANGER,
    arrange,
    calls_of,
)
from tests.helpers.deployers import FOR_EVER, address_of
from tests.helpers.protocol import (
    BODIES,
    DELAY,
    DEPLOYABLES,
    Stage,
    calldata,
    deploy_protocol,
    exchange,
    mutate,
)
from tests.helpers.scenes import AT_WORK
from tests.helpers.worlds import BTC, ETH

ODD = 20
"""The asset that the hostile token is listed as."""

DAY = 86_400
LENDER = account_of(worlds.LENDER, 0)
VAULT = "Clearinghouse"

WHOLE = 10**18
PERMIT, PERMITTED = "a permit", "what was permitted"
RESERVE = "withdraw_reserve"

# Calls in which the token calls back, by what they are called here.
ENTRIES = {
    "deposit": ("deposit", SECOND, ODD, 5),
    PERMIT: ("deposit_with_permit", SECOND, ODD, 5, 0, 27, bytes(32), bytes(32)),
    PERMITTED: ("deposit_with_permit", SECOND, ODD, 5, 0, 0, bytes(32), bytes(32)),
    "repay": ("repay", ACCOUNT, ODD, 5),
    "withdraw": ("withdraw", SECOND, ODD, 5, SOMEONE),
    "borrow": ("borrow", ACCOUNT, ODD, 5, SOMEONE),
    "batch": ("batch", SECOND, [(1, ODD, 5, SOMEONE), (0, ETH, 5, SOMEONE)]),
    RESERVE: (RESERVE, ODD, 5, SOMEONE),
}


@pytest.fixture(scope="module")
def scene():
    return Stage()


def with_token(name):
    """Return the scene of `calls` with a hostile token listed and in use."""
    made = deploy_protocol()
    arrange(made)
    made.deploy(name, "Odd", "ODD", 18)
    token, vault = made.contracts[name], made.contracts[VAULT].address
    listing = token.address, CURVE, HAIRCUT, REQUIREMENT, FEES
    made.govern("list_asset", ODD, *listing)
    for owner in (OWNER, worlds.LENDER):
        made.chain.send(address_of(owner), token, "mint", address_of(owner), 2**100)
        made.chain.send(address_of(owner), token, "approve", vault, FOR_EVER)
    return made


@pytest.fixture(scope="module")
def hostile():
    return empower(with_token("MockCallbackToken"))


def empower(made):
    """Give the token every right there is: only the lock is in its way."""
    token = made.contracts["MockCallbackToken"].address
    publish(made)
    made.send(worlds.LENDER, VAULT, "deposit", LENDER, ODD, 10 * WHOLE)
    made.send(OWNER, VAULT, "deposit", SECOND, ODD, 10 * WHOLE)
    made.send(OWNER, VAULT, "borrow", ACCOUNT, ODD, WHOLE, SOMEONE)
    made.send(OWNER, VAULT, "give_notice", SECOND)
    made.wait(DAY)
    publish(made)
    for account in (ACCOUNT, SECOND):
        made.send(OWNER, VAULT, "set_operator", account, token, 3)
    made.govern("set_venue", token, 7)
    made.govern("set_governor", token)
    return made


def publish(made):
    """Publish prices and take them over, with interest booked."""
    for asset, price in {**worlds.PRICES, ODD: WAD}.items():
        made.send(STRANGER, "MockPrices", "set_feed", asset, price, price)
    made.send(STRANGER, "MockPrices", "set_mark", 0, worlds.PRICES[BTC], 0)
    made.send(STRANGER, VAULT, "tick", [*worlds.PRICES, ODD], [0], 1)


def call_back(made, entry, data, target=VAULT):
    """Return what became of a callback during `entry`."""
    caller = OWNER
    if entry == RESERVE:
        caller = worlds.GOVERNOR
        call_outside(made, calldata(VAULT, "set_governor", (address_of(caller),)))
    return attempt(made, data, target, caller, VAULT, *ENTRIES[entry])


def call_outside(made, data, target=VAULT):
    """Return what becomes of the same call while the vault is not at work."""
    arguments = SOMEONE, 1
    name = "MockCallbackToken"
    return attempt(made, data, target, OWNER, name, "transfer", *arguments)


def attempt(made, data, target, *call):
    """Return whether a callback during a call succeeds, and what it returns."""
    token = made.contracts["MockCallbackToken"]
    address = made.contracts[target].address
    made.chain.send(SOMEONE, token, "set_callback", address, data)
    made.send(*call)
    assert made.chain.call(token, "calls") == 1
    told = tuple(made.chain.call(token, name) for name in ("is_successful", "returned"))
    made.chain.send(SOMEONE, token, "set_callback", address_of(0), b"")
    return told


def calls_by_kind(made, name, is_view):
    """Yield functions that only look, or those that do not, with their calldata."""
    for entry in abi_of(name):
        if entry["type"] != "function":
            continue
        if (entry["stateMutability"] in ("view", "pure")) == is_view:
            arguments = calls_of(made)[name][entry["name"]]
            yield entry["name"], calldata(name, entry["name"], arguments)


def entered(made, entry):
    """Return the functions that a callback during `entry` got into."""
    found = set()
    for method, data in calls_by_kind(made, VAULT, is_view=False):
        with made.undone():
            if call_back(made, entry, data) != (False, b""):
                found.add(method)
    return found


@pytest.mark.parametrize("entry", ENTRIES)
def test_nothing_is_changed_from_within(hostile, entry):
    assert entered(hostile, entry) == set()


def test_from_outside_the_same_calls_get_further(hostile):
    methods = list(calls_by_kind(hostile, VAULT, is_view=False))
    assert len(methods) > 20
    for method, data in methods:
        with hostile.undone():
            assert call_outside(hostile, data) != (False, b""), method


# Views that ask what is under way are refused from within; others need not be.
LOCKED = {
    VAULT: {
        *("assess", "conversion_of", "is_authorised", "reducible"),
        *("can_flag", "is_bound", "slice_end"),
    },
    "Lens": {"health", "debt_limit", "reserves"},
    "Liquidator": {"can_liquidate", "can_reduce"},
    "QuoteDesk": set(),
    "OrderBook": set(),
    "BookLens": set(),
    "PriceOracle": set(),
    "Timelock": set(),
}


def test_every_address_that_anybody_calls_is_asked_from_within():
    assert LOCKED.keys() == set(DEPLOYABLES) - set(BODIES)


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize("name", LOCKED)
def test_a_view_from_within_refuses_or_tells_what_holds(hostile, entry, name):
    refused = set()
    for method, data in calls_by_kind(hostile, name, is_view=True):
        with hostile.undone():
            before = call_outside(hostile, data, name)
            within = call_back(hostile, entry, data, name)
            after = before if entry == PERMIT else call_outside(hostile, data, name)
            if within == (False, b""):
                refused.add(method)
            else:
                assert within == after, method
    assert refused == LOCKED[name]


@pytest.mark.parametrize("asset", [ODD, USDC])
@pytest.mark.parametrize("entry", ENTRIES)
def test_reserves_from_within_are_refused(hostile, entry, asset):
    """Books are written before tokens move: whoever compares the two waits."""
    data = calldata("Lens", "reserves", (asset,))
    with hostile.undone():
        assert call_back(hostile, entry, data, "Lens") == (False, b"")
        assert call_outside(hostile, data, "Lens")[0] is True


def test_a_function_without_the_lock_is_found(tmp_path):
    head = "@external\ndef withdraw("
    made = empower(with_token("MockCallbackToken"))
    unlocked = head.replace("\n", "\n@reentrant\n")
    exchange(made, mutate(tmp_path, VAULT, head, unlocked))
    assert "set_settings" in entered(made, "withdraw")
    assert entered(made, "borrow") == {"withdraw"}


@pytest.mark.parametrize("data", [b"", b"\1\2\3\4"])
def test_the_fallback_is_not_entered_from_within(hostile, data):
    with hostile.undone():
        assert call_back(hostile, "deposit", data)[0] is False


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize("name", ["QuoteDesk", "Liquidator"])
def test_no_detour_leads_in(hostile, name, entry):
    for method, data in calls_by_kind(hostile, name, is_view=False):
        with hostile.undone():
            assert call_back(hostile, entry, data, name)[0] is False, method


def test_the_way_in_over_the_desk_is_open_from_outside(hostile):
    data = calldata("QuoteDesk", "cancel", (ACCOUNT, 8))
    with hostile.undone():
        assert call_outside(hostile, data, "QuoteDesk")[0] is True


def test_no_timelock_leads_in(hostile):
    """Anyone has what was scheduled executed, but not from within."""
    vault, lock = hostile.contracts[VAULT].address, hostile.contracts["Timelock"]
    call = vault, calldata(VAULT, "set_fund_cap", (0, WAD))
    data = calldata("Timelock", "execute", call)
    with hostile.undone():
        handover = calldata(VAULT, "set_governor", (lock.address,))
        assert call_outside(hostile, handover)[0] is True
        hostile.send(worlds.GOVERNOR, "Timelock", "schedule", *call)
        hostile.wait(DELAY)
        assert call_back(hostile, "deposit", data, "Timelock")[0] is False
        assert call_outside(hostile, data, "Timelock")[0] is True


# Tokens that do not do as they are told


def test_a_fee_on_transfer_is_refused():
    made = with_token("MockFeeToken")
    assert made.reason(OWNER, VAULT, "deposit", ACCOUNT, ODD, 100) == (
        "transfer fell short"
    )
    made.send(OWNER, "MockFeeToken", "set_fee", 0)
    made.send(OWNER, VAULT, "deposit", ACCOUNT, ODD, 100)
    made.send(OWNER, "MockFeeToken", "set_fee", 100)
    made.send(OWNER, VAULT, "withdraw", ACCOUNT, ODD, 100, SOMEONE)
    assert balance(made, "MockFeeToken", SOMEONE) == 99
    assert balance(made, "MockFeeToken", made.contracts[VAULT].address) == 0


def test_a_token_that_answers_false_is_refused():
    made = with_token("MockFalseToken")
    made.send(OWNER, VAULT, "deposit", ACCOUNT, ODD, 100)
    made.send(OWNER, "MockFalseToken", "set_failing", True)
    for method, arguments in (
        ("deposit", (ACCOUNT, ODD, 100)),
        ("withdraw", (ACCOUNT, ODD, 100, SOMEONE)),
        ("borrow", (ACCOUNT, ODD, 100, SOMEONE)),
    ):
        assert made.reason(OWNER, VAULT, method, *arguments) == "transfer failed"
    assert balance(made, "MockFalseToken", made.contracts[VAULT].address) == 100


def test_no_token_leaves_before_the_margin_is_known():
    """The token would refuse as well, if it were asked."""
    made = with_token("MockFalseToken")
    made.send(OWNER, VAULT, "deposit", ACCOUNT, ODD, 100)
    made.send(OWNER, "MockFalseToken", "set_failing", True)
    made.wait(DAY)
    for method in ("withdraw", "borrow"):
        call = VAULT, method, ACCOUNT, ODD, 100, SOMEONE
        assert made.reason(OWNER, *call) == "stale price"


def test_a_token_that_answers_nothing_works():
    made = with_token("MockSilentToken")
    made.send(OWNER, VAULT, "deposit", ACCOUNT, ODD, 100)
    assert made.send(OWNER, VAULT, "withdraw", ACCOUNT, ODD, FOR_EVER, SOMEONE) == 100
    assert balance(made, "MockSilentToken", SOMEONE) == 100


def test_a_token_without_code_is_refused():
    made = deploy_protocol()
    with pytest.raises(Refused):
        made.govern("list_asset", ODD, SOMEONE, CURVE, HAIRCUT, REQUIREMENT, FEES)


def balance(made, name, holder):
    return made.view(name, "balanceOf", holder)


# Tokens that are given away


@pytest.mark.parametrize("tokens", [1, 10**6, 10**30])
def test_a_donation_changes_nothing_but_custody(hostile, tokens):
    with hostile.undone():
        before, reserves = views(hostile), hostile.view("Lens", "reserves", 0)
        usdc, vault = hostile.tokens[0], hostile.contracts[VAULT].address
        hostile.chain.send(SOMEONE, usdc, "mint", vault, tokens)
        assert views(hostile) == before
        after = hostile.view("Lens", "reserves", 0)
    assert after.custody == reserves.custody + tokens * 10**12
    assert after[1:] == reserves[1:]


@pytest.mark.parametrize("asset", worlds.ASSETS)
def test_a_donation_belongs_to_nobody(scene, asset):
    with scene.at(AT_WORK):
        clearing = scene.world.clearing
        scene.play(Action("donate", STRANGER, (asset, 10**9)))
        found = scene.twin.read(scene.world)
        assert scene.world.clearing == clearing
        assert vault_backs_pools(found)
        assert pools_are_solvent(found)
        assert found.tokens[asset] == clearing.assets[asset].custody + 10**9
        robbed = found.tokens | {asset: clearing.assets[asset].custody - 1}
        assert not vault_backs_pools(replace(found, tokens=robbed))


def views(made):
    """Return what every view says, but for what the vault has of tokens."""
    return {
        (name, method): made.answer(STRANGER, made.contracts[name].address, data)
        for name in (VAULT, "Liquidator", "Lens")
        for method, data in calls_by_kind(made, name, is_view=True)
        if method != "reserves"
    }
