"""
How long a tick of the keeper takes, by the number of accounts.

A tick is what lies between a new block and knowing whom to liquidate: reading who was
named and their words, bounding everybody's health, and computing that of whoever may
be due; what the jobs that liquidate make of it, up to what they ask the chain; and what
those do that look at everybody. The chain is made up and answers at once: a node's time
for the words comes on top, and how many these are is said.
"""

import json
import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from rich.box import SIMPLE
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.table import Table

from keeper.bench.scan_plot import plot
from keeper.bench.scan_source import LAYOUT, MadeUp
from keeper.errors import UserError
from keeper.jobs import convert, flag, liquidate, realise, reduce, sweep
from keeper.watch.check import check_totals
from keeper.watch.feed import Feed
from keeper.watch.scan import (
    Known,
    find_behind,
    find_endangered,
    get_everybody,
    scan,
)
from keeper.watch.sheet import Pages
from keeper.watch.sight import look
from specs.fixed_point import Seconds

FALL: Final = 0.1
"""By which all prices fall in the last tick of each size."""

LISTED: Final = 20
"""Accounts furthest below margin, and nearest above it, that are computed exactly."""


@dataclass(frozen=True)
class Spent:
    """Time of this process."""

    seconds: float
    cpu: float


@dataclass(frozen=True)
class Tick:
    """What one tick took, and found."""

    changed: int
    words: int
    """That a node would have been asked for."""
    due: int
    examined: int
    sync: Spent
    scan: Spent
    jobs: Spent
    """Those that liquidate: `flag`, `reduce`, `liquidate`."""
    rest: Spent
    """All others that look at accounts: `realise`, `sweep`, `convert`."""

    @property
    def seconds(self) -> float:
        """Return all of it."""
        return sum(part.seconds for part in self.parts)

    @property
    def cpu(self) -> float:
        """Return all of it, in seconds of a processor."""
        return sum(part.cpu for part in self.parts)

    @property
    def parts(self) -> tuple[Spent, ...]:
        """Return what it consists of, in its order."""
        return self.sync, self.scan, self.jobs, self.rest


@dataclass(frozen=True)
class Measured:
    """One number of accounts."""

    accounts: int
    first: Spent
    """Reading everybody for the first time, and writing them to the file."""
    restart: Spent
    """Going on from the file."""
    totals: Spent
    """Comparing sums over everybody with the contract's totals."""
    tick: Tick
    """The median one, by seconds."""
    fall: Tick
    """One in which all prices fall at once."""


def measure(
    count: int, ticks: int, share: float, seed: int, path: Path, show: Any
) -> Measured:
    """Return what so many accounts take; the file at ``path`` is written anew."""
    path.unlink(missing_ok=True)
    source = Counting(count, seed, show)
    feed = Feed(source, LAYOUT, 1, path, show)
    first = timed(feed.sync)
    feed.close()
    opened: list[Feed] = []

    def restart() -> None:
        opened.append(Feed(source, LAYOUT, 1, path, show))
        opened[0].sync()

    again = timed(restart)
    feed = opened[0]
    known: Known = {}
    run_tick(source, feed, share, known)
    calm = [run_tick(source, feed, share, known) for _ in range(ticks)]
    fall = run_tick(source, feed, share, known, FALL)
    totals = timed(lambda: require_equal(feed))
    feed.close()
    middle = statistics.median_low([tick.seconds for tick in calm])
    median = next(tick for tick in calm if tick.seconds == middle)
    return Measured(count, first, again, totals, median, fall)


class Counting(MadeUp):
    """Counts the words that it is asked for."""

    asked = 0

    def words(self, places: Sequence[Any], number: int) -> Sequence[int]:
        """Return words."""
        self.asked += len(places)
        return super().words(places, number)


def run_tick(
    source: Counting, feed: Feed, share: float, known: Known, fall: float = 0
) -> Tick:
    """Return what one tick takes; who is ``known`` is as a keeper has it that runs."""
    changed = source.tick(share, fall)
    before = source.asked
    sync = timed(feed.sync)
    assert feed.at is not None
    now = Seconds(feed.at.timestamp)
    pages = Pages(feed.columns, feed.sheet)
    found = []
    scanned = timed(lambda: found.append(scan(pages, now, LISTED, LISTED)))

    def decide() -> None:
        state = look(feed, now, find_endangered, {})
        for job in (flag, reduce, liquidate):
            job.find_due(state, now)

    def attend() -> None:
        behind = look(feed, now, find_behind, known)
        state = look(feed, now, get_everybody, known)
        for market in state.markets:
            sweep.find_behind(behind, market)
            realise.find_due(state, market, realise.THRESHOLD)
        convert.find_due(state, now)

    return Tick(
        changed=changed,
        words=source.asked - before,
        due=len(found[0].due),
        examined=found[0].examined,
        sync=sync,
        scan=scanned,
        jobs=timed(decide),
        rest=timed(attend),
    )


def require_equal(feed: Feed) -> None:
    """Raise `UserError` where all accounts are not what the totals say."""
    for difference in check_totals(feed):
        raise UserError(str(difference))


def timed(work: Callable[[], Any]) -> Spent:
    """Return how long something takes."""
    began, spent = time.perf_counter(), time.process_time()
    work()
    return Spent(
        round(time.perf_counter() - began, 4), round(time.process_time() - spent, 4)
    )


def run(
    sizes: Sequence[int],
    ticks: int,
    share: float,
    seed: int,
    folder: Path,
    console: Console,
) -> None:
    """Measure every size, print a table, and write ``scan.json`` and ``scan.svg``."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        found = []
        for size in sizes:
            with bars(console, f"{size:,} accounts") as show:
                path = folder / "scan.sqlite"
                found.append(measure(size, ticks, share, seed, path, show))
        for leftover in folder.glob("scan.sqlite*"):
            leftover.unlink()
        data = {
            "share": share,
            "seed": seed,
            "processors": os.cpu_count(),
            "load": round(os.getloadavg()[0], 2),
            "sizes": [asdict(each) for each in found],
        }
        (folder / "scan.json").write_text(json.dumps(data, indent=2) + "\n")
        (folder / "scan.svg").write_text(plot(found))
    except OSError as error:
        raise UserError(
            f"{folder}: {error.strerror}; name another folder with --output"
        ) from None
    console.print(table_of(found))
    console.print(
        f"written: {folder / 'scan.json'}, {folder / 'scan.svg'}", highlight=False
    )


@contextmanager
def bars(console: Console, title: str) -> Iterator[Callable[[str, int, int], None]]:
    """Show what is being done, and how much of it is."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}"),
    )
    is_shown = console.is_terminal
    bar = Progress(*columns, console=console, transient=True, disable=not is_shown)
    with bar:
        tasks: dict[str, TaskID] = {}

        def show(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(f"{title}: {what}", total=total)
            bar.update(tasks[what], completed=done, total=total)

        yield show


def table_of(found: Sequence[Measured]) -> Table:
    """Return the figures as a table."""
    table = Table(title="a tick, in seconds", box=SIMPLE, padding=(0, 0, 0, 1))
    names = "accounts", "words", "due", "sync", "scan", "jobs", "rest", "all", "CPU"
    for name in (*names, "then due", "fall", "CPU"):
        table.add_column(name, justify="right")
    for each in found:
        tick, fall = each.tick, each.fall
        counts = each.accounts, tick.words, tick.due
        parts = [part.seconds for part in tick.parts]
        table.add_row(
            *(f"{count:,}" for count in counts),
            *(f"{seconds:.2f}" for seconds in (*parts, tick.seconds, tick.cpu)),
            f"{fall.due:,}",
            f"{fall.seconds:.2f}",
            f"{fall.cpu:.2f}",
        )
    return table
