"""The rules of a local chain, on pyrevm."""

import pytest

from keeper.chain.interface import Block, LocalChain, Refused
from keeper.chain.revm import RevmChain
from keeper.signing import local_account
from tests.helpers.toy import write_toy

SENDER = local_account("sender").address


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return write_toy(tmp_path_factory.mktemp("toy") / "contracts")


@pytest.fixture
def chain(root):
    return RevmChain(start=1000, source_root=root, chain_id=77)


@pytest.fixture
def toy(chain):
    return chain.deploy(SENDER, "Toy", 100)


def test_it_is_a_local_chain(chain):
    assert isinstance(chain, LocalChain)


def test_block_stays_open_until_advanced(chain, toy):
    assert chain.block() == Block(1, 1000)
    assert chain.call(toy, "now") == (1, 1000, 77)
    assert chain.send(SENDER, toy, "set", 5).block == Block(1, 1000)
    assert chain.advance_to(1060) == Block(2, 1060)
    assert chain.call(toy, "now", block=2) == (2, 1060, 77)


def test_time_never_stands_still(chain):
    assert chain.advance_to(500) == Block(2, 1001)
    assert chain.advance_to(1001) == Block(3, 1002)


def test_past_blocks_cannot_be_read(chain, toy):
    chain.advance_to(2000)
    with pytest.raises(ValueError, match="block 1 is over"):
        chain.call(toy, "value", block=1)


def test_receipt_has_result_and_events(chain, toy):
    receipt = chain.send(SENDER, toy, "set", 5)
    assert receipt.result == 10
    assert receipt.gas_used is None
    assert receipt.event("Set").arguments == {"by": SENDER, "value": 5}
    assert receipt.event("Set").address == toy.address
    with pytest.raises(LookupError, match="0 events Many"):
        receipt.event("Many")


def test_lists_and_structs_come_through(chain, toy):
    entry = (-5, toy.address, True)
    receipt = chain.send(SENDER, toy, "tell", [1, 2], entry)
    assert receipt.result == 7
    assert receipt.event("Many").arguments == {"values": (1, 2), "entry": entry}
    assert chain.call(toy, "entry", -5).owner == toy.address
    assert [e.amount for e in chain.call(toy, "entries", "a", [-1, 4])] == [-1, 4]


@pytest.mark.parametrize(
    ("method", "arguments", "reason"),
    [
        ("set", (0,), "zero amount"),
        ("set", (101,), "above the limit"),
        ("overflow", (), ""),
    ],
)
def test_refusal_has_the_contracts_reason(chain, toy, method, arguments, reason):
    for act in (chain.call, lambda *rest: chain.send(SENDER, *rest)):
        with pytest.raises(Refused) as refusal:
            act(toy, method, *arguments)
        assert refusal.value.reason == reason
    assert chain.storage(toy.address, 0) == 0


def test_constructor_can_refuse(chain):
    with pytest.raises(Refused, match="zero amount"):
        chain.deploy(SENDER, "Toy", 0)


def test_call_changes_nothing(chain, toy):
    assert chain.call(toy, "set", 7) == 14
    assert chain.storage(toy.address, 0) == 0


def test_transient_storage_ends_with_the_transaction(chain, toy):
    assert chain.send(SENDER, toy, "visit").result == 1
    with pytest.raises(Refused):
        chain.send(SENDER, toy, "set", 0)
    assert chain.send(SENDER, toy, "visit").result == 1


def test_posted_transaction_does_what_a_sent_one_does(chain, toy):
    assert chain.post(SENDER, toy, "set", 5) is None
    assert chain.call(toy, "value") == 5
    with pytest.raises(Refused, match="above the limit"):
        chain.post(SENDER, toy, "set", 2000)
    assert chain.call(toy, "value") == 5


def test_snapshot_brings_storage_and_time_back(chain, toy):
    outer = chain.snapshot()
    chain.send(SENDER, toy, "set", 5)
    inner = chain.snapshot()
    chain.advance_to(5000)
    chain.send(SENDER, toy, "set", 6)
    assert chain.call(toy, "set", 8) == 16
    chain.revert(inner)
    assert (chain.storage(toy.address, 0), chain.block()) == (5, Block(1, 1000))
    chain.revert(outer)
    assert chain.storage(toy.address, 0) == 0


def test_unknown_method_is_an_error_of_the_program(chain, toy):
    with pytest.raises(AttributeError, match="no function set of 2 arguments"):
        chain.send(SENDER, toy, "set", 1, 2)


def test_code_is_what_is_there(chain, toy):
    assert len(chain.code(toy.address)) > 0
    assert chain.code("0x" + "99" * 20) == b""
