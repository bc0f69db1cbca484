"""Tokens of an account: in, out, owed, lent, and what is chosen about them."""

from dataclasses import astuple, replace
from decimal import Decimal
from typing import Final

from keeper.chain.interface import Receipt
from keeper.client.holder import Holder, Key, address_of
from keeper.client.results import Balance, Health, Position
from keeper.client.units import Number, count, to_decimal
from specs import accounts as acc
from specs.accounts import AccountId, Settings
from specs.authority import EVERYTHING

ALL: Final = "all"
"""As an amount to withdraw or repay: everything that is held, or owed."""


class Funds(Holder):
    """Amounts are in whole tokens; `withdraw` and `repay` also take ``ALL``."""

    def mint(self, symbol: str, amount: Number) -> Receipt:
        """Mint tokens to who acts, where tokens are mocks that anyone may mint."""
        asset = self.link.listings.asset(symbol)
        return self.send(asset.token, "mint", self.sender, asset.to_units(amount))

    def approve(self, symbol: str, amount: Number | None = None) -> Receipt:
        """Let the vault take an amount of a token of who acts; without one, any."""
        asset = self.link.listings.asset(symbol)
        units = EVERYTHING if amount is None else asset.to_units(amount)
        return self.send(asset.token, "approve", self.link.deployment.vault, units)

    def wallet(self, symbol: str) -> Decimal:
        """Return the tokens that who acts has outside the vault."""
        asset = self.link.listings.asset(symbol)
        units = self.link.call(asset.token, "balanceOf", self.sender)
        return asset.to_amount(units)

    def deposit(self, symbol: str, amount: Number) -> Receipt:
        """Deposit tokens of who acts; approve them first if need be."""
        asset = self.link.listings.asset(symbol)
        units = asset.to_units(amount)
        self._allow(symbol, units)
        home = self.link.deployment.clearinghouse
        return self.send(home, "deposit", self.id, asset.number, units)

    def withdraw(
        self, symbol: str, amount: Number, receiver: Key | None = None
    ) -> Receipt:
        """Take tokens out, to who acts or to somebody else."""
        asset = self.link.listings.asset(symbol)
        units = EVERYTHING if amount == ALL else asset.to_units(amount)
        to = address_of(receiver or self.actor)
        home = self.link.deployment.clearinghouse
        return self.send(home, "withdraw", self.id, asset.number, units, to)

    def borrow(
        self, symbol: str, amount: Number, receiver: Key | None = None
    ) -> Receipt:
        """Borrow tokens, which go to who acts or to somebody else."""
        asset = self.link.listings.asset(symbol)
        to = address_of(receiver or self.actor)
        words = self.id, asset.number, asset.to_units(amount), to
        return self.send(self.link.deployment.clearinghouse, "borrow", *words)

    def repay(self, symbol: str, amount: Number) -> Receipt:
        """Repay with tokens of who acts; no more is taken than is owed."""
        asset = self.link.listings.asset(symbol)
        if amount == ALL:
            owed = self.balances().get(symbol)
            # A second's interest more, since the next block is later than this one.
            units = asset.to_units(owed.owed, "up") + 1 if owed else 0
        else:
            units = asset.to_units(amount)
        self._allow(symbol, units)
        home = self.link.deployment.clearinghouse
        return self.send(home, "repay", self.id, asset.number, units)

    def transfer(self, to: AccountId, symbol: str, amount: Number) -> Receipt:
        """Move what is held to another account, of the same owner."""
        return self._move("transfer", (self.id, to), symbol, amount)

    def lend(self, symbol: str, amount: Number) -> Receipt:
        """Lend what lies idle."""
        return self._move("lend", (self.id,), symbol, amount)

    def unlend(self, symbol: str, amount: Number) -> Receipt:
        """Let what is lent lie idle: it earns nothing and nobody borrows it."""
        return self._move("unlend", (self.id,), symbol, amount)

    def settings(self) -> Settings:
        """Return what the owner chose."""
        return Settings(*self.link.look("settings", self.id))

    def choose(self, **changes: bool | int) -> Receipt:
        """Choose settings anew by name; what is not named stays as it is."""
        chosen = replace(self.settings(), **changes)  # type: ignore[arg-type]
        home = self.link.deployment.clearinghouse
        return self.send(home, "set_settings", self.id, astuple(chosen))

    def set_operator(
        self, operator: Key, *, may_trade: bool, may_withdraw: bool = False
    ) -> Receipt:
        """Give somebody rights over the account, or take them away."""
        rights = acc.TRADE * may_trade | acc.WITHDRAW * may_withdraw
        home = self.link.deployment.clearinghouse
        words = self.id, address_of(operator), rights
        return self.send(home, "set_operator", *words)

    def bind(self) -> Receipt:
        """Let nothing leave the account from now on, so that it may be pledged."""
        return self.send(self.link.deployment.clearinghouse, "bind", self.id)

    def give_notice(self) -> Receipt:
        """Release the account an hour from now."""
        return self.send(self.link.deployment.clearinghouse, "give_notice", self.id)

    def is_bound(self) -> bool:
        """Return whether nothing may leave the account."""
        return bool(self.link.ask("is_bound", self.id))

    def may_trade(self, actor: Key) -> bool:
        """Return whether somebody may trade for the account."""
        return self._has_right(actor, acc.TRADE)

    def may_withdraw(self, actor: Key) -> bool:
        """Return whether somebody may take out of the account, or borrow."""
        return self._has_right(actor, acc.WITHDRAW)

    def balances(self) -> dict[str, Balance]:
        """Return what the account holds and owes, by symbol."""
        return {
            self.link.listings.asset_name(each.asset): Balance(
                lent=to_decimal(each.lent),
                idle=to_decimal(each.idle),
                owed=to_decimal(each.owed),
            )
            for each in self.link.look("holdings", self.id)
        }

    def positions(self) -> dict[str, Position]:
        """Return the account's positions and unsettled claims, by market."""
        found = {}
        for each in self.link.look("positions", self.id):
            market = self.link.listings.named(each.market)
            found[market.name] = Position(
                size=market.to_size(each.lots),
                notional=to_decimal(each.notional),
                unrealised=to_decimal(each.unrealised),
                earned=to_decimal(each.earned),
                owed=to_decimal(each.owed),
            )
        return found

    def health(self) -> Health:
        """Return what the rules ask of the account, and what it has."""
        found = self.link.ask("assess", self.id)
        return Health(
            equity=to_decimal(found.equity),
            maintenance_margin=to_decimal(found.maintenance_margin),
            initial_equity=to_decimal(found.initial_equity),
            initial_margin=to_decimal(found.initial_margin),
            exposure=to_decimal(found.exposure),
            is_stale=found.is_stale,
            is_diverging=found.is_diverging,
        )

    def _allow(self, symbol: str, units: int) -> None:
        """Approve as many token units as are to be taken, if fewer are approved."""
        token, vault = (
            self.link.listings.asset(symbol).token,
            self.link.deployment.vault,
        )
        if self.link.call(token, "allowance", self.sender, vault) < units:
            self.send(token, "approve", vault, units)

    def _move(
        self, method: str, who: tuple[int, ...], symbol: str, amount: Number
    ) -> Receipt:
        """Send what is stated in WAD whatever the token's decimals are."""
        asset = self.link.listings.asset(symbol)
        words = *who, asset.number, count_wad(symbol, amount)
        return self.send(self.link.deployment.clearinghouse, method, *words)

    def _has_right(self, actor: Key, right: int) -> bool:
        words = self.id, address_of(actor), right
        return bool(self.link.ask("is_authorised", *words))


def count_wad(symbol: str, amount: Number) -> int:
    """Return an amount of whole tokens in WAD."""
    return count(amount, to_decimal(1), symbol)
