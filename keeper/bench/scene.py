"""
A protocol in use: people with deposits, debts and positions, and prices that hold.

Nothing is measured here. Every transaction is a block of its own, so that each finds
its slots cold.
"""

from collections.abc import Sequence
from dataclasses import astuple, replace
from typing import Any, Final

from keeper.bench.node import INTERVAL
from keeper.chain.interface import LocalChain, Receipt
from keeper.deployment import Deployment, asset_arguments, deploy
from keeper.parameters import (
    ASSETS,
    MARKETS,
    PUBLISHERS,
    THRESHOLD,
    AssetListing,
)
from keeper.publishers import Panel
from keeper.publishers import Report as Said
from keeper.replay.wallets import Wallet
from keeper.signing import local_account
from specs.accounts import DEFAULT, AccountId
from specs.book_basis import MAX_HOLD
from specs.fixed_point import WAD, Seconds, Wad
from specs.outage import MAX_GAP
from specs.price_oracle import Report, compute_report_digest
from specs.quotes import SPOT, Quote, compute_domain

FOREVER: Final = 2**256 - 1
EXPIRY: Final = 3_600  # seconds
PREMIUM: Final = 1_000  # ppm, of the book's mid over the index
CROSSINGS: Final = 512
"""More than any price here crosses at once."""

# Whole USDC.
PRICES: Final = {"BTC": 30_000, "ETH": 2_000, "SOL": 100, "USDT": 1}


class Scene:
    """A deployment with its people, and the means to act in it."""

    def __init__(self, chain: LocalChain) -> None:
        """
        Deploy on an empty chain, and publish the first prices.

        Every transaction has to be a block of its own, ``INTERVAL`` after the last.
        """
        self.chain = chain
        self.governor = Wallet("governor")
        self.relay = Wallet("relay")
        self.book = Wallet("book")
        for wallet in (self.governor, self.relay, self.book):
            self.join(wallet)
        signers = [local_account(f"publisher {n}") for n in range(PUBLISHERS)]
        self._panel = Panel(signers)
        self.deployment: Deployment = deploy(
            chain, self.governor.address, self._panel.addresses, self.book.address
        )
        desk = self.deployment.quote_desk
        self._domain = compute_domain(chain.chain_id, desk.address)
        self._nonces: dict[AccountId, int] = {}
        self._published = 0
        """When prices were published last."""
        self._listings = {asset.symbol: asset for asset in ASSETS}
        self._prices = {asset: price * WAD for asset, price in PRICES.items()}
        self.refresh()
        self.move_prices(1.0)

    @property
    def next_time(self) -> Seconds:
        """Return the time of the block that the next transaction makes."""
        return Seconds(self.chain.block().timestamp + INTERVAL)

    @property
    def _priced(self) -> tuple[int, ...]:
        """Return the assets that publishers report, in their order."""
        return tuple(self._listings[symbol].number for symbol in self._prices)

    def list_asset(self, listing: AssetListing) -> None:
        """List an asset that the oracle does not know."""
        words = (listing.name, listing.symbol, listing.decimals)
        token = self.chain.deploy(self.governor.address, "MockToken", *words)
        tokens = {**self.deployment.tokens, listing.symbol: token}
        self.deployment = replace(self.deployment, tokens=tokens)
        self._listings[listing.symbol] = listing
        arguments = asset_arguments(self.deployment, listing)
        self.send(self.governor, "clearinghouse", "list_asset", *arguments)

    def price(self, symbol: str, whole: int) -> None:
        """Have a listed asset priced from now on."""
        listing = self._listings[symbol]
        limits = (listing.number, listing.max_step, listing.spot_tolerance)
        self.send(self.governor, "oracle", "list_asset", *limits)
        self._prices[symbol] = whole * WAD
        self.refresh()

    def leave_ticks(self, wallet: Wallet, number: int = 0) -> None:
        """Have an account's profit and loss realised by anyone, outside the ticks."""
        settings = astuple(replace(DEFAULT, auto_realize=True))
        self._choose(wallet, number, settings)

    def enter_ticks(self, wallet: Wallet, number: int = 0) -> None:
        """Have an account stand inside the tick set from its next touch on."""
        self._choose(wallet, number, astuple(DEFAULT))

    def _choose(
        self, wallet: Wallet, number: int, settings: tuple[object, ...]
    ) -> None:
        arguments = (wallet.account(number), settings)
        self.send(wallet, "clearinghouse", "set_settings", *arguments)

    def join(self, wallet: Wallet) -> Wallet:
        """Let the chain send for a wallet."""
        self.chain.unlock(wallet.signer)
        return wallet

    def send(
        self, wallet: Wallet, contract: str, method: str, *arguments: Any
    ) -> Receipt:
        """
        Send to a field of the deployment, or to ``token:SYMBOL``.

        Publishers never rest: before prices are so old that they would have to wait,
        they are published again.
        """
        age = self.next_time - self._published
        if self._published and age > MAX_GAP - 2 * INTERVAL:
            self.publish()
        found = self.deployment.find(contract)
        return self.chain.send(wallet.address, found, method, *arguments)

    def mint(self, wallet: Wallet, symbol: str, whole: int) -> None:
        """Give a wallet tokens, and let the vault take them for ever."""
        token = f"token:{symbol}"
        tokens = whole * 10 ** self._listings[symbol].decimals
        self.send(wallet, token, "mint", wallet.address, tokens)
        vault = self.deployment.vault
        self.send(wallet, token, "approve", vault, FOREVER)

    def deposit(
        self, wallet: Wallet, symbol: str, whole: int, number: int = 0
    ) -> Receipt:
        """Deposit tokens that the wallet has."""
        asset = self._listings[symbol]
        tokens = whole * 10**asset.decimals
        place = (wallet.account(number), asset.number, tokens)
        return self.send(wallet, "clearinghouse", "deposit", *place)

    def enter(self, name: str, **amounts: int) -> Wallet:
        """Return a newcomer with deposits, and as much again in tokens."""
        wallet = self.join(Wallet(name))
        self.add(wallet, **amounts)
        return wallet

    def add(self, wallet: Wallet, **amounts: int) -> None:
        """Deposit for somebody, and leave as much again in tokens."""
        for symbol, whole in amounts.items():
            self.mint(wallet, symbol, 2 * whole)
            self.deposit(wallet, symbol, whole)

    def repay(self, wallet: Wallet, symbol: str, whole: int) -> Receipt:
        """Repay a debt with tokens that the wallet has."""
        asset = self._listings[symbol]
        place = (wallet.account(), asset.number, whole * 10**asset.decimals)
        return self.send(wallet, "clearinghouse", "repay", *place)

    def borrow(self, wallet: Wallet, symbol: str, whole: int) -> Receipt:
        """Borrow into the wallet."""
        return self._take_out(wallet, "borrow", symbol, whole)

    def withdraw(self, wallet: Wallet, symbol: str, whole: int) -> Receipt:
        """Withdraw into the wallet."""
        return self._take_out(wallet, "withdraw", symbol, whole)

    def publish(self) -> Receipt:
        """Have two publishers report the prices, and relay what they say."""
        time = self.next_time
        asked = self.deployment.oracle.address
        reports, signatures = [], []
        for publisher in range(THRESHOLD):
            said = Said(publisher, time, self._prices)
            numbers = self._priced
            prices = tuple(Wad(price) for price in said.prices.values())
            report = Report(time, numbers, prices)
            digest = compute_report_digest(self.chain.chain_id, asked, report)
            reports.append(astuple(report))
            signatures.append(self._panel.sign(said, digest))
        self._published = time
        return self.send(self.relay, "oracle", "publish", reports, signatures)

    def tick(self, assets: Sequence[int], markets: Sequence[int]) -> Receipt:
        """Have the clearinghouse take prices and marks over."""
        numbers = (assets, markets, CROSSINGS)
        return self.send(self.relay, "clearinghouse", "tick", *numbers)

    def refresh(self) -> None:
        """Bring every price of the clearinghouse to now."""
        self.publish()
        self.tick(self._priced, [market.number for market in MARKETS])

    def shift(self, factor: float) -> None:
        """Have publishers report other prices, of all but USDT, from now on."""
        for symbol in self._prices:
            if symbol != "USDT":
                ppm = round(factor * 10**6)
                self._prices[symbol] = self._prices[symbol] * ppm // 10**6
        for market in MARKETS:
            mid = self.price_of(market.number) * (10**6 + PREMIUM) // 10**6
            until = self.next_time + MAX_HOLD
            self.send(self.book, "oracle", "observe", market.number, mid, until)

    def move_prices(self, factor: float) -> None:
        """Move every price but USDT's, in the index and in the book."""
        self.shift(factor)
        self.refresh()

    def quote(
        self,
        account: AccountId,
        instrument: int,
        size: int,
        price: int,
    ) -> Quote:
        """Return a quote for a signed size, whose nonce is the account's next."""
        nonce = self._nonces.get(account, 0)
        self._nonces[account] = nonce + 1
        return Quote(
            account=account,
            instrument=instrument,
            is_buy=size > 0,
            size=abs(size),
            min_size=abs(size),
            price=Wad(price),
            nonce=nonce,
            expiry=Seconds(self.next_time + EXPIRY),
        )

    def cross(
        self,
        instrument: int,
        size: int,
        maker: Wallet,
        taker: Wallet,
        numbers: tuple[int, int] = (0, 0),
        price: int | None = None,
    ) -> Receipt:
        """Have the maker buy a signed size of the taker; at the index, unless said."""
        price = self.price_of(instrument) if price is None else price
        made = self.quote(maker.account(numbers[0]), instrument, size, price)
        met = self.quote(taker.account(numbers[1]), instrument, -size, price)
        signed = (maker.sign(self._domain, made), taker.sign(self._domain, met))
        words = (astuple(made), signed[0], astuple(met), signed[1])
        return self.send(self.relay, "quote_desk", "cross", *words)

    def take(self, instrument: int, size: int, maker: Wallet, taker: Wallet) -> Receipt:
        """Have the taker take a quote of the maker, who buys a signed size."""
        price = self.price_of(instrument)
        made = self.quote(maker.account(), instrument, size, price)
        signature = maker.sign(self._domain, made)
        words = (astuple(made), signature, taker.account(), abs(size))
        return self.send(taker, "quote_desk", "take", *words)

    def price_of(self, instrument: int) -> int:
        """Return the index under a market or of a spot asset, WAD USDC."""
        return self._prices[ASSETS[asset_under(instrument)].symbol]

    def _take_out(
        self, wallet: Wallet, method: str, symbol: str, whole: int
    ) -> Receipt:
        asset = self._listings[symbol]
        tokens = whole * 10**asset.decimals
        place = (wallet.account(), asset.number, tokens, wallet.address)
        return self.send(wallet, "clearinghouse", method, *place)


def asset_under(instrument: int) -> int:
    """Return the asset that a spot instrument is of, or that a market follows."""
    if instrument >= SPOT:
        return instrument - SPOT
    return MARKETS[instrument].underlying
