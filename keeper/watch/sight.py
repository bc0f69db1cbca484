"""
What the keeper's jobs see of the accounts in memory.

The jobs that liquidate are given those accounts alone that they may be about: who may
be below maintenance margin, and who was sold from lately. All others get everybody.
Every so many blocks what is remembered is compared with the chain.
"""

import logging
from dataclasses import dataclass
from typing import Final

from keeper.chain.interface import Block, Chain, Contract
from keeper.errors import UserError
from keeper.jobs.watch import Snapshot
from keeper.mirror_ticks import Mismatch
from keeper.watch.check import (
    Difference,
    check_health,
    check_totals,
    check_words,
    choose,
    repair,
)
from keeper.watch.feed import Feed
from keeper.watch.market import read_shared
from keeper.watch.scan import Known, find_endangered, with_accounts
from keeper.watch.sheet import Pages
from specs.clearinghouse import State
from specs.fixed_point import Seconds

EVERY: Final = 6
"""Of so many blocks that are read, one is compared with the chain."""

SAMPLE: Final = 32
"""Accounts whose words are compared each time, and of a quarter of them health."""

SHOWN: Final = 8
"""Differences that are told one by one."""

ATTEMPTS: Final = 3

_log = logging.getLogger("keeper")


class Memory:
    """A feed that is compared with the chain now and then."""

    def __init__(
        self,
        feed: Feed,
        clearinghouse: Contract,
        every: int = EVERY,
        sample: int = SAMPLE,
    ) -> None:
        """Read nothing yet."""
        self.feed = feed
        self.clearinghouse = clearinghouse
        self._every = every
        self._sample = sample
        self._blocks = 0
        self._seen: dict[bool, Snapshot] = {}
        self._known: Known = {}

    def see(self, chain: Chain, *, is_everybody: bool) -> Snapshot:
        """
        Return the state as of the newest block, with everybody or the endangered; what
        is a sum over all accounts is wrong in the latter.
        """
        before = self.feed.at
        self.feed.sync()
        if self.feed.at != before:
            self._seen.clear()
            if self._blocks % self._every == 0:
                self.compare(chain)
            self._blocks += 1
        if is_everybody not in self._seen:
            self._seen[is_everybody] = self._look(is_everybody)
        return self._seen[is_everybody]

    def compare(self, chain: Chain) -> None:
        """
        Compare totals and some accounts with the chain, and read again what differs.

        Raise `UserError` if they still differ then.
        """
        for _ in range(ATTEMPTS):
            head = self.feed.sync()
            found = self._differing(chain)
            if self.feed.source.header(head.number) != head:
                continue
            if not found:
                return
            for each in found[:SHOWN]:
                _log.warning("mirror: %s; it is read again", each)
            repair(self.feed, found)
        text = str(found[0]) if found else "no block lasts"
        raise UserError(
            f"mirror: {text}; read {ATTEMPTS} times: run without it (--no-mirror) and "
            "report this"
        )

    def _differing(self, chain: Chain) -> list[Difference]:
        """Return where the feed, as it is, differs from the chain."""
        names = choose(self.feed, self._sample, self._blocks)
        viewed = names[: self._sample // 4]
        words = [*check_totals(self.feed), *check_words(self.feed, names)]
        # Words that differ may contradict each other, and tell more than health does.
        if words:
            return words
        return list(check_health(self.feed, chain, self.clearinghouse, viewed))

    def _look(self, is_everybody: bool) -> Snapshot:
        assert self.feed.at is not None
        now = Seconds(self.feed.at.timestamp)
        try:
            return Snapshot(now, look(self.feed, now, is_everybody, self._known))
        except Mismatch as error:
            # An event was missed, or somebody has changed the file.
            _log.warning("mirror: %s; everybody is read again", error)
            self.feed.suspect(self.feed.columns.names)
            self.feed.suspect_shared()
            now = Seconds(self.feed.sync().timestamp)
        try:
            return Snapshot(now, look(self.feed, now, is_everybody, self._known))
        except Mismatch as error:
            raise UserError(
                f"mirror: {error}; the chain itself says so: report this"
            ) from None


def look(feed: Feed, now: Seconds, is_everybody: bool, known: Known) -> State:
    """Return the state with everybody, or with whom a liquidation may concern."""
    pages = Pages(feed.columns, feed.sheet)
    shared = read_shared(pages, now)
    names = feed.columns.names if is_everybody else find_endangered(pages, shared)
    return with_accounts(pages, shared, names, known)


@dataclass(frozen=True)
class Everybody:
    """All accounts, without asking the chain for each: a `keeper.jobs.watch.Sight`."""

    memory: Memory

    @property
    def clearinghouse(self) -> Contract:
        """Return the contract behind which they are."""
        return self.memory.clearinghouse

    def read(self, chain: Chain, block: Block) -> Snapshot:
        """Return the state as of the newest block."""
        return self.memory.see(chain, is_everybody=True)


@dataclass(frozen=True)
class Endangered:
    """Who may be below maintenance margin, or was sold from lately."""

    memory: Memory

    @property
    def clearinghouse(self) -> Contract:
        """Return the contract behind which they are."""
        return self.memory.clearinghouse

    def read(self, chain: Chain, block: Block) -> Snapshot:
        """Return the state as of the newest block, without all others."""
        return self.memory.see(chain, is_everybody=False)
