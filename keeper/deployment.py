"""
The whole protocol on a chain: what is deployed, in which order, and where it ends up.

Nothing here is for money: the tokens are mocks that anyone may mint. Whoever deploys
governs, without a delay, unless the governor's powers are handed to a timelock, which
takes as long as it delays.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, Final

from keeper.artifacts import BODIES, abi_of
from keeper.chain.interface import Chain, Contract, Refused
from keeper.errors import UserError
from keeper.governing import Order, enact, give
from keeper.parameters import (
    ASSETS,
    BOOKS,
    FUND_SEED,
    MARKETS,
    THRESHOLD,
    AssetListing,
    BookListing,
    MarketListing,
)
from specs.accounts import BACKSTOP_FUND, USDC
from specs.authority import ORDER_VENUE
from specs.clearinghouse import LIQUIDATION_VENUE, TRADE_VENUE
from specs.fixed_point import Seconds
from specs.interest_rate import Curve
from specs.packing import CURVE

FORM: Final = 1  # of the deployment file
CONTRACTS: Final = (
    "oracle",
    "clearinghouse",
    "quote_desk",
    "liquidator",
    "lens",
    "order_book",
    "book_lens",
)
"""The contracts of every deployment, by the names of their fields."""


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
    order_book: Contract
    book_lens: Contract
    timelock: Contract | None = None
    """Who governs, if it is not the governor himself, who then proposes."""

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


@dataclass(frozen=True)
class Handover:
    """To whom power goes once everything is set up."""

    guardian: str
    delay: Seconds
    """Of the timelock, and then once more of what loosens."""


def deploy(
    chain: Chain, governor: str, publishers: Sequence[str], book: str | None = None
) -> Deployment:
    """
    Deploy, list and enrol everything from ``governor``, who must be able to send.

    The backstop fund starts with ``FUND_SEED`` of mock USDC. The order book tells the
    oracle the mid of every market, or ``book`` does.
    """
    deployment = deploy_contracts(chain, governor, publishers)
    configure(chain, deployment)
    give(chain, governor, listing_orders(deployment, book))
    return deployment


def deploy_governed(
    chain: Chain,
    governor: str,
    publishers: Sequence[str],
    handover: Handover,
) -> Deployment:
    """
    Do the same, with a timelock that governs: oracle and order book from their first
    blocks, the Clearinghouse once its parameters are set.
    """
    timelock = chain.deploy(governor, "Timelock", governor, handover.delay)
    deployment = deploy_contracts(chain, governor, publishers, timelock)
    configure(chain, deployment)
    home = deployment.clearinghouse
    chain.send(governor, home, "set_guardian", handover.guardian)
    # As long as there is no delay, which the timelock is then the first to set.
    chain.send(governor, home, "set_governor", timelock.address)
    last = Order(home, "set_delay", (handover.delay,))
    enact(chain, governor, timelock, [*listing_orders(deployment), last])
    return deployment


def deploy_contracts(
    chain: Chain,
    governor: str,
    publishers: Sequence[str],
    timelock: Contract | None = None,
) -> Deployment:
    """Deploy every contract; a timelock governs oracle and book if there is one."""
    block = chain.block().number
    tokens = {
        asset.symbol: chain.deploy(
            governor, "MockToken", asset.name, asset.symbol, asset.decimals
        )
        for asset in ASSETS
    }
    ruler = timelock.address if timelock else governor
    oracle = chain.deploy(governor, "PriceOracle", ruler, THRESHOLD, publishers)
    clearinghouse = deploy_clearinghouse(chain, governor, oracle)
    home = clearinghouse.address
    book = chain.deploy(governor, "OrderBook", ruler, home, oracle.address)
    return Deployment(
        chain_id=chain.chain_id,
        block=block,
        governor=governor,
        publishers=list(publishers),
        tokens=tokens,
        oracle=oracle,
        clearinghouse=clearinghouse,
        quote_desk=chain.deploy(governor, "QuoteDesk", home, oracle.address),
        liquidator=chain.deploy(governor, "Liquidator", home, book.address),
        lens=chain.deploy(governor, "Lens", home),
        order_book=book,
        book_lens=chain.deploy(governor, "BookLens", book.address),
        timelock=timelock,
    )


def deploy_clearinghouse(chain: Chain, governor: str, oracle: Contract) -> Contract:
    """Deploy the code bodies and the address that runs them."""
    front, *bodies = BODIES
    margin = chain.deploy(governor, "MarginCode").address
    deleverage = chain.deploy(governor, "DeleverageCode").address
    trade = chain.deploy(governor, "TradeCode", margin, deleverage).address
    maker = chain.deploy(governor, "MakerCode", margin, trade).address
    needs = {
        "SettleCode": (oracle.address, trade),
        "LiquidationCode": (margin, trade),
        "AccountCode": (margin,),
        "SpotCode": (margin,),
        "OrderCode": (maker, trade, margin),
        "ForcedCode": (maker, trade, margin),
        "SliceCode": (margin, trade),
    }
    made = {"MarginCode": margin, "TradeCode": trade, "DeleverageCode": deleverage}
    for body in bodies:
        if body not in made:
            made[body] = chain.deploy(governor, body, *needs.get(body, ())).address
    return chain.deploy(governor, front, governor, *(made[body] for body in bodies))


def configure(chain: Chain, deployment: Deployment) -> None:
    """List every asset and market, enrol the venues, and fill the backstop fund."""
    governor, home = deployment.governor, deployment.clearinghouse
    for asset in ASSETS:
        chain.send(governor, home, "list_asset", *asset_arguments(deployment, asset))
        caps = asset.limits.supply_cap, asset.limits.borrow_cap
        chain.send(governor, home, "set_caps", asset.number, *caps)
        chain.send(governor, home, "set_guards", *guard_arguments(asset))
    for market in MARKETS:
        chain.send(governor, home, "list_market", *market_arguments(market))
        limits, cull = astuple(market.limits), astuple(market.cull)
        chain.send(governor, home, "set_limits", market.number, limits)
        chain.send(governor, home, "set_cull", market.number, cull)
    desk, liquidator = deployment.quote_desk, deployment.liquidator
    chain.send(governor, home, "set_venue", desk.address, TRADE_VENUE)
    chain.send(governor, home, "set_venue", liquidator.address, LIQUIDATION_VENUE)
    book = deployment.order_book.address
    chain.send(governor, home, "set_venue", book, ORDER_VENUE)
    seed = FUND_SEED // 10 ** (18 - ASSETS[USDC].decimals)
    usdc = deployment.tokens[ASSETS[USDC].symbol]
    chain.send(governor, usdc, "mint", governor, seed)
    chain.send(governor, usdc, "approve", home.address, seed)
    chain.send(governor, home, "deposit", BACKSTOP_FUND, USDC, seed)


def listing_orders(deployment: Deployment, book: str | None = None) -> Sequence[Order]:
    """
    Return how every asset but USDC, and every market, is listed at the oracle, which
    ``book`` or else the order book tells of mids; and what is traded on the order book.
    """
    oracle, teller = deployment.oracle, book or deployment.order_book.address
    assets = [
        (asset.number, asset.max_step, asset.spot_tolerance)
        for asset in ASSETS
        if asset.number != USDC
    ]
    markets = [
        (
            market.number,
            market.underlying,
            market.period,
            market.bound,
            market.tolerance,
            teller,
        )
        for market in MARKETS
    ]
    traded = [book_arguments(listing) for listing in BOOKS]
    return [
        *(Order(oracle, "list_asset", words) for words in assets),
        *(Order(oracle, "list_market", words) for words in markets),
        *(Order(deployment.order_book, "list_instrument", words) for words in traded),
    ]


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


def guard_arguments(asset: AssetListing) -> tuple[int, ...]:
    """Return the arguments with which an asset's guards are set."""
    limits = asset.limits
    return (
        asset.number,
        limits.max_utilisation,
        limits.threshold,
        limits.throttle_share,
        limits.outflow_share,
        limits.outflow_floor,
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


def book_arguments(listing: BookListing) -> tuple[int, ...]:
    """Return the arguments with which an instrument is listed on the order book."""
    return (
        listing.instrument,
        listing.tick,
        listing.lot_exponent,
        listing.min_lots,
        listing.impact,
        listing.max_spread,
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
        name: _describe(contract)
        for name in (*CONTRACTS, "timelock")
        if (contract := getattr(deployment, name)) is not None
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
    entries = data["contracts"]
    found = {name: _meet(chain, path, entries[name]) for name in CONTRACTS}
    if "timelock" in entries:
        found["timelock"] = _meet(chain, path, entries["timelock"])
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
