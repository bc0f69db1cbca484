"""
A chain that is made up: a `keeper.watch.source.Source` with accounts nobody opened.

A tick opens a block in which prices move and some of the accounts deposit, of which
events tell. Logs are decoded and slots computed as for a node: only that is missing.
"""

from collections.abc import Sequence
from hashlib import sha256
from random import Random
from typing import Final

from keeper.artifacts import artifact
from keeper.bench.scan_board import Board
from keeper.bench.scan_people import Row, draw_people, price_of
from keeper.chain.codec import codec_of, decode_events
from keeper.chain.revm import RevmChain
from keeper.deployment import deploy
from keeper.mirror import reader_of, slots_of
from keeper.mirror_ticks import read_growth
from keeper.parameters import ASSETS, MARKETS
from keeper.signing import local_account
from keeper.watch.columns import Columns
from keeper.watch.feed import Progress
from keeper.watch.layout import Layout
from keeper.watch.market import read_shared
from keeper.watch.sheet import OF_ACCOUNTS, TICKS, Pages, Sheet
from keeper.watch.source import Header, Place, Told, slot_at
from specs import packing, tick_set
from specs.accounts import USDC, AccountId
from specs.fixed_point import Lots, Seconds
from specs.packing import BALANCE, GROWTH, POSITION
from specs.perpetual import Position

LAYOUT: Final = Layout(
    tuple(asset.number for asset in ASSETS), tuple(market.number for market in MARKETS)
)
SECONDS: Final = 10
"""Between two blocks, and two ticks."""

STEP: Final = 0.0033
"""By which a price moves at most in a tick."""

PUBLISHERS: Final = 3

Log = tuple[str, Sequence[bytes], bytes]


class MadeUp:
    """A contract with so many accounts."""

    identity = "made up"

    def __init__(self, count: int, seed: int, progress: Progress) -> None:
        """Draw the accounts; their opening is told in block 1."""
        self._rng = Random(seed)
        chain = RevmChain()
        keys = [local_account(f"publisher {n}").address for n in range(PUBLISHERS)]
        made = deploy(chain, local_account("governor").address, keys)
        self.address = made.clearinghouse.address
        self.board = Board(reader_of(chain, "Clearinghouse", self.address), LAYOUT)
        self._slots = slots_of(artifact("Clearinghouse").layout["storage_layout"])
        self._names = {self.address: "Clearinghouse"}
        self._start = chain.block().timestamp
        self._head = 1
        self._rows: dict[AccountId, Row] = {}
        for number, (name, row) in enumerate(draw_people(count, seed), 1):
            self._rows[name] = row
            if number % 1000 == 0 or number == count:
                progress("drawing accounts", number, count)
        self._everybody = list(self._rows)
        self._logs: dict[int, list[Log]] = {1: [self._log(n) for n in self._everybody]}
        self.prices = {asset.number: price_of(asset.number) for asset in ASSETS[1:]}
        self.board.set_prices(self.prices, self._start + SECONDS)
        self._enter()

    def tick(self, share: float, fall: float = 0) -> int:
        """
        Open a block in which prices move a little, or fall by a share; this share of
        the accounts deposits. Return how many do.
        """
        self._head += 1
        for asset in self.prices:
            change = -fall or self._rng.uniform(-STEP, STEP)
            self.prices[asset] = int(self.prices[asset] * (1 + change))
        self.board.accrue()
        self.board.set_prices(self.prices, self._start + SECONDS * self._head)
        count = max(1, round(share * len(self._everybody)))
        chosen = self._rng.sample(self._everybody, count)
        for name in chosen:
            row = self._rows[name]
            balance = packing.unpack(row.get(("balances", USDC), 0), BALANCE)
            balance["scaled"] += 10**18
            row["balances", USDC] = packing.pack(balance, BALANCE)
        self._logs[self._head] = [self._log(name) for name in chosen]
        return count

    def head(self) -> Header:
        """Return the newest block."""
        found = self.header(self._head)
        assert found
        return found

    def header(self, number: int) -> Header | None:
        """Return a block."""
        if not 1 <= number <= self._head:
            return None
        digest = sha256(number.to_bytes(8, "big")).digest()
        return Header(number, digest, self._start + SECONDS * number)

    def events(self, first: int, last: int) -> Sequence[Told]:
        """Return events, decoded as a node's would be."""
        found = []
        for number in range(max(first, 1), last + 1):
            header = self.header(number)
            assert header
            events = decode_events(self._logs.get(number, ()), self._names)
            found += [Told(number, header.hash, event) for event in events]
        return found

    def words(self, places: Sequence[Place], number: int) -> Sequence[int]:
        """Return words, their slots computed as for a node."""
        assert number == self._head
        for place in places:
            slot_at(self._slots, place)
        return [self._word(place) for place in places]

    def _word(self, place: Place) -> int:
        if place in self.board.words or place[0] not in OF_ACCOUNTS:
            return self.board.word(place)
        name, account, *rest = place
        row = self._rows.get(AccountId(account), {})
        return row.get((name, rest[0] if rest else None), 0)

    def _log(self, name: AccountId) -> Log:
        """Return a deposit's log."""
        topic, kind = next(
            (topic, log)
            for topic, log in codec_of("Clearinghouse").logs.items()
            if log.name == "Deposit"
        )
        told = {"account": name, "asset": USDC}
        topics = [told.get(each, 0).to_bytes(32, "big") for each, _ in kind.indexed]
        return self.address, [topic, *topics], bytes(32 * len(kind.plain))

    def _enter(self) -> None:
        """Have every position enter its tick: the totals, and what it has seen."""
        idle = dict.fromkeys(LAYOUT.assets, 0)
        inside: dict[int, list[Position]] = {market: [] for market in LAYOUT.markets}
        sheet = Sheet(LAYOUT, dict(self.board.words))
        pages = Pages(Columns(LAYOUT), sheet)
        pool = read_shared(pages, Seconds(self._start)).state.assets[USDC].pool
        growths = {m: read_growth(pages, m, pool) for m in LAYOUT.markets}
        for row in self._rows.values():
            for (name, number), word in list(row.items()):
                assert number is not None or name == "headers"
                if name == "balances" and number is not None:
                    idle[number] += word & (2**128 - 1)
                elif name == "positions" and number is not None:
                    held = packing.unpack(word, POSITION)
                    position = Position(Lots(held["lots"]), entry=held["entry"] - 1)
                    inside[number].append(position)
                    tick = held["entry"] - 1
                    other = self.board.word((TICKS, number, tick))
                    seen = growths[number].at(tick, other, position.lots > 0)
                    lend, borrow = (each % 2**128 for each in seen)
                    grown = {"lend": lend, "borrow": borrow}
                    row["snapshots", number] = packing.pack(grown, GROWTH)
        sizes = {market: tick_set.compute_sizes(inside[market]) for market in inside}
        self.board.enter(idle, sizes)
        self.board.set_prices(self.prices, self._start + SECONDS)
