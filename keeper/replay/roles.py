"""The roles of a replay beside the market maker: lenders, traders, providers."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from keeper.deployment import Deployment
from keeper.parameters import ASSETS, MARKETS, AssetListing
from keeper.replay.actors import (
    Move,
    Taker,
    View,
    choose,
    fund,
    get_price,
    get_price_of,
    get_settings,
    is_allowed,
    top_up,
)
from specs import accounts as acc
from specs import clearinghouse as ch
from specs import perpetual, requirements
from specs.accounts import TRADE, USDC, AccountId
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

    def begin(self, deployment: Deployment) -> Sequence[Move]:
        """Deposit the collateral."""
        return fund(self.wallet, self.collateral, self.tokens, deployment.vault)

    def act(self, view: View) -> Sequence[Move]:
        """Open if flat; else hold, reduce, add, take out or bring in."""
        held = self.lots(view, self.market)
        if held == 0:
            return self._open(view)
        health = ch.assess(view.state, self.account, view.now)
        if self.is_careful and health.equity < 2 * health.maintenance_margin:
            return self._rescue(view)
        choice = self.random.random() * self.patience
        if choice < 0.10:
            share = self.random.randint(10, 40)
            return self.trade(view, self.market, -(held * share // 100))
        if choice < 0.14:
            return self.trade(view, self.market, -held)
        if choice < 0.24:
            return self._add(view)
        if choice < 0.30:
            return self._take_out(view)
        if choice < 0.33:
            return top_up(self.wallet, self.collateral, self.tokens // 10)
        if choice < 0.35:
            return self._choose(view)
        return []

    def _open(self, view: View) -> list[Move]:
        """Open a position, or come back with new money after a ruin."""
        health = ch.assess(view.state, self.account, view.now)
        if health.initial_equity < 200 * WAD:
            if self.random.random() > 0.1:
                return []
            return top_up(self.wallet, self.collateral, self.tokens // 2)
        if self.random.random() > 0.5:
            return []
        lots = largest_lots(view, self, self.fraction)
        return self.trade(view, self.market, self.side * lots)

    def _add(self, view: View) -> list[Move]:
        lots = largest_lots(view, self, self.fraction // 2)
        return self.trade(view, self.market, self.side * lots)

    def _choose(self, view: View) -> list[Move]:
        """Limit the leverage, or no longer; have gains repay a borrow, or lie idle."""
        old = get_settings(view, self.account)
        new = replace(
            old,
            max_leverage=self.random.choice((0, 10, 25)),
            auto_repay=self.random.random() < 0.5,
        )
        return [choose(self.wallet, self.account, new)] if new != old else []

    def _rescue(self, view: View) -> list[Move]:
        if self.random.random() < 0.5:
            held = self.lots(view, self.market)
            return self.trade(view, self.market, -(held // 2 or held))
        return top_up(self.wallet, self.collateral, self.tokens // 3)

    def _take_out(self, view: View) -> list[Move]:
        tokens = self.tokens // 20
        arguments = (self.account, self.collateral.number, tokens)
        if not is_allowed(view, self.wallet, "withdraw", *arguments):
            return []
        sent = (*arguments, self.wallet.address)
        return [Move(self.wallet.address, "clearinghouse", "withdraw", sent)]


@dataclass
class BasisTrader(Taker):
    """Holds an asset bought at spot and as much of it sold as a perpetual."""

    market: int
    capital: int
    """Whole USDC."""
    role: str = "basis trader"

    def begin(self, deployment: Deployment) -> Sequence[Move]:
        """Deposit USDC."""
        usdc = ASSETS[USDC]
        return fund(self.wallet, usdc, self.capital * 10**6, deployment.vault)

    def act(self, view: View) -> Sequence[Move]:
        """Build both legs up in steps; put the hedge right if it has slipped."""
        listing = MARKETS[self.market]
        asset = listing.underlying
        spot = ch.get_held(view.state, self.account, asset)
        hedge = -self.lots(view, self.market)
        gap = spot // listing.lot - hedge
        if gap:
            return self.trade(view, self.market, -gap)
        price = get_price(view.state, SPOT + asset)
        target = self.capital * WAD * WAD // 2 // price
        step = target // 8 // listing.lot * listing.lot
        if spot + step <= target and self.random.random() < 0.7:
            return self.trade(view, SPOT + asset, step)
        if self.random.random() < 0.08:
            return self.trade(view, SPOT + asset, -step)
        return []


@dataclass
class Provider(Taker):
    """Takes over what the backstop hands out, and sells it in parts."""

    capital: int
    """Whole USDC."""
    role: str = "backstop provider"

    def begin(self, deployment: Deployment) -> Sequence[Move]:
        """Deposit, let the liquidator trade for the account, and pledge it."""
        sender, usdc = self.wallet.address, ASSETS[USDC]
        rights = (self.account, deployment.liquidator.address, TRADE)
        hour = self.capital * 20 * WAD
        return [
            *fund(self.wallet, usdc, self.capital * 10**6, deployment.vault),
            Move(sender, "clearinghouse", "set_operator", rights),
            Move(sender, "liquidator", "pledge", (self.account, hour // 4, hour)),
        ]

    def act(self, view: View) -> Sequence[Move]:
        """Trade a part of each position back, all of it once it is small."""
        moves: list[Move] = []
        for listing in MARKETS:
            held = self.lots(view, listing.number)
            if held and self.random.random() < 0.6:
                part = held if abs(held) < 10 else held * 2 // 5
                moves += self.trade(view, listing.number, -part)
        return moves


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

    def begin(self, deployment: Deployment) -> Sequence[Move]:
        """Deposit the asset."""
        vault = deployment.vault
        return fund(self.wallet, self.asset, self.tokens, vault, self.number)

    def act(self, view: View) -> Sequence[Move]:
        """Borrow at first; then do one small thing in some of the ticks."""
        if not self._has_begun:
            self._has_begun = True
            most = 70 if self.asset.number else 25
            return self._borrow(view, self.random.randint(most // 2, most))
        deeds = (
            self._deposit,
            self._withdraw,
            lambda view: self._borrow(view, self.random.randint(1, 6)),
            self._repay,
            self._transfer,
            self._idle,
        )
        if self.random.random() > 0.35:
            return []
        return self.random.choice(deeds)(view)

    def _deposit(self, view: View) -> list[Move]:
        return top_up(self.wallet, self.asset, self._some(), self.number)

    def _withdraw(self, view: View) -> list[Move]:
        arguments = (self.account, self.asset.number, self._some())
        return self._if_allowed(view, "withdraw", *arguments)

    def _borrow(self, view: View, percent: int) -> list[Move]:
        """Borrow what so many percent of the first deposit are worth, within bounds."""
        asset = ASSETS[USDC] if self.asset.number else ASSETS[2]
        price = get_price_of(view, self.asset.number)
        worth = self.tokens * percent // 100 * price // 10**self.asset.decimals
        owed = ch.get_owed(view.state, self.account, asset.number, view.now)
        most = self.tokens * price // 10**self.asset.decimals * MOST_OWED // 100
        if owed * get_price_of(view, asset.number) // WAD + worth > most:
            return []
        tokens = worth * 10**asset.decimals // get_price_of(view, asset.number)
        return self._if_allowed(view, "borrow", self.account, asset.number, tokens)

    def _repay(self, view: View) -> list[Move]:
        asset = ASSETS[USDC] if self.asset.number else ASSETS[2]
        owed = ch.get_owed(view.state, self.account, asset.number, view.now)
        if owed == 0:
            return []
        share = 100 if self.random.random() < 0.02 else self.random.choice((1, 3, 10))
        tokens = owed * share // 100 // 10 ** (18 - asset.decimals) + 10
        sender, token = self.wallet.address, f"token:{asset.symbol}"
        allowed = (view.deployment.vault, tokens)
        arguments = (self.account, asset.number, tokens)
        return [
            Move(sender, token, "mint", (sender, tokens)),
            Move(sender, token, "approve", allowed),
            Move(sender, "clearinghouse", "repay", arguments),
        ]

    def _transfer(self, view: View) -> list[Move]:
        amount = self._some() * 10 ** (18 - self.asset.decimals)
        if self.other is None:
            return []
        other = self.wallet.account(self.other)
        arguments = (self.account, other, self.asset.number, amount)
        return self._if_allowed(view, "transfer", *arguments)

    def _idle(self, view: View) -> list[Move]:
        """Stop lending, add something that lies idle, and start again; or lend it."""
        balance = acc.get_balance(
            ch.get_account(view.state, self.account), self.asset.number
        )
        if balance.idle:
            arguments = (self.account, self.asset.number, balance.idle)
            return self._if_allowed(view, "lend", *arguments)
        chosen = get_settings(view, self.account)
        return [
            choose(self.wallet, self.account, replace(chosen, auto_lend=False)),
            *top_up(self.wallet, self.asset, self._some(), self.number),
            choose(self.wallet, self.account, replace(chosen, auto_lend=True)),
        ]

    def _some(self) -> int:
        """Return a few percent of what the lender began with, in token units."""
        return self.tokens * self.random.randint(1, 6) // 100

    def _if_allowed(self, view: View, method: str, *arguments: int) -> list[Move]:
        if not is_allowed(view, self.wallet, method, *arguments):
            return []
        sent: tuple[int | str, ...] = arguments
        if method in ("withdraw", "borrow"):
            sent = (*arguments, self.wallet.address)
        return [Move(self.wallet.address, "clearinghouse", method, sent)]


def largest_lots(view: View, trader: Trader, percent: int) -> int:
    """
    Return how many lots more ``percent`` of an account's free margin would carry.

    What opening costs is counted in: the fee, and the maker's price against the worse
    of the marks at slow and fast index. 0 if nothing is free.
    """
    health = ch.assess(view.state, trader.account, view.now)
    free = (health.initial_equity - health.initial_margin) * percent // 100
    listed = view.state.markets[trader.market]
    requirement = requirements.limit_leverage(
        requirements.scale(listed.requirement, listed.scales),
        get_settings(view, trader.account).max_leverage,
    )
    price = trader.maker.price(view.state, trader.market, is_ask=trader.side > 0)
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
