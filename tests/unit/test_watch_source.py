"""What is asked of a node, and what its answers are taken for."""

import pytest
from requests.exceptions import ConnectionError as NoConnection

from keeper.artifacts import artifact
from keeper.chain.codec import codec_of
from keeper.chain.interface import Contract
from keeper.errors import UserError
from keeper.mirror import slot_of, slots_of
from keeper.watch.source import NodeSource

HOME = Contract("Clearinghouse", "0x" + "11" * 20)
SLOTS = slots_of(artifact("Clearinghouse").layout["storage_layout"])


class Node:
    """Answers as a node does: blocks, logs of at most so many blocks, words."""

    most = 4
    is_down = False

    def __init__(self):
        self.asked = []
        self.provider = self

    def make_request(self, method, arguments):
        if self.is_down:
            raise NoConnection("refused")
        self.asked.append((method, arguments))
        return getattr(self, method)(*arguments)

    def make_batch_request(self, requests):
        self.asked.append(("batch", len(requests)))
        answers = [
            {"id": number, **getattr(self, method)(*arguments)}
            for number, (method, arguments) in enumerate(requests, 9)
        ]
        # No node has to answer in order.
        return answers[::-1]

    def eth_chainId(self):  # noqa: N802
        return {"result": "0x539"}

    def eth_getBlockByNumber(self, number, _full):  # noqa: N802
        if number == "0x63":
            return {"result": None}
        number = 7 if number == "latest" else int(number, 16)
        block = {"number": hex(number), "hash": hash_of(number), "timestamp": "0x10"}
        return {"result": block}

    def eth_getLogs(self, query):  # noqa: N802
        first, last = int(query["fromBlock"], 16), int(query["toBlock"], 16)
        assert query["address"] == HOME.address
        if last - first >= self.most:
            return {"error": {"code": -32005, "message": "query returned too much"}}
        logs = [log_of(number) for number in range(first, last + 1)]
        return {"result": [logs[0], logs[0] | UNKNOWN, *logs[1:]]}

    def eth_getStorageAt(self, address, slot, number):  # noqa: N802
        assert (address, number) == (HOME.address, "0x7")
        return {"result": hex(int(slot, 16) ^ 1)}


def hash_of(number):
    return "0x" + bytes([number] * 32).hex()


def log_of(number):
    """Return the log of a deposit into the account that has the block's number."""
    topic, kind = next(
        item
        for item in codec_of("Clearinghouse").logs.items()
        if item[1].name == "Bound"
    )
    topics = [topic, *(number.to_bytes(32, "big") for _ in kind.indexed)]
    return {
        "topics": ["0x" + each.hex() for each in topics],
        "data": "0x" + bytes(32 * len(kind.plain)).hex(),
        "blockNumber": hex(number),
        "blockHash": hash_of(number),
    }


UNKNOWN = {"topics": ["0x" + "ab" * 32]}


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
    assert source.header(0x63) is None
    assert source.identity == f"0x539 {HOME.address}"


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
    assert [entry for entry in node.asked if entry[0] == "batch"] == [
        ("batch", 3),
        ("batch", 1),
    ]


def test_a_node_that_is_silent_is_said_in_a_line(source, node):
    node.is_down = True
    with pytest.raises(UserError, match="cannot reach the node: refused; start it"):
        source.head()


def test_a_node_without_batches_is_said_in_a_line(source, node):
    node.make_batch_request = lambda requests: {"error": {"message": "no batches"}}
    with pytest.raises(UserError, match=r"answers no batch of 1 requests.*no batches"):
        source.words([("funds",)], 7)
