"""The tokens of the tests: the plain one, and how each hostile one misbehaves."""

import pytest
from eth_abi import encode

from keeper.artifacts import artifact
from keeper.chain.interface import Refused
from keeper.chain.revm import RevmChain

ADMIN = "0x" + "ad" * 20
OWNER = "0x" + "0a" * 20
SPENDER = "0x" + "0b" * 20
RECEIVER = "0x" + "0c" * 20
FOREVER = 2**256 - 1
TOKENS = [
    "MockToken",
    "MockFeeToken",
    "MockSilentToken",
    "MockFalseToken",
    "MockCallbackToken",
]
STANDARD = [name for name in TOKENS if name != "MockSilentToken"]


@pytest.fixture
def chain():
    return RevmChain()


def deploy(chain, name, decimals=18):
    token = chain.deploy(ADMIN, name, "Mock Dollar", "MUSD", decimals)
    chain.send(ADMIN, token, "mint", OWNER, 1000)
    return token


def balances(chain, token):
    return [chain.call(token, "balanceOf", who) for who in (OWNER, RECEIVER)]


@pytest.mark.parametrize("name", TOKENS)
@pytest.mark.parametrize("decimals", [6, 8, 18])
def test_a_token_says_what_it_is(chain, name, decimals):
    token = deploy(chain, name, decimals)
    said = [chain.call(token, view) for view in ("name", "symbol", "decimals")]
    assert said == ["Mock Dollar", "MUSD", decimals]
    assert chain.call(token, "totalSupply") == 1000


@pytest.mark.parametrize("name", [name for name in TOKENS if name != "MockFeeToken"])
def test_transfers_move_the_amount(chain, name):
    token = deploy(chain, name)
    sent = chain.send(OWNER, token, "transfer", RECEIVER, 300)
    assert balances(chain, token) == [700, 300]
    assert [event.name for event in sent.events] == ["Transfer"]
    chain.send(OWNER, token, "approve", SPENDER, 200)
    chain.send(SPENDER, token, "transferFrom", OWNER, RECEIVER, 150)
    assert balances(chain, token) == [550, 450]
    assert chain.call(token, "allowance", OWNER, SPENDER) == 50
    assert chain.call(token, "totalSupply") == 1000


@pytest.mark.parametrize("name", TOKENS)
def test_nobody_moves_more_than_there_is_or_was_approved(chain, name):
    token = deploy(chain, name)
    with pytest.raises(Refused, match="insufficient funds"):
        chain.send(OWNER, token, "transfer", RECEIVER, 1001)
    chain.send(OWNER, token, "approve", SPENDER, 10)
    with pytest.raises(Refused, match="insufficient allowance"):
        chain.send(SPENDER, token, "transferFrom", OWNER, RECEIVER, 11)


@pytest.mark.parametrize("name", TOKENS)
def test_the_largest_allowance_is_for_ever(chain, name):
    token = deploy(chain, name)
    chain.send(OWNER, token, "approve", SPENDER, FOREVER)
    chain.send(SPENDER, token, "transferFrom", OWNER, RECEIVER, 400)
    assert chain.call(token, "allowance", OWNER, SPENDER) == FOREVER


@pytest.mark.parametrize("name", TOKENS)
def test_a_transfer_to_oneself_changes_nothing_but_by_a_fee(chain, name):
    token = deploy(chain, name)
    chain.send(OWNER, token, "transfer", OWNER, 1000)
    fee = 10 if name == "MockFeeToken" else 0
    assert chain.call(token, "balanceOf", OWNER) == 1000 - fee


@pytest.mark.parametrize("name", STANDARD)
def test_success_is_answered_with_true(chain, name):
    token = deploy(chain, name)
    assert chain.send(OWNER, token, "approve", SPENDER, FOREVER).result is True
    assert chain.send(OWNER, token, "transfer", RECEIVER, 1).result is True
    sent = chain.send(SPENDER, token, "transferFrom", OWNER, RECEIVER, 1)
    assert sent.result is True


def test_the_silent_token_returns_nothing():
    methods = {
        entry["name"]: entry["outputs"]
        for entry in artifact("MockSilentToken").abi
        if entry["type"] == "function"
    }
    for name in ("transfer", "transferFrom", "approve"):
        assert methods[name] == []


def test_the_fee_token_burns_a_share(chain):
    token = deploy(chain, "MockFeeToken")
    chain.send(OWNER, token, "transfer", RECEIVER, 300)
    assert balances(chain, token) == [700, 297]
    assert chain.call(token, "totalSupply") == 997
    chain.send(ADMIN, token, "set_fee", 5000)
    chain.send(OWNER, token, "transfer", RECEIVER, 100)
    assert balances(chain, token) == [600, 347]
    with pytest.raises(Refused, match="fee too large"):
        chain.send(ADMIN, token, "set_fee", 10_001)


def test_the_false_token_fails_without_reverting(chain):
    token = deploy(chain, "MockFalseToken")
    chain.send(OWNER, token, "approve", SPENDER, 500)
    chain.send(ADMIN, token, "set_failing", True)
    assert chain.send(OWNER, token, "transfer", RECEIVER, 1).result is False
    sent = chain.send(SPENDER, token, "transferFrom", OWNER, RECEIVER, 1)
    assert sent.result is False
    assert balances(chain, token) == [1000, 0]
    assert chain.call(token, "allowance", OWNER, SPENDER) == 500
    chain.send(ADMIN, token, "set_failing", False)
    assert chain.send(OWNER, token, "transfer", RECEIVER, 1).result is True


# The token that calls back


def call_to(method, types, arguments):
    selector = artifact("MockToken").method_identifiers[f"{method}({','.join(types)})"]
    return bytes.fromhex(selector.removeprefix("0x")) + encode(types, arguments)


def outcome(chain, token):
    views = ("calls", "is_successful", "returned")
    return [chain.call(token, view) for view in views]


def test_the_callback_token_calls_back_before_it_moves(chain):
    token, other = deploy(chain, "MockCallbackToken"), deploy(chain, "MockToken")
    own = call_to("balanceOf", ["address"], [OWNER])
    chain.send(ADMIN, token, "set_callback", token.address, own)
    chain.send(OWNER, token, "transfer", RECEIVER, 1)
    assert outcome(chain, token) == [1, True, (1000).to_bytes(32, "big")]
    mint = call_to("mint", ["address", "uint256"], [RECEIVER, 77])
    chain.send(ADMIN, token, "set_callback", other.address, mint)
    chain.send(OWNER, token, "approve", SPENDER, FOREVER)
    for _ in range(2):
        chain.send(SPENDER, token, "transferFrom", OWNER, RECEIVER, 1)
    assert outcome(chain, token) == [2, True, b""]
    assert chain.call(other, "balanceOf", RECEIVER) == 154


def test_the_callback_token_remembers_a_failure_and_goes_on(chain):
    token, other = deploy(chain, "MockCallbackToken"), deploy(chain, "MockToken")
    theft = call_to("transfer", ["address", "uint256"], [RECEIVER, 1])
    chain.send(ADMIN, token, "set_callback", other.address, theft)
    chain.send(OWNER, token, "transfer", RECEIVER, 5)
    calls, is_successful, returned = outcome(chain, token)
    assert (calls, is_successful) == (1, False)
    assert b"insufficient funds" in returned
    assert balances(chain, token) == [995, 5]


def test_the_callback_token_can_be_silenced(chain):
    token, other = deploy(chain, "MockCallbackToken"), deploy(chain, "MockToken")
    chain.send(ADMIN, token, "set_callback", other.address, b"1234")
    chain.send(OWNER, token, "transfer", RECEIVER, 1)
    chain.send(ADMIN, token, "set_callback", "0x" + "00" * 20, b"")
    chain.send(OWNER, token, "transfer", RECEIVER, 1)
    assert outcome(chain, token) == [0, False, b""]


def test_a_callback_into_the_token_itself_does_not_recurse(chain):
    token = deploy(chain, "MockCallbackToken")
    chain.send(ADMIN, token, "mint", token.address, 9)
    move = call_to("transfer", ["address", "uint256"], [RECEIVER, 4])
    chain.send(ADMIN, token, "set_callback", token.address, move)
    chain.send(OWNER, token, "transfer", RECEIVER, 1)
    assert outcome(chain, token)[:2] == [1, True]
    assert balances(chain, token) == [999, 5]
