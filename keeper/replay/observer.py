"""Reads the world of the specification back from a chain."""

from collections.abc import Sequence

from keeper.chain.interface import Chain
from keeper.deployment import Deployment
from keeper.mirror import Scope, read_clearing, read_liquidator, reader_of
from keeper.parameters import ASSETS, MARKETS
from specs.accounts import USDC, AccountId, Address
from specs.clearinghouse import AssetPrice, MarkPrice
from specs.fixed_point import Seconds
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
        venues = [Address(int(desk, 16)), Address(int(liquidator, 16))]
        self._scope = Scope(
            assets=[asset.number for asset in ASSETS],
            markets=[market.number for market in MARKETS],
            accounts=accounts,
            operators=venues[1:],
            venues=venues,
        )
        self._clearing = reader_of(chain, "Clearinghouse", deployment.vault)
        self._liquidator = reader_of(chain, "Liquidator", liquidator)

    def read(self, now: Seconds) -> World:
        """Return the world at ``now``; the ghosts are left empty."""
        return World(
            clearing=read_clearing(self._clearing, self._scope),
            liquidator=read_liquidator(self._liquidator),
            now=now,
            asset_prices=self._asset_prices(),
            mark_prices=self._mark_prices(),
            tokens=self._tokens(),
        )

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
