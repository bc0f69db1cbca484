"""
Who trades in a replay.

An actor is asked once at the beginning and once in every tick what it does, and says
so as calls; it knows the state as it stood when the keeper was done with the tick,
and draws from a generator of its own. It does nothing that the specification would
refuse at that state; what another actor did in the meantime may still be in the way.
"""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace
from random import Random
from typing import Any, Final, Protocol

from keeper.deployment import Deployment
from keeper.parameters import ASSETS, AssetListing
from keeper.replay.wallets import Wallet
from specs import accounts as acc
from specs import clearinghouse as ch
from specs.accounts import USDC, AccountId, Settings
from specs.clearinghouse import State
from specs.errors import Revert
from specs.fixed_point import WAD, Seconds, Wad
from specs.quotes import SPOT, Quote

FOREVER: Final = 2**256 - 1
EXPIRY: Final = 30  # seconds that a quote is good for
PPM: Final = 10**6
MAX_LEAN: Final = 2_500  # ppm


@dataclass(frozen=True)
class Move:
    """A transaction that an actor sends."""

    sender: str
    contract: str
    """Which field of the deployment it goes to, or ``token:SYMBOL``."""
    method: str
    arguments: tuple[Any, ...]


@dataclass(frozen=True)
class View:
    """What actors know when it is their turn."""

    now: Seconds
    state: State
    deployment: Deployment
    domain: bytes
    """Of the quote desk."""
    bands: Mapping[int, tuple[int, int]]
    """The lowest and the highest price at which each instrument may be filled."""


class Actor(Protocol):
    """A participant with one role."""

    @property
    def role(self) -> str:
        """Return what the actor is, for the report."""
        ...

    @property
    def wallet(self) -> Wallet:
        """Return the actor's key."""
        ...

    @property
    def account(self) -> AccountId:
        """Return the account that the actor uses."""
        ...

    settings: Settings
    """What the actor chooses for the account at first."""

    def begin(self, deployment: Deployment) -> Sequence[Move]:
        """Return what the actor does before the first price."""
        ...

    def act(self, view: View) -> Sequence[Move]:
        """Return what the actor does in this tick."""
        ...


def top_up(
    wallet: Wallet, asset: AssetListing, tokens: int, number: int = 0
) -> list[Move]:
    """Return how a wallet mints ``tokens`` and deposits them into an account."""
    minted = (wallet.address, tokens)
    placed = (wallet.account(number), asset.number, tokens)
    return [
        Move(wallet.address, f"token:{asset.symbol}", "mint", minted),
        Move(wallet.address, "clearinghouse", "deposit", placed),
    ]


def fund(
    wallet: Wallet, asset: AssetListing, tokens: int, vault: str, number: int = 0
) -> list[Move]:
    """Return the same for a wallet that has yet to let ``vault`` take the token."""
    allowed = (vault, FOREVER)
    return [
        Move(wallet.address, f"token:{asset.symbol}", "approve", allowed),
        *top_up(wallet, asset, tokens, number),
    ]


def choose(wallet: Wallet, account: AccountId, settings: Settings) -> Move:
    """Return how a wallet chooses an account's settings."""
    words = (account, astuple(settings))
    return Move(wallet.address, "clearinghouse", "set_settings", words)


def get_settings(view: View, account: AccountId) -> Settings:
    """Return what an account has chosen."""
    return ch.get_account(view.state, account).settings


def is_allowed(view: View, wallet: Wallet, method: str, *arguments: Any) -> bool:
    """Return whether the specification would let the wallet do so now."""
    caller = acc.Address(int(wallet.address, 16))
    try:
        getattr(ch, method)(view.state, view.now, caller, *arguments)
    except Revert:
        return False
    return True


@dataclass
class Maker:
    """A market maker: whoever asks is quoted both sides of any instrument."""

    wallet: Wallet
    seed: int
    capital: int
    """Whole USDC; as much again is held in every other asset together."""
    spread: int = 400
    """Of each side from mark, ppm, before it leans against its inventory."""
    role: str = "market maker"
    settings: Settings = acc.DEFAULT
    _nonce: int = field(default=0, repr=False)

    @property
    def account(self) -> AccountId:
        """Return the account that trades."""
        return self.wallet.account()

    def begin(self, deployment: Deployment) -> Sequence[Move]:
        """Deposit an inventory of every asset, the USDC to lie ready, not to lend."""
        idling = replace(self.settings, auto_lend=False)
        moves = [choose(self.wallet, self.account, idling)]
        moves += fund(self.wallet, ASSETS[USDC], self.capital * 10**6, deployment.vault)
        moves.append(choose(self.wallet, self.account, self.settings))
        shares = {"BTC": 10, "ETH": 150, "SOL": 10_000, "USDT": 200_000}
        for asset in ASSETS[1:]:
            tokens = shares[asset.symbol] * 10**asset.decimals
            moves += fund(self.wallet, asset, tokens, deployment.vault)
        return moves

    def act(self, view: View) -> Sequence[Move]:
        """Say where the middle of the quotes is; now and then cancel one unasked."""
        sender = self.wallet.address
        moves = [
            Move(
                sender,
                "oracle",
                "observe",
                (market, self._mid(view.state, market), view.now + EXPIRY),
            )
            for market in view.state.markets
        ]
        if Random(f"{self.seed}/{view.now}").random() < 0.05:
            nonce, self._nonce = self._nonce, self._nonce + 1
            moves.append(Move(sender, "quote_desk", "cancel", (self.account, nonce)))
        return moves

    def quote(
        self, view: View, instrument: int, size: int, for_account: AccountId
    ) -> tuple[Quote, Quote]:
        """Return a bid and an ask for ``size``, both for one counterparty."""
        bid = self.price(view.state, instrument, is_ask=False)
        ask = self.price(view.state, instrument, is_ask=True)
        return (
            self._make(view, instrument, True, size, bid, for_account),
            self._make(view, instrument, False, size, ask, for_account),
        )

    def _make(
        self,
        view: View,
        instrument: int,
        is_buy: bool,
        size: int,
        price: int,
        for_account: AccountId,
    ) -> Quote:
        nonce, self._nonce = self._nonce, self._nonce + 1
        expiry = Seconds(view.now + EXPIRY)
        return Quote(
            self.wallet.account(),
            instrument,
            is_buy,
            size,
            1,
            Wad(price),
            nonce,
            expiry,
            for_account,
        )

    def price(self, state: State, instrument: int, *, is_ask: bool) -> int:
        """Return the price of one side, WAD USDC, rounded in the maker's favour."""
        mid = self._mid(state, instrument)
        if is_ask:
            return -(-mid * (PPM + self.spread) // PPM)
        return mid * (PPM - self.spread) // PPM

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

    def trade(self, view: View, instrument: int, size: int) -> list[Move]:
        """Return how to trade a signed size: take a quote, or sign one to cross it."""
        if size == 0:
            return []
        bid, ask = self.maker.quote(view, instrument, abs(size), self.account)
        made = ask if size > 0 else bid
        low, high = view.bands[instrument]
        if not low <= made.price <= high:
            return []
        signed = self.maker.wallet.sign(view.domain, made)
        if self.random.random() < 0.75:
            arguments: tuple[Any, ...] = astuple(made), signed, self.account, abs(size)
            return [Move(self.wallet.address, "quote_desk", "take", arguments)]
        mine = Quote(
            account=self.account,
            instrument=instrument,
            is_buy=size > 0,
            size=abs(size),
            min_size=abs(size),
            price=made.price,
            nonce=self.random.getrandbits(64),
            expiry=made.expiry,
            counterparty=self.maker.wallet.account(),
        )
        answer = self.wallet.sign(view.domain, mine)
        arguments = astuple(made), signed, astuple(mine), answer
        # The maker pays the gas: it is the one who wants the trade done.
        return [Move(self.maker.wallet.address, "quote_desk", "cross", arguments)]


def get_index(state: State, instrument: int) -> int:
    """Return the slow price of a spot asset, or of what a market follows."""
    if instrument >= SPOT:
        return state.assets[instrument - SPOT].quote.slow
    return state.assets[state.markets[instrument].underlying].quote.slow


def get_price(state: State, instrument: int) -> int:
    """Return the mark of a market, the slow price of a spot asset."""
    if instrument >= SPOT:
        return state.assets[instrument - SPOT].quote.slow
    return state.markets[instrument].quote.slow


def get_price_of(view: View, asset: int) -> int:
    """Return the slow price of an asset; USDC's is 1."""
    return WAD if asset == USDC else get_price(view.state, SPOT + asset)
