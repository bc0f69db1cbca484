"""
The three stages of a liquidation, one account each, under one keeper's jobs.

Below maintenance margin an account is reduced on the order book, a tenth at a time,
until it has initial margin again: it keeps the rest of its position and pays a part of
its margin. Where the book has no bids it fails three times, and pledged providers take
the account over, at a discount that leaves it better off. What nobody can take of an
account near its end is closed against all positions of the other side, pro rata: one
event, whatever their number, which each of them meets when it is next touched.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from keeper.chain.interface import LocalChain, Receipt
from keeper.job import Job
from keeper.jobs.flag import Flag
from keeper.jobs.liquidate import Liquidate
from keeper.jobs.reduce import Reduce
from keeper.jobs.sweep import Sweep
from keeper.parameters import BOOKS, MARKETS
from keeper.prices import START_PRICES
from keeper.runner import Outcome as Sent
from keeper.scenarios.outcome import Chart, Outcome, Table, percent, usdc
from keeper.scenarios.scene import HOUR, Scene, to_lots
from keeper.scenarios.show import Progress
from keeper.scenarios.statement import worth
from specs import accounts as acc
from specs import clearinghouse as ch
from specs import perpetual
from specs.accounts import USDC, AccountId
from specs.fixed_point import PPM, WAD, Lots
from specs.state import State

TITLE: Final = "Three stages of liquidation"
BOOK, PROVIDERS, OTHERS = "order book", "providers", "other side"
STAGES: Final = (BOOK, PROVIDERS, OTHERS)

ROUND: Final = 10
"""Seconds between two rounds of the keeper, and two prices."""
ROUNDS: Final = 8
"""Of each trader's fall and liquidation."""


@dataclass(frozen=True)
class Trader:
    """Who is liquidated: a long, its margin, and how far its price falls."""

    name: str
    market: int
    size: int
    """Whole units of the market's asset."""
    margin: int
    """Whole USDC."""
    fall: int
    """Of the price, ppm."""

    @property
    def symbol(self) -> str:
        """Return the symbol of the market's asset."""
        return MARKETS[self.market].symbol.removesuffix("-PERP")


TRADERS: Final = (
    Trader("first", 0, size=10, margin=5_000, fall=13_200),
    Trader("second", 1, size=100, margin=4_300, fall=17_800),
    Trader("third", 2, size=5_000, margin=5_500, fall=52_000),
)
SHORTS: Final = {"larger short": 4_000, "smaller short": 3_000}
"""The other side of the third, in whole SOL; what it does not hold the maker does."""
BID_FOR, SHORTED = 0, 2
"""The market that has bids, and the one in which the other side is two shorts."""
HIGHEST: Final = 5
"""Equity over margin above which nobody worries."""
BIDS: Final = (500, 1_000, 1_500)
"""Below the fallen price, ppm; on the first one's book alone."""
CAPACITY: Final = 1_000_000
"""Of the only provider within a minute and an hour, whole USDC."""


@dataclass
class Bill:
    """What is closed of an account, stage by stage, and what that costs it."""

    trader: Trader
    account: AccountId
    closed: Counter[str] = field(default_factory=Counter)
    """WAD USDC at the mark."""
    cost: Counter[str] = field(default_factory=Counter)
    """WAD USDC: distance from the mark, discounts and fees."""
    slices: Counter[bool] = field(default_factory=Counter)
    """How many slices the book filled, and how many it did not."""
    equity: int = 0
    """What it had when something was first closed."""
    notional: int = 0
    """What its position was worth then."""
    deficits: int = 0
    """What it could not pay."""

    def add(self, before: State, after: State, receipt: Receipt) -> None:
        """Note what a transaction has closed, and where."""
        self.deficits += sum(
            event.arguments["fund_paid"]
            + event.arguments["reserve_paid"]
            + event.arguments["socialised"]
            for event in receipt.events
            if event.name == "BadDebt" and event.arguments["account"] == self.account
        )
        said = [
            event
            for event in receipt.events
            if event.name in ("Slice", "Liquidation")
            and event.arguments["account"] == self.account
        ]
        if not said:
            return
        (event,) = said
        closed = self.compute_notional(before) - self.compute_notional(after)
        if event.name == "Slice":
            self.slices[event.arguments["filled"] > 0] += 1
            parts = {BOOK: closed}
        else:
            others = min(closed, event.arguments["deleveraged"])
            parts = {PROVIDERS: closed - others, OTHERS: others}
        if closed == 0:
            return
        if self.notional == 0:
            self.equity = worth(before, self.account)
            self.notional = self.compute_notional(before)
        cost = worth(before, self.account) - worth(after, self.account)
        for stage, part in parts.items():
            self.closed[stage] += part
            self.cost[stage] += cost * part // closed

    def compute_notional(self, state: State) -> int:
        """Return what the position is worth at its mark, WAD USDC."""
        listed = state.markets[self.trader.market]
        lots = get_lots(state, self.account, self.trader.market)
        return perpetual.compute_notional(lots, listed.lot, listed.quote.slow)


def get_lots(state: State, account: AccountId, market: int) -> Lots:
    """Return the size of a position."""
    return acc.get_position(ch.get_account(state, account), market).lots


class Log:
    """What happened when, and how each account was off."""

    def __init__(self, scene: Scene, bills: Sequence[Bill]) -> None:
        """Begin with nothing."""
        self._scene, self._bills, self._began = scene, bills, scene.now
        self.rows: list[tuple[str, ...]] = []
        self.times: list[int] = []
        self.lines = {bill.trader.name: list[float]() for bill in bills}

    def add(self, bill: Bill, said: str) -> None:
        """Note something of an account."""
        lots = get_lots(self._scene.state, bill.account, bill.trader.market)
        left = lots * MARKETS[bill.trader.market].lot / WAD
        health = ch.assess(self._scene.state, bill.account, self._scene.now)
        needed = health.maintenance_margin
        self.rows.append(
            (
                f"{self._scene.now - self._began}",
                bill.trader.name,
                said,
                f"{left:,.4f} {bill.trader.symbol}",
                usdc(health.equity),
                f"{health.equity / needed:.2f}" if needed else "",
            )
        )

    def note(self, bill: Bill, job: str, outcomes: Sequence[Sent]) -> None:
        """Note what a job has done to an account, if it was meant."""
        for sent in outcomes:
            if job != "sweep" and sent.call.arguments[0] != bill.account:
                continue
            if sent.receipt is not None and job != "flag":
                self.add(bill, SAID[job](sent.receipt))

    def sample(self) -> None:
        """Remember for the plot how all are off."""
        self.times.append(self._scene.now)
        for bill in self._bills:
            health = ch.assess(self._scene.state, bill.account, self._scene.now)
            ratio = health.equity / max(1, health.maintenance_margin)
            self.lines[bill.trader.name].append(min(HIGHEST, ratio))


def say_slice(receipt: Receipt) -> str:
    """Return what a slice did."""
    told = receipt.event("Slice").arguments
    share = percent(told["filled"], told["asked"], 0)
    return f"slice: {share} filled" if told["filled"] else "slice: nobody bids"


def say_liquidation(receipt: Receipt) -> str:
    """Return what a takeover did."""
    told = receipt.event("Liquidation").arguments
    return (
        f"taken over: {usdc(told['taken'])}, "
        f"closed against shorts: {usdc(told['deleveraged'])}"
    )


def say_sweep(receipt: Receipt) -> str:
    """Return what a sweep did."""
    applied = [e for e in receipt.events if e.name == "DeleverageApplied"]
    return f"shorts meet it: {len(applied)} reduced"


SAID: Final[Mapping[str, Callable[[Receipt], str]]] = {
    "reduce": say_slice,
    "liquidate": say_liquidation,
    "sweep": say_sweep,
}


def play(chain: LocalChain, progress: Progress) -> Outcome:
    """Let three prices fall, one after the other, with the keeper at work."""
    names = ("maker", "provider", *(t.name for t in TRADERS), *SHORTS)
    scene = Scene(chain, names)
    scene.tick(HOUR)
    furnish(scene)
    bills = [Bill(trader, scene.account(trader.name)) for trader in TRADERS]
    scene.listeners += [bill.add for bill in bills]
    log, total = Log(scene, bills), ROUNDS * len(bills)
    for number, bill in enumerate(bills):
        if bill.trader.market == SHORTED:
            scene.unpledge("provider")
            log.add(bill, "before the fall; the provider has left")
        else:
            log.add(bill, "before the fall")
        for step in range(ROUNDS):
            progress(number * ROUNDS + step, total)
            scene.tick(ROUND - 1, {bill.trader.symbol: get_fallen(bill.trader)})
            if step == 0 and bill.trader.market == BID_FOR:
                bid(scene, bill.trader)
            scene.wait(1)
            for job in make_jobs(scene):
                log.note(bill, job.name, scene.work(job))
            log.sample()
    progress(total, total)
    figures = measure(scene, bills)
    return Outcome(
        title=TITLE,
        findings=tell(figures),
        tables=[
            Table(
                "What happened",
                ("second", "account", "", "left", "equity", "of margin"),
                log.rows,
            ),
            compare(figures),
            share(figures),
        ],
        charts=[Chart("Equity over maintenance margin", log.times, log.lines)],
        checked=scene.checked,
        figures=figures,
    )


def furnish(scene: Scene) -> None:
    """Have everybody deposit and take a position, and the provider pledge."""
    scene.lift_guards()
    scene.deposit("maker", "USDC", 1_000_000)
    scene.deposit("provider", "USDC", 500_000)
    for name, size in SHORTS.items():
        scene.deposit(name, "USDC", 20 * size)
    for trader in TRADERS:
        scene.deposit(trader.name, "USDC", trader.margin)
        buyer, maker = scene.account(trader.name), scene.account("maker")
        scene.trade(trader.market, buyer, maker, to_lots(trader.market, trader.size))
    for name, size in SHORTS.items():
        # The maker has sold and buys, and so is long of what the third is not.
        scene.trade(SHORTED, maker, scene.account(name), to_lots(SHORTED, size))
    scene.pledge("provider", CAPACITY)


def get_fallen(trader: Trader) -> int:
    """Return the price that makes a trader due."""
    return START_PRICES[trader.symbol] * (PPM - trader.fall) // PPM


def bid(scene: Scene, trader: Trader) -> None:
    """Have the maker bid for all that a trader holds, below the price."""
    lots = to_lots(trader.market, trader.size)
    for below in BIDS:
        price = scene.price_of(trader.market) * (PPM - below) // PPM
        scene.place("maker", trader.market, lots // len(BIDS), price, is_buy=True)


def make_jobs(scene: Scene) -> Sequence[Job[Any]]:
    """Return the keeper's jobs of a liquidation, in their order."""
    watch, made = scene.watch, scene.deployment
    traded = [listing.instrument for listing in BOOKS]
    owner = acc.get_owner(scene.keeper)
    return (
        Flag(watch),
        Reduce(watch, made.liquidator, traded, scene.keeper, owner),
        Liquidate(watch, made.liquidator, made.order_book),
        Sweep(watch),
    )


def measure(scene: Scene, bills: Sequence[Bill]) -> dict[str, int]:
    """Return the figures."""
    figures: dict[str, int] = {}
    for bill in bills:
        name = bill.trader.name
        health = ch.assess(scene.state, bill.account, scene.now)
        figures |= {f"{stage}, {name}": bill.closed[stage] for stage in STAGES}
        figures |= {f"cost {stage}, {name}": bill.cost[stage] for stage in STAGES}
        figures |= {
            f"equity before, {name}": bill.equity,
            f"notional before, {name}": bill.notional,
            f"equity, {name}": health.equity,
            f"margin, {name}": health.maintenance_margin,
            f"slices filled, {name}": bill.slices[True],
            f"slices not filled, {name}": bill.slices[False],
        }
    for name, size in SHORTS.items():
        lots = get_lots(scene.state, scene.account(name), SHORTED)
        figures[f"closed of the {name}, lots"] = to_lots(SHORTED, size) + lots
    figures["earned by the keeper"] = ch.get_held(scene.state, scene.keeper, USDC)
    figures["deficits"] = sum(bill.deficits for bill in bills)
    return figures


def tell(figures: Mapping[str, int]) -> list[str]:
    """Return the point in sentences."""
    first, second, third = (trader.name for trader in TRADERS)
    size = sum(to_lots(SHORTED, size) for size in SHORTS.values())
    closed = sum(figures[f"closed of the {name}, lots"] for name in SHORTS)
    sold, taken = figures[f"{BOOK}, {first}"], figures[f"{PROVIDERS}, {second}"]
    slices, tries = (
        figures[f"slices filled, {first}"],
        figures[f"slices not filled, {second}"],
    )
    return [
        f"Of the first account {usdc(sold)} USDC were sold on the book in {slices} "
        f"slices, for {usdc(figures[f'cost {BOOK}, {first}'])}; it keeps the rest.",
        f"The second one's book failed {tries} times; then a provider took over "
        f"{usdc(taken)}, for {usdc(figures[f'cost {PROVIDERS}, {second}'])}.",
        f"Of the third {usdc(figures[f'{OTHERS}, {third}'])} were closed against the "
        f"other side, {percent(closed, size, 4)} of each short, to the lot.",
        f"The keeper earned {usdc(figures['earned by the keeper'])} USDC; nobody else "
        f"paid for any of them: {usdc(figures['deficits'])} USDC of bad debt.",
    ]


def compare(figures: Mapping[str, int]) -> Table:
    """Return the three accounts side by side."""
    names = [trader.name for trader in TRADERS]
    lines = [
        ("position when it began", "notional before"),
        ("equity when it began", "equity before"),
        *((f"closed: {stage}", stage) for stage in STAGES),
        *((f"cost: {stage}", f"cost {stage}") for stage in STAGES),
        ("equity in the end", "equity"),
        ("maintenance margin in the end", "margin"),
    ]
    rows = [
        (said, *(usdc(figures[f"{what}, {name}"]) for name in names))
        for said, what in lines
    ]
    return Table("Three accounts, USDC", ("", *names), rows)


def share(figures: Mapping[str, int]) -> Table:
    """Return what the event has closed of each short."""
    rows = []
    for name, size in SHORTS.items():
        lots, closed = to_lots(SHORTED, size), figures[f"closed of the {name}, lots"]
        rows.append((name, f"{lots:,}", f"{closed:,}", percent(closed, lots, 4)))
    return Table("The other side, lots", ("", "had", "closed", "share"), rows)
