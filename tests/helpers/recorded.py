"""A chain in this process that can be followed: its events, and blocks with hashes."""

from hashlib import sha256

from keeper.chain.codec import decode_events
from keeper.chain.revm import RevmChain
from keeper.mirror import reader_of
from keeper.watch.source import Header, Told


class Recorded(RevmChain):
    """
    Keeps all logs by block, and what makes a block another one.

    What is sent changes the hash of the block that is open; after `revert` all blocks
    from there on have other hashes than those that were reverted.
    """

    def __init__(self, *arguments):
        self.told, self.blocks, self.forks, self.kept = [], {}, 0, {}
        super().__init__(*arguments)

    def _open(self, block):
        self.blocks.setdefault(block.number, [block.timestamp, self.forks, 0])
        super()._open(block)

    def send_raw(self, sender, address, data):
        output = super().send_raw(sender, address, data)
        number = self.block().number
        self.blocks[number][2] += 1
        result = self._evm.result
        self.told += [
            (number, (log.address, *log.data))
            for log in (result.logs if result else [])
        ]
        return output

    def call(self, *arguments, **named):
        told, number = len(self.told), self.block().number
        sent = self.blocks[number][2]
        try:
            return super().call(*arguments, **named)
        finally:
            del self.told[told:]
            self.blocks[number][2] = sent

    def snapshot(self):
        found = super().snapshot()
        blocks = {number: list(block) for number, block in self.blocks.items()}
        self.kept[id(found)] = found, len(self.told), blocks
        return found

    def revert(self, snapshot):
        _, told, self.blocks = self.kept.pop(id(snapshot))
        del self.told[told:]
        self.forks += 1
        self.blocks[snapshot.block.number][1] = self.forks
        super().revert(snapshot)

    def header(self, number):
        if number not in self.blocks:
            return None
        timestamp, *_ = block = self.blocks[number]
        digest = sha256(repr((number, block)).encode()).digest()
        return Header(number, digest, timestamp)


class RecordedSource:
    """A contract on a recorded chain; counts what it is asked for."""

    def __init__(self, chain, contract, name="Clearinghouse"):
        self.chain, self.contract = chain, contract
        self.reader = reader_of(chain, name, contract.address)
        self.asked = {"events": 0, "words": 0}
        self.places = []

    identity = "a chain in this process"

    def head(self):
        return self.header(self.chain.block().number)

    def header(self, number):
        return self.chain.header(number)

    def events(self, first, last):
        self.asked["events"] += 1
        names = {self.contract.address: "Clearinghouse"}
        found = []
        for number, (address, *log) in self.chain.told:
            if first <= number <= last and address.lower() == self.address:
                events = decode_events([(self.contract.address, *log)], names)
                digest = self.header(number).hash
                found += [Told(number, digest, event) for event in events]
        return found

    def words(self, places, number):
        assert number == self.chain.block().number, "there is no other state"
        self.asked["words"] += len(places)
        self.places += places
        return [self.reader.word(*place) for place in places]

    @property
    def address(self):
        return self.contract.address.lower()
