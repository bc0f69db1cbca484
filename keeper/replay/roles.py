"""The roles of a replay beside the market maker: lenders, traders, providers."""

from bisect import bisect_left
from dataclasses import dataclass, field, replace
from typing import Final

from keeper.client.client import Client
from keeper.client.units import to_decimal
from keeper.parameters import ASSETS, MARKETS, AssetListing, compute_pledge
from keeper.replay.actors import (
    Owner,
    View,
    choose,
    fund,
    get_price,
    get_price_of,
    get_settings,
    hold,
    is_allowed,
    top_up,
)
from keeper.replay.takers import Taker
from specs import accounts as acc
from specs import clearinghouse as ch
from specs import perpetual, requirements
from specs.accounts import USDC, AccountId
from specs.fixed_point import WAD, Lots, Wad
from specs.quotes import SPOT

MOST_OWED: Final = 70
"""What lenders owe at most, in percent of what they first deposited."""


@dataclass
class Trader(Taker):
    """Someone long or short, with as much leverage as ``fraction`` of the limit."""

    market: int
    side: int
    """1 for long, -1 for short."""
    fraction: int
    """Percent of the largest position that the margin would carry."""
    collateral: AssetListing
    tokens: int
    is_careful: bool = False
    """Whether losses are met with new money."""
    patience: int = 1
    """With a position the trader does something in one of so many ticks."""

    @property
    def role(self) -> str:
        """Return which way the trader bets."""
        return "long" if self.side > 0 else "short"

    def begin(self, client: Client) -> None:
        """Deposit the collateral."""
        fund(hold(client, self), self.collateral, self.tokens)

    def act(self, view: View) -> None:
        """Open if flat; else hold, reduce, add, take out or bring in."""
        held = self.lots(view, self.market)
        if held == 0:
            self._open(view)
            return
        health = ch.assess(view.state, self.account, view.now)
        if self.is_careful and health.equity < 2 * health.maintenance_margin:
            self._rescue(view, held)
            return
        choice = self.random.random() * self.patience
        if choice < 0.10:
            share = self.random.randint(10, 40)
            self.trade(view, self.market, -(held * share // 100))
        elif choice < 0.14:
            self.trade(view, self.market, -held)
        elif choice < 0.24:
            self._add(view, self.fraction // 2)
        elif choice < 0.30:
            self._take_out(view)
        elif choice < 0.33:
            self._bring(view, self.tokens // 10)
        elif choice < 0.35:
            self._choose(view)

    def _open(self, view: View) -> None:
        """Open a position, or come back with new money after a ruin."""
        health = ch.assess(view.state, self.account, view.now)
        if health.initial_equity < 200 * WAD:
            if self.random.random() <= 0.1:
                self._bring(view, self.tokens // 2)
        elif self.random.random() <= 0.5:
            self._add(view, self.fraction)

    def _add(self, view: View, percent: int) -> None:
        lots = largest_lots(view, self, percent)
        self.trade(view, self.market, self.side * lots)

    def _bring(self, view: View, tokens: int) -> None:
        top_up(hold(view.client, self), self.collateral, tokens)

    def _choose(self, view: View) -> None:
        """Limit the leverage, or no longer; have gains repay a borrow, or lie idle."""
        old = get_settings(view, self.account)
        new = replace(
            old,
            max_leverage=self.random.choice((0, 10, 25)),
            auto_repay=self.random.random() < 0.5,
        )
        if new != old:
            choose(hold(view.client, self), new)

    def _rescue(self, view: View, held: int) -> None:
        if self.random.random() < 0.5:
            self.trade(view, self.market, -(held // 2 or held))
        else:
            self._bring(view, self.tokens // 3)

    def _take_out(self, view: View) -> None:
        tokens = self.tokens // 20
        words = self.account, self.collateral.number, tokens
        if is_allowed(view, self.wallet, "withdraw", *words):
            amount = to_decimal(tokens, self.collateral.decimals)
            hold(view.client, self).withdraw(self.collateral.symbol, amount)


@dataclass
class BasisTrader(Taker):
    """Holds an asset bought at spot and as much of it sold as a perpetual."""

    market: int
    capital: int
    """Whole USDC."""
    role: str = "basis trader"

    def begin(self, client: Client) -> None:
        """Deposit USDC."""
        fund(hold(client, self), ASSETS[USDC], self.capital * 10**6)

    def act(self, view: View) -> None:
        """Build both legs up in steps; put the hedge right if it has slipped."""
        listing = MARKETS[self.market]
        asset = listing.underlying
        spot = ch.get_held(view.state, self.account, asset)
        hedge = -self.lots(view, self.market)
        gap = spot // listing.lot - hedge
        if gap:
            self.trade(view, self.market, -gap)
            return
        price = get_price(view.state, SPOT + asset)
        target = self.capital * WAD * WAD // 2 // price
        step = target // 8 // listing.lot * listing.lot
        if spot + step <= target and self.random.random() < 0.7:
            self.trade(view, SPOT + asset, step)
        elif self.random.random() < 0.08:
            self.trade(view, SPOT + asset, -step)


@dataclass
class Provider(Taker):
    """Takes over what the backstop hands out, and sells it in parts."""

    capital: int
    """Whole USDC."""
    role: str = "backstop provider"

    def begin(self, client: Client) -> None:
        """Deposit, bind the account, and pledge it."""
        fund(hold(client, self), ASSETS[USDC], self.capital * 10**6)
        pledge(client, self, self.capital)

    def act(self, view: View) -> None:
        """Trade a part of each position back, all of it once it is small."""
        for listing in MARKETS:
            held = self.lots(view, listing.number)
            if held and self.random.random() < 0.6:
                part = held if abs(held) < 10 else held * 2 // 5
                self.trade(view, listing.number, -part)


@dataclass
class Lender(Taker):
    """Lends, and now and then borrows a little against it."""

    asset: AssetListing
    tokens: int
    number: int = 0
    """Which of the wallet's accounts; its other one is another lender's."""
    other: int | None = None
    role: str = "lender"
    _has_begun: bool = field(default=False, repr=False)

    @property
    def account(self) -> AccountId:
        """Return the account that lends."""
        return self.wallet.account(self.number)

    def begin(self, client: Client) -> None:
        """Deposit the asset."""
        fund(hold(client, self), self.asset, self.tokens)

    def act(self, view: View) -> None:
        """Borrow at first; then do one small thing in some of the ticks."""
        if not self._has_begun:
            self._has_begun = True
            most = 70 if self.asset.number else 25
            self._borrow(view, self.random.randint(most // 2, most))
            return
        deeds = (
            self._deposit,
            self._withdraw,
            lambda view: self._borrow(view, self.random.randint(1, 6)),
            self._repay,
            self._transfer,
            self._idle,
        )
        if self.random.random() <= 0.35:
            self.random.choice(deeds)(view)

    def _deposit(self, view: View) -> None:
        top_up(hold(view.client, self), self.asset, self._some())

    def _withdraw(self, view: View) -> None:
        tokens = self._some()
        if is_allowed(
            view, self.wallet, "withdraw", self.account, self.asset.number, tokens
        ):
            amount = to_decimal(tokens, self.asset.decimals)
            hold(view.client, self).withdraw(self.asset.symbol, amount)

    def _borrow(self, view: View, percent: int) -> None:
        """Borrow what so many percent of the first deposit are worth, within bounds."""
        asset = ASSETS[USDC] if self.asset.number else ASSETS[2]
        price = get_price_of(view, self.asset.number)
        worth = self.tokens * percent // 100 * price // 10**self.asset.decimals
        owed = ch.get_owed(view.state, self.account, asset.number, view.now)
        most = self.tokens * price // 10**self.asset.decimals * MOST_OWED // 100
        if owed * get_price_of(view, asset.number) // WAD + worth > most:
            return
        tokens = worth * 10**asset.decimals // get_price_of(view, asset.number)
        words = self.account, asset.number, tokens
        if is_allowed(view, self.wallet, "borrow", *words):
            amount = to_decimal(tokens, asset.decimals)
            hold(view.client, self).borrow(asset.symbol, amount)

    def _repay(self, view: View) -> None:
        asset = ASSETS[USDC] if self.asset.number else ASSETS[2]
        owed = ch.get_owed(view.state, self.account, asset.number, view.now)
        if owed == 0:
            return
        share = 100 if self.random.random() < 0.02 else self.random.choice((1, 3, 10))
        tokens = owed * share // 100 // 10 ** (18 - asset.decimals) + 10
        account, amount = hold(view.client, self), to_decimal(tokens, asset.decimals)
        account.mint(asset.symbol, amount)
        account.repay(asset.symbol, amount)

    def _transfer(self, view: View) -> None:
        amount = self._some() * 10 ** (18 - self.asset.decimals)
        if self.other is None:
            return
        other = self.wallet.account(self.other)
        words = self.account, other, self.asset.number, amount
        if is_allowed(view, self.wallet, "transfer", *words):
            account = hold(view.client, self)
            account.transfer(other, self.asset.symbol, to_decimal(amount))

    def _idle(self, view: View) -> None:
        """Stop lending, add something that lies idle, and start again; or lend it."""
        account = hold(view.client, self)
        held = ch.get_account(view.state, self.account)
        idle = acc.get_balance(held, self.asset.number).idle
        if idle:
            words = self.account, self.asset.number, idle
            if is_allowed(view, self.wallet, "lend", *words):
                account.lend(self.asset.symbol, to_decimal(idle))
            return
        account.choose(auto_lend=False)
        top_up(account, self.asset, self._some())
        account.choose(auto_lend=True)

    def _some(self) -> int:
        """Return a few percent of what the lender began with, in token units."""
        return self.tokens * self.random.randint(1, 6) // 100


def pledge(client: Client, owner: Owner, capital: int) -> None:
    """Bind an account, and pledge it for its capital, USDC."""
    account, liquidator = hold(client, owner), client.link.deployment.liquidator
    account.bind()
    pledged = compute_pledge(Wad(capital * WAD))
    account.send(liquidator, "pledge", account.id, *pledged)


def largest_lots(view: View, trader: Trader, percent: int) -> int:
    """
    Return how many lots more ``percent`` of an account's free margin would carry.

    What opening costs is counted in: the fee, and the worst price of the maker's ladder
    against the worse of the marks at slow and fast index. 0 if nothing is free.
    """
    health = ch.assess(view.state, trader.account, view.now)
    free = (health.initial_equity - health.initial_margin) * percent // 100
    listed = view.state.markets[trader.market]
    requirement = requirements.limit_leverage(
        requirements.scale(listed.requirement, listed.scales),
        get_settings(view, trader.account).max_leverage,
    )
    price = trader.maker.worst_price(view.state, trader.market, is_ask=trader.side > 0)
    worse = min if trader.side > 0 else max
    loss = max(0, trader.side * (price - worse(listed.quote.slow, listed.quote.fast)))

    def is_carried(lots: int) -> bool:
        notional = perpetual.compute_notional(
            Lots(lots), listed.lot, Wad(max(price, listed.quote.slow))
        )
        margin = requirements.compute_initial_margin(requirement, notional)
        fee = ch.compute_fee(notional, listed.fees.taker)
        return margin + fee + lots * listed.lot * loss // WAD < free

    # The largest size that is carried: all smaller ones are.
    return max(0, bisect_left(range(2**40), True, key=lambda n: not is_carried(n)) - 1)
