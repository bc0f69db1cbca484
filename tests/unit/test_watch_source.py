"""What is asked of a node, and what its answers are taken for."""

from types import SimpleNamespace

import pytest
from requests.exceptions import ConnectionError as NoConnection
from web3.exceptions import BlockNotFound, Web3RPCError

from keeper.artifacts import artifact
from keeper.chain.codec import codec_of
from keeper.chain.interface import Contract
from keeper.errors import UserError
from keeper.mirror import slot_of, slots_of
from keeper.watch.source import NodeSource, can_batch

HOME = Contract("Clearinghouse", "0x" + "11" * 20)
SLOTS = slots_of(artifact("Clearinghouse").layout["storage_layout"])


class Node:
    """Answers as web3 does; logs of at most so many blocks."""

    most = 4
    is_down = False
    chain_id = 1337

    def __init__(self):
        self.batches = []
        self.provider = self.eth = self

    def get_block(self, number):
        if self.is_down:
            raise NoConnection("refused")
        if number == 99:
            raise BlockNotFound("there is none")
        number = 7 if number == "latest" else number
        return {"number": number, "hash": hash_of(number), "timestamp": 16}

    def get_logs(self, query):
        first, last = query["fromBlock"], query["toBlock"]
        assert query["address"] == HOME.address
        if last - first >= self.most:
            raise Web3RPCError("query returned too much")
        logs = [log_of(number) for number in range(first, last + 1)]
        return [logs[0], logs[0] | UNKNOWN, *logs[1:]]

    def make_batch_request(self, requests):
        self.batches.append(len(requests))
        answers = []
        for number, (method, (address, slot, at)) in enumerate(requests, 9):
            assert (method, address, at) == ("eth_getStorageAt", HOME.address, "0x7")
            answers.append({"id": number, "result": hex(int(slot, 16) ^ 1)})
        # No node has to answer in order.
        return answers[::-1]


def hash_of(number):
    return bytes([number] * 32)


def log_of(number):
    """Return the log of a deposit into the account that has the block's number."""
    topic, kind = next(
        item
        for item in codec_of("Clearinghouse").logs.items()
        if item[1].name == "Bound"
    )
    topics = [topic, *(number.to_bytes(32, "big") for _ in kind.indexed)]
    return {
        "topics": topics,
        "data": bytes(32 * len(kind.plain)),
        "blockNumber": number,
        "blockHash": hash_of(number),
    }


UNKNOWN = {"topics": [bytes(range(32))]}


@pytest.fixture
def node():
    return Node()


@pytest.fixture
def source(node):
    return NodeSource(node, HOME, batch=3)


def test_blocks_are_known_by_number_and_hash(source):
    head = source.head()
    assert (head.number, head.hash, head.timestamp) == (7, bytes([7] * 32), 16)
    assert source.header(5).hash == bytes([5] * 32)
    assert source.header(99) is None
    assert source.identity == f"1337 {HOME.address}"


def test_events_are_asked_for_in_halves_until_the_node_answers(source, node):
    told = source.events(1, 13)
    assert [each.number for each in told] == list(range(1, 14))
    assert [each.event.arguments["account"] for each in told] == list(range(1, 14))
    assert [each.hash for each in told] == [bytes([n] * 32) for n in range(1, 14)]
    node.most = 0
    with pytest.raises(UserError, match="the node says: query returned too much"):
        source.events(1, 13)


def test_words_are_asked_for_in_batches_and_come_in_order(source, node):
    places = [("headers", 5), ("balances", 5, 0), ("funds",), ("quote", 1)]
    found = source.words(places, 7)
    slots = [slot_of(SLOTS[name], *keys) for name, *keys in places]
    assert found == [slot ^ 1 for slot in slots]
    assert node.batches == [3, 1]


def test_a_word_that_the_node_refuses_is_said_in_a_line(source, node):
    refusal = {"id": 1, "error": {"message": "missing trie node"}}
    node.make_batch_request = lambda requests: [refusal]
    with pytest.raises(UserError, match="the node says: missing trie node"):
        source.words([("funds",)], 7)


def test_a_node_that_is_silent_is_said_in_a_line(source, node):
    node.is_down = True
    with pytest.raises(UserError, match="cannot reach the node: refused; start it"):
        source.head()


def test_whether_a_provider_has_batches_is_known(node):
    assert can_batch(node)
    assert not can_batch(SimpleNamespace(provider=object()))


def test_a_node_that_refuses_batches_is_said_in_a_line(source, node):
    node.make_batch_request = lambda requests: {"error": {"message": "no batches"}}
    with pytest.raises(UserError, match=r"answers no batch of 1 requests.*no batches"):
        source.words([("funds",)], 7)
