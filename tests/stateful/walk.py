"""A seeded walk: actions that mostly make sense where the world is, at high speed."""

import random

from specs import accounts as acc
from specs import clearinghouse as ch
from specs import margin
from specs.accounts import USDC, Settings
from specs.conversion import get_best_collateral
from specs.fixed_point import WAD
from specs.requirements import Haircut, Requirement
from specs.settlement import is_behind
from specs.state import Cull, Limits
from specs.world import Action
from tests.helpers import worlds
from tests.helpers.worlds import (
    ACCOUNTS,
    ASSETS,
    CALLERS,
    CALM,
    CAPS,
    CROSSINGS,
    GOVERNOR,
    GUARDIAN,
    MARKETS,
    ODD_ACCOUNTS,
    OPERATOR,
    PRICES,
    PROVIDERS,
    STRANGER,
    UNDERLYING,
    UNLISTED,
    VENUE,
    at_price,
    curve,
    own,
    rate,
)

STARTS = [
    *worlds.STARTS,
    *5 * ["a market at work"],
    *3 * ["winners and losers"],
    *2 * ["a market without limits"],
    "a governor who waits",
    "bad debt with winners",
]

SPICE = 0.06
"""How often an argument is drawn without regard to sense."""


def wander(seed, steps, step):
    """
    Walk from a start that the seed chooses, and return where that led.

    `step(world, action)` is called for every action and returns the next world.
    """
    rng = random.Random(seed)
    world, walk = worlds.open_world(), Walk(rng)
    for action in worlds.STARTS[rng.choice(STARTS)]:
        world = step(world, action)
    for _ in range(steps):
        world = step(world, walk.choose(world))
    return world


class Walk:
    """Draws actions from a `random.Random`, so that a seed gives the walk again."""

    def __init__(self, rng):
        self.rng = rng
        self.names = [name for name, weight in WEIGHTS.items() for _ in range(weight)]
        self.queue = []
        """Actions that come next, and methods that choose one when it does."""

    def choose(self, world):
        """Return an action to try in `world`."""
        self.world = world
        if self.queue:
            action = self.queue.pop(0)
            return action() if callable(action) else action
        name = self.rng.choice(self.names)
        action = getattr(self, name)()
        if self.rng.random() < SPICE / 2:
            return Action(action.name, self.rng.choice(CALLERS), action.arguments)
        return action

    # Arguments

    def spiced(self, sensible, odd):
        """Return `sensible`, or sometimes one of `odd`."""
        return self.rng.choice(odd) if self.rng.random() < SPICE else sensible

    def account(self, wanted=bool):
        """Return an account, rather one of those of which `wanted` is true."""
        accounts = self.world.clearing.accounts
        fitting = [a for a in ACCOUNTS if a in accounts and wanted(accounts[a])]
        return self.spiced(self.rng.choice(fitting or ACCOUNTS), ODD_ACCOUNTS)

    def asset(self):
        return self.spiced(self.rng.choice(ASSETS), (UNLISTED,))

    def market(self):
        return self.spiced(self.rng.choice(MARKETS), (UNLISTED,))

    def held_asset(self, account):
        balances = ch.get_account(self.world.clearing, account).balances
        return self.rng.choice(list(balances)) if balances else self.asset()

    def owed_asset(self, account):
        balances = ch.get_account(self.world.clearing, account).balances
        owed = [asset for asset in balances if balances[asset].scaled < 0]
        return self.rng.choice(owed) if owed else self.asset()

    def idle_asset(self, account):
        balances = ch.get_account(self.world.clearing, account).balances
        idle = [asset for asset in balances if balances[asset].idle]
        return self.rng.choice(idle) if idle else self.asset()

    def part(self, whole):
        """Return some of `whole`: a dust, a share, all, or a little more."""
        kind = self.rng.randrange(10)
        if kind == 0:
            return self.rng.randrange(4)
        if kind == 1:
            return whole + self.rng.randrange(3)
        if kind == 2:
            return whole * self.rng.randrange(1, 100)
        return whole * self.rng.randrange(1, 101) // 100

    def tokens(self, asset, dollars):
        """Return token units worth about `dollars`, or dust, or a whale's purse."""
        if asset not in ASSETS:
            return self.rng.randrange(10**9)
        kind = self.rng.random()
        if kind < 0.08:
            return self.rng.randrange(4)
        unit = 10 ** self.world.clearing.assets[asset].decimals
        if kind < 0.1:
            return self.rng.choice((10**6, 10**12, 10**13)) * unit + 1
        price = WAD if asset == USDC else at_price(self.world, asset)
        return int(dollars * self.rng.random() * unit * WAD / price)

    def held(self, account, asset):
        if asset not in ASSETS:
            return self.rng.randrange(10**18)
        return ch.get_held(self.world.clearing, account, asset)

    def owed(self, account, asset):
        if asset not in ASSETS:
            return self.rng.randrange(10**18)
        return ch.get_owed(self.world.clearing, account, asset, self.world.now)

    def scale(self, asset):
        return 10**12 if asset == USDC else 10**10 if asset == 1 else 1

    def price(self, asset):
        """Return a price near the published one, seldom far."""
        kind = self.rng.random()
        off = 0.3 if kind < 0.03 else 0.02 if kind < 0.3 else 0.0
        return int(at_price(self.world, asset) * (1 + self.rng.uniform(-off, off)))

    # Actions

    def deposit(self):
        account = self.account()
        if self.rng.random() < 0.03:
            account = acc.BACKSTOP_FUND
        asset = self.spiced(USDC if self.rng.random() < 0.5 else self.asset(), ASSETS)
        action = own("deposit", account, asset, self.tokens(asset, 50_000))
        if account >> 96 == 0 or self.rng.random() < 0.15:
            return Action(action.name, STRANGER, action.arguments)
        return action

    def help_out(self):
        """Return a stranger's deposit for somebody in need, if there is anybody."""
        account = self.rng.choice(self.needy() or ACCOUNTS)
        asset = self.held_asset(account)
        arguments = account, asset, self.tokens(asset, 5_000)
        return Action("deposit", STRANGER, arguments)

    def free(self, wanted=bool):
        """Return an account, rather one of which something may leave."""
        if self.rng.random() < 0.05:
            return self.account(wanted)
        now = self.world.now
        return self.account(lambda held: wanted(held) and not acc.is_bound(held, now))

    def withdraw(self):
        account = self.free(has_balances)
        asset = self.held_asset(account)
        tokens = self.part(self.held(account, asset)) // self.scale(asset)
        tokens = self.spiced(tokens, (ch.EVERYTHING,))
        return own("withdraw", account, asset, tokens)

    def borrow(self):
        account, asset = self.free(), self.asset()
        return own("borrow", account, asset, self.tokens(asset, 20_000))

    def repay(self):
        account = self.account(has_debts)
        asset = self.spiced(self.owed_asset(account), ASSETS)
        tokens = self.part(self.owed(account, asset)) // self.scale(asset) + 1
        tokens = self.spiced(tokens, (0, 1, ch.EVERYTHING))
        return Action("repay", STRANGER, (account, asset, tokens))

    def transfer(self):
        giver, taker = self.free(has_balances), self.account()
        if self.rng.random() < 0.9:
            number = self.rng.choice((0, 1, 1, 5))
            taker = acc.compute_account(giver >> 96, number)
        asset = self.held_asset(giver)
        return own("transfer", giver, taker, asset, self.part(self.held(giver, asset)))

    def lend(self):
        account = self.account(has_idle)
        asset = self.idle_asset(account)
        held = ch.get_account(self.world.clearing, account)
        return own("lend", account, asset, self.part(acc.get_balance(held, asset).idle))

    def unlend(self):
        account = self.account(has_balances)
        asset = self.held_asset(account)
        return own("unlend", account, asset, self.part(self.held(account, asset)))

    def batch(self):
        """Return steps of which each might make sense by itself."""
        account = self.account(has_balances)
        steps = tuple(self.step(account) for _ in range(self.rng.randrange(1, 5)))
        return own("batch", account, steps)

    def step(self, account):
        """Return a step of a batch."""
        kind = self.spiced(self.rng.randrange(6), (6,))
        asset = self.held_asset(account)
        if kind in (ch.DEPOSIT, ch.BORROW):
            asset = self.asset()
            return ch.Step(kind, asset, self.tokens(asset, 10_000))
        if kind == ch.REPAY:
            asset = self.owed_asset(account)
            tokens = self.part(self.owed(account, asset)) // self.scale(asset) + 1
            return ch.Step(kind, asset, tokens)
        amount = self.part(self.held(account, asset))
        return ch.Step(
            kind, asset, amount // self.scale(asset) if kind == ch.WITHDRAW else amount
        )

    def set_settings(self):
        lends, repays, borrows = (self.rng.random() < 0.6 for _ in range(3))
        leverage = self.rng.choice((0, 0, 0, 1, 3, 10, self.spiced(20, (255, 256))))
        is_realising = self.rng.random() < 0.2
        chosen = Settings(lends, repays, borrows, is_realising, leverage)
        return own("set_settings", self.account(), chosen)

    def set_operator(self):
        account = self.rng.choice(ACCOUNTS)
        operator, rights = self.rng.choice(CALLERS), self.rng.randrange(5)
        return own("set_operator", account, operator, rights)

    def fill_spot(self):
        asset = self.spiced(self.rng.choice(UNDERLYING), (USDC, UNLISTED))
        price = self.price(asset) if asset in PRICES else WAD
        amount = self.spiced(int(10**22 * WAD * self.rng.random() / price), (0, 1))
        return Action("fill_spot", VENUE, (asset, *self.pair(), amount, price, True))

    def fill_perp(self):
        market = self.market()
        asset = UNDERLYING[market] if market in MARKETS else 1
        buyer, seller = self.pair()
        arguments = market, buyer, seller, self.lots(market, buyer, seller)
        is_buyer = self.rng.random() < 0.5
        return Action("fill_perp", VENUE, (*arguments, self.price(asset), is_buyer))

    def convert(self):
        """Return a sale of collateral of an account that owes USDC, if there is one."""
        account, buyer = self.account(owes_usdc), self.rng.choice(ACCOUNTS)
        best = get_best_collateral(self.world.clearing, account, self.world.now)
        if best is None and self.rng.random() < 0.8:
            return self.fill_spot()
        asset = self.spiced(best or self.rng.choice(UNDERLYING), (*ASSETS, UNLISTED))
        price = at_price(self.world, asset) if asset in PRICES else WAD
        price = price * self.rng.choice((1000, 1000, 995, 980)) // 1000
        needed = self.owed(account, USDC) * WAD // price + 1
        amount = min(self.held(account, asset), self.part(needed))
        return Action("convert", VENUE, (asset, account, buyer, amount, price))

    def close(self):
        """Return a fill that closes all that an account has in a market."""
        account, market = self.account(has_positions), self.market()
        held = ch.get_account(self.world.clearing, account)
        lots = acc.get_position(held, market).lots
        if lots == 0:
            return self.fill_perp()
        other = self.rng.choice(ACCOUNTS)
        pair = (account, other) if lots < 0 else (other, account)
        price = self.price(UNDERLYING[market])
        return Action("fill_perp", VENUE, (market, *pair, abs(lots), price, True))

    def pair(self):
        buyer, seller = self.rng.sample(ACCOUNTS, 2)
        return buyer, self.spiced(seller, (buyer, *ODD_ACCOUNTS))

    def lots(self, market, buyer, seller):
        """Return a size: what one side holds, or some that it can pay for."""
        accounts = self.world.clearing.accounts
        sizes = [
            abs(accounts[name].positions[market].lots)
            for name in (buyer, seller)
            if name in accounts and market in accounts[name].positions
        ]
        if sizes and self.rng.random() < 0.4:
            return self.part(self.rng.choice(sizes))
        return self.spiced(self.affordable(market, buyer, seller), ODD_SIZES)

    def affordable(self, market, buyer, seller):
        """Return a size with a leverage between none and what nobody may have."""
        if market not in MARKETS:
            return 1
        equity = min(self.equity(buyer), self.equity(seller))
        notional = max(100 * WAD, equity) * self.rng.choice((1, 5, 10, 20, 30, 60))
        price = at_price(self.world, UNDERLYING[market])
        lot = self.world.clearing.markets[market].lot
        return int(notional * self.rng.random() * WAD) // (price * lot) + 1

    def equity(self, name):
        return ch.assess(self.world.clearing, name, self.world.now).initial_equity

    def wait(self):
        seconds = self.rng.choice((1, 1, 7, 30, 59, 90, 3600, 86_400, 40 * 86_400))
        self.reprice()
        if self.rng.random() < 0.2:
            self.queue.insert(0, self.realise)
        return Action("wait", STRANGER, (seconds,))

    def reprice(self):
        """Return the first action of a new price for all: publish, wait, tick."""
        moves = self.rng.choice((0.001, 0.002, 0.01, 0.03, 0.2))
        variance = self.rng.choice((0, CALM, CALM, 10**11, 10**12, 2**70))
        for asset in UNDERLYING:
            slow = int(at_price(self.world, asset) * (1 + self.rng.gauss(0, moves)))
            # Prices stay where amounts of one world meet: within a hundredfold.
            slow = max(PRICES[asset] // 100, min(PRICES[asset] * 100, slow))
            off = self.rng.choice((0, 0, 0.005, 0.03))
            fast = int(slow * (1 + self.rng.uniform(-off, off)))
            most = self.rng.choice((0.03, 0.05))
            premium = int(self.rng.uniform(-most, most) * WAD)
            said = asset, slow, fast, premium, variance
            self.queue.append(Action("publish", STRANGER, said))
        return self.take_over_prices()

    def take_over_prices(self):
        """Return the first action of what follows the publication that is queued."""
        crossings = self.rng.choice((1, 2, *3 * (CROSSINGS,)))
        self.queue.append(Action("tick", STRANGER, (UNDERLYING, MARKETS, crossings)))
        if self.rng.random() < 0.8:
            self.queue.append(Action("wait", STRANGER, (1,)))
        return Action("wait", STRANGER, (1,))

    def squeeze(self):
        """
        Return the first action of a price at which somebody's position leaves him some
        part of his maintenance margin, or less than nothing.
        """
        account, market = self.account(has_positions), self.rng.choice(MARKETS)
        held = ch.get_account(self.world.clearing, account)
        lots = acc.get_position(held, market).lots
        health = ch.assess(self.world.clearing, account, self.world.now)
        wanted = health.maintenance_margin * self.rng.choice(PARTS_LEFT) // 100
        for asset in UNDERLYING:
            price = at_price(self.world, asset)
            if asset == UNDERLYING[market] and lots != 0:
                size = lots * self.world.clearing.markets[market].lot
                moved = price - (health.equity - wanted) * WAD // size
                price = max(price * 7 // 10, min(price * 13 // 10, moved))
            premium = self.rng.choice((0, 0, 0, -WAD // 21, WAD // 21))
            said = asset, price * WAD // (WAD + premium), price, premium, CALM
            self.queue.append(Action("publish", STRANGER, said))
        return self.take_over_prices()

    def govern(self):
        """Return a change of a parameter, sometimes out of bounds, or of its queue."""
        queued, kind = list(self.world.clearing.queued), self.rng.random()
        if queued and kind < 0.4:
            name, *arguments = self.rng.choice(queued)
            return Action(name, GOVERNOR, tuple(arguments))
        name, *arguments = change = self.change()
        if queued and kind < 0.5:
            taken_back = self.spiced(self.rng.choice(queued), (change,))
            caller = self.rng.choice((GOVERNOR, GUARDIAN, STRANGER))
            return Action("cancel_change", caller, (taken_back,))
        if kind < 0.6 or (self.world.clearing.delay and kind < 0.9):
            return Action("queue", GOVERNOR, (change,))
        return Action(name, self.spiced(GOVERNOR, CALLERS), tuple(arguments))

    def change(self):
        """Return a call of a setter, with its name first."""
        asset, market = self.asset(), self.market()
        changes = (
            ("set_fund_cap", market, self.spiced(10**22, (0, 10**28))),
            ("set_curve", asset, curve(rate(1), self.share())),
            ("set_asset_risk", asset, *self.asset_risk()),
            ("set_market_risk", market, self.requirement(), self.fees()),
            ("set_caps", asset, *self.caps(asset)),
            ("set_guards", asset, *self.guards()),
            ("set_limits", market, self.limits()),
            ("set_cull", market, self.cull()),
            ("set_delay", self.spiced(self.rng.choice((0, 0, 60)), (3600, 10**7))),
            ("unpause_asset", asset),
            ("unpause_market", market),
            ("unpause_market", market),
            ("resume", asset),
            ("withdraw_reserve", asset, self.from_reserve(asset), GOVERNOR),
        )
        return self.rng.choice(changes)

    def pause(self):
        """Return what the guardian may do."""
        name = self.rng.choice(("pause_asset", "pause_market"))
        number = self.asset() if name == "pause_asset" else self.market()
        caller = self.rng.choice((GUARDIAN, GUARDIAN, GOVERNOR, STRANGER))
        return Action(name, caller, (number,))

    def ramp_weight(self):
        return Action("ramp_weight", STRANGER, (self.asset(),))

    def caps(self, asset):
        """Return caps near what is lent and borrowed, or none, or what can't be."""
        usual = CAPS.get(asset, (WAD, WAD))
        return [
            self.spiced(self.rng.choice((0, cap, cap // (10 * WAD) * WAD)), (1, 10**31))
            for cap in usual
        ]

    def guards(self):
        threshold = self.rng.choice((0, 3_000, 6_000))
        highest = self.spiced(self.rng.choice((7_000, 9_500, 10_000)), (2_000, 10_001))
        throttle = self.rng.choice((1_000, 5_000, 10_000))
        outflow = self.spiced(self.rng.choice((0, 500, 4_000)), (100,))
        floor = self.rng.choice((1, 1_000)) * WAD
        return highest, threshold, throttle, outflow, floor

    def limits(self):
        return Limits(
            self.spiced(self.rng.choice((10**4, 10**6, 2**60)), (2**61,)),
            self.rng.choice((10**4, 10**5, 2**56)),
            self.spiced(self.rng.choice((1, 5, 1_000)), (0,)),
            self.rng.choice((0, 10**9, 10**10)),
            self.rng.choice((0, 100_000)),
            self.rng.choice((10_000, 20_000, 50_000)),
        )

    def cull(self):
        amounts = 0, 10**12, 500 * WAD, 20_000 * WAD
        return Cull(*(self.spiced(self.rng.choice(amounts), (1,)) for _ in range(3)))

    def from_reserve(self, asset):
        """Return tokens that the reserve has, roughly."""
        if asset not in ASSETS:
            return 1
        pool = self.world.clearing.assets[asset].pool
        return self.part(pool.reserve) // self.scale(asset) + 1

    def share(self):
        """Return a reserve share; the highest of them is out of bounds."""
        return self.rng.randrange(7) * WAD // 10

    def asset_risk(self):
        haircut = Haircut(self.rng.randrange(800_000, 1_000_002), 10**9)
        return haircut, self.requirement(), self.fees()

    def requirement(self):
        base, factor = self.rng.randrange(999, 20_000), self.rng.randrange(10**8)
        return Requirement(2 * base, base, factor, factor // 2)

    def fees(self):
        return ch.Fees(self.rng.randrange(500), self.spiced(500, (10_001,)))

    def tick(self):
        assets = self.spiced(UNDERLYING, ((USDC,), (UNLISTED,), BTC_TWICE))
        markets = self.spiced(MARKETS, ((UNLISTED,),))
        crossings = self.spiced(self.rng.choice((1, 3, CROSSINGS)), (0,))
        return Action("tick", STRANGER, (assets, markets, crossings))

    def realise(self):
        """Return a batch of a keeper's, or an owner's own account."""
        names = tuple(self.rng.choices(ACCOUNTS, k=self.rng.randrange(8)))
        if names and self.rng.random() < 0.5:
            return Action("realise", names[0] >> 96, (self.market(), names[:2]))
        caller = self.rng.choice((STRANGER, OPERATOR))
        return Action("realise", caller, (self.market(), names))

    def donate(self):
        return Action("donate", STRANGER, (self.rng.choice(ASSETS), 10**9))

    def bind(self):
        return own("bind", self.spiced(self.rng.choice(PROVIDERS), ACCOUNTS))

    def give_notice(self):
        return own("give_notice", self.spiced(self.rng.choice(PROVIDERS), ACCOUNTS))

    def pledge(self):
        account = self.spiced(self.rng.choice(PROVIDERS), ACCOUNTS)
        scale = self.rng.choice((10, 10**5, 10**7, 10**7))
        capacity = self.spiced(self.rng.randrange(1, scale) * WAD, (0, 1, 10**31))
        limits = (
            self.rng.choice((10, 10**5, 10**8)) * WAD,
            self.rng.choice((1, 10, 10**4, 10**8)) * WAD,
        )
        if self.rng.random() < 0.8:
            self.queue.append(own("pledge", account, capacity, 2 * capacity, *limits))
            return own("bind", account)
        return own("pledge", account, capacity, 2 * capacity, *limits)

    def unpledge(self):
        return own("unpledge", self.rng.choice(ACCOUNTS))

    def drop(self):
        return Action("drop", STRANGER, (self.rng.choice(PROVIDERS + ACCOUNTS),))

    def liquidate(self):
        """Return a liquidation of an account that needs it, if there is one."""
        need = self.needy()
        if not need and self.rng.random() < 0.8:
            return self.rng.choice((self.reprice, self.squeeze))()
        account = self.rng.choice(need) if need else self.account()
        return Action("liquidate", STRANGER, (account,))

    def flag(self):
        """Return a flag, rather on who needs one."""
        need = self.needy()
        account = self.spiced(self.rng.choice(need or ACCOUNTS), ODD_ACCOUNTS)
        if need and self.rng.random() < 0.5:
            # Then prices are taken over in every block.
            self.queue += [*self.confirm(), Action("liquidate", STRANGER, (account,))]
        return Action("flag", STRANGER, (account,))

    def confirm(self):
        """Return the actions in which prices are published anew as they are."""
        prices = [(asset, at_price(self.world, asset)) for asset in UNDERLYING]
        return [
            Action("wait", STRANGER, (1,)),
            *(
                Action("publish", STRANGER, (asset, price, price, 0, CALM))
                for asset, price in prices
            ),
            Action("tick", STRANGER, (UNDERLYING, MARKETS, CROSSINGS)),
        ]

    def touch(self):
        """Return a realisation of some whom an epoch has yet to reduce, if any."""
        accounts = self.world.clearing.accounts
        behind = [
            (market, name)
            for market in self.world.clearing.markets
            for name in accounts
            if is_behind(self.world.clearing, market, name)
        ]
        if not behind:
            return self.liquidate()
        market, _ = self.rng.choice(behind)
        names = [name for other, name in behind if other == market]
        names = self.rng.sample(names, self.rng.randrange(1, len(names) + 1))
        return Action("realise", STRANGER, (market, tuple(names)))

    def needy(self):
        """Return the accounts that are below their maintenance margin."""
        accounts = self.world.clearing.accounts
        return [
            name
            for name in ACCOUNTS
            if name in accounts and is_exposed(accounts[name]) and self.is_poor(name)
        ]

    def is_poor(self, name):
        # Without exposure nothing is needed, and nobody has less than that.
        portfolio = ch.get_portfolio(self.world.clearing, name, self.world.now)
        needed = margin.compute_total_maintenance_margin(portfolio)
        return margin.compute_equity(portfolio) < needed


BTC_TWICE = (1, 1)
PARTS_LEFT = (95, 95, 90, 80, 60, 45, 20, 5, 0, -50)
"""Percent of maintenance margin that are left of an equity."""
ODD_SIZES = (0, 1, 2**56, 2**56 + 1)


def has_balances(account):
    return len(account.balances) > 0


def has_positions(account):
    return any(position.lots != 0 for position in account.positions.values())


def owes_usdc(account):
    return USDC in account.balances and account.balances[USDC].scaled < 0


def has_debts(account):
    return any(balance.scaled < 0 for balance in account.balances.values())


def is_exposed(account):
    """Return whether margin has anything to say of an account: it is slow to ask."""
    return len(account.positions) > 0 or has_debts(account)


def has_idle(account):
    return any(balance.idle > 0 for balance in account.balances.values())


WEIGHTS = {
    "deposit": 6,
    "help_out": 1,
    "withdraw": 5,
    "borrow": 5,
    "repay": 3,
    "transfer": 3,
    "lend": 2,
    "unlend": 2,
    "batch": 2,
    "set_settings": 2,
    "set_operator": 1,
    "fill_spot": 5,
    "fill_perp": 10,
    "close": 4,
    "convert": 3,
    "wait": 3,
    "reprice": 3,
    "tick": 2,
    "realise": 5,
    "donate": 1,
    "govern": 3,
    "pause": 1,
    "ramp_weight": 1,
    "bind": 1,
    "give_notice": 1,
    "pledge": 1,
    "unpledge": 1,
    "drop": 1,
    "liquidate": 8,
    "flag": 2,
    "touch": 3,
}
