"""
State.

Everything behind the Clearinghouse's address: what it remembers, how it is read and
how a part of it is replaced; and the names of the storage that holds it, each with the
format of its words.

Counterpart of ``contracts/modules/state.vy``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from specs import accounts as acc
from specs import (
    deleveraging,
    errors,
    instruments,
    liquidity_fund,
    margin,
    money_market,
    packing,
    perpetual,
    virtual_pnl,
)
from specs.accounts import USDC, Account, AccountId, Address
from specs.deleveraging import Epoch
from specs.distress import DISTRESS
from specs.fixed_point import Lots, Ray, Seconds, Wad
from specs.funding import Funding
from specs.instruments import is_spot
from specs.liquidity_fund import Fund
from specs.margin import Health, Quote
from specs.money_market import Balance, Pool, Virtuals
from specs.open_orders import OpenOrders, compute_worst_lots
from specs.packing import Word
from specs.perpetual import Position
from specs.requirements import CALM, Haircut, Requirement, Scales, scale
from specs.slices import Slice
from specs.weights import compute_weight

BY_ASSET: Final[Mapping[str, Word]] = {
    "pool_index": packing.POOL_INDEX,
    "pool_total": packing.POOL_TOTAL,
    "pool_cash": packing.POOL_CASH,
    "pool_idle": packing.POOL_IDLE,
    "curve": packing.CURVE,
    "token": packing.TOKEN,
    "quote": packing.QUOTE,
    "risk": packing.ASSET_RISK,
    "guards": packing.GUARDS,
}
"""Key: asset."""

BY_MARKET: Final[Mapping[str, Word]] = {
    "market_quote": packing.MARK,
    "market_risk": packing.RISK,
    "market_funding": packing.FUNDING,
    "market_premium": packing.PREMIUM,
    "market_fund": packing.FUND,
    "market_size": packing.SIZE,
    "market_winners": packing.WINNERS,
    "market_growth": packing.GROWTH,
    "market_cursor": packing.CURSOR,
    "market_limits": packing.LIMITS,
    "market_cull": packing.CULL,
    "market_pending": packing.PENDING,
}
"""Key: market."""

BY_ACCOUNT: Final[Mapping[str, Word]] = {
    "headers": packing.HEADER,
    "distress": DISTRESS,
}
"""Key: account."""

BY_ACCOUNT_AND_NUMBER: Final[Mapping[str, Word]] = {
    "balances": packing.BALANCE,
    "positions": packing.POSITION,
    "snapshots": packing.GROWTH,
    "orders": packing.OPEN_ORDERS,
}
"""Keys: account, then asset, market or an instrument's code."""

BY_TICK: Final[Mapping[str, Word]] = {
    "tick_size": packing.TICK,
    "tick_growth": packing.GROWTH,
}
"""Keys: market, then tick."""

BY_EPOCH: Final[Mapping[str, Word]] = {
    "epoch_terms": packing.EPOCH_TERMS,
    "epoch_state": packing.EPOCH_STATE,
}
"""Keys: market, then epoch, from 1 on."""

PLAIN: Final[Mapping[str, Word]] = {
    "funds": packing.FUNDS,
    "virtuals": packing.VIRTUALS,
}
"""A word of its own."""

Change = tuple[Any, ...]
"""A call of a setter: its name and its arguments."""


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
    target_weight: int = 0
    """What the haircut's weight is being raised to, parts per million."""
    ramped_at: Seconds = Seconds(0)
    """When the weight was raised last."""


@dataclass(frozen=True)
class Limits:
    """How large a market and its positions may get, and how its margin answers."""

    max_open_interest: Lots = Lots(2**60)
    max_position: Lots = perpetual.MAX_LOTS
    min_lots: Lots = Lots(1)
    """The smallest position inside the tick set."""
    open_interest_factor: int = 0
    """Initial margin fraction for the root of the open interest's notional, 1e-12."""
    reference: int = 0
    """Volatility at which margin is not scaled, 1e-9 per root of a second; 0: never."""
    max_scale: int = 10_000
    """The largest scale, 1e-4."""


UNLIMITED: Final = Limits()


@dataclass(frozen=True)
class Cull:
    """How much of unrealised gains counts, and from where they may be realised."""

    credit_cap: Wad = Wad(0)
    """What gains count for as credit beyond what the fund holds."""
    account_threshold: Wad = Wad(0)
    """From this gain or loss on anyone may realise an account; 0 for never."""
    system_threshold: Wad = Wad(0)
    """From this sum of gains on anyone may realise any account; 0 for never."""


NEVER: Final = Cull()


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
    cursor: Wad = Wad(0)
    """The price for interest on unrealised PnL; lags mark while ticks are crossed."""
    scales: Scales = CALM
    limits: Limits = UNLIMITED
    cull: Cull = NEVER
    is_paused: bool = False
    """Whether the guardian has stopped fills that do not reduce."""
    epochs: tuple[Epoch, ...] = ()
    """All events of auto-deleveraging, the first one first."""
    inventory: Position = perpetual.FLAT
    """What these have closed of accounts and not yet of the other side."""


NOBODY: Final = Address(0)


@dataclass(frozen=True)
class State:
    """Everything behind the Clearinghouse's address."""

    governor: Address
    venues: Mapping[Address, int] = field(default_factory=dict)
    assets: Mapping[int, Asset] = field(default_factory=dict)
    markets: Mapping[int, Market] = field(default_factory=dict)
    accounts: Mapping[AccountId, Account] = field(default_factory=dict)
    operators: Mapping[tuple[AccountId, Address], int] = field(default_factory=dict)
    guardian: Address = NOBODY
    """Who may pause what raises risk."""
    delay: Seconds = Seconds(0)
    """How long a change that loosens must have been queued."""
    queued: Mapping[Change, Seconds] = field(default_factory=dict)
    """When changes were queued."""
    slice: Slice | None = None
    """What is being sold of an account; none between two transactions."""


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


def get_gains(state: State, market: int) -> list[int]:
    """Return what each position inside a market's tick set has gained or lost."""
    listed = state.markets[market]
    return [
        virtual_pnl.compute_gain(position, listed.lot, listed.cursor)
        for account in state.accounts.values()
        if (position := account.positions.get(market)) and position.entry is not None
    ]


def get_winners(state: State, market: int) -> Wad:
    """Return W of a market: what winners inside its tick set have gained."""
    return Wad(sum(gain for gain in get_gains(state, market) if gain > 0))


def get_losers(state: State, market: int) -> Wad:
    """Return V of a market: what losers inside its tick set have lost."""
    return Wad(-sum(gain for gain in get_gains(state, market) if gain < 0))


def get_virtuals(state: State, asset: int) -> Virtuals:
    """Return what earns and owes interest without a lend or borrow; in USDC only."""
    if asset != USDC:
        return money_market.NONE
    winners = losers = rest = 0
    for market, listed in state.markets.items():
        gains = get_gains(state, market)
        won = Wad(sum(gain for gain in gains if gain > 0))
        lost = Wad(won - sum(gains))
        winners, losers = winners + won, losers + lost
        rest += liquidity_fund.compute_rest(listed.fund.balance, won, lost)
    surplus = get_surplus(state, asset)
    return Virtuals(surplus, Wad(winners), Wad(losers), Wad(rest))


def get_borrow_index(state: State, asset: int, now: Seconds) -> Ray:
    """Return the borrow index of ``asset`` at ``now``, booked or not."""
    pool = get_asset(state, asset).pool
    if pool.accrued_at == now:
        return pool.borrow_index
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


def get_interest(
    state: State, market: int, position: Position, borrow_index: Ray
) -> tuple[int, int]:
    """
    Return the scaled interest that a position has earned and owes, not settled yet:
    earned as booked, since a lend index never overvalues, owed until the USDC borrow
    index is ``borrow_index``.
    """
    listed, pool = state.markets[market], get_asset(state, USDC).pool
    fall = compute_weight(pool.borrow_index) - compute_weight(borrow_index)
    earned = virtual_pnl.earn(position, listed.lot, listed.cursor, 0, fall)
    return virtual_pnl.compute_interest(earned.pending_lend, earned.pending_borrow)


def get_credit(state: State, market: int, position: Position, worst_value: int) -> Wad:
    """
    Return what an unrealised gain counts for when risk is taken: none outside the
    tick set or while the cursor is not at mark; else the gain since the entry tick,
    at the worse price and no more than the position's value, as far as the fund and
    the market's credit cap back all gains.
    """
    listed = state.markets[market]
    if position.entry is None or not is_at_mark(listed):
        return Wad(0)
    price = virtual_pnl.clamp(get_worse_price(listed, position))
    gain = virtual_pnl.compute_gain(position, listed.lot, price)
    credit = Wad(max(0, min(gain, worst_value)))
    if credit == 0:
        return credit
    backing = Wad(listed.cull.credit_cap + max(0, listed.fund.balance))
    return virtual_pnl.compute_share(credit, backing, get_winners(state, market))


def is_at_mark(listed: Market) -> bool:
    """Return whether a market's cursor is where its mark is."""
    return listed.cursor == virtual_pnl.clamp(listed.quote.slow)


def get_effective_position(state: State, market: int, position: Position) -> Position:
    """Return a position as the next touch would leave it, its gains not paid yet."""
    listed = state.markets[market]
    return deleveraging.compute_effective_position(
        position, listed.epochs, listed.lot, listed.funding.index
    )


def get_worse_price(listed: Market, position: Position) -> Wad:
    """Return the one of mark and fast mark at which a position is worth less."""
    worse = min if position.lots > 0 else max
    return Wad(worse(listed.quote.slow, listed.quote.fast))


def get_exposure(
    state: State,
    market: int,
    position: Position,
    orders: OpenOrders,
    borrow_index: Ray,
) -> margin.Exposure:
    """
    Return a position and the orders that may change it as margin sees them, at the
    borrow index of USDC until now: with what epochs have yet to close of it closed, but
    for the interest, which its whole size earns and owes until then.
    """
    listed = state.markets[market]
    quote, index = listed.quote, listed.funding.index
    stored, position = position, get_effective_position(state, market, position)
    worst_value = perpetual.compute_value(
        position, listed.lot, get_worse_price(listed, position), index
    )
    interest = 0
    if position.entry is not None:
        interest = virtual_pnl.compute_worth(
            *get_interest(state, market, stored, borrow_index),
            get_asset(state, USDC).pool.lend_index,
            borrow_index,
        )
    return margin.Exposure(
        value=perpetual.compute_value(position, listed.lot, quote.slow, index),
        worst_value=worst_value,
        credit=get_credit(state, market, position, worst_value),
        interest=interest,
        notional=perpetual.compute_notional(position.lots, listed.lot, quote.slow),
        worst_notional=perpetual.compute_notional(
            compute_worst_lots(position.lots, orders), listed.lot, quote.slow
        ),
        quote=quote,
        requirement=scale(listed.requirement, listed.scales),
        is_behind=position.lots != 0 and position.epoch < len(listed.epochs),
    )


def get_collateral(state: State, asset: int, balance: Balance) -> margin.Collateral:
    """Return what a balance holds as margin sees it."""
    listed = get_asset(state, asset)
    held = money_market.compute_held(balance, listed.pool.lend_index)
    return margin.Collateral(held, listed.quote, listed.haircut)


def get_debt(state: State, asset: int, balance: Balance, now: Seconds) -> margin.Debt:
    """Return what a balance owes as margin sees it."""
    listed = get_asset(state, asset)
    owed = money_market.compute_debt(balance, get_borrow_index(state, asset, now))
    return margin.Debt(asset, owed, listed.quote, listed.requirement)


def get_ordered_markets(account: Account) -> set[int]:
    """Return the markets in which an account has orders resting."""
    return {each for each in account.orders if not is_spot(each)}


def get_spot_orders(
    state: State, account: AccountId, instrument: int, now: Seconds
) -> margin.SpotOrders:
    """Return an account's orders in a spot asset as margin sees them."""
    asset = instruments.get_asset(instrument)
    listed = get_asset(state, asset)
    return margin.SpotOrders(
        asset=asset,
        held=get_held(state, account, asset),
        owed=get_owed(state, account, asset, now),
        orders=acc.get_orders(get_account(state, account), instrument),
        quote=listed.quote,
        haircut=listed.haircut,
        requirement=listed.requirement,
    )


def get_portfolio(state: State, account: AccountId, now: Seconds) -> margin.Portfolio:
    """Return what margin needs of an account."""
    held = get_account(state, account)
    others = [asset for asset in sorted(held.balances) if asset != USDC]
    usdc, balance = get_asset(state, USDC), acc.get_balance(held, USDC)
    borrow_index = get_borrow_index(state, USDC, now)
    owed = money_market.compute_debt(balance, borrow_index)
    return margin.Portfolio(
        usdc=money_market.compute_held(balance, usdc.pool.lend_index) - owed,
        usdc_requirement=usdc.requirement,
        collaterals=tuple(
            [get_collateral(state, asset, held.balances[asset]) for asset in others]
        ),
        debts=tuple(
            [
                get_debt(state, asset, held.balances[asset], now)
                for asset in others
                if held.balances[asset].scaled < 0
            ]
        ),
        exposures=tuple(
            [
                get_exposure(
                    state,
                    market,
                    acc.get_position(held, market),
                    acc.get_orders(held, market),
                    borrow_index,
                )
                for market in sorted(held.positions.keys() | get_ordered_markets(held))
            ]
        ),
        orders=tuple(
            [
                get_spot_orders(state, account, instrument, now)
                for instrument in sorted(held.orders)
                if is_spot(instrument)
            ]
        ),
        max_leverage=held.settings.max_leverage,
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
    listed = replace(state.assets[asset], pool=pool)
    changed = acc.with_balance(get_account(state, account), asset, balance)
    return replace(
        state,
        assets={**state.assets, asset: listed},
        accounts={**state.accounts, account: changed},
    )


def with_custody(state: State, asset: int, tokens: int) -> State:
    """Return ``state`` with ``tokens`` more in the vault; negative for fewer."""
    changed = state.assets[asset]
    changed = replace(changed, custody=changed.custody + tokens)
    return replace(state, assets={**state.assets, asset: changed})


def accrue(state: State, asset: int, now: Seconds) -> State:
    """
    Return ``state`` with the interest of an asset booked until ``now``; that of USDC
    on unrealised PnL as well, position by position.
    """
    old = get_asset(state, asset).pool
    if old.accrued_at == now:
        return state
    pool = money_market.accrue(old, get_virtuals(state, asset), now)
    state = with_pool(state, asset, pool)
    return earn(state, old, pool) if asset == USDC else state


def earn(state: State, old: Pool, new: Pool) -> State:
    """Return ``state`` with every position's interest booked as the indices moved."""
    lend_fall = compute_weight(old.lend_index) - compute_weight(new.lend_index)
    borrow_fall = compute_weight(old.borrow_index) - compute_weight(new.borrow_index)
    if lend_fall == borrow_fall == 0:
        return state
    accounts = dict(state.accounts)
    for name, account in state.accounts.items():
        if not account.positions:
            continue
        positions = {
            market: virtual_pnl.earn(
                position,
                state.markets[market].lot,
                state.markets[market].cursor,
                lend_fall,
                borrow_fall,
            )
            if position.entry is not None
            else position
            for market, position in account.positions.items()
        }
        accounts[name] = replace(account, positions=positions)
    return replace(state, accounts=accounts)


def credit(state: State, account: AccountId, asset: int, amount: Wad) -> State:
    """
    Return ``state`` with ``amount`` of an accrued asset credited as the account's
    settings say: what does not repay a debt and is not to be lent lies idle, as far
    as the pool has the cash for it.
    """
    pool = state.assets[asset].pool
    held = get_account(state, account)
    settings, balance = held.settings, acc.get_balance(held, asset)
    owed = money_market.compute_debt(balance, pool.borrow_index)
    if asset == USDC and not settings.auto_repay:
        owed = Wad(0)
    keeps_idle = not settings.auto_lend or (balance.scaled < 0 and owed == 0)
    idle = min(max(0, amount - owed), pool.cash) if keeps_idle else 0
    entry = money_market.credit(pool, balance, Wad(amount - idle))
    if idle > 0:
        entry = money_market.lay_idle(*entry, Wad(idle))
    return with_entry(state, account, asset, entry)


def pay_debt(state: State, account: AccountId, asset: int, amount: Wad) -> State:
    """Return ``state`` with ``amount`` credited to what an account owes, then lent."""
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
