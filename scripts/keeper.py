"""Run the keeper against a deployment."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress, TaskID

from keeper.chain.ape import ApeChain, connected
from keeper.cli import clear_errors, hush
from keeper.deployment import Deployment, load
from keeper.devnet import (
    FILE,
    NETWORK,
    demo_signers,
    load_account,
    require_devnet,
)
from keeper.runner import Runner
from keeper.session import (
    DUTIES,
    JOBS,
    LOCAL,
    MIRROR,
    OFFERS,
    RpcLogs,
    choose_jobs,
    find_publishers,
    find_reward,
    find_source,
    make_jobs,
    open_memory,
    run_rounds,
)
from keeper.watch.sight import Memory
from keeper.watch.source import can_batch

TEST_KEEPER = "TEST::1"

REMEMBERING = frozenset(JOBS) - {"publish", "tick", "expire"}
"""Jobs that read accounts."""

HELP = f"""
Work the JOBS named, or all of them, every 10 seconds until Ctrl-C.

\b
{"".join(f"{name:<11}{duty}{chr(10)}" for name, duty in DUTIES.items())}
The accounts furthest below their margin come first, 20 in a round. Without an account
on a network that is not local nothing is sent.
"""


@click.command(
    help=HELP, short_help="Keep the clock, liquidate and settle on a network"
)
@click.argument("jobs", nargs=-1, type=click.Choice(JOBS))
@click.option("--network", default=NETWORK, show_default=True)
@click.option("--account", help="Ape account that sends; TEST::1 on a local network.")
@click.option(
    "--publisher",
    "publishers",
    multiple=True,
    help="Ape account that signs prices; repeat it.",
)
@click.option(
    "--deployment",
    type=click.Path(path_type=Path),
    default=Path(FILE),
    show_default=True,
)
@click.option(
    "--prices", default="seeded", show_default=True, help="seeded, live, or a CSV."
)
@click.option("--seed", default=0, show_default=True, help="Of the seeded prices.")
@click.option(
    "--offers",
    type=click.Path(path_type=Path),
    default=OFFERS,
    show_default=True,
    help="Folder of signed quotes that buy what has to be converted.",
)
@click.option(
    "--reward",
    metavar="ACCOUNT",
    help="Account, or address for its account 0, that gets the keeper's share of "
    "liquidation fees; account 0 of the sender.",
)
@click.option(
    "--mirror",
    type=click.Path(dir_okay=False, path_type=Path),
    default=MIRROR,
    show_default=True,
    help="File that remembers all accounts, so that a restart reads only what is new; "
    "each keeper needs its own.",
)
@click.option(
    "--no-mirror", is_flag=True, help="Read all accounts from the chain for each job."
)
@click.option("--once", is_flag=True, help="One round, then stop.")
@click.option("--rounds", type=click.IntRange(min=1), help="So many, then stop.")
@click.option("--dry-run", is_flag=True, help="Say what would be sent, send nothing.")
def cli(
    jobs: Sequence[str],
    network: str,
    account: str | None,
    publishers: Sequence[str],
    deployment: Path,
    prices: str,
    seed: int,
    offers: Path,
    reward: str | None,
    mirror: Path,
    no_mirror: bool,
    once: bool,
    rounds: int | None,
    dry_run: bool,
) -> None:
    """Work the jobs on a network until something stops it."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S"
    )
    hush()
    with clear_errors(), network_at(network) as provider:
        is_local = provider.chain_id in LOCAL
        sender = None
        if not dry_run and (account or is_local):
            sender = load_account(account or TEST_KEEPER)
        chain = ApeChain(provider, [sender] if sender else [])
        found = load(chain, deployment)
        named = [load_account(alias) for alias in publishers]
        signers = find_publishers(found, named, demo_signers() if is_local else [])
        wanted = choose_jobs(jobs, has_publishers=bool(signers))
        source, logs = find_source(prices, seed), RpcLogs(provider.web3)
        address = str(sender.address) if sender else None
        rewarded = find_reward(reward, address)
        memory, needed = None, REMEMBERING.intersection(wanted)
        if needed and not no_mirror and can_batch(provider.web3):
            memory = remember(provider.web3, found, mirror)
        work = make_jobs(
            wanted, found, source, signers, logs, offers, rewarded, address, memory
        )
        runner = Runner(chain, work, address, found.chain_id)
        if once or rounds:
            run_rounds(runner, rounds or 1, pause=10)
        else:
            runner.run()


def remember(web3: Any, found: Deployment, path: Path) -> Memory:
    """Return what is remembered of all accounts, with a bar if it takes a while."""
    console = Console(stderr=True)
    with Progress(
        console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        tasks: dict[str, TaskID] = {}

        def show(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(f"reading {what}", total=total)
            bar.update(tasks[what], completed=done, total=total)

        return open_memory(web3, found, path, show)


@contextmanager
def network_at(network: str) -> Iterator[Any]:
    """Connect to a network, which for the devnet must be running."""
    require_devnet(network)
    with connected(network) as provider:
        yield provider
