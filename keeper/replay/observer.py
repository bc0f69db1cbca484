"""Reads the world of the specification back from a chain."""

from collections.abc import Sequence
from dataclasses import replace

from keeper import mirror_book
from keeper.chain.interface import Chain
from keeper.deployment import Deployment
from keeper.mirror import Scope, read_clearing, read_liquidator, reader_of
from keeper.parameters import ASSETS, BOOKS, MARKETS
from specs.accounts import USDC, AccountId, Address
from specs.bands import Band
from specs.book_state import State
from specs.clearinghouse import AssetPrice, MarkPrice
from specs.fixed_point import Seconds
from specs.instruments import SPOT
from specs.world import World


class Observer:
    """Knows what to read."""

    def __init__(
        self, chain: Chain, deployment: Deployment, accounts: Sequence[AccountId]
    ) -> None:
        """Watch these accounts of a deployment."""
        self._chain = chain
        self._deployment = deployment
        desk, liquidator = deployment.quote_desk.address, deployment.liquidator.address
        book = deployment.order_book.address
        venues = [Address(int(each, 16)) for each in (desk, liquidator, book)]
        self._scope = Scope(
            assets=[asset.number for asset in ASSETS],
            markets=[market.number for market in MARKETS],
            accounts=accounts,
            operators=venues[1:2],
            venues=venues,
        )
        self._listed = [listing.instrument for listing in BOOKS]
        self._clearing = reader_of(chain, "Clearinghouse", deployment.vault)
        self._liquidator = reader_of(chain, "Liquidator", liquidator)
        self._book = mirror_book.reader_of(chain, book)

    def read(self, now: Seconds) -> World:
        """Return the world at ``now``; the ghosts are left empty."""
        return World(
            clearing=read_clearing(self._clearing, self._scope),
            liquidator=read_liquidator(
                self._liquidator, self._scope.accounts, self._listed
            ),
            now=now,
            asset_prices=self._asset_prices(),
            mark_prices=self._mark_prices(),
            tokens=self._tokens(),
            book=self._read_book(),
            bands=read_bands(self._chain, self._deployment),
        )

    def glance(self, seen: World, now: Seconds) -> World:
        """Return a world seen before with what has become of the clearinghouse."""
        return replace(
            seen, clearing=read_clearing(self._clearing, self._scope), now=now
        )

    def _read_book(self) -> State:
        governor = Address(int(self._deployment.governor, 16))
        return mirror_book.read_book(self._book, governor, self._listed)

    def _asset_prices(self) -> dict[int, AssetPrice]:
        oracle = self._deployment.oracle
        feeds = {
            asset.number: self._chain.call(oracle, "feed", asset.number)
            for asset in ASSETS
            if asset.number != USDC
        }
        return {n: AssetPrice(*feed) for n, feed in feeds.items() if feed[2]}

    def _mark_prices(self) -> dict[int, MarkPrice]:
        oracle = self._deployment.oracle
        marks = {
            market.number: self._chain.call(oracle, "mark", market.number)
            for market in MARKETS
        }
        return {n: MarkPrice(*mark) for n, mark in marks.items() if mark[2]}

    def _tokens(self) -> dict[int, int]:
        vault = self._deployment.vault
        return {
            asset.number: self._chain.call(
                self._deployment.tokens[asset.symbol], "balanceOf", vault
            )
            for asset in ASSETS
        }


def read_bands(chain: Chain, deployment: Deployment) -> dict[int, Band]:
    """Return the lowest and the highest price of fills of each instrument."""
    oracle = deployment.oracle
    bands = {
        market.number: chain.call(oracle, "band", market.number) for market in MARKETS
    }
    for asset in ASSETS:
        if asset.number != USDC:
            band = chain.call(oracle, "spot_band", asset.number)
            bands[SPOT + asset.number] = band
    return bands
