"""
What happens, and what of it is measured.

Every measured action is one that its account has done before, in an earlier block: its
slots are cold, and not zero before or after. Interest accrues in each of them, since
somebody owes. Figures for one more of something are differences.
"""

from collections.abc import Callable
from typing import Final

from keeper.bench.scene import Scene
from keeper.chain.interface import Receipt
from keeper.deployment import asset_arguments
from keeper.parameters import ASSETS, MARKETS
from keeper.replay.wallets import Wallet
from specs.accounts import TRADE, USDC
from specs.backstop import PARTS
from specs.fixed_point import WAD
from specs.quotes import SPOT

Gas = dict[str, int]

BTC_PERP: Final = 0
COIN: Final = 100_000  # lots of the BTC market in 1 BTC

CROWD: Final = 100
FEW: Final = 20
LISTED: Final = 4

# To where the victim's equity is between a quarter and a half of its maintenance
# margin: below half the backstop opens, and above a quarter it does not take all.
FALL: Final = 0.9685


def tell(scene: Scene, done: Callable[[str], object]) -> Gas:
    """Return the gas of every operation; `done` is told what is measured."""
    gas: Gas = {}
    open_pools(scene)
    for chapter in (lend, borrow, trade, hold_markets, settle, keep_time, liquidate):
        found = chapter(scene)
        done(", ".join(found))
        gas |= found
    return gas


def open_pools(scene: Scene) -> None:
    """Have others lend and owe in every pool."""
    scene.enter("whale", USDC=5_000_000, BTC=100, ETH=2_000, SOL=50_000, USDT=500_000)
    debtor = scene.enter("debtor", USDC=500_000, BTC=50)
    scene.refresh()
    for symbol, whole in (("USDC", 900_000), ("ETH", 20), ("SOL", 200)):
        scene.borrow(debtor, symbol, whole)
    scene.refresh()


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
    repaid = (one.account(), USDC, 500 * 10**6)
    gas["repay"] = gas_of(scene.send(one, "clearinghouse", "repay", *repaid))
    gas["health_per_asset"] = (gas["borrow_3"] - gas["borrow_1"]) // 2
    list_more(scene)
    scene.refresh()
    again = gas_of(scene.borrow(one, "USDC", 1_000))
    gas["health_per_listed"] = (again - gas["borrow_1"]) // LISTED
    return gas


def list_more(scene: Scene) -> None:
    """List assets of which nobody here holds anything."""
    like = ASSETS[-1]
    words = asset_arguments(scene.deployment, like)[2:]
    governor = scene.governor
    for number in range(len(ASSETS), len(ASSETS) + LISTED):
        named = (f"Unheld {number}", f"UNHELD{number}", like.decimals)
        token = scene.chain.deploy(governor.address, "MockToken", *named)
        listing = (number, token.address, *words)
        scene.send(governor, "clearinghouse", "list_asset", *listing)


def trade(scene: Scene) -> Gas:
    """Measure fills of quotes; the margin of the perpetual's parties is USDC alone."""
    maker = scene.enter("maker", USDC=200_000)
    taker = scene.enter("taker", USDC=100_000)
    buyer = scene.enter("buyer", USDC=10_000)
    seller = scene.enter("seller", USDC=10_000, BTC=1)
    scene.refresh()
    scene.cross(BTC_PERP, COIN, maker, taker)
    scene.cross(SPOT + 1, WAD // 10, buyer, seller)
    scene.refresh()
    gas = {"fill_out": gas_of(scene.cross(BTC_PERP, COIN, maker, taker))}
    gas["fill_take"] = gas_of(scene.take(BTC_PERP, COIN, maker, taker))
    scene.refresh()
    gas["fill_spot"] = gas_of(scene.cross(SPOT + 1, WAD // 10, buyer, seller))
    gas["fill_reduce"] = gas_of(scene.cross(BTC_PERP, -COIN, maker, taker))
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
        scene.cross(market.number, 10_000, maker, holder)
    scene.refresh()
    last = gas_of(scene.withdraw(holder, "USDC", 100))
    return {"health_per_market": (last - first) // (len(MARKETS) - 1)}


def settle(scene: Scene) -> Gas:
    """Measure realisation for a crowd, after prices have moved twice."""
    owner = scene.join(Wallet("crowd"))
    scene.mint(owner, "USDC", 2_000 * CROWD)
    for number in range(CROWD):
        scene.deposit(owner, "USDC", 1_000, number)
    for number in range(0, CROWD, 2):
        if number % 8 == 0:
            scene.refresh()
        pair = (number, number + 1)
        scene.cross(BTC_PERP, COIN // 10, owner, owner, pair)
    realise(scene, owner, CROWD, 1.002)
    few = gas_of(realise(scene, owner, FEW, 1.002))
    all_of_them = gas_of(realise(scene, owner, CROWD, 1.002))
    return {"realise_out": (all_of_them - few) // (CROWD - FEW)}


def realise(scene: Scene, owner: Wallet, count: int, factor: float) -> Receipt:
    """Move prices up, and realise for the first accounts of an owner."""
    scene.move_prices(factor)
    # Losers before winners: one after the other they would take the fund back to where
    # it was, which refunds what writing it costs.
    numbers = sorted(range(count), key=lambda number: number % 2 == 0)
    batch = [owner.account(number) for number in numbers]
    receipt = scene.send(scene.relay, "clearinghouse", "realise", BTC_PERP, batch)
    settled = sum(event.name == "Realise" for event in receipt.events)
    require(settled == count, f"{settled} of {count} accounts settled")
    return receipt


def keep_time(scene: Scene) -> Gas:
    """Measure the keeper's own calls."""
    count = len(MARKETS)
    numbers = [market.number for market in MARKETS]
    assets = [market.underlying for market in MARKETS]
    gas = {"publish": gas_of(scene.publish())}
    one = gas_of(scene.tick(assets[:1], numbers[:1]))
    scene.publish()
    all_of_them = gas_of(scene.tick(assets, numbers))
    return gas | {"tick": one, "tick_per_market": (all_of_them - one) // (count - 1)}


def liquidate(scene: Scene) -> Gas:
    """Measure a takeover by a provider who has taken over before."""
    provider = scene.enter("provider", USDC=500_000)
    rights = (provider.account(), scene.deployment.liquidator.address, TRADE)
    scene.send(provider, "clearinghouse", "set_operator", *rights)
    pledged = (provider.account(), 10**6 * WAD, 10**7 * WAD)
    scene.send(provider, "liquidator", "pledge", *pledged)
    victims = [scene.enter(f"victim {n}", USDC=3_000) for n in range(2)]
    for victim in victims:
        scene.refresh()
        scene.cross(BTC_PERP, -3 * COIN, Wallet("maker"), victim)
    scene.move_prices(FALL)
    scene.refresh()
    for victim in victims:
        last = scene.send(scene.relay, "liquidator", "liquidate", victim.account())
        parts = last.event("TakeoverOpened").arguments["parts"]
        require(0 < parts < PARTS, f"{parts} of {PARTS} parts are to be taken over")
    return {"liquidate_out": gas_of(last)}


def gas_of(receipt: Receipt) -> int:
    """Return the gas that a receipt says."""
    require(receipt.gas_used is not None, "the node counts no gas")
    return int(receipt.gas_used or 0)


def require(holds: bool, what: str) -> None:
    """Raise `RuntimeError` if the story did not go as it was meant to."""
    if not holds:
        raise RuntimeError(f"the story of the measurement went wrong: {what}")
