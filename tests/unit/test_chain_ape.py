"""Ape's engines: the same story as on pyrevm, and clear words when there is no node."""

import pytest

from keeper.chain.ape import ApeChain, connected
from keeper.chain.ape_test import ApeTestChain
from keeper.chain.interface import Block, LocalChain, Refused
from keeper.chain.revm import RevmChain
from keeper.errors import UserError
from keeper.signing import local_account
from tests.helpers.toy import write_toy

SENDER = local_account("sender")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return write_toy(tmp_path_factory.mktemp("toy") / "contracts")


@pytest.fixture(scope="module")
def provider():
    with connected("ethereum:local:test") as provider:
        yield provider


@pytest.fixture
def chain(provider, root):
    with ApeTestChain(provider, start=1_600_000_000, source_root=root) as chain:
        yield chain


def attempt(told, act, *arguments):
    try:
        receipt = act(*arguments)
    except Refused as error:
        told.append(error.reason)
    else:
        told.append((receipt.block, receipt.result, receipt.events))


def story(chain):
    """Tell everything that can be seen of a busy block and a quiet one."""
    sender = chain.unlock(SENDER)
    toy = chain.deploy(sender, "Toy", 100)
    told = [toy, chain.chain_id, chain.code(toy.address)]
    for value in (5, 0, 6, 101, 7):
        attempt(told, chain.send, sender, toy, "set", value)
        told.append((chain.call(toy, "now"), chain.storage(toy.address, 0)))
    attempt(told, chain.send, sender, toy, "visit")
    attempt(told, chain.send, sender, toy, "overflow")
    attempt(told, chain.deploy, sender, "Toy", 0)
    for time in (5, chain.block().timestamp, chain.block().timestamp + 3600):
        told += [chain.advance_to(time), chain.call(toy, "now")]
        attempt(told, chain.send, sender, toy, "tell", [1], (-2, sender, True))
    told += [chain.call(toy, "set", 9), chain.call(toy, "value")]
    return told


def test_both_engines_tell_the_same_story(chain, root):
    assert isinstance(chain, LocalChain)
    revm = RevmChain(start=1_600_000_000, source_root=root)
    assert story(chain) == story(revm)


def test_gas_of_a_receipt_is_its_own(chain):
    toy = chain.deploy(chain.unlock(SENDER), "Toy", 100)
    gas = [chain.send(SENDER.address, toy, "set", 5).gas_used for _ in range(3)]
    assert 40_000 < gas[0] < 60_000
    assert gas[1] == gas[2] < gas[0]


def test_provider_gets_its_own_chain_back(provider, root):
    before = ApeChain(provider).block()
    with ApeTestChain(provider, start=5000, source_root=root) as chain:
        assert chain.advance_to(6000) == Block(2, 6000)
    assert ApeChain(provider).block() == before


def test_sender_has_to_be_unlocked(chain):
    with pytest.raises(UserError, match="no key for 0x11"):
        chain.deploy("0x" + "11" * 20, "Toy", 1)


def test_past_blocks_cannot_be_read(chain):
    toy = chain.deploy(chain.unlock(SENDER), "Toy", 100)
    with pytest.raises(ValueError, match="block 0 is over"):
        chain.call(toy, "value", block=0)


def test_ape_accounts_send_on_any_network(provider, root):
    from ape import accounts

    account = accounts.test_accounts[0]
    chain = ApeChain(provider, [account], root)
    toy = chain.deploy(account.address, "Toy", 100)
    receipt = chain.send(account.address, toy, "set", 5)
    assert receipt.event("Set").arguments == {"by": account.address, "value": 5}
    assert receipt.gas_used > 40_000
    assert receipt.block == chain.block()
    assert chain.storage(toy.address, 0) == chain.call(toy, "value") == 5
    assert chain.call(toy, "value", block=receipt.block.number - 1) == 0
    assert chain.code(toy.address)


def test_refusals_reach_ape_users_too(provider, root):
    from ape import accounts

    account = accounts.test_accounts[0]
    chain = ApeChain(provider, [account], root)
    toy = chain.deploy(account.address, "Toy", 100)
    told = []
    for method, *arguments in (("set", 0), ("set", 101), ("overflow",)):
        attempt(told, chain.send, account.address, toy, method, *arguments)
        attempt(told, chain.call, toy, method, *arguments)
    assert told == ["zero amount"] * 2 + ["above the limit"] * 2 + [""] * 2


def test_sender_has_to_be_an_ape_account(provider, root):
    with pytest.raises(UserError, match=r"no account for 0x11.*ape accounts"):
        ApeChain(provider, source_root=root).deploy("0x" + "11" * 20, "Toy", 1)


@pytest.mark.parametrize(
    ("network", "words"),
    [
        ("ethereum:mainnet:http://127.0.0.1:9", "cannot reach .*start the node"),
        ("ethereum:local:nothing", "no network ethereum:local:nothing"),
    ],
)
def test_network_that_is_not_there_gets_one_line(network, words):
    with pytest.raises(UserError, match=words) as error, connected(network):
        pass
    assert "\n" not in str(error.value)
