"""
The keeper on a network: which jobs, with whose keys, at which prices.

Publishers' keys are Ape accounts. On a local network they default to Ape's test
accounts, whose keys everybody has.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from keeper.chain.codec import decode_events
from keeper.chain.interface import Block, Contract, Event
from keeper.deployment import Deployment
from keeper.discovery import FromEvents
from keeper.errors import UserError
from keeper.job import Job
from keeper.jobs.convert import Convert
from keeper.jobs.expire import Expire
from keeper.jobs.flag import Flag
from keeper.jobs.liquidate import Liquidate
from keeper.jobs.publish import Publish
from keeper.jobs.realise import Realise
from keeper.jobs.reduce import Reduce
from keeper.jobs.sweep import Sweep
from keeper.jobs.tick import Tick
from keeper.jobs.watch import Sight, Watch
from keeper.offers import Folder
from keeper.parameters import ASSETS, BOOKS, MARKETS
from keeper.prices import PricePath, PriceSource
from keeper.prices.file import read_prices
from keeper.prices.live import live_prices
from keeper.prices.seeded import seeded_prices
from keeper.publishers import Panel
from keeper.runner import Runner
from keeper.signals import interruptible
from keeper.signing import Signer
from keeper.watch.feed import Feed, Progress
from keeper.watch.layout import Layout
from keeper.watch.scan import find_behind, find_endangered, get_everybody
from keeper.watch.sight import Memory, Part
from keeper.watch.source import NodeSource
from specs.accounts import (
    USDC,
    AccountId,
    Address,
    compute_account,
    get_owner,
)

DUTIES: Final[Mapping[str, str]] = {
    "publish": "relay publishers' reports to the oracle",
    "tick": "take the oracle's prices over",
    "realise": "settle profits and losses that anyone may settle",
    "flag": "note who is to be liquidated, so that newer prices can't put it off",
    "reduce": "reduce them on the order book, slice by slice, for half of the fee",
    "liquidate": "have providers take over what is beyond that, and close the rest",
    "sweep": "touch positions of which such closings wait",
    "convert": "sell collateral for USDC debts that are too large",
    "expire": "cancel orders whose time is over",
}
"""What each job is for, in the order of a round: the book goes before the backstop."""

JOBS: Final = tuple(DUTIES)
OFFERS: Final = Path("offers")
"""Where makers put quotes that buy what has to be converted."""
NO_REWARD: Final = AccountId(0)
"""All of the fees goes to the backstop fund."""
MIRROR: Final = Path("mirror.sqlite")
"""Where a keeper remembers what it has read of all accounts."""
ADDRESS: Final = 42
"""Characters of an address; an account's number has more."""
LOCAL: Final = (1337, 31337)
"""Chain ids of networks whose test accounts are everybody's."""

_log = logging.getLogger("keeper")


@dataclass(frozen=True)
class Looped:
    """A path of prices as a source for ever: forwards, backwards, and again."""

    path: PricePath

    @property
    def label(self) -> str:
        """Return what the path is."""
        return f"{self.path.label}, to and fro"

    def price_at(self, time: int) -> dict[str, int]:
        """Return the prices where the path stands at ``time``."""
        length = self.path.end - self.path.start
        if length == 0:
            return self.path.price_at(self.path.start)
        place = time % (2 * length)
        return self.path.price_at(self.path.start + min(place, 2 * length - place))


@dataclass(frozen=True)
class RpcLogs:
    """Events of the past, asked of a node."""

    web3: Any

    def events(self, contract: Contract, first: int, last: int) -> Sequence[Event]:
        """Return a contract's events from block ``first`` to block ``last``."""
        found = self.web3.eth.get_logs(
            {"address": contract.address, "fromBlock": first, "toBlock": last}
        )
        logs = [
            (contract.address, [bytes(topic) for topic in log.topics], bytes(log.data))
            for log in found
        ]
        return decode_events(logs, {contract.address: contract.name})


def find_source(name: str, seed: int) -> PriceSource:
    """Return the source called `seeded` or `live`, or the one in a file."""
    if name == "live":
        return live_prices()
    if name == "seeded":
        return Looped(seeded_prices(seed))
    return Looped(read_prices(Path(name)))


def find_publishers(
    deployment: Deployment, named: Sequence[Signer], known: Sequence[Signer]
) -> Sequence[Signer]:
    """
    Return the keys that the oracle knows, in the deployment's order.

    Raise `UserError` for a key that was named and is no publisher.
    """
    enrolled = {address.lower() for address in deployment.publishers}
    for signer in named:
        if signer.address.lower() not in enrolled:
            raise UserError(f"--publisher: {signer.address} is no publisher")
    mine = {signer.address.lower(): signer for signer in (*known, *named)}
    return [
        mine[address.lower()]
        for address in deployment.publishers
        if address.lower() in mine
    ]


def choose_jobs(named: Sequence[str], *, has_publishers: bool) -> Sequence[str]:
    """
    Return the jobs to work: those named, or all that there are keys for.

    Raise `UserError` if prices are to be published without a publisher's key.
    """
    if has_publishers:
        return named or JOBS
    if "publish" in named:
        raise UserError("publish: no key of a publisher; name --publisher")
    if not named:
        _log.warning("no publisher's key: no prices are published")
    return named or JOBS[1:]


def wall_clock(block: Block) -> int:
    """Return the time of a report: now, or the chain's time if that is ahead."""
    return max(int(time.time()), block.timestamp)


def find_reward(text: str | None, sender: str | None) -> AccountId:
    """
    Return the account that ``--reward`` names: an account's number, or an address for
    its account 0. Without it, account 0 of who sends; none if nobody does.

    Raise `UserError` for what is no user's account.
    """
    named = sender if text is None else text
    if named is None:
        return NO_REWARD
    try:
        number = int(named, 0)
    except ValueError:
        raise UserError(f"--reward: {named!r} is no account") from None
    if len(named) == ADDRESS and named.startswith("0x"):
        number = compute_account(Address(number), 0)
    if not 0 <= number < 2**256 or get_owner(AccountId(number)) == 0:
        raise UserError(f"--reward: {named} is no account of a user")
    return AccountId(number)


def make_jobs(
    names: Sequence[str],
    deployment: Deployment,
    source: PriceSource,
    publishers: Sequence[Signer],
    logs: RpcLogs,
    offers: Path = OFFERS,
    reward: AccountId = NO_REWARD,
    sender: str | None = None,
    memory: Memory | None = None,
) -> list[Job[Any]]:
    """
    Return the jobs called so, in the order in which a round needs them.

    ``offers`` is the folder of quotes that are offered to the keeper, ``reward`` the
    account that gets its share of fees. Without a ``memory`` of all accounts each job
    reads all of them from the chain.
    """
    numbers: Mapping[str, int] = {
        asset.symbol: asset.number for asset in ASSETS if asset.number != USDC
    }
    markets = [market.number for market in MARKETS]
    home, oracle = deployment.clearinghouse, deployment.oracle
    book, liquidator = deployment.order_book, deployment.liquidator
    traded = [listing.instrument for listing in BOOKS]
    keeper = Address(int(sender, 16) if sender else 0)
    watch: Sight
    due: Sight
    behind: Sight
    if memory:
        watch, due = Part(memory, get_everybody), Part(memory, find_endangered)
        behind = Part(memory, find_behind)
    else:
        accounts = FromEvents(logs, home, deployment.block)
        watch = due = behind = Watch(
            home, [a.number for a in ASSETS], markets, accounts
        )
    jobs: Mapping[str, Job[Any]] = {
        "publish": Publish(oracle, source, Panel(publishers), numbers, wall_clock),
        "tick": Tick(home, oracle, list(numbers.values()), markets),
        "realise": Realise(watch),
        "flag": Flag(due),
        "reduce": Reduce(due, liquidator, traded, reward, keeper),
        "liquidate": Liquidate(due, liquidator, book),
        "sweep": Sweep(behind),
        "convert": Convert(watch, deployment.quote_desk, book, oracle, Folder(offers)),
        "expire": Expire(book, traded),
    }
    return [jobs[name] for name in JOBS if name in names]


def open_memory(
    web3: Any, deployment: Deployment, path: Path, progress: Progress
) -> Memory:
    """
    Return what is remembered of all accounts, brought to the newest block.

    Raise `UserError` if the file can't be used or the node doesn't answer.
    """
    home = deployment.clearinghouse
    assets = tuple(asset.number for asset in ASSETS)
    layout = Layout(assets, tuple(market.number for market in MARKETS))
    source = NodeSource(web3, home)
    feed = Feed(source, layout, deployment.block, path, progress)
    head = feed.sync()
    _log.info("%d accounts as of block %d", len(feed.columns), head.number)
    return Memory(feed, home)


def run_rounds(runner: Runner, rounds: int, pause: float) -> None:
    """Work every job so many times, with a pause in between; Ctrl-C ends it."""
    try:
        with interruptible():
            for done in range(rounds):
                if done:
                    time.sleep(pause)
                for job in runner.jobs:
                    runner.work(job)
    except KeyboardInterrupt:
        runner.stop()
