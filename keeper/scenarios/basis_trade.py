"""
The basis trade: own coins, lent, against a short perpetual of the same size.

Coin and short move against each other, so what is left is funding, interest on the
coins, and interest on what the short has gained or lost so far, on unrealised PnL,
without a lend or a borrow being opened. In one account the coins are the margin; the
same trade in two, with idle coins here and idle USDC there, earns funding alone and
binds more capital for less room.
"""

from random import Random
from typing import Final

from keeper.chain.interface import LocalChain
from keeper.prices import START_PRICES
from keeper.scenarios.measures import distance_up
from keeper.scenarios.outcome import Chart, Outcome, Table, percent, usdc, yearly
from keeper.scenarios.scene import HOUR, Scene, to_lots
from keeper.scenarios.show import Progress
from keeper.scenarios.statement import FLOWS, PARTS, Statement
from specs.fixed_point import WAD
from specs.quotes import SPOT
from specs.state import State

TITLE: Final = "The basis trade in one account, and in two"
DAYS: Final = 30
BTC, PERP = 1, 0
COINS: Final = 38
CAPITAL: Final = 1_000_000
"""Whole USDC: for the coins and what they cost to trade."""
MARGIN: Final = 250_000
"""Whole USDC more that the short needs where the coins are no margin."""

Series = dict[str, list[float]]


def play(chain: LocalChain, progress: Progress, days: int = DAYS) -> Outcome:
    """Hold both trades for so many days of hourly ticks, and close them."""
    names = ("trader", "siloed", "dealer", "lender", "miner", "borrower")
    scene = Scene(chain, names, accounts=2)
    scene.tick(HOUR)
    furnish(scene)
    unified, spot, perp = scene.follow(
        scene.account("trader"), scene.account("siloed"), scene.account("siloed", 1)
    )
    enter(scene, unified, spot, perp)
    distances = [
        distance_up(scene.state, each.account, BTC, scene.now)
        for each in (unified, perp)
    ]
    began, times, series = scene.now, list[int](), Series()
    for hour, (price, premium) in enumerate(path(days * 24)):
        progress(hour, days * 24)
        scene.tick(HOUR, {"BTC": price}, premium)
        scene.realise(PERP, perp.account)
        times.append(scene.now)
        note(series, scene.state, unified, spot, perp)
    leave(scene, unified, spot, perp)
    seconds = scene.now - began
    figures = measure(unified, spot, perp) | {
        "seconds": seconds,
        "distance, unified, ppm": distances[0],
        "distance, siloed, ppm": distances[1],
    }
    capitals = CAPITAL * WAD, (CAPITAL + MARGIN) * WAD
    return Outcome(
        title=TITLE,
        findings=tell(figures, capitals, days),
        tables=[
            split(unified, (spot, perp), capitals, seconds),
            compare(unified, (spot, perp), capitals, distances),
        ],
        charts=[
            Chart("Income so far, USDC", times, series),
            Chart("BTC, USDC", times, {"slow price": series.pop("price")}),
        ],
        checked=scene.checked,
        figures=figures,
    )


def furnish(scene: Scene) -> None:
    """Have others lend and borrow, so that pools earn, and somebody take the long."""
    scene.lift_guards()
    scene.deposit("lender", "USDC", 3_000_000)
    scene.deposit("miner", "BTC", 150)
    scene.deposit("dealer", "BTC", 200)
    scene.deposit("dealer", "USDC", 500_000)
    scene.deposit("borrower", "ETH", 4_000)
    scene.take("borrower", "borrow", "USDC", 2_600_000 * 10**6)
    scene.take("borrower", "borrow", "BTC", 90 * 10**8)


def enter(scene: Scene, unified: Statement, spot: Statement, perp: Statement) -> None:
    """Bring the money in, buy the coins and sell as many perpetuals."""
    scene.choose("siloed", 0, auto_lend=False)
    scene.choose("siloed", 1, auto_lend=False, auto_realize=True)
    scene.deposit("trader", "USDC", CAPITAL)
    scene.deposit("siloed", "USDC", CAPITAL)
    scene.deposit("siloed", "USDC", MARGIN, 1)
    dealer = scene.account("dealer")
    for buyer, seller in ((unified, unified), (spot, perp)):
        scene.trade(SPOT + BTC, buyer.account, dealer, COINS * WAD)
        scene.trade(PERP, dealer, seller.account, to_lots(PERP, COINS))


def leave(scene: Scene, unified: Statement, spot: Statement, perp: Statement) -> None:
    """Close everything, so that what is left is USDC."""
    dealer = scene.account("dealer")
    for owner, short in ((unified, unified), (spot, perp)):
        scene.trade(PERP, short.account, dealer, to_lots(PERP, COINS))
        scene.trade(SPOT + BTC, dealer, owner.account, COINS * WAD)


def path(hours: int, seed: int = 0) -> list[tuple[int, int]]:
    """Return a price and a premium (ppm) for each hour: a rise, then a deeper fall."""
    random = Random(seed)
    price, found = START_PRICES["BTC"], []
    for hour in range(hours):
        drift = 500 if hour < hours // 3 else -500
        price = price * (10**6 + drift + random.randint(-5_000, 5_000)) // 10**6
        # The last mids are at the index again, so that the short closes at no premium.
        found.append((price, random.randint(300, 900) if hour < hours - 2 else 0))
    return found


def note(
    series: Series, state: State, unified: Statement, spot: Statement, perp: Statement
) -> None:
    """Remember what the plots show of an hour."""
    price = state.assets[BTC].quote.slow
    incomes = {
        "one account": unified.income,
        "two accounts": spot.income + perp.income,
        "price": price,
    }
    for name, value in incomes.items():
        series.setdefault(name, []).append(value / WAD)


def measure(unified: Statement, spot: Statement, perp: Statement) -> dict[str, int]:
    """Return the figures."""
    siloed = {part: spot.parts[part] + perp.parts[part] for part in PARTS}
    return {
        **{f"{part}, unified": unified.parts[part] for part in PARTS},
        **{f"{part}, siloed": siloed[part] for part in PARTS},
        "income, unified": unified.income,
        "income, siloed": spot.income + perp.income,
        "rest, unified": unified.rest,
        "rest, siloed": spot.rest + perp.rest,
        "steps, unified": unified.steps,
    }


def tell(figures: dict[str, int], capitals: tuple[int, int], days: int) -> list[str]:
    """Return the point in sentences."""
    one, two = figures["income, unified"], figures["income, siloed"]
    seconds = figures["seconds"]
    return [
        f"In {days} days one account made {usdc(one)} USDC on {usdc(capitals[0], 0)}, "
        f"{yearly(one, capitals[0], seconds)} a year; two accounts made {usdc(two)} on "
        f"{usdc(capitals[1], 0)}, {yearly(two, capitals[1], seconds)} a year.",
        f"The parts add up to the change of equity but for "
        f"{figures['rest, unified']} wei in {figures['steps, unified']} steps.",
    ]


def split(
    unified: Statement,
    siloed: tuple[Statement, Statement],
    capitals: tuple[int, int],
    seconds: int,
) -> Table:
    """Return the yields, part by part."""
    rows = []
    for part in PARTS:
        if part == FLOWS:
            continue
        one, two = unified.parts[part], sum(each.parts[part] for each in siloed)
        rows.append(
            (
                part,
                usdc(one),
                yearly(one, capitals[0], seconds),
                usdc(two),
                yearly(two, capitals[1], seconds),
            )
        )
    one, two = unified.income, sum(each.income for each in siloed)
    total = yearly(one, capitals[0], seconds), yearly(two, capitals[1], seconds)
    rows.append(("all", usdc(one), total[0], usdc(two), total[1]))
    head = ("", "one account", "a year", "two accounts", "a year")
    return Table("Where it came from, USDC", head, rows)


def compare(
    unified: Statement,
    siloed: tuple[Statement, Statement],
    capitals: tuple[int, int],
    distances: list[int],
) -> Table:
    """Return both trades side by side."""
    ends = [
        unified.income + unified.parts[FLOWS],
        sum(each.income + each.parts[FLOWS] for each in siloed),
    ]
    rows = [
        ("capital", *(usdc(capital) for capital in capitals)),
        ("equity at the end", *(usdc(end) for end in ends)),
        (
            "BTC may rise before liquidation",
            *(percent(distance, 10**6, 1) for distance in distances),
        ),
    ]
    return Table("Side by side", ("", "one account", "two accounts"), rows)
