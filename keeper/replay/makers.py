"""Who makes the market: a ladder of orders around the index, and quotes on request."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Final

from keeper.client.client import Client
from keeper.client.ladders import STEP, Ladder, compute_price, keep
from keeper.client.quotes import SignedQuote
from keeper.client.units import to_decimal
from keeper.parameters import ASSETS, MARKETS
from keeper.replay.actors import View, choose, fund, get_index, get_price, hold
from keeper.replay.wallets import Wallet
from specs import accounts as acc
from specs import clearinghouse as ch
from specs.accounts import USDC, AccountId, Settings
from specs.clearinghouse import State
from specs.fixed_point import PPM, WAD
from specs.quotes import SPOT

MAX_LEAN: Final = 2_500  # ppm

LEVELS: Final = (8, 12, 20, 40)
"""The size of each order of a perpetual's ladder, in percent of the capital."""

SPOT_LEVELS: Final = (1, 2)
"""The same of a spot pair's."""

TRADED: Final = (*(market.number for market in MARKETS), SPOT + 1)
"""What has a ladder: together at most as many orders as an account may have."""

INVENTORY: Final = {"BTC": 10, "ETH": 150, "SOL": 10_000, "USDT": 200_000}
"""Whole tokens that a maker begins with, beside the capital."""


@dataclass
class Maker:
    """A market maker: on the book, and for whoever asks, in any instrument."""

    wallet: Wallet
    seed: int
    capital: int
    """Whole USDC; as much again is held in every other asset together."""
    spread: int = 400
    """Of each side from the middle, ppm."""
    role: str = "market maker"
    settings: Settings = acc.DEFAULT
    _nonce: int = field(default=0, repr=False)
    _ladders: dict[int, Ladder] = field(default_factory=dict, repr=False)
    """By instrument."""

    @property
    def account(self) -> AccountId:
        """Return the account that trades."""
        return self.wallet.account()

    def begin(self, client: Client) -> None:
        """Deposit an inventory of every asset, the USDC to lie ready, not to lend."""
        account = hold(client, self)
        choose(account, replace(self.settings, auto_lend=False))
        fund(account, ASSETS[USDC], self.capital * 10**6)
        choose(account, self.settings)
        for asset in ASSETS[1:]:
            fund(account, asset, INVENTORY[asset.symbol] * 10**asset.decimals)

    def act(self, view: View) -> None:
        """Keep the ladders where the middle is; now and then cancel a quote unasked."""
        account = hold(view.client, self)
        if Random(f"{self.seed}/{view.now}").random() < 0.05:
            account.cancel_quote(self._next_nonce())
        ladders = {number: self._get_ladder(view, number) for number in TRADED}
        middles = {
            ladder.name: self._mid(view.state, number)
            for number, ladder in ladders.items()
        }
        keep(account, middles, list(ladders.values()))

    def quote(
        self, view: View, instrument: int, size: int, for_account: AccountId
    ) -> SignedQuote:
        """Return a signed quote with which somebody may buy, or sell, a signed size."""
        is_ask = size > 0
        listed = view.client.link.listings.named(instrument)
        return hold(view.client, self).quote(
            listed.name,
            is_buy=not is_ask,
            size=listed.from_quoted(abs(size)),
            price=to_decimal(self.price(view.state, instrument, is_ask=is_ask)),
            min_size=listed.from_quoted(1),
            nonce=self._next_nonce(),
            counterparty=for_account,
        )

    def price(self, state: State, instrument: int, *, is_ask: bool) -> int:
        """Return the best price of a side, WAD USDC, rounded in the maker's favour."""
        middle = self._mid(state, instrument)
        return compute_price(middle, self.spread, is_ask=is_ask)

    def worst_price(self, state: State, instrument: int, *, is_ask: bool) -> int:
        """Return the price of the last order of a side's ladder, WAD USDC."""
        distance = self.spread + (len(get_shares(instrument)) - 1) * STEP
        return compute_price(self._mid(state, instrument), distance, is_ask=is_ask)

    def _next_nonce(self) -> int:
        nonce, self._nonce = self._nonce, self._nonce + 1
        return nonce

    def _get_ladder(self, view: View, number: int) -> Ladder:
        """Return the ladder of an instrument; a new one is placed when it is kept."""
        if number not in self._ladders:
            worths = [self.capital * share // 100 for share in get_shares(number)]
            name = view.client.link.listings.named(number).name
            self._ladders[number] = Ladder(name, worths, self.spread)
        return self._ladders[number]

    def _mid(self, state: State, instrument: int) -> int:
        """Return the middle of bid and ask, WAD USDC."""
        lean = self._lean(state, instrument)
        return get_index(state, instrument) * (PPM - lean) // PPM

    def _lean(self, state: State, instrument: int) -> int:
        """Return how far quotes shift down because the maker is long, in ppm."""
        if instrument >= SPOT:
            return 0
        held = ch.get_account(state, self.wallet.account())
        lots = acc.get_position(held, instrument).lots
        notional = lots * state.markets[instrument].lot * get_price(state, instrument)
        lean = notional // WAD // WAD * 6_000 // self.capital
        return max(-MAX_LEAN, min(MAX_LEAN, lean))


def get_shares(instrument: int) -> Sequence[int]:
    """Return the size of each order of a ladder, in percent of the capital."""
    return SPOT_LEVELS if instrument >= SPOT else LEVELS
