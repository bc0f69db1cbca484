"""Who takes what makers offer: on the book, or by quotes."""

from dataclasses import dataclass, field
from random import Random
from typing import Final

from keeper.client.units import Rounding, to_decimal
from keeper.replay.actors import View, hold
from keeper.replay.makers import Maker
from keeper.replay.wallets import Wallet
from specs import accounts as acc
from specs import clearinghouse as ch
from specs.accounts import AccountId, Settings
from specs.instruments import is_spot

ON_BOOK: Final = 0.6
"""The share of trades that go to the book; a quarter of the others are crossed."""

CROSSED: Final = 0.25


@dataclass
class Taker:
    """What everybody has in common who trades with the maker."""

    wallet: Wallet
    maker: Maker
    random: Random
    settings: Settings = field(default=acc.DEFAULT, kw_only=True)

    @property
    def account(self) -> AccountId:
        """Return the account that trades."""
        return self.wallet.account()

    def lots(self, view: View, market: int) -> int:
        """Return the size of the position in a market, signed."""
        held = ch.get_account(view.state, self.account)
        return int(acc.get_position(held, market).lots)

    def trade(self, view: View, instrument: int, size: int) -> None:
        """Trade a signed size: with what the book has, or by a quote."""
        if size == 0:
            return
        if self.random.random() < ON_BOOK:
            self._order(view, instrument, size)
            return
        low, high = view.bands[instrument]
        price = self.maker.price(view.state, instrument, is_ask=size > 0)
        if low <= price <= high:
            self._quote(view, instrument, size)

    def _order(self, view: View, instrument: int, size: int) -> None:
        """Send an order that takes whatever price the book's bands allow."""
        listed = view.client.link.listings.named(instrument)
        account = hold(view.client, self)
        trade = account.buy if size > 0 else account.sell
        amount = listed.from_quoted(abs(size))
        reduces = not is_spot(instrument) and self._reduces(view, instrument, size)
        trade(listed.name, amount, reduce_only=reduces, rounding=Rounding.DOWN)

    def _reduces(self, view: View, market: int, size: int) -> bool:
        """Return whether a trade is a part of a position, on its other side."""
        held = self.lots(view, market)
        return held * size < 0 and abs(size) <= abs(held)

    def _quote(self, view: View, instrument: int, size: int) -> None:
        """Take a quote of the maker, or sign one that it crosses with its own."""
        listed = view.client.link.listings.named(instrument)
        account = hold(view.client, self)
        made = self.maker.quote(view, instrument, size, self.account)
        amount = listed.from_quoted(abs(size))
        if self.random.random() > CROSSED:
            account.take(made, amount)
            return
        mine = account.quote(
            listed.name,
            is_buy=size > 0,
            size=amount,
            price=to_decimal(made.quote.price),
            nonce=self.random.getrandbits(64),
            counterparty=self.maker.account,
        )
        # The maker pays the gas: it is the one who wants the trade done.
        hold(view.client, self.maker).cross(made, mine)
