"""A seeded walk on the order book: orders of all kinds around where the market is."""

import random
from dataclasses import replace

from specs import accounts as acc
from specs import clearinghouse as ch
from specs import distress, margin, order_book
from specs.accounts import USDC
from specs.conversion import get_best_collateral
from specs.fixed_point import WAD, Lots
from specs.instruments import SPOT
from specs.order_book import Kind, Listing, Placement, SelfTrade
from specs.world import Action
from tests.helpers import worlds
from tests.helpers.worlds import (
    ACCOUNTS,
    BOOK,
    BTC,
    ETH,
    GOVERNOR,
    LOT_EXPONENTS,
    UNDERLYING,
    at_price,
)
from tests.stateful.walk import WEIGHTS as WALKED
from tests.stateful.walk import Walk, owes_usdc

BOOKS = {
    0: Listing(WAD, 10 ** LOT_EXPONENTS[0], Lots(10), 5_000 * WAD, 20_000),
    1: Listing(WAD // 10, 10 ** LOT_EXPONENTS[1], Lots(5), 2_000 * WAD, 20_000),
    SPOT + BTC: Listing(WAD, 10**14, Lots(10), 1_000 * WAD, 20_000),
    SPOT + ETH: Listing(WAD // 2, 10**15, Lots(10), 1_000 * WAD, 20_000),
}
"""Few ticks to a band, so that orders meet and share prices."""

INSTRUMENTS = tuple(BOOKS)
STARTS = (
    *2 * ("a market at work", "a market without limits", "winners and losers"),
    "a borrower in need",
)
REWARDED = (0, *ACCOUNTS, *worlds.ODD_ACCOUNTS)
GONE = order_book.OrderId(7 << 40 | 3 << 32 | 1)

WEIGHTS = {
    **dict.fromkeys(WALKED, 1),
    "place": 60,
    "convert_on_book": 3,
    "reduce": 6,
    "liquidate": 2,
    "flag": 2,
    "touch": 2,
    "cancel": 6,
    "cancel_all": 1,
    "reprice": 3,
    "wait": 3,
    "deposit": 3,
    "help_out": 2,
    "govern": 1,
}
"""Mostly the book, and a little of all that moves what is under it."""


def open_book():
    """Return a world in which every book is listed and empty."""
    opened = worlds.open_world()
    book = order_book.State(GOVERNOR, BOOK)
    for instrument, listing in BOOKS.items():
        book = order_book.list_instrument(
            book, opened.clearing, GOVERNOR, instrument, listing
        )
    return replace(opened, book=book)


def wander(seed, steps, step):
    """
    Walk from a start that the seed chooses, and return where that led.

    `step(world, action)` is called for every action and returns the next world.
    """
    rng = random.Random(seed)
    here, walk = open_book(), BookWalk(rng)
    for action in worlds.STARTS[rng.choice(STARTS)]:
        here = step(here, action)
    for _ in range(steps):
        here = step(here, walk.choose(here))
    return here


class BookWalk(Walk):
    """Draws orders, and whatever else a walk draws."""

    def __init__(self, rng):
        super().__init__(rng)
        self.names = [name for name, weight in WEIGHTS.items() for _ in range(weight)]

    def place(self):
        rng = self.rng
        instrument = self.spiced(rng.choice(INSTRUMENTS), (5, SPOT, SPOT + 31))
        account, is_buy = self.account(), rng.random() < 0.5
        often = 0.4 if self.can_reduce(account, instrument, is_buy) else 0.01
        lots = self.some_lots(instrument)
        if instrument < SPOT and rng.random() < often / 2:
            held = ch.get_account(self.world.clearing, account)
            lots = Lots(2 * abs(acc.get_position(held, instrument).lots) or lots)
        placement = Placement(
            account=account,
            instrument=instrument,
            is_buy=is_buy,
            lots=lots,
            price=self.some_price(instrument, is_buy),
            kind=self.some_kind(instrument, is_buy),
            is_reduce_only=rng.random() < often,
            self_trade=self.spiced(rng.choice(list(SelfTrade)), (2,)),
            expiry=self.some_expiry(),
        )
        max_fills = self.spiced(rng.choice((1, 2, 5, 16, 32)), (0, 33))
        return own_order(placement, max_fills)

    def some_lots(self, instrument):
        """Return a size worth up to some thousand USDC, sometimes far more."""
        if instrument not in BOOKS:
            return Lots(10)
        listing = BOOKS[instrument]
        worth = self.rng.choice((200, 500, 1_000, 2_000, 10_000)) * WAD
        lots = int(
            worth * self.rng.random() * WAD / (listing.lot * self.near(instrument))
        )
        return Lots(self.spiced(max(lots, listing.min_lots), (0, 1, lots, 2**56 + 1)))

    def some_kind(self, instrument, is_buy):
        """Return a kind of order; rather one that rests if there is nothing to take."""
        book = self.world.book.books.get(instrument)
        is_alone = book is not None and not (book.asks if is_buy else book.bids)
        if is_alone and self.rng.random() < 0.9:
            return Kind.LIMIT
        return self.spiced(self.rng.choice(KINDS), (4, 255))

    def can_reduce(self, account, instrument, is_buy):
        """Return whether an account has something that an order could reduce."""
        held = ch.get_account(self.world.clearing, account)
        if instrument >= SPOT:
            scaled = acc.get_balance(held, instrument - SPOT).scaled
            return scaled < 0 if is_buy else scaled > 0
        lots = acc.get_position(held, instrument).lots
        return lots < 0 if is_buy else lots > 0

    def some_price(self, instrument, is_buy):
        """Return a price on a tick: one of the other side, or near the market's."""
        if instrument not in BOOKS:
            return 60_000 * WAD
        tick, book = BOOKS[instrument].tick, self.world.book.books[instrument]
        others = (book.asks if is_buy else book.bids)[:8]
        if others and self.rng.random() < 0.5:
            return self.world.book.orders[self.rng.choice(others)].number * tick
        middle = self.near(instrument) // tick
        # Only every so many ticks, so that prices are shared.
        step = max(1, middle // 2_000)
        number = middle // step * step + step * self.rng.randrange(-8, 9)
        number = self.spiced(number, (1, 2**24 - 1, middle * 2, middle * 7 // 10))
        return self.spiced(number * tick, (number * tick + 1, 0))

    def some_expiry(self):
        now = self.world.now
        return self.rng.choice((0, 0, 0, now, now + 5, now + 60, self.spiced(0, (1,))))

    def near(self, instrument):
        """Return the price of what an instrument follows."""
        asset = UNDERLYING[instrument] if instrument < SPOT else instrument - SPOT
        return at_price(self.world, asset)

    def cancel(self):
        """Return a cancellation of some orders, mostly all of one account."""
        resting = self.world.book.orders
        owners = sorted({order.account for order in resting.values()})
        if not owners:
            return self.place()
        account = self.rng.choice(owners)
        mine = [name for name, order in resting.items() if order.account == account]
        from_all = self.rng.random() < 0.2
        orders = self.rng.sample(list(resting) if from_all else mine, 1)
        orders += self.rng.sample(mine, min(len(mine), self.rng.randrange(3)))
        return Action(
            "cancel", account >> 96, ((*orders, *self.spiced((), ((GONE,),))),)
        )

    def convert_on_book(self):
        """Return a sale of collateral of one who owes USDC, if need be made ready."""
        account = self.account(owes_usdc)
        best = get_best_collateral(self.world.clearing, account, self.world.now)
        if best is None:
            return self.spiced(self.place(), (self.sale(account, BTC),))
        action = self.sale(account, best)
        if self.rng.random() < 0.3:
            return action
        self.queue = [self.bid(SPOT + best), self.bid(SPOT + best), action]
        cautious = self.rng.random() < 0.9
        settings = replace(
            ch.get_account(self.world.clearing, account).settings,
            auto_borrow_settlements=not cautious,
        )
        return worlds.own("set_settings", account, settings)

    def sale(self, account, asset):
        """Return a sale of some of an account's collateral, mostly of what is owed."""
        instrument = self.spiced(SPOT + asset, (*INSTRUMENTS, SPOT + 31))
        worth = self.part(self.owed(account, USDC)) * WAD // at_price(self.world, asset)
        amount = min(self.held(account, asset), worth)
        lots = amount // BOOKS[SPOT + asset].lot
        lots = self.spiced(Lots(max(1, lots)), (0, 1, 2**56 + 1))
        caller = self.rng.choice((worlds.STRANGER, account >> 96))
        max_fills = self.spiced(self.rng.choice((1, 2, 5, 16, 32)), (0, 33))
        return Action("convert_on_book", caller, (account, instrument, lots, max_fills))

    def bid(self, instrument):
        """Return a bid that rests around the price."""
        return self.resting(instrument, True)

    def resting(self, instrument, is_buy):
        """Return an order that rests around the price."""
        tick, sign = BOOKS[instrument].tick, 1 if is_buy else -1
        number = self.near(instrument) // tick
        number += number // 1_000 * sign * self.rng.choice((1, 0, 0, -2, -5, -9, -12))
        lots = self.some_lots(instrument)
        account = self.account()
        placement = Placement(account, instrument, is_buy, lots, number * tick)
        return own_order(
            replace(
                placement,
                kind=self.rng.choice((Kind.LIMIT, Kind.POST_ONLY)),
                is_reduce_only=self.rng.random() < 0.05,
                expiry=self.some_expiry(),
            ),
            32,
        )

    def reduce(self):
        """Return a slice of somebody in need, or what brings somebody into it."""
        need = [name for name in self.needy() if self.has_equity(name)]
        need += [name for name in ACCOUNTS if self.was_sliced(name)]
        if not need and self.rng.random() < 0.9:
            first = self.squeeze()
            self.queue += self.rng.choice(((), (self.reduce,), 2 * (self.reduce,)))
            return first
        account = self.rng.choice(need) if need else self.account()
        reward = self.spiced(self.rng.choice((0, ACCOUNTS[0], ACCOUNTS[1])), REWARDED)
        caller = self.spiced(worlds.STRANGER, (account >> 96,))
        instrument, is_buy = self.leg(account)
        action = Action("reduce", caller, (account, instrument, reward))
        if instrument not in BOOKS:
            return action
        kind = self.rng.random()
        if kind < 0.5:
            self.queue = [self.resting(instrument, not is_buy), action]
            return self.resting(instrument, not is_buy)
        if kind < 0.6:
            # Nobody is there, three times: then the backstop is open.
            pause = Action("wait", worlds.STRANGER, (self.rng.choice((10, 11, 20)),))
            liquidation = Action("liquidate", worlds.STRANGER, (account,))
            self.queue = [pause, action, pause, action]
            if self.rng.random() < 0.3:
                # The backstop is closed again.
                later, soon = (Action("wait", worlds.STRANGER, (s,)) for s in (60, 1))
                self.queue += [later, *self.confirm(), soon]
            self.queue.append(liquidation)
        elif kind < 0.8:
            again = Action("wait", worlds.STRANGER, (self.rng.choice((1, 2, 9)),))
            self.queue = [again, self.resting(instrument, not is_buy), action]
        return action

    def was_sliced(self, account):
        """Return whether another slice may follow one that there was."""
        held = ch.get_account(self.world.clearing, account)
        return distress.is_going_on(held.distress, self.world.now)

    def has_equity(self, account):
        """Return whether a slice could leave an account better off."""
        portfolio = ch.get_portfolio(self.world.clearing, account, self.world.now)
        return margin.compute_equity(portfolio) > 0

    def leg(self, account):
        """Return what may be closed of an account, and whether by buying."""
        held = ch.get_account(self.world.clearing, account)
        found = [(m, p.lots < 0) for m, p in held.positions.items() if p.lots]
        owed = [asset for asset, b in held.balances.items() if b.scaled < 0]
        found += [(SPOT + asset, True) for asset in owed if asset != USDC]
        best = get_best_collateral(self.world.clearing, account, self.world.now)
        if best and USDC in owed:
            found.append((SPOT + best, False))
        odd = (self.rng.choice((*INSTRUMENTS, 5, SPOT)), True)
        return self.spiced(self.rng.choice(found or [odd]), (odd,))

    def wait(self):
        """Return some time that passes, sometimes as much as makes prices stale."""
        return Action("wait", worlds.STRANGER, (self.rng.choice((1, 5, 12, 30, 61)),))

    def cancel_all(self):
        account = self.rng.choice(ACCOUNTS)
        return Action("cancel_all", account >> 96, (account,))


KINDS = (*4 * [Kind.LIMIT], *3 * [Kind.IOC], Kind.FOK, Kind.POST_ONLY)


def own_order(placement, max_fills):
    """Return the placement of an order by its account's owner."""
    return Action("place", placement.account >> 96, (placement, max_fills))
