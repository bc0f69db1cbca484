"""
What happens away from the order book, and what of it is measured.

Every measured action is one that its account has done before, in an earlier block: its
slots are cold, and not zero before or after. Interest accrues in each of them, since
somebody owes. Figures for one more of something are differences.
"""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Final

from keeper.bench.cost import Cost
from keeper.bench.scene import Scene
from keeper.chain.interface import Receipt
from keeper.parameters import ASSETS, MARKETS, AssetListing
from keeper.replay.wallets import Wallet
from specs import grid
from specs.fixed_point import WAD
from specs.quotes import SPOT
from specs.virtual_pnl import PRICE_UNIT

Gas = dict[str, Cost]

BTC_PERP: Final = 0
COIN: Final = 100_000  # lots of the BTC market in 1 BTC

CROWD: Final = 100
FEW: Final = 20

MORE: Final[Sequence[AssetListing]] = tuple(
    replace(ASSETS[-1], number=number, symbol=f"T{number}", name=f"Token {number}")
    for number in range(len(ASSETS), len(ASSETS) + 4)
)
"""Assets that are listed in the course of the story."""

NUDGE: Final = 1.0001
"""Moves each cursor and crosses no tick that has a size."""

WAY: Final = 18
"""Entry ticks, one after the other, that are crossed."""

# Whole USDC: a victim has `MARGIN` and loses `LOSS`. Its equity then is between a
# quarter and a half of its maintenance margin: below half the backstop opens, and above
# a quarter it does not take all.
SIZE: Final = 3
MARGIN: Final = 3_000
LOSS: Final = 2_790


def open_pools(scene: Scene) -> None:
    """Have others lend and owe in every pool."""
    scene.enter("whale", USDC=5_000_000, BTC=100, ETH=2_000, SOL=50_000, USDT=500_000)
    debtor = scene.enter("debtor", USDC=500_000, BTC=50)
    scene.refresh()
    for symbol, whole in (("USDC", 900_000), ("ETH", 20), ("SOL", 200)):
        scene.borrow(debtor, symbol, whole)
    scene.refresh()


def publish(scene: Scene) -> Gas:
    """Measure reports of the assets that are listed at first, with other prices."""
    for _ in range(2):
        scene.shift(NUDGE)
        last = scene.publish()
    return {"publish": gas_of(last)}


def lend(scene: Scene) -> Gas:
    """Measure what somebody does who only lends, and a transfer of the token."""
    lender = scene.enter("lender", USDC=10_000)
    scene.withdraw(lender, "USDC", 1_000)
    whale = Wallet("whale").address
    token = scene.send(lender, "token:USDC", "transfer", whale, 10**9)
    return {
        "token_transfer": gas_of(token),
        "deposit": gas_of(scene.deposit(lender, "USDC", 1_000)),
        "withdraw": gas_of(scene.withdraw(lender, "USDC", 1_000)),
    }


def borrow(scene: Scene) -> Gas:
    """Measure debts against one collateral and three, and with more assets listed."""
    one = scene.enter("debtor of one", BTC=2)
    three = scene.enter("debtor of three", BTC=2, ETH=20, SOL=500)
    scene.mint(one, "USDC", 1_000)
    scene.mint(three, "USDC", 1_000)
    for wallet in (one, three):
        scene.refresh()
        scene.borrow(wallet, "USDC", 1_000)
    scene.refresh()
    gas = {"borrow_1": gas_of(scene.borrow(one, "USDC", 1_000))}
    gas["borrow_3"] = gas_of(scene.borrow(three, "USDC", 1_000))
    gas["repay"] = repay(scene, one, "USDC", 500)
    gas["health_per_asset"] = (gas["borrow_3"] - gas["borrow_1"]) // 2
    for listing in MORE:
        scene.list_asset(listing)
    scene.refresh()
    again = gas_of(scene.borrow(one, "USDC", 1_000))
    gas["health_per_listed"] = (again - gas["borrow_1"]) // len(MORE)
    return gas


def trade(scene: Scene) -> Gas:
    """Measure fills of quotes; the margin of the perpetual's parties is USDC alone."""
    maker = scene.enter("maker", USDC=200_000)
    taker = scene.enter("taker", USDC=100_000)
    outsiders = [scene.enter(f"outsider {n}", USDC=100_000) for n in range(2)]
    for outsider in outsiders:
        scene.leave_ticks(outsider)
    buyer = scene.enter("buyer", USDC=10_000)
    seller = scene.enter("seller", USDC=10_000, BTC=1)
    gas = {}
    for place, parties in (("out", outsiders), ("in", (maker, taker))):
        scene.refresh()
        scene.cross(BTC_PERP, COIN, *parties)
        scene.refresh()
        gas[f"fill_{place}"] = gas_of(scene.cross(BTC_PERP, COIN, *parties))
        again = scene.cross(BTC_PERP, -COIN, *parties)
        gas[f"fill_reduce_{place}"] = gas_of(again)
    gas["touch"] = (gas["fill_in"] - gas["fill_out"]) // 2
    scene.refresh()
    gas["fill_take"] = gas_of(scene.take(BTC_PERP, COIN, *outsiders))
    scene.cross(SPOT + 1, WAD // 10, buyer, seller)
    scene.refresh()
    gas["fill_spot"] = gas_of(scene.cross(SPOT + 1, WAD // 10, buyer, seller))
    return gas


def hold_markets(scene: Scene) -> Gas:
    """Measure withdrawals with positions in one market and in all."""
    maker = Wallet("maker")
    holder = scene.enter("holder", USDC=50_000)
    scene.refresh()
    scene.cross(BTC_PERP, COIN // 10, maker, holder)
    scene.refresh()
    first = gas_of(scene.withdraw(holder, "USDC", 100))
    for market in MARKETS[1:]:
        scene.refresh()
        scene.cross(market.number, 10_000, maker, holder)
    scene.refresh()
    last = gas_of(scene.withdraw(holder, "USDC", 100))
    return {"health_per_market": (last - first) // (len(MARKETS) - 1)}


def settle_outside(scene: Scene) -> Gas:
    """Measure realisation for a crowd outside the tick set, after prices moved."""
    crowd = gather(scene, "crowd outside", is_inside=False)
    return {"realise_out": realise_further(scene, crowd)}


def settle_inside(scene: Scene) -> Gas:
    """Measure the same for a crowd inside."""
    crowd = gather(scene, "crowd inside", is_inside=True)
    return {"realise_in": realise_further(scene, crowd)}


def gather(scene: Scene, name: str, is_inside: bool) -> Wallet:
    """Return the owner of many accounts that hold USDC and a position."""
    owner = scene.join(Wallet(name))
    scene.mint(owner, "USDC", 2_000 * CROWD)
    for number in range(CROWD):
        scene.deposit(owner, "USDC", 1_000, number)
        if not is_inside:
            scene.leave_ticks(owner, number)
    for number in range(0, CROWD, 2):
        scene.refresh()
        pair = (number, number + 1)
        scene.cross(BTC_PERP, COIN // 10, owner, owner, pair)
    return owner


def realise_further(scene: Scene, owner: Wallet) -> Cost:
    """Return the gas of one account more in a batch that its owner sends."""
    realise(scene, owner, CROWD, 1.002)
    few = gas_of(realise(scene, owner, FEW, 1.002))
    all_of_them = gas_of(realise(scene, owner, CROWD, 1.002))
    return (all_of_them - few) // (CROWD - FEW)


def realise(scene: Scene, owner: Wallet, count: int, factor: float) -> Receipt:
    """Move prices up, and realise for the first accounts of an owner."""
    scene.move_prices(factor)
    # Losers before winners: one after the other they would take the fund back to where
    # it was, which refunds what writing it costs.
    numbers = sorted(range(count), key=lambda number: number % 2 == 0)
    batch = [owner.account(number) for number in numbers]
    receipt = scene.send(owner, "clearinghouse", "realise", BTC_PERP, batch)
    settled = sum(event.name == "Realise" for event in receipt.events)
    require(settled == count, f"{settled} of {count} accounts settled")
    return receipt


def keep_time(scene: Scene) -> Gas:
    """Measure ticks in which each cursor moves, and crosses nothing."""
    count = len(MARKETS)
    numbers = [market.number for market in MARKETS]
    assets = [market.underlying for market in MARKETS]
    # Away from the ticks at which everybody has just been realised.
    scene.move_prices(1.0005)
    scene.shift(NUDGE)
    scene.publish()
    one = scene.tick(assets[:1], numbers[:1])
    require(crossings_of(one) == [0], "the first market's cursor crossed ticks")
    scene.refresh()
    scene.shift(NUDGE)
    scene.publish()
    all_of_them = scene.tick(assets, numbers)
    require(crossings_of(all_of_them) == [0] * count, "a cursor crossed ticks")
    further = (gas_of(all_of_them) - gas_of(one)) // (count - 1)
    return {"tick": gas_of(one), "tick_per_market": further}


def crossings_of(receipt: Receipt) -> list[int]:
    """Return how many ticks each cursor that moved has crossed."""
    moved = [event for event in receipt.events if event.name == "CursorMoved"]
    return [event.arguments["crossed"] for event in moved]


def cross_ticks(scene: Scene) -> Gas:
    """Measure ticks that cross few entry ticks and many, all crossed before."""
    maker, taker = Wallet("maker"), Wallet("taker")
    owner = scene.join(Wallet("way"))
    scene.mint(owner, "USDC", 2_000 * WAY)
    scene.refresh()
    mark = grid.tick_up(scene.price_of(BTC_PERP) // PRICE_UNIT)
    for number in range(WAY):
        scene.deposit(owner, "USDC", 1_000, number)
        scene.refresh()
        price = grid.get_price(mark + 4 + number) * PRICE_UNIT
        party = maker if number % 2 == 0 else taker
        scene.cross(BTC_PERP, COIN // 100, party, owner, (0, number), price)
    scene.move_prices(1.03)
    scene.move_prices(1 / 1.03)
    low = crossing(scene, 1.008)
    high = crossing(scene, 1.022)
    more = crossings_of(high)[0] - crossings_of(low)[0]
    require(more >= WAY // 3, f"only {more} ticks more were crossed")
    return {"tick_per_crossing": (gas_of(high) - gas_of(low)) // more}


def crossing(scene: Scene, factor: float) -> Receipt:
    """Move prices and return the tick of the first market."""
    scene.shift(factor)
    scene.publish()
    return scene.tick([MARKETS[BTC_PERP].underlying], [BTC_PERP])


def liquidate(scene: Scene) -> Gas:
    """Measure takeovers by a provider who has taken over before."""
    provider = scene.enter("provider", USDC=500_000)
    scene.send(provider, "clearinghouse", "bind", provider.account())
    pledged = (provider.account(), 10**6 * WAD, 10**7 * WAD, 10**7 * WAD, 10**6 * WAD)
    scene.send(provider, "liquidator", "pledge", *pledged)
    victims = [scene.enter(f"victim {n}", USDC=MARGIN) for n in range(4)]
    for victim in victims[:2]:
        scene.leave_ticks(victim)
    for victim in victims:
        scene.refresh()
        scene.cross(BTC_PERP, -SIZE * COIN, Wallet("maker"), victim)
    scene.leave_ticks(provider)
    scene.move_prices(1 - LOSS * WAD / (SIZE * scene.price_of(BTC_PERP)))
    gas = {"liquidate_out": take_over(scene, victims[:2])}
    scene.enter_ticks(provider)
    return gas | {"liquidate_in": take_over(scene, victims[2:])}


def take_over(scene: Scene, victims: Sequence[Wallet]) -> Cost:
    """Return the gas of the last of these takeovers, each of a part."""
    scene.refresh()
    for victim in victims:
        last = scene.send(scene.relay, "liquidator", "liquidate", victim.account())
        terms = last.event("TakeoverOpened").arguments
        due, exposure = terms["due"], terms["exposure"]
        require(0 < due < exposure, f"{due} of {exposure} are to be taken over")
    return gas_of(last)


def hold_assets(scene: Scene) -> Gas:
    """Measure what accounts do that hold none, few, or as many assets as one may."""
    for listing in MORE:
        scene.price(listing.symbol, 1)
    few = {"BTC": 2}
    some = {"BTC": 2, "ETH": 20, "SOL": 500}
    many = some | {"USDT": 1_000} | {listing.symbol: 1_000 for listing in MORE}
    gas = {}
    lender = Wallet("lender")
    known: dict[str, int] = {}
    for held in (few, some, many):
        count = len(held)
        more = {name: whole for name, whole in held.items() if name not in known}
        scene.add(lender, **more)
        known |= more
        scene.withdraw(lender, "USDC", 1_000)
        gas[f"deposit_{count}"] = gas_of(scene.deposit(lender, "USDC", 1_000))
        gas[f"withdraw_{count}"] = gas_of(scene.withdraw(lender, "USDC", 1_000))
    for name in ("deposit", "withdraw"):
        further = gas[f"{name}_8"] - gas[f"{name}_1"]
        gas[f"{name}_per_asset"] = further // 7
    three = Wallet("debtor of three")
    gas["repay_3"] = repay(scene, three, "USDC", 500)
    eight = scene.enter("debtor of eight", **many)
    scene.mint(eight, "USDC", 1_000)
    gas |= owe(scene, eight, "USDC", 1_000, 8)
    gas["repay_per_asset"] = (gas["repay_8"] - gas["repay_3"]) // 5
    none = scene.enter("debtor of none", USDC=20_000)
    scene.mint(none, "ETH", 2)
    return gas | owe(scene, none, "ETH", 2, 0)


def owe(scene: Scene, wallet: Wallet, symbol: str, whole: int, count: int) -> Gas:
    """Borrow twice and repay a part; ``count`` other assets are held."""
    scene.refresh()
    scene.borrow(wallet, symbol, whole)
    scene.refresh()
    return {
        f"borrow_{count}": gas_of(scene.borrow(wallet, symbol, whole)),
        f"repay_{count}": repay(scene, wallet, symbol, whole // 2),
    }


def repay(scene: Scene, wallet: Wallet, symbol: str, whole: int) -> Cost:
    """Return the gas of repaying a part of a debt."""
    return gas_of(scene.repay(wallet, symbol, whole))


def gas_of(receipt: Receipt) -> Cost:
    """Return the gas that a receipt says."""
    require(receipt.gas_used is not None, "the node counts no gas")
    return Cost(receipt.gas_used or 0, {receipt.hash or "": Fraction(1)})


def require(holds: bool, what: str) -> None:
    """Raise `RuntimeError` if the story did not go as it was meant to."""
    if not holds:
        raise RuntimeError(f"the story of the measurement went wrong: {what}")
