"""
The whole protocol on a chain: what is deployed, in which order, and where it ends up.

Nothing here is for money: the tokens are mocks that anyone may mint, and whoever
deploys governs.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, Final

from keeper.artifacts import BODIES, abi_of
from keeper.chain.interface import Chain, Contract, Refused
from keeper.errors import UserError
from keeper.parameters import (
    ASSETS,
    FUND_SEED,
    MARKETS,
    THRESHOLD,
    AssetListing,
    MarketListing,
)
from specs.accounts import BACKSTOP_FUND, USDC
from specs.clearinghouse import LIQUIDATION_VENUE, TRADE_VENUE
from specs.interest_rate import Curve
from specs.packing import CURVE
from specs.signatures import NOBODY

FORM: Final = 1  # of the deployment file


@dataclass(frozen=True)
class Deployment:
    """Every contract of one deployment."""

    chain_id: int
    block: int
    """The block before which there is nothing of it."""
    governor: str
    publishers: Sequence[str]
    tokens: Mapping[str, Contract]
    """By symbol."""
    oracle: Contract
    clearinghouse: Contract
    quote_desk: Contract
    liquidator: Contract
    lens: Contract

    @property
    def vault(self) -> str:
        """Return the address that holds the tokens."""
        return self.clearinghouse.address

    def find(self, name: str) -> Contract:
        """Return a contract by the name of its field, or ``token:SYMBOL``."""
        if name.startswith("token:"):
            return self.tokens[name.removeprefix("token:")]
        found = getattr(self, name)
        assert isinstance(found, Contract)
        return found


def deploy(
    chain: Chain, governor: str, publishers: Sequence[str], book: str = NOBODY
) -> Deployment:
    """
    Deploy, list and enrol everything from ``governor``, who must be able to send.

    The backstop fund starts with ``FUND_SEED`` of mock USDC. ``book`` may tell the
    oracle the mid of every market; without one marks are the slow index.
    """
    block = chain.block().number
    tokens = {
        asset.symbol: chain.deploy(
            governor, "MockToken", asset.name, asset.symbol, asset.decimals
        )
        for asset in ASSETS
    }
    oracle = chain.deploy(governor, "PriceOracle", governor, THRESHOLD, publishers)
    clearinghouse = deploy_clearinghouse(chain, governor, oracle)
    home = clearinghouse.address
    deployment = Deployment(
        chain_id=chain.chain_id,
        block=block,
        governor=governor,
        publishers=list(publishers),
        tokens=tokens,
        oracle=oracle,
        clearinghouse=clearinghouse,
        quote_desk=chain.deploy(governor, "QuoteDesk", home, oracle.address),
        liquidator=chain.deploy(governor, "Liquidator", home),
        lens=chain.deploy(governor, "Lens", home),
    )
    configure(chain, deployment, book)
    return deployment


def deploy_clearinghouse(chain: Chain, governor: str, oracle: Contract) -> Contract:
    """Deploy the code bodies and the address that runs them."""
    front, *bodies = BODIES
    margin = chain.deploy(governor, "MarginCode").address
    trade = chain.deploy(governor, "TradeCode", margin).address
    needs = {
        "SettleCode": (oracle.address, trade),
        "LiquidationCode": (margin, trade),
        "AccountCode": (margin,),
        "SpotCode": (margin,),
    }
    made = {"MarginCode": margin, "TradeCode": trade}
    for body in bodies:
        if body not in made:
            made[body] = chain.deploy(governor, body, *needs.get(body, ())).address
    return chain.deploy(governor, front, governor, *(made[body] for body in bodies))


def configure(chain: Chain, deployment: Deployment, book: str) -> None:
    """List every asset and market, enrol the venues, and fill the backstop fund."""
    governor, home = deployment.governor, deployment.clearinghouse
    for asset in ASSETS:
        chain.send(governor, home, "list_asset", *asset_arguments(deployment, asset))
    for market in MARKETS:
        chain.send(governor, home, "list_market", *market_arguments(market))
    list_prices(chain, deployment, book)
    desk, liquidator = deployment.quote_desk, deployment.liquidator
    chain.send(governor, home, "set_venue", desk.address, TRADE_VENUE)
    chain.send(governor, home, "set_venue", liquidator.address, LIQUIDATION_VENUE)
    seed = FUND_SEED // 10 ** (18 - ASSETS[USDC].decimals)
    usdc = deployment.tokens[ASSETS[USDC].symbol]
    chain.send(governor, usdc, "mint", governor, seed)
    chain.send(governor, usdc, "approve", home.address, seed)
    chain.send(governor, home, "deposit", BACKSTOP_FUND, USDC, seed)


def list_prices(chain: Chain, deployment: Deployment, book: str) -> None:
    """List every asset but USDC, and every market, at the oracle."""
    governor, oracle = deployment.governor, deployment.oracle
    for asset in ASSETS:
        if asset.number != USDC:
            limits = (asset.max_step, asset.spot_tolerance)
            chain.send(governor, oracle, "list_asset", asset.number, *limits)
    for market in MARKETS:
        chain.send(
            governor,
            oracle,
            "list_market",
            market.number,
            market.underlying,
            market.period,
            market.bound,
            market.tolerance,
            book,
        )


def asset_arguments(deployment: Deployment, asset: AssetListing) -> tuple[Any, ...]:
    """Return the arguments with which an asset is listed."""
    return (
        asset.number,
        deployment.tokens[asset.symbol].address,
        curve_words(asset.curve),
        astuple(asset.haircut),
        astuple(asset.requirement),
        astuple(asset.fees),
    )


def market_arguments(market: MarketListing) -> tuple[Any, ...]:
    """Return the arguments with which a market is listed."""
    return (
        market.number,
        market.underlying,
        market.lot_exponent,
        market.interval,
        astuple(market.requirement),
        astuple(market.fees),
        market.fund_cap,
    )


def curve_words(curve: Curve) -> tuple[int, ...]:
    """Return a curve in the units in which it is stored and set."""
    return tuple(
        getattr(curve, name) // CURVE[name].unit
        for name in ("base", "slope_low", "slope_high", "optimal", "reserve_share")
    )


def save(deployment: Deployment, path: Path) -> None:
    """Write addresses and ABIs to a file, all or nothing."""
    contracts = {
        name: _describe(getattr(deployment, name))
        for name in ("oracle", "clearinghouse", "quote_desk", "liquidator", "lens")
    }
    text = json.dumps(
        {
            "form": FORM,
            "chain_id": deployment.chain_id,
            "block": deployment.block,
            "governor": deployment.governor,
            "publishers": list(deployment.publishers),
            "tokens": {
                symbol: _describe(token) for symbol, token in deployment.tokens.items()
            },
            "contracts": contracts,
        },
        indent=2,
    )
    draft = path.with_suffix(".draft")
    draft.write_text(text + "\n")
    draft.replace(path)


def load(chain: Chain, path: Path) -> Deployment:
    """
    Return the deployment in a file, its contracts known to ``chain``.

    Raise `UserError` if the file is missing or not one of ours, if it is of another
    chain, or if there is no such contract on this one.
    """
    data = _read(path)
    if data["chain_id"] != chain.chain_id:
        raise UserError(
            f"wrong chain: {path} is of chain {data['chain_id']}, the network is "
            f"{chain.chain_id}; choose another --network or --deployment"
        )
    names = ("oracle", "clearinghouse", "quote_desk", "liquidator", "lens")
    found = {name: _meet(chain, path, data["contracts"][name]) for name in names}
    tokens = {
        symbol: _meet(chain, path, token) for symbol, token in data["tokens"].items()
    }
    return Deployment(
        chain_id=data["chain_id"],
        block=data["block"],
        governor=data["governor"],
        publishers=data["publishers"],
        tokens=tokens,
        **found,
    )


def _describe(contract: Contract) -> dict[str, Any]:
    return {
        "name": contract.name,
        "address": contract.address,
        "abi": list(abi_of(contract.name)),
    }


def _read(path: Path) -> Any:
    try:
        data = json.loads(path.read_text())
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; `ape run devnet` writes one") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise UserError(f"{path}: is no deployment file: {error}") from None
    if not isinstance(data, dict) or data.get("form") != FORM:
        raise UserError(f"{path}: is no deployment file of this version")
    return data


def _meet(chain: Chain, path: Path, entry: Mapping[str, Any]) -> Contract:
    name, address = entry["name"], entry["address"]
    try:
        is_there = bool(chain.code(address))
    except Refused:
        is_there = False
    if not is_there:
        raise UserError(
            f"{path}: no {name} at {address} on this chain; deploy again "
            "with `ape run devnet`"
        )
    return chain.at(name, address)
