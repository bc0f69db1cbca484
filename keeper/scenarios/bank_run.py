"""
The bank run: lenders leave until not one USDC is in the vault.

A lender without debts may take what cash there is, as fast as the outflow window lets
all of them together; whoever owes may not, from the throttle's threshold on. As cash
runs out the borrow rate climbs to its maximum, which is what brings it back. Nothing
else needs cash: profits, losses and whole accounts change hands inside the ledger.
"""

from dataclasses import dataclass, field
from typing import Final

from keeper.chain.interface import LocalChain
from keeper.errors import Halt
from keeper.prices import START_PRICES
from keeper.scenarios.measures import borrow_rate, utilisation
from keeper.scenarios.outcome import Chart, Outcome, Table, percent, usdc
from keeper.scenarios.scene import DAY, HOUR, Scene, to_lots, to_tokens
from keeper.scenarios.show import Progress
from keeper.scenarios.statement import FLOWS, Statement
from specs import clearinghouse as ch
from specs.accounts import USDC
from specs.errors import InsufficientCash, OutflowTooLarge, UtilisationTooHigh
from specs.fixed_point import RAY, WAD
from specs.interest_rate import SECONDS_PER_YEAR

TITLE: Final = "A run on the USDC pool"
BTC, PERP = 1, 0
LENDERS: Final = ("first", "second", "third", "last")
STAKE: Final = 500_000
DEBT: Final = 1_200_000
GUARDS: Final = (USDC, 9_500, 8_000, 2_000, 3_000, 100_000 * WAD)
"""
Of the pool: most utilisation, the throttle's threshold and its share of the room left,
the share of what was held that may leave in a day; basis points, and whole tokens.
"""
MOST_DAYS: Final = 40
STEP: Final = 6 * HOUR


@dataclass
class Log:
    """What happened when, and the pool at the time."""

    rows: list[tuple[str, ...]] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    used: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)

    def add(self, scene: Scene, said: str) -> None:
        """Note something."""
        used, rate = utilisation(scene.state), borrow_rate(scene.state)
        days = (scene.now - self.times[0]) / DAY if self.times else 0.0
        cash = scene.state.assets[USDC].pool.cash
        yearly = rate * SECONDS_PER_YEAR
        self.sample(scene)
        self.rows.append(
            (f"{days:.2f}", said, usdc(cash), percent(used, WAD), percent(yearly, RAY))
        )

    def sample(self, scene: Scene) -> None:
        """Remember the pool for the plots."""
        self.times.append(scene.now)
        self.used.append(100 * utilisation(scene.state) / WAD)
        self.rates.append(100 * borrow_rate(scene.state) * SECONDS_PER_YEAR / RAY)


def play(chain: LocalChain, progress: Progress) -> Outcome:
    """Run the pool dry, live without cash, and let it recover."""
    names = (*LENDERS, "borrower", "winner", "gambler", "provider")
    scene, log, figures = Scene(chain, names), Log(), dict[str, int]()
    scene.tick(HOUR)
    lenders = scene.follow(*(scene.account(name) for name in LENDERS))
    furnish(scene)
    log.add(scene, "before")
    figures["rate before, RAY"] = borrow_rate(scene.state)

    run_dry(scene, log, figures, progress)
    live_without_cash(scene, log, figures)
    recover(scene, log, figures, lenders)
    for name, each in zip(LENDERS, lenders, strict=True):
        # What went out beyond what came in.
        figures[f"gain of the {name}"] = -each.parts[FLOWS]
    return Outcome(
        title=TITLE,
        findings=tell(figures),
        tables=[
            Table(
                "What happened",
                ("day", "", "cash", "utilisation", "borrow rate a year"),
                log.rows,
            ),
            balance(figures),
        ],
        charts=[
            Chart("Utilisation, %", log.times, {"USDC": log.used}),
            Chart("Borrow rate, % a year", log.times, {"USDC": log.rates}),
        ],
        checked=scene.checked,
        figures=figures,
    )


def furnish(scene: Scene) -> None:
    """Have everybody bring in what they have, and the borrower borrow."""
    scene.govern("set_guards", *GUARDS)
    for name in LENDERS:
        scene.deposit(name, "USDC", STAKE)
    scene.deposit("borrower", "ETH", 1_600)
    scene.deposit("winner", "BTC", 4)
    scene.deposit("gambler", "BTC", 1)
    scene.deposit("provider", "BTC", 20)
    for name in ("winner", "gambler"):
        scene.choose(name, auto_realize=True)
    scene.pledge("provider", 2_000_000)
    # As a lender who has brought in much, the vault's average is of yesterday.
    scene.take("borrower", "borrow", "USDC", to_tokens("USDC", 1))
    scene.tick(DAY)
    for _ in range(3):
        owed = ch.get_owed(scene.state, scene.account("borrower"), USDC, scene.now)
        asked = to_tokens("USDC", DEBT) - owed // 10**12
        allowed = scene.most("borrower", "borrow", "USDC", asked)
        if allowed:
            scene.take("borrower", "borrow", "USDC", allowed)
        scene.tick(DAY)
    lots = to_lots(PERP, 12)
    scene.trade(PERP, scene.account("gambler"), scene.account("winner"), lots)


def run_dry(
    scene: Scene, log: Log, figures: dict[str, int], progress: Progress
) -> None:
    """Have each lender but the last take out what it may, until there is no cash."""
    steps, taken = MOST_DAYS * DAY // STEP, 0
    for step in range(steps):
        progress(step, steps)
        throttle(scene, log, figures)
        for name in LENDERS:
            held = ch.get_held(scene.state, scene.account(name), USDC) // 10**12
            tokens = scene.most(name, "withdraw", "USDC", held)
            if tokens:
                scene.take(name, "withdraw", "USDC", tokens)
                taken += tokens * 10**12
            elif held and "windows" not in figures:
                refused = ask(scene, name, "withdraw", held)
                figures["windows"] = refused == OutflowTooLarge.reason
                log.add(scene, f"{name} lender is refused: {refused}")
        log.sample(scene)
        is_dry = scene.state.assets[USDC].pool.cash < 10**12
        if is_dry or step % (DAY // STEP) == 0:
            log.add(scene, f"lenders have taken {usdc(taken)} so far")
        if is_dry:
            return
        scene.tick(STEP)
    raise Halt("the pool did not run dry")


def throttle(scene: Scene, log: Log, figures: dict[str, int]) -> None:
    """Have the borrower ask for what a lender could take, until it is refused."""
    if "throttled" in figures:
        return
    cash = scene.state.assets[USDC].pool.cash // 10**12
    asked = scene.most(LENDERS[-1], "withdraw", "USDC", cash)
    allowed = scene.most("borrower", "borrow", "USDC", asked)
    if allowed == asked:
        return
    refused = ask(scene, "borrower", "borrow", asked)
    figures["throttled"] = refused == UtilisationTooHigh.reason
    figures["borrowable"], figures["asked"] = allowed * 10**12, asked * 10**12
    log.add(scene, f"borrower asks for {usdc(asked * 10**12)}, is refused: {refused}")


def ask(scene: Scene, name: str, method: str, tokens: int) -> str | None:
    """Return why somebody may not take so many tokens, if not."""
    to = scene.wallets[name].address
    return scene.refusal(name, method, scene.account(name), USDC, tokens, to)


def live_without_cash(scene: Scene, log: Log, figures: dict[str, int]) -> None:
    """Settle profit and loss, and liquidate, at a utilisation of 100 %."""
    figures["rate dry, RAY"] = borrow_rate(scene.state)
    figures["cash dry"] = scene.state.assets[USDC].pool.cash
    name = LENDERS[-1]
    account = scene.account(name)
    held = ch.get_held(scene.state, account, USDC) // 10**12
    refused = ask(scene, name, "withdraw", held)
    figures["refused for cash"] = refused == InsufficientCash.reason
    log.add(scene, f"last lender, who has {usdc(held * 10**12)}, is refused: {refused}")

    winner, gambler = scene.account("winner"), scene.account("gambler")
    price = START_PRICES["BTC"]
    scene.tick(HOUR, {"BTC": price * 97 // 100})
    before = ch.get_held(scene.state, winner, USDC)
    scene.realise(PERP, gambler, winner)
    figures["paid to the winner"] = ch.get_held(scene.state, winner, USDC) - before
    log.add(scene, f"winner is paid {usdc(figures['paid to the winner'])}")
    for share in (96, 95, 94, 93):
        scene.tick(59, {"BTC": price * share // 100})
        scene.wait(1)
        receipt = scene.liquidate(gambler)
        if receipt:
            figures["liquidated"] = receipt.event("Liquidation").arguments["taken"]
            figures["bad debt"] = sum(e.name == "BadDebt" for e in receipt.events)
            log.add(scene, f"gambler loses {usdc(figures['liquidated'])} of its long")
            break
    figures["cash while dry"] = scene.state.assets[USDC].pool.cash


def recover(
    scene: Scene, log: Log, figures: dict[str, int], lenders: list[Statement]
) -> None:
    """Have the borrower repay, for which it has reason, and the lenders take all."""
    scene.tick(10 * DAY)
    log.add(scene, "ten days later")
    borrower = scene.account("borrower")
    owed = ch.get_owed(scene.state, borrower, USDC, scene.now)
    tokens = owed // 10**12 + 1
    scene.mint("borrower", "USDC", tokens)
    scene.send("borrower", "repay", borrower, USDC, tokens)
    figures["interest paid"] = owed - DEBT * WAD
    log.add(scene, f"borrower repays {usdc(owed)}")
    figures["rate after, RAY"] = borrow_rate(scene.state)
    for _ in range(MOST_DAYS):
        for name in LENDERS:
            held = ch.get_held(scene.state, scene.account(name), USDC) // 10**12
            tokens = scene.most(name, "withdraw", "USDC", held)
            if tokens:
                scene.take(name, "withdraw", "USDC", tokens)
            if 0 < tokens == held:
                log.add(scene, f"{name} lender has taken everything")
        log.sample(scene)
        left = [ch.get_held(scene.state, each.account, USDC) for each in lenders]
        if max(left) < 10**12:
            break
        scene.tick(DAY)
    figures["left with the lenders"] = sum(left)


def tell(figures: dict[str, int]) -> list[str]:
    """Return the point in sentences."""
    before, dry = (
        percent(figures[f"rate {when}, RAY"] * SECONDS_PER_YEAR, RAY)
        for when in ("before", "dry")
    )
    return [
        f"The vault was emptied to {usdc(figures['cash dry'], 6)} USDC; the borrow "
        f"rate went from {before} to {dry} a year.",
        f"A borrower who asked for {usdc(figures['asked'])} was refused where a lender "
        f"was not; the throttle would have let {usdc(figures['borrowable'])} go.",
        f"Without cash {usdc(figures['paid to the winner'])} of profit were paid, and "
        f"{usdc(figures['liquidated'])} of a position were taken over, with no bad "
        "debt.",
        "Once the borrower had repaid every lender took everything out, with interest: "
        f"the last {usdc(figures['gain of the last'])} more than it brought.",
    ]


def balance(figures: dict[str, int]) -> Table:
    """Return what each lender made."""
    rows = [
        (name, usdc(STAKE * WAD), usdc(figures[f"gain of the {name}"]))
        for name in LENDERS
    ]
    return Table("The lenders", ("", "brought", "interest taken out"), rows)
