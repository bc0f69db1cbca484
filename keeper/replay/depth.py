"""
Makers whose depth thins with volatility.

A maker measures how much the index moves and quotes the less and the wider the more it
does. Let ``r`` be the return of the index over the ``dt`` seconds since the last look:

    v     <- v + (r**2/dt - v) * dt/(dt + MEMORY)      variance per second
    sigma  = sqrt(v),   heat = max(1, sigma/sigma_0)
    depth  = BASE * SHARE * share / heat**THINNING     USDC on each side of the book
    width  = max(LEAST, CAUTION * sigma * sqrt(t))     best order from the middle
    middle = index * (1 - LEAN * inventory/capital)

An order ``k`` of ``LEVELS`` is ``width * (1 + k*GAP)`` from the middle and has the part
``(k + 1)/(1 + 2 + ... + LEVELS)`` of the depth. ``t`` is the time since the last look,
for that until the next. With the chance ``ABSENCE * (1 - 1/heat)`` a maker quotes
nothing in a tick. Ladders are posted to the book on the chain; one is cancelled and
posted anew when its middle has moved by a ``PATIENCE``-th part of its width, when the
depth it was made for is no longer what it should be, to within a third, or when a third
of a side has been taken.

``sigma_0``   the market's own reference for volatility (``Limits.reference``), above
              which margins grow: what is normal is said once.
``MEMORY``    90 s: makers react to the last minutes and not to the last hour, over
              which the chain measures: they leave sooner than margins rise.
``BASE``      the open interest of the market, USDC: books are as deep as markets large.
``SHARE``     10 % of it on a side when calm, all makers together, within two widths and
              a half of the middle: what is quoted elsewhere is behind it, as makers
              sell there what they buy here. Tuned, see below.
``THINNING``  1: depth is inverse to volatility; at ten times the reference nine tenths
              are gone, about what is reported of books in the worst minutes.
``LEAST``     5 bp: more than maker fee and price noise of publishers.
``CAUTION``   1: one standard deviation of what may happen before the next look.
``LEVELS``    3, with ``GAP`` 0.5: depth grows away from the middle, as in books, and
              all of it is nearer than twice the best order. ``GAP`` is tuned.
``LEAN``      0.5 % at an inventory as large as the capital, at most ``MOST_LEAN``: a
              maker that has bought wants to sell.
``ABSENCE``   a fifth: some makers switch off when it gets hot, and not all at once.
``share``     of each maker, drawn by the seed between 0.5 and 1.5 over their number.
``capital``   as much as the open interest of all markets: what a maker buys in a crash
              it sells elsewhere, and only this side of it is seen here.

Tuned on seed 0 of ``march-2020``, on the real file and on a small fall of the tests,
and on nothing else; other seeds and presets were only looked at:

``SHARE``     A few hundred people hold an open interest in coarse parts, of which a
              slice is half a percent: with 3 % one slice of the largest takes the whole
              best price, and the next ones of that second find nobody.
``GAP``       What is further from the mark than half of the margin buys nothing of a
              liquidation, and with 1 that is most of the depth.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import sqrt
from random import Random
from typing import Final

from keeper.chain.interface import Refused
from keeper.client.account import Account
from keeper.client.client import Client
from keeper.client.ladders import compute_price
from keeper.client.units import Rounding, to_decimal
from keeper.parameters import ASSETS, MARKETS
from keeper.replay.actors import View, fund, hold
from keeper.replay.wallets import Wallet
from specs import accounts as acc
from specs import clearinghouse as ch
from specs.accounts import USDC, AccountId, Settings
from specs.clearinghouse import State
from specs.fixed_point import PPM, WAD
from specs.instruments import get_asset, is_spot
from specs.open_orders import OpenOrders

MEMORY: Final = 90.0
SHARE: Final = 0.10
THINNING: Final = 1.0
LEAST: Final = 5e-4
CAUTION: Final = 1.0
LEVELS: Final = 3
GAP: Final = 0.5
LEAN: Final = 0.005
MOST_LEAN: Final = 0.002
ABSENCE: Final = 0.2
PATIENCE: Final = 2
CALM: Final = 1.8e-4
"""The reference of a spot pair, which has none on the chain: 100 % a year."""
BLIND: Final = 30
"""Seconds after which a price is none: perpetuals open nothing at it either."""


@dataclass(frozen=True)
class Model:
    """The functions above; a preset may set other parameters."""

    share: float = SHARE
    thinning: float = THINNING
    caution: float = CAUTION
    absence: float = ABSENCE

    def heat(self, sigma: float, calm: float) -> float:
        """Return how many times the normal volatility there is, at least 1."""
        return max(1.0, sigma / calm)

    def depth(self, base: float, heat: float) -> float:
        """Return the USDC on each side of all makers together."""
        return base * self.share / float(heat**self.thinning)

    def width(self, sigma: float, seconds: float) -> float:
        """Return how far the best order is from the middle, as a part of it."""
        return max(LEAST, self.caution * sigma * sqrt(seconds))

    def ladder(
        self, depth: float, sigma: float, seconds: float
    ) -> Sequence[tuple[float, float]]:
        """Return distance and USDC of each order of a side, the best first."""
        width, parts = self.width(sigma, seconds), LEVELS * (LEVELS + 1) / 2
        return [
            (width * (1 + place * GAP), depth * (place + 1) / parts)
            for place in range(LEVELS)
        ]

    def is_away(self, heat: float, random: Random) -> bool:
        """Return whether a maker quotes nothing in this tick."""
        return random.random() < self.absence * (1 - 1 / heat)


MODEL: Final = Model()
NOTHING: Final = OpenOrders(0, 0)


@dataclass
class Gauge:
    """What a maker has seen of one index."""

    price: int = 0
    time: int = 0
    variance: float = 0.0

    @property
    def sigma(self) -> float:
        """Return the volatility, for a root of a second."""
        return sqrt(self.variance)

    def look(self, price: int, now: int) -> int:
        """Take a price in, WAD; return the seconds since the last one, 0 at first."""
        elapsed = now - self.time if self.price else 0
        if elapsed > 0:
            sample = (price / self.price - 1) ** 2 / elapsed
            self.variance += (sample - self.variance) * elapsed / (elapsed + MEMORY)
        self.price, self.time = price, now
        return elapsed


@dataclass(frozen=True)
class Posted:
    """A ladder as it was posted."""

    middle: int
    width: float
    depth: float
    bids: int
    """Lots of all orders of a side, as the account counts them."""
    asks: int
    orders: tuple[int, ...]
    """Their ids."""


@dataclass
class DepthMaker:
    """One maker of several, in some instruments."""

    wallet: Wallet
    seed: int
    capital: int
    """Whole USDC."""
    bases: Mapping[int, int]
    """By instrument: what its book is measured by, whole USDC."""
    share: float
    """Of the depth of all makers."""
    inventory: Mapping[int, int] = field(default_factory=dict)
    """Units of the tokens that are deposited beside the capital, by asset."""
    model: Model = MODEL
    leaves: int | None = None
    """When everything is cancelled for good."""
    role: str = "market maker"
    settings: Settings = acc.DEFAULT
    _gauges: dict[int, Gauge] = field(default_factory=dict, repr=False)
    _posted: dict[int, Posted] = field(default_factory=dict, repr=False)

    @property
    def account(self) -> AccountId:
        """Return the account that trades."""
        return self.wallet.account()

    def begin(self, client: Client) -> None:
        """Deposit the capital, and something of every spot asset that is quoted."""
        account = hold(client, self)
        fund(account, ASSETS[USDC], self.capital * 10**6)
        for asset, tokens in self.inventory.items():
            fund(account, ASSETS[asset], tokens)

    def act(self, view: View) -> None:
        """Look; cancel the ladders that are not as they should be, and post them."""
        random = Random(f"depth/{self.seed}/{self.wallet.name}/{view.now}")
        due: dict[int, Posted | None] = {}
        wanted: dict[int, tuple[int, float, float, float]] = {}
        for instrument in self.bases:
            gauge = self._gauges.setdefault(instrument, Gauge())
            elapsed = gauge.look(get_fast(view.state, instrument), view.now)
            heat = self.model.heat(gauge.sigma, get_calm(instrument))
            depth = self.model.depth(self.bases[instrument], heat) * self.share
            middle = self._middle(view.state, instrument)
            posted = self._posted.get(instrument)
            is_gone = self.leaves is not None and view.now >= self.leaves
            is_blind = is_old(view.state, instrument, view.now)
            if is_gone or is_blind or self.model.is_away(heat, random):
                due[instrument] = posted
            elif posted is None or self._is_due(view.state, instrument, middle, depth):
                due[instrument] = posted
                wanted[instrument] = middle, gauge.sigma, depth, max(1.0, elapsed)
        account = hold(view.client, self)
        old = [order for posted in due.values() if posted for order in posted.orders]
        if old:
            account.cancel(*old)
        late: Refused | None = None
        for instrument in due:
            self._posted.pop(instrument, None)
            if instrument in wanted:
                late = self._post(account, instrument, *wanted[instrument]) or late
        if late:
            raise late

    def _is_due(self, state: State, instrument: int, middle: int, depth: float) -> bool:
        """Return whether a ladder is not what and where it should be."""
        posted = self._posted[instrument]
        if abs(middle - posted.middle) * PATIENCE > posted.width * posted.middle:
            return True
        if not posted.depth * 2 / 3 <= depth <= posted.depth * 3 / 2:
            return True
        account = ch.get_account(state, self.account)
        resting = account.orders.get(instrument, NOTHING)
        return 3 * resting.bids < 2 * posted.bids or 3 * resting.asks < 2 * posted.asks

    def _post(
        self,
        account: Account,
        instrument: int,
        middle: int,
        sigma: float,
        depth: float,
        seconds: float,
    ) -> Refused | None:
        """Post a ladder, the best prices first; return the last refusal, if any."""
        listed = account.link.listings.named(instrument)
        late: Refused | None = None
        orders, lots = list[int](), [0, 0]
        for distance, worth in self.model.ladder(depth, sigma, seconds):
            amount = to_decimal(int(worth) * WAD * WAD // middle)
            size = listed.to_size(listed.to_lots(amount, Rounding.DOWN))
            for is_ask in (False, True):
                price = compute_price(middle, round(distance * PPM), is_ask=is_ask)
                rounding = Rounding.UP if is_ask else Rounding.DOWN
                limit = to_decimal(listed.to_wad(to_decimal(price), rounding))
                trade = account.sell if is_ask else account.buy
                try:
                    placed = trade(listed.name, size, limit)
                except Refused as error:
                    late = error
                    continue
                if placed.order is not None:
                    orders.append(placed.order)
                    lots[is_ask] += listed.to_quoted(size - placed.filled)
        width = self.model.width(sigma, seconds)
        bids, asks = lots
        posted = Posted(middle, width, depth, bids, asks, tuple(orders))
        self._posted[instrument] = posted
        return late

    def _middle(self, state: State, instrument: int) -> int:
        """Return the index, WAD, leant away from what is held already."""
        price = get_fast(state, instrument)
        if is_spot(instrument):
            return price
        held = acc.get_position(ch.get_account(state, self.account), instrument).lots
        worth = held * state.markets[instrument].lot * price / WAD / WAD
        lean = max(-MOST_LEAN, min(MOST_LEAN, LEAN * worth / self.capital))
        return price - int(price * lean)


def get_fast(state: State, instrument: int) -> int:
    """Return the newest index of what an instrument follows, WAD USDC."""
    return state.assets[get_underlying(instrument)].quote.fast


def is_old(state: State, instrument: int, now: int) -> bool:
    """Return whether nobody knows what the price is."""
    return state.assets[get_underlying(instrument)].quote.time + BLIND < now


def get_underlying(instrument: int) -> int:
    """Return the asset whose index an instrument follows."""
    if is_spot(instrument):
        return get_asset(instrument)
    return MARKETS[instrument].underlying


def get_calm(instrument: int) -> float:
    """Return the volatility that is normal, for a root of a second."""
    if is_spot(instrument):
        return CALM
    return MARKETS[instrument].limits.reference / 10**9


def draw_shares(makers: int, seed: int) -> Sequence[float]:
    """Return the part of all depth that each of some makers has; together 1."""
    random = Random(f"shares/{seed}")
    drawn = [random.randint(50, 150) for _ in range(makers)]
    return [each / sum(drawn) for each in drawn]
