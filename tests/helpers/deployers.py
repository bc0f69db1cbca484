"""The protocol of `tests.helpers.worlds`, deployed on pyrevm with settable prices."""

from dataclasses import dataclass, field

from keeper import mirror
from keeper.artifacts import CONTRACTS
from keeper.chain.interface import Contract
from keeper.chain.revm import RevmChain
from specs import clearinghouse as ch
from specs.accounts import BACKSTOP_FUND, RESERVE, AccountId
from specs.accounts import compute_account as account_of
from specs.authority import ORDER_VENUE
from tests.helpers import worlds

FOR_EVER = 2**256 - 1
PURSE = 2**160
"""More of every token than anybody can ever deposit."""


def address_of(number):
    """Return an address of the specification as the chain writes it."""
    return f"0x{number:040x}"


@dataclass
class Deployment:
    """The contracts, by name, and the tokens, by asset."""

    chain: RevmChain
    contracts: dict[str, Contract] = field(default_factory=dict)
    tokens: dict[int, Contract] = field(default_factory=dict)

    def deploy(self, name, *arguments):
        """Deploy a contract and return its address."""
        governor = address_of(worlds.GOVERNOR)
        self.contracts[name] = self.chain.deploy(governor, name, *arguments)
        return self.contracts[name].address

    def send(self, caller, name, method, *arguments):
        """Send a transaction of the account number `caller`."""
        return self.chain.send(
            address_of(caller), self.contracts[name], method, *arguments
        ).result

    def govern(self, method, *arguments):
        """Send a transaction of the governor to the Clearinghouse."""
        return self.send(worlds.GOVERNOR, "Clearinghouse", method, *arguments)


def deploy_world(source_root=CONTRACTS):
    """Return a deployment of everything in `worlds.open_world()`."""
    made = Deployment(RevmChain(worlds.GENESIS, source_root))
    oracle = made.deploy("MockPrices")
    margin_code = made.deploy("MarginCode")
    deleverage_code = made.deploy("DeleverageCode")
    trade_code = made.deploy("TradeCode", margin_code, deleverage_code)
    maker_code = made.deploy("MakerCode", margin_code, trade_code)
    clearinghouse = made.deploy(
        "Clearinghouse",
        address_of(worlds.GOVERNOR),
        trade_code,
        made.deploy("SettleCode", oracle, trade_code),
        made.deploy("LiquidationCode", margin_code, trade_code),
        made.deploy("GovernanceCode"),
        made.deploy("AccountCode", margin_code),
        margin_code,
        made.deploy("SpotCode", margin_code),
        made.deploy("OrderCode", maker_code, trade_code, margin_code),
        made.deploy("ForcedCode", maker_code, trade_code, margin_code),
        deleverage_code,
        made.deploy("SliceCode", margin_code, trade_code),
    )
    governor = address_of(worlds.GOVERNOR)
    book = made.deploy("OrderBook", governor, clearinghouse, oracle)
    liquidator = made.deploy("Liquidator", clearinghouse, book)
    for asset in worlds.ASSETS:
        list_asset(made, asset, clearinghouse)
    for market in worlds.MARKETS:
        list_market(made, market)
    made.govern("set_venue", address_of(worlds.VENUE), ch.TRADE_VENUE)
    made.govern("set_venue", address_of(worlds.BOOK), ORDER_VENUE)
    made.govern("set_venue", liquidator, ch.LIQUIDATION_VENUE)
    return made


def list_asset(made, asset, clearinghouse):
    """Deploy a token, list it, and give everybody more of it than they need."""
    decimals = worlds.DECIMALS[asset]
    made.deploy("MockToken", f"Token {asset}", f"T{asset}", decimals)
    token = made.tokens[asset] = made.contracts.pop("MockToken")
    for caller in worlds.CALLERS:
        owner = address_of(caller)
        made.chain.send(owner, token, "mint", owner, PURSE)
        made.chain.send(owner, token, "approve", clearinghouse, FOR_EVER)
    made.govern(
        "list_asset",
        asset,
        token.address,
        curve_fields(worlds.CURVE),
        fields(worlds.HAIRCUTS[asset]),
        fields(worlds.REQUIREMENTS[asset]),
        fields(worlds.FEES),
    )


def list_market(made, market):
    """List a market."""
    made.govern(
        "list_market",
        market,
        worlds.UNDERLYING[market],
        worlds.LOT_EXPONENTS[market],
        worlds.INTERVAL,
        fields(worlds.PERPETUALS[market]),
        fields(worlds.FEES),
        worlds.FUND_CAPS[market],
    )


def fields(record):
    """Return a record of the specification as a struct's fields."""
    return tuple(vars(record).values())


def curve_fields(curve):
    """Return a curve in the units of the interface: 1e-18 a second, and ppm."""
    rates = [rate // 10**9 for rate in (curve.base, curve.slope_low, curve.slope_high)]
    return (*rates, curve.optimal // 10**12, curve.reserve_share // 10**12)


def scope_of(deployment):
    """Return all that the machine's actions may touch, for the mirror."""
    owners = [*worlds.OWNERS, worlds.STRANGER]
    numbered = [account_of(owner, n) for owner in owners for n in (0, 1, 2, 5, 7)]
    liquidator = int(deployment.contracts["Liquidator"].address, 16)
    return mirror.Scope(
        assets=(*worlds.ASSETS, worlds.UNLISTED),
        markets=(*worlds.MARKETS, worlds.UNLISTED),
        accounts=(AccountId(0), RESERVE, BACKSTOP_FUND, *numbered),
        operators=(*worlds.CALLERS, liquidator),
        venues=(*worlds.CALLERS, worlds.BOOK, liquidator),
    )
