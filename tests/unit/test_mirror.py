"""What the storage says is read as it stands, and contradictions in it are found."""

from dataclasses import dataclass

import pytest

from keeper import mirror, mirror_book
from specs import packing
from specs.world import take
from tests.helpers import worlds
from tests.helpers.deployers import deploy_world, scope_of
from tests.stateful.twin import Twin, differences


@dataclass
class Forged:
    """A chain with one word of storage changed."""

    chain: object
    slot: int
    value: int

    def storage(self, address, slot):
        return self.value if slot == self.slot else self.chain.storage(address, slot)


@pytest.fixture(scope="module")
def story():
    twin, world = Twin(deploy_world()), worlds.open_world()
    for action in worlds.STARTS["a market at work"]:
        world = take(world, action)
        assert twin.send(world, action) is None
    return twin, world


def read_forged(twin, value, name, *keys):
    reader = twin.readers["Clearinghouse"]
    slot = mirror.slot_of(reader.slots[name], *keys)
    forged = Forged(reader.chain, slot, value)
    reader = mirror.Reader(forged, reader.address, reader.slots)
    return mirror.read_clearing(reader, scope_of(twin.made))


def test_storage_is_read_as_the_state(story):
    twin, world = story
    assert differences(world, twin.read(world)) == []


def test_one_wei_makes_a_difference(story):
    twin, world = story
    reader = twin.readers["Clearinghouse"]
    word = reader.word("balances", worlds.lender, 0)
    found = read_forged(twin, word + 2**128, "balances", worlds.lender, 0)
    assert found.accounts[worlds.lender] != world.clearing.accounts[worlds.lender]


def test_header_that_lists_too_little_is_found(story):
    with pytest.raises(mirror.Mismatch, match="has markets"):
        read_forged(story[0], packing.pack_list((1,)) << 192, "headers", worlds.bull)


def test_balance_that_is_missing_from_the_header_is_found(story):
    with pytest.raises(mirror.Mismatch, match="has assets"):
        read_forged(story[0], 1, "balances", worlds.lender, worlds.ETH)


def test_funds_that_do_not_add_up_are_found(story):
    with pytest.raises(mirror.Mismatch, match="funds"):
        read_forged(story[0], 1, "funds")


@pytest.mark.parametrize("word", [0, 1, 1 << 255, 2**256 - 1, 0b1011 << 100 | 6])
def test_bits_are_those_that_are_set(word):
    expected = [bit for bit in range(256) if word >> bit & 1]
    assert list(mirror_book.bits_of(word)) == expected
