"""
What the keeper's jobs see of the accounts in memory.

A job is given those accounts alone that it may be about, or everybody if it adds up
what all have. Every so many blocks what is remembered is compared with the chain.
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
from keeper.watch.scan import Choose, Known, with_accounts
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
        self._seen: dict[Choose, Snapshot] = {}
        self._known: Known = {}

    def see(self, chain: Chain, choose: Choose) -> Snapshot:
        """
        Return the state as of the newest block, with those accounts that are chosen;
        what is a sum over all accounts is wrong in it unless these are all.
        """
        before = self.feed.at
        self.feed.sync()
        if self.feed.at != before:
            self._seen.clear()
            if self._blocks % self._every == 0:
                self.compare(chain)
            self._blocks += 1
        if choose not in self._seen:
            self._seen[choose] = self._look(choose)
        return self._seen[choose]

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

    def _look(self, choose: Choose) -> Snapshot:
        assert self.feed.at is not None
        now = Seconds(self.feed.at.timestamp)
        try:
            return Snapshot(now, look(self.feed, now, choose, self._known))
        except Mismatch as error:
            # An event was missed, or somebody has changed the file.
            _log.warning("mirror: %s; everybody is read again", error)
            self.feed.suspect(self.feed.columns.names)
            self.feed.suspect_shared()
            now = Seconds(self.feed.sync().timestamp)
        try:
            return Snapshot(now, look(self.feed, now, choose, self._known))
        except Mismatch as error:
            raise UserError(
                f"mirror: {error}; the chain itself says so: report this"
            ) from None


def look(feed: Feed, now: Seconds, choose: Choose, known: Known) -> State:
    """Return the state with those accounts that are chosen."""
    pages = Pages(feed.columns, feed.sheet)
    shared = read_shared(pages, now)
    return with_accounts(pages, shared, choose(pages, shared), known)


@dataclass(frozen=True)
class Part:
    """Those of all accounts that a job is about: a `keeper.jobs.watch.Sight`."""

    memory: Memory
    choose: Choose

    @property
    def clearinghouse(self) -> Contract:
        """Return the contract behind which they are."""
        return self.memory.clearinghouse

    def read(self, chain: Chain, block: Block) -> Snapshot:
        """Return the state as of the newest block, without all others."""
        return self.memory.see(chain, self.choose)
