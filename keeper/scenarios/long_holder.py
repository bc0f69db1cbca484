"""
The long-term holder: coins as margin, a long at a loss, and no coin sold.

A realised loss is a payment like any other: it borrows USDC against the coins at the
pool's rate. A venue that pays losses by selling collateral sells at the bottom, and
what it sold is not there when the price comes back; here the gains of the way back
repay the loan, and what the fall has cost is interest.
"""

from typing import Final

from keeper.chain.interface import LocalChain
from keeper.prices import START_PRICES
from keeper.scenarios.outcome import Chart, Outcome, Table, usdc
from keeper.scenarios.scene import HOUR, Scene, to_lots, to_tokens
from keeper.scenarios.show import Progress
from keeper.scenarios.statement import (
    BORROWING,
    FEES,
    FUNDING,
    LENDING,
    PARTS,
    Statement,
    unrealised,
)
from specs import clearinghouse as ch
from specs.accounts import USDC
from specs.fixed_point import WAD
from specs.quotes import SPOT
from specs.state import State

TITLE: Final = "A loss is borrowed, not sold"
BTC, PERP = 1, 0
COINS: Final = 10
DEPTH: Final = 20
"""Percent that the price falls, in a quarter of the time, and comes back."""
DAYS: Final = 20


def play(chain: LocalChain, progress: Progress, days: int = DAYS) -> Outcome:
    """Fall, wait, and recover, with the keeper realising every hour."""
    scene = Scene(chain, ("holder", "dealer", "lender", "borrower"))
    scene.tick(HOUR)
    furnish(scene)
    (holder,) = scene.follow(scene.account("holder"))
    scene.choose("holder", auto_realize=True)
    scene.deposit("holder", "BTC", COINS)
    scene.trade(PERP, holder.account, scene.account("dealer"), to_lots(PERP, COINS))

    seller = Seller(COINS * WAD, START_PRICES["BTC"])
    times, owes = list[int](), list[float]()
    coins = {"here": list[float](), "where losses sell coins": list[float]()}
    most = 0
    prices = path(days * 24)
    for hour, price in enumerate(prices):
        progress(hour, len(prices))
        scene.tick(HOUR, {"BTC": price})
        scene.realise(PERP, holder.account)
        seller.settle(price, holder.parts[FUNDING] + holder.parts[FEES])
        owed = ch.get_owed(scene.state, holder.account, USDC, scene.now)
        most = max(most, owed)
        times.append(scene.now)
        owes.append(owed / WAD)
        held = ch.get_held(scene.state, holder.account, BTC)
        coins["here"].append(held / WAD)
        coins["where losses sell coins"].append(seller.coins / WAD)
    figures = close(scene, holder) | {
        "owed at most": most,
        "sold elsewhere, WAD BTC": COINS * WAD - seller.coins,
        "worth elsewhere": seller.worth(prices[-1]),
    }
    return Outcome(
        title=TITLE,
        findings=tell(figures),
        tables=[split(holder), compare(figures, prices[-1])],
        charts=[
            Chart("USDC owed", times, {"by the holder": owes}),
            Chart("BTC held", times, coins),
        ],
        checked=scene.checked,
        figures=figures,
    )


class Seller:
    """The same account on a venue that pays losses by selling coins."""

    def __init__(self, coins: int, price: int) -> None:
        """Begin with so many coins and a long of as many, at this price."""
        self.coins, self.usdc = coins, 0
        self._size, self._price, self._paid = coins, price, 0

    def settle(self, price: int, paid: int) -> None:
        """
        Receive the gain since the last time, or sell what the loss takes; ``paid`` is
        all funding and fees so far, the same as here.
        """
        self.usdc += self._size * (price - self._price) // WAD + paid - self._paid
        self._price, self._paid = price, paid
        if self.usdc < 0:
            self.coins += self.usdc * WAD // price
            self.usdc = 0

    def worth(self, price: int) -> int:
        """Return what the account is worth, WAD USDC."""
        return self.coins * price // WAD + self.usdc


def furnish(scene: Scene) -> None:
    """Have somebody lend USDC, somebody borrow it, and somebody sell perpetuals."""
    scene.lift_guards()
    scene.deposit("lender", "USDC", 2_000_000)
    scene.deposit("dealer", "USDC", 500_000)
    scene.deposit("borrower", "ETH", 1_500)
    scene.take("borrower", "borrow", "USDC", to_tokens("USDC", 1_500_000))


def path(hours: int) -> list[int]:
    """Return the price of each hour: down in a quarter, low for a half, and back."""
    start, quarter = START_PRICES["BTC"], hours // 4
    found = []
    for hour in range(1, hours + 1):
        fallen = min(hour, quarter, hours - hour)
        found.append(start - start * DEPTH * fallen // (100 * quarter))
    return found


def close(scene: Scene, holder: Statement) -> dict[str, int]:
    """Sell the long, take every coin out, and return what is to be said of it."""
    state: State = scene.state
    still = unrealised(state, holder.account)
    dealer = scene.account("dealer")
    scene.trade(PERP, dealer, holder.account, to_lots(PERP, COINS))
    owed = ch.get_owed(scene.state, holder.account, USDC, scene.now)
    before = ch.get_held(scene.state, holder.account, BTC)
    worth = before * scene.price_of(SPOT + BTC) // WAD - owed
    # The fee and the interest are owed; the holder pays them and goes.
    tokens = -(-owed // 10**12)
    scene.mint("holder", "USDC", tokens)
    scene.send("holder", "repay", holder.account, USDC, tokens)
    scene.take("holder", "withdraw", "BTC", to_tokens("BTC", COINS))
    return {
        "BTC at the end, WAD": before,
        "worth here": worth,
        "interest": holder.parts[BORROWING] + holder.parts[LENDING],
        "unrealised at the end": still,
        "rest, wei": holder.rest,
        "left, WAD BTC": ch.get_held(scene.state, holder.account, BTC),
    }


def tell(figures: dict[str, int]) -> list[str]:
    """Return the point in sentences."""
    return [
        f"Of {COINS} BTC all are left, to the wei: {figures['BTC at the end, WAD']}; "
        f"at the bottom {usdc(figures['owed at most'])} USDC were owed.",
        f"The fall and the way back have cost {usdc(-figures['interest'])} USDC of "
        "interest, fees apart.",
        "A venue that sells coins to pay losses would have sold "
        f"{figures['sold elsewhere, WAD BTC'] / WAD:.4f} BTC.",
    ]


def split(holder: Statement) -> Table:
    """Return the holder's income, part by part."""
    rows = [(part, usdc(holder.parts[part])) for part in PARTS if holder.parts[part]]
    return Table("The holder's statement", ("", "USDC"), rows)


def compare(figures: dict[str, int], price: int) -> Table:
    """Return the end beside that on a venue that sells."""
    sold = COINS * WAD - figures["sold elsewhere, WAD BTC"]
    rows = [
        ("BTC", f"{figures['BTC at the end, WAD'] / WAD:.4f}", f"{sold / WAD:.4f}"),
        ("worth", usdc(figures["worth here"]), usdc(figures["worth elsewhere"])),
    ]
    title = f"At the end, BTC at {usdc(price)}"
    return Table(title, ("", "here", "where losses sell coins"), rows)
