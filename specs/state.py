"""
State.

Everything behind the Clearinghouse's address: what it remembers, how it is read and
how a part of it is replaced; and the names of the storage that holds it, each with the
format of its words.

Counterpart of ``contracts/modules/state.vy``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from specs import accounts as acc
from specs import errors, liquidity_fund, margin, money_market, packing, perpetual
from specs.accounts import USDC, Account, AccountId, Address
from specs.fixed_point import Lots, Ray, Seconds, Wad
from specs.funding import Funding
from specs.liquidity_fund import Fund
from specs.margin import Health, Quote
from specs.money_market import Balance, Pool
from specs.packing import Word
from specs.perpetual import Position
from specs.requirements import Haircut, Requirement

BY_ASSET: Final[Mapping[str, Word]] = {
    "pool_index": packing.POOL_INDEX,
    "pool_total": packing.POOL_TOTAL,
    "pool_cash": packing.POOL_CASH,
    "pool_idle": packing.POOL_IDLE,
    "curve": packing.CURVE,
    "token": packing.TOKEN,
    "quote": packing.QUOTE,
    "risk": packing.RISK,
}
"""Key: asset."""

BY_MARKET: Final[Mapping[str, Word]] = {
    "market_quote": packing.QUOTE,
    "market_risk": packing.RISK,
    "market_funding": packing.FUNDING,
    "market_premium": packing.PREMIUM,
    "market_fund": packing.FUND,
    "market_size": packing.SIZE,
}
"""Key: market."""

BY_ACCOUNT: Final[Mapping[str, Word]] = {"headers": packing.HEADER}
"""Key: account."""

BY_ACCOUNT_AND_NUMBER: Final[Mapping[str, Word]] = {
    "balances": packing.BALANCE,
    "positions": packing.POSITION,
}
"""Keys: account, then asset or market."""

PLAIN: Final[Mapping[str, Word]] = {"funds": packing.FUNDS}
"""A word of its own."""


@dataclass(frozen=True)
class Fees:
    """What each side of a fill pays, parts per million of the notional."""

    maker: int
    taker: int


@dataclass(frozen=True)
class Asset:
    """An asset, its pool and how it counts as collateral and as debt."""

    decimals: int
    pool: Pool
    quote: Quote
    haircut: Haircut
    requirement: Requirement
    fees: Fees
    custody: int
    """Tokens that came through the protocol's calls, in token units."""


@dataclass(frozen=True)
class Market:
    """A perpetual market."""

    underlying: int
    """The asset whose index it follows."""
    lot: Wad
    """Base units in a lot."""
    quote: Quote
    requirement: Requirement
    fees: Fees
    interval: Seconds
    funding: Funding
    fund: Fund
    open_interest: Lots = Lots(0)


@dataclass(frozen=True)
class State:
    """Everything behind the Clearinghouse's address."""

    governor: Address
    venues: Mapping[Address, int] = field(default_factory=dict)
    assets: Mapping[int, Asset] = field(default_factory=dict)
    markets: Mapping[int, Market] = field(default_factory=dict)
    accounts: Mapping[AccountId, Account] = field(default_factory=dict)
    operators: Mapping[tuple[AccountId, Address], int] = field(default_factory=dict)


def get_asset(state: State, asset: int) -> Asset:
    """Return a listed asset."""
    if asset not in state.assets:
        raise errors.UnknownAsset
    return state.assets[asset]


def get_market(state: State, market: int) -> Market:
    """Return a listed market."""
    if market not in state.markets:
        raise errors.UnknownMarket
    return state.markets[market]


def get_account(state: State, account: AccountId) -> Account:
    """Return an account; one that nobody has used is empty."""
    return state.accounts.get(account, acc.NEW)


def get_surplus(state: State, asset: int) -> Wad:
    """Return the positive part of the sum of all funds; only USDC has funds."""
    if asset != USDC:
        return Wad(0)
    total = sum(market.fund.balance for market in state.markets.values())
    return liquidity_fund.compute_surplus(total)


def get_virtual_lend(state: State, asset: int) -> Wad:
    """Return Z: the sum of the positive parts of all funds."""
    if asset != USDC:
        return Wad(0)
    funds = (market.fund.balance for market in state.markets.values())
    return Wad(sum(liquidity_fund.compute_surplus(balance) for balance in funds))


def get_borrow_index(state: State, asset: int, now: Seconds) -> Ray:
    """Return the borrow index of ``asset`` at ``now``, booked or not."""
    pool = get_asset(state, asset).pool
    surplus = get_surplus(state, asset)
    return money_market.compute_borrow_index(pool, surplus, now)


def compute_scale(asset: Asset) -> int:
    """Return the WAD amount of one token unit."""
    return int(10 ** (18 - asset.decimals))


def get_quote(state: State, asset: int) -> Quote:
    """Return the prices of an asset."""
    return get_asset(state, asset).quote


def get_held(state: State, account: AccountId, asset: int) -> Wad:
    """Return what an account holds of an asset, at the stored lend index."""
    balance = acc.get_balance(get_account(state, account), asset)
    return money_market.compute_held(balance, get_asset(state, asset).pool.lend_index)


def get_owed(state: State, account: AccountId, asset: int, now: Seconds) -> Wad:
    """Return what an account owes of an asset, interest until now included."""
    balance = acc.get_balance(get_account(state, account), asset)
    index = get_borrow_index(state, asset, now)
    return money_market.compute_debt(balance, index)


def compute_exposure(market: Market, position: Position) -> margin.Exposure:
    """Return a position as margin sees it."""
    quote, index = market.quote, market.funding.index
    worse = min if position.lots > 0 else max
    return margin.Exposure(
        value=perpetual.compute_value(position, market.lot, quote.slow, index),
        worst_value=perpetual.compute_value(
            position, market.lot, Wad(worse(quote.slow, quote.fast)), index
        ),
        notional=perpetual.compute_notional(position.lots, market.lot, quote.slow),
        quote=quote,
        requirement=market.requirement,
    )


def get_portfolio(state: State, account: AccountId, now: Seconds) -> margin.Portfolio:
    """Return what margin needs of an account."""
    held = get_account(state, account)
    others = [asset for asset in sorted(held.balances) if asset != USDC]
    return margin.Portfolio(
        usdc=get_held(state, account, USDC) - get_owed(state, account, USDC, now),
        usdc_requirement=get_asset(state, USDC).requirement,
        collaterals=tuple(
            margin.Collateral(
                get_held(state, account, asset),
                get_quote(state, asset),
                get_asset(state, asset).haircut,
            )
            for asset in others
        ),
        debts=tuple(
            margin.Debt(
                get_owed(state, account, asset, now),
                get_quote(state, asset),
                get_asset(state, asset).requirement,
            )
            for asset in others
            if held.balances[asset].scaled < 0
        ),
        exposures=tuple(
            compute_exposure(state.markets[market], held.positions[market])
            for market in sorted(held.positions)
        ),
    )


def assess(state: State, account: AccountId, now: Seconds) -> Health:
    """Return the health of an account."""
    return margin.assess(get_portfolio(state, account, now), now)


def with_pool(state: State, asset: int, pool: Pool) -> State:
    """Return ``state`` with an asset's pool set."""
    changed = replace(state.assets[asset], pool=pool)
    return replace(state, assets={**state.assets, asset: changed})


def with_market(state: State, market: int, changed: Market) -> State:
    """Return ``state`` with a market set."""
    return replace(state, markets={**state.markets, market: changed})


def with_account(state: State, account: AccountId, changed: Account) -> State:
    """Return ``state`` with an account set."""
    return replace(state, accounts={**state.accounts, account: changed})


def with_entry(
    state: State, account: AccountId, asset: int, entry: tuple[Pool, Balance]
) -> State:
    """Return ``state`` with a pool and one account's balance in it set."""
    pool, balance = entry
    changed = acc.with_balance(get_account(state, account), asset, balance)
    return with_account(with_pool(state, asset, pool), account, changed)


def with_custody(state: State, asset: int, tokens: int) -> State:
    """Return ``state`` with ``tokens`` more in the vault; negative for fewer."""
    changed = state.assets[asset]
    changed = replace(changed, custody=changed.custody + tokens)
    return replace(state, assets={**state.assets, asset: changed})


def accrue(state: State, asset: int, now: Seconds) -> State:
    """Return ``state`` with the interest of an asset booked until ``now``."""
    pool = money_market.accrue(
        get_asset(state, asset).pool,
        get_surplus(state, asset),
        get_virtual_lend(state, asset),
        now,
    )
    return with_pool(state, asset, pool)


def credit(state: State, account: AccountId, asset: int, amount: Wad) -> State:
    """Return ``state`` with ``amount`` of an accrued asset credited."""
    pool = state.assets[asset].pool
    balance = acc.get_balance(get_account(state, account), asset)
    return with_entry(state, account, asset, money_market.credit(pool, balance, amount))


def debit(state: State, account: AccountId, asset: int, amount: Wad) -> State:
    """
    Return ``state`` with ``amount`` of an accrued asset debited; what the account
    does not hold it borrows.
    """
    pool = state.assets[asset].pool
    balance = acc.get_balance(get_account(state, account), asset)
    return with_entry(state, account, asset, money_market.debit(pool, balance, amount))
