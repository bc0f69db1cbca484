"""Who makes the market: a ladder of orders around the index, and quotes on request."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from random import Random
from typing import Final

from keeper.chain.interface import Refused
from keeper.client.account import Account
from keeper.client.client import Client
from keeper.client.listings import Instrument
from keeper.client.quotes import SignedQuote
from keeper.client.results import Order
from keeper.client.units import Rounding, to_decimal
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

STEP: Final = 200
"""Between the prices of a ladder, ppm."""

SLACK: Final = 100
"""A ladder stays where it is until the middle has moved by so much, ppm."""

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
    _placed: dict[int, "Ladder"] = field(default_factory=dict, repr=False)
    """What was placed last, by instrument."""

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
        resting = account.orders()
        moved = [number for number in TRADED if self._has_moved(view, number, resting)]
        names = {view.client.link.listings.named(number).name for number in moved}
        gone = [order for order in resting if order.instrument in names]
        if gone:
            account.cancel(*gone)
        late: Refused | None = None
        for number in moved:
            try:
                self._place(view, account, number)
            except Refused as error:
                # A price far from the last fill may not rest; other books go on.
                late = error
        if late:
            raise late

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
        return self._price_at(self._mid(state, instrument), 0, is_ask=is_ask)

    def worst_price(self, state: State, instrument: int, *, is_ask: bool) -> int:
        """Return the price of the last order of a side's ladder, WAD USDC."""
        last = len(get_shares(instrument)) - 1
        return self._price_at(self._mid(state, instrument), last, is_ask=is_ask)

    def _next_nonce(self) -> int:
        nonce, self._nonce = self._nonce, self._nonce + 1
        return nonce

    def _has_moved(self, view: View, number: int, resting: Sequence[Order]) -> bool:
        """Return whether a ladder is not where or what it should be."""
        placed = self._placed.get(number)
        if placed is None:
            return True
        middle = self._mid(view.state, number)
        if abs(middle - placed.middle) * PPM > SLACK * placed.middle:
            return True
        name = view.client.link.listings.named(number).name
        there = {order.id: order.size for order in resting if order.instrument == name}
        return there != placed.sizes

    def _place(self, view: View, account: Account, number: int) -> None:
        """Place the ladder of an instrument anew, the best prices first."""
        listed = view.client.link.listings.named(number)
        # What is refused in the middle is placed again next time.
        self._placed.pop(number, None)
        ladder = Ladder(self._mid(view.state, number))
        for is_ask, price, size in self._rungs(listed, ladder.middle):
            rounding = Rounding.UP if is_ask else Rounding.DOWN
            trade = account.sell if is_ask else account.buy
            limit = to_decimal(listed.to_wad(to_decimal(price), rounding))
            placed = trade(listed.name, listed.to_size(size), limit)
            if placed.order is not None:
                ladder.sizes[placed.order] = listed.to_size(size) - placed.filled
        self._placed[number] = ladder

    def _rungs(
        self, listed: Instrument, middle: int
    ) -> Iterator[tuple[bool, int, int]]:
        """Yield side, price (WAD USDC) and lots of a ladder's orders, best first."""
        for place, share in enumerate(get_shares(listed.number)):
            worth = self.capital * share // 100
            lots = listed.to_lots(to_decimal(worth * WAD * WAD // middle), "down")
            for is_ask in (False, True):
                yield is_ask, self._price_at(middle, place, is_ask=is_ask), lots

    def _price_at(self, middle: int, place: int, *, is_ask: bool) -> int:
        """Return a price of a ladder, WAD USDC, rounded in the maker's favour."""
        distance = self.spread + place * STEP
        if is_ask:
            return -(-middle * (PPM + distance) // PPM)
        return middle * (PPM - distance) // PPM

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


@dataclass
class Ladder:
    """Orders that were placed around a middle, WAD USDC."""

    middle: int
    sizes: dict[int, Decimal] = field(default_factory=dict)
    """What rests of each order, by id."""


def get_shares(instrument: int) -> Sequence[int]:
    """Return the size of each order of a ladder, in percent of the capital."""
    return SPOT_LEVELS if instrument >= SPOT else LEVELS
