"""
The winner: a gain that nobody has touched, and that earns the lend rate.

What a position inside the tick set has gained counts as a lend and what its other side
has lost as a borrow, from the moment the price moves. So a winner earns without
realising, losers and borrowers pay for it, and what they pay is, to the wei, what
winners, lenders and reserve get. Beside it: an account that realises and lends the
proceeds, and one whose gains earn nothing, as on most venues.
"""

from random import Random
from typing import Final

from keeper.chain.interface import LocalChain
from keeper.prices import START_PRICES
from keeper.scenarios.measures import borrow_rate
from keeper.scenarios.outcome import Chart, Outcome, Table, usdc
from keeper.scenarios.scene import HOUR, Scene, to_lots, to_tokens
from keeper.scenarios.show import Progress
from keeper.scenarios.statement import (
    BORROWING,
    GAINS,
    INTEREST,
    LENDING,
    LOSSES,
    Statement,
    unrealised,
)
from specs.accounts import BACKSTOP_FUND, RESERVE
from specs.fixed_point import WAD

TITLE: Final = "An unrealised gain earns the lend rate"
BTC, PERP = 1, 0
COINS: Final = 5
DAYS: Final = 20
MARGIN: Final = 100_000
KINDS: Final = ("unrealised", "realised", "earning nothing")
"""
The winners. The last two have chosen to be realised; to one of them the keeper never
comes, and outside the tick set nothing accrues.
"""


def play(chain: LocalChain, progress: Progress, days: int = DAYS) -> Outcome:
    """Let three longs of one size win for so many days, at the cost of one short."""
    scene = Scene(chain, (*KINDS, "loser", "lender", "borrower"))
    scene.tick(HOUR)
    names = (*KINDS, "loser", "lender", "borrower")
    winners = [scene.account(name) for name in KINDS]
    others = [scene.account(name) for name in names[len(KINDS) :]]
    statements = scene.follow(*winners, *others, BACKSTOP_FUND, RESERVE)
    by_name = dict(zip((*names, "backstop fund", "reserve"), statements, strict=True))
    furnish(scene)

    prices = path(days * 24)
    times, lines = list[int](), {name: list[float]() for name in KINDS}
    for hour, price in enumerate(prices):
        progress(hour, len(prices))
        scene.tick(HOUR, {"BTC": price})
        scene.realise(PERP, by_name["realised"].account)
        times.append(scene.now)
        for name in KINDS:
            lines[name].append(by_name[name].interest / WAD)
    figures = measure(scene, by_name)
    return Outcome(
        title=TITLE,
        findings=tell(figures),
        tables=[compare(by_name), balance(by_name)],
        charts=[
            Chart("Interest so far, USDC", times, lines),
            Chart("BTC, USDC", times, {"price": [price / WAD for price in prices]}),
        ],
        checked=scene.checked,
        figures=figures,
    )


def furnish(scene: Scene) -> None:
    """Have everybody deposit, and trade at the same price."""
    scene.lift_guards()
    scene.deposit("lender", "USDC", 2_000_000)
    scene.deposit("borrower", "ETH", 1_500)
    scene.take("borrower", "borrow", "USDC", to_tokens("USDC", 1_500_000))
    for name in ("realised", "earning nothing"):
        scene.choose(name, auto_realize=True)
    for name in KINDS:
        scene.deposit(name, "USDC", MARGIN)
    scene.deposit("loser", "USDC", MARGIN * len(KINDS))
    for name in KINDS:
        winner, loser = scene.account(name), scene.account("loser")
        scene.trade(PERP, winner, loser, to_lots(PERP, COINS))


def path(hours: int, seed: int = 0) -> list[int]:
    """Return the price of each hour: 20 % up in the first day, then about as high."""
    random, price = Random(seed), START_PRICES["BTC"]
    found = []
    for hour in range(hours):
        drift = 7_700 if hour < 24 else 0
        price = price * (10**6 + drift + random.randint(-1_000, 1_000)) // 10**6
        found.append(price)
    return found


def measure(scene: Scene, by_name: dict[str, Statement]) -> dict[str, int]:
    """Return the figures."""
    everybody = by_name.values()
    return {
        **{f"interest, {name}": each.interest for name, each in by_name.items()},
        **{
            f"{kind}, all": sum(each.parts[kind] for each in everybody)
            for kind in INTEREST
        },
        "gain, unrealised": unrealised(scene.state, by_name["unrealised"].account),
        "on gains, unrealised": by_name["unrealised"].parts[GAINS],
        "on gains, realised": by_name["realised"].parts[GAINS],
        "interest, everybody, wei": sum(each.interest for each in everybody),
        "steps": sum(each.steps for each in everybody),
        "borrow rate, RAY": borrow_rate(scene.state),
    }


def tell(figures: dict[str, int]) -> list[str]:
    """Return the point in sentences."""
    margin = figures["interest, earning nothing"]
    return [
        f"A gain of {usdc(figures['gain, unrealised'])} USDC that was never realised "
        f"has earned {usdc(figures['on gains, unrealised'])}; realised and lent it "
        f"would have earned {usdc(figures['interest, realised'] - margin)}, and "
        "nothing where gains earn nothing.",
        "What losers and borrowers paid is what winners, lenders, backstop fund and "
        f"reserve got, but for {figures['interest, everybody, wei']} wei.",
    ]


def compare(by_name: dict[str, Statement]) -> Table:
    """Return the three winners side by side."""
    rows = [
        (kind, *(usdc(by_name[name].parts[kind]) for name in KINDS))
        for kind in (LENDING, GAINS)
    ]
    rows.append(("all", *(usdc(by_name[name].interest) for name in KINDS)))
    return Table("Interest of three longs of one size, USDC", ("", *KINDS), rows)


def balance(by_name: dict[str, Statement]) -> Table:
    """Return who paid and who got interest."""
    rows = [
        (
            name,
            usdc(each.parts[LOSSES] + each.parts[BORROWING], 6),
            usdc(each.parts[GAINS] + each.parts[LENDING], 6),
        )
        for name, each in by_name.items()
    ]
    paid = sum(e.parts[LOSSES] + e.parts[BORROWING] for e in by_name.values())
    got = sum(e.parts[GAINS] + e.parts[LENDING] for e in by_name.values())
    rows.append(("all", usdc(paid, 6), usdc(got, 6)))
    return Table("Interest paid and received, USDC", ("", "paid", "received"), rows)
