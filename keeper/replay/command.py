"""What `ape run replay` does, once its options are read."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from keeper.chain.interface import LocalChain
from keeper.chain.revm import RevmChain
from keeper.errors import UserError
from keeper.prices import PricePath
from keeper.prices.file import cut, read_prices, show_time
from keeper.prices.seeded import seeded_prices
from keeper.replay import report_html, report_json, table
from keeper.replay.cast import FEWEST, MOST
from keeper.replay.crash import CrashReplay
from keeper.replay.engine import LEAD, LEAST_STEP, Options, Replay
from keeper.replay.pace import LONGEST
from keeper.replay.population import gather
from keeper.replay.presets import find_preset, tell_all
from keeper.replay.report_json import Result
from keeper.signals import interruptible
from specs.outage import MAX_GAP

EVERY: Final = 10
"""Seconds of a tick, without a preset."""

ACCOUNTS: Final = 24
"""Accounts, without a preset."""

ENGINES: Final = ("pyrevm", "ape")
TEST_NETWORK: Final = "ethereum:local:test"


@dataclass(frozen=True)
class Request:
    """The options of one call of the command."""

    prices: Path | None
    every: int | None
    """Seconds of a tick, of the longest with a preset; none for the usual ones."""
    start: int | None
    end: int | None
    accounts: int | None
    """How many, or how many traders of a preset; none for as many as usual."""
    auto_realize: float
    seed: int
    engine: str
    report: Path
    preset: str | None = None
    concentrated: bool = False


def run(request: Request, console: Console) -> int:
    """
    Replay, print a table and write both reports.

    Return the exit status: 0 if all went well, 1 if an invariant was violated, 130
    after Ctrl-C. Raise `UserError` for options that make no sense together.
    """
    if request.preset == "list":
        console.print(tell_all(), highlight=False, soft_wrap=True)
        return 0
    if request.concentrated and request.preset is None:
        raise UserError("--concentrated: only with --preset")
    path = find_path(request)
    every = request.every or (LONGEST if request.preset else EVERY)
    if every < LEAST_STEP:
        raise UserError(f"--every: {every} is less than {LEAST_STEP} seconds")
    if every > MAX_GAP:
        raise UserError(f"--every: {every} is more than {MAX_GAP} seconds")
    prepare_folder(request.report)
    with engine(request.engine, path.start - LEAD) as chain:
        with console.status("deploying"):
            replay = open_replay(chain, request, path, every)
        result = follow(replay, console)
    return conclude(result, replay, request.report, console)


def open_replay(
    chain: LocalChain, request: Request, path: PricePath, every: int
) -> Replay:
    """Deploy everything on a chain for what was asked for."""
    command = describe(request, path)
    realising, seed = request.auto_realize, request.seed
    if request.preset is None:
        accounts = request.accounts or ACCOUNTS
        usual = Options(path, every, accounts, realising, seed, command)
        return Replay(chain, usual)
    preset = find_preset(request.preset)
    people = preset.populate(path.start, is_concentrated=request.concentrated)
    if request.accounts is not None:
        people = replace(people, traders=check_accounts(request.accounts))
    crowd = gather(people, path.price_at(path.start), seed, realising)
    options = Options(path, every, len(crowd.accounts), realising, seed, command)
    return CrashReplay(chain, options, crowd, preset.silences)


def check_accounts(accounts: int) -> int:
    """Return how many traders there are to be; raise `UserError`."""
    if not FEWEST <= accounts <= MOST:
        raise UserError(f"--accounts: {accounts} is not between {FEWEST} and {MOST}")
    return accounts


def follow(replay: Replay, console: Console) -> Result:
    """Run a replay under a progress bar."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with interruptible(), Progress(*columns, console=console) as bar:
        task = bar.add_task("ticks")
        return replay.run(
            lambda done, total: bar.update(task, completed=done, total=total)
        )


def conclude(result: Result, replay: Replay, folder: Path, console: Console) -> int:
    """Write the reports, print the table, and return the exit status."""
    written = (
        report_json.write(result, folder),
        report_html.write(result, replay.roles, folder),
    )
    table.show(report_json.build(result), console)
    console.print(f"written: {written[0]}, {written[1]}", highlight=False)
    if result.violation:
        found = result.violation
        console.print(
            f"{found.invariant} does not hold at {show_time(found.time)}; the smallest "
            f"replay that shows it:\n  {found.command}",
            style="bold red",
            highlight=False,
            soft_wrap=True,
        )
        return 1
    if not result.recorder.interest.adds_up:
        console.print(
            "the interest that was paid is not what was received", style="bold red"
        )
        return 1
    if not result.is_complete:
        console.print("interrupted: the report is of what was replayed so far")
        return 130
    return 0


def find_path(request: Request) -> PricePath:
    """Return the path of prices that was asked for."""
    if request.preset is not None:
        preset = find_preset(request.preset)
        span = request.start, request.end
        return preset.find_path(request.prices, *span, request.seed)
    if request.prices is not None:
        return read_prices(request.prices, request.start, request.end)
    path = seeded_prices(request.seed)
    return cut(path, request.start, request.end)


def describe(request: Request, path: PricePath) -> str:
    """Return the command that replays the same; the end is still to be named."""
    words = ["ape", "run", "replay"]
    if request.preset is not None:
        words += ["--preset", request.preset]
    if request.concentrated:
        words += ["--concentrated"]
    if request.prices is not None:
        words += ["--prices", str(request.prices)]
    if request.every is not None:
        words += ["--every", str(request.every)]
    if request.accounts is not None:
        words += ["--accounts", str(request.accounts)]
    words += ["--from", show_time(path.start), "--seed", str(request.seed)]
    words += ["--auto-realize", str(request.auto_realize)]
    words += ["--engine", request.engine]
    return shlex.join(words)


def prepare_folder(folder: Path) -> None:
    """Make the folder for the report; raise `UserError` if that can't be done."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".probe"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise UserError(f"--report: {folder}: {error.strerror}") from None


@contextmanager
def engine(name: str, start: int) -> Iterator[LocalChain]:
    """Open a local chain whose first block is at ``start``."""
    if name == "pyrevm":
        yield RevmChain(start)
        return
    from keeper.chain.ape import connected
    from keeper.chain.ape_test import ApeTestChain

    with connected(TEST_NETWORK) as provider, ApeTestChain(provider, start) as chain:
        yield chain
