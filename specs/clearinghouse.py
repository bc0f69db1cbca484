"""
Clearinghouse.

The state of the protocol and what anybody may do to it. A transition takes the
state, the time, the caller and its arguments, and returns the next state or raises
the reason for which the contract reverts; in that case nothing has changed.

Counterpart of ``contracts/Clearinghouse.vy`` and of the code bodies behind its
address: ``TradeCode``, ``SettleCode``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from specs import accounts as acc
from specs import errors, funding, liquidity_fund, margin, money_market, perpetual
from specs.accounts import USDC, Account, AccountId, Address
from specs.fixed_point import (
    PPM,
    WAD,
    Lots,
    Ray,
    Seconds,
    Wad,
    mul_div_down,
    mul_div_up,
)
from specs.funding import Funding
from specs.liquidity_fund import Fund
from specs.margin import Health, Quote
from specs.money_market import Balance, Pool
from specs.perpetual import Position
from specs.requirements import Haircut, Requirement

MAX_AMOUNT: Final = Wad(10**30)
"""The largest amount that one call may name: 10**12 tokens."""

EVERYTHING: Final = 2**256 - 1
"""An amount of tokens that stands for all there is."""

TRADE_VENUE: Final = 1
LIQUIDATION_VENUE: Final = 2


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


@dataclass(frozen=True)
class AssetPrice:
    """What the oracle says of an asset; all zero if nothing was published."""

    slow: Wad
    fast: Wad
    time: Seconds


@dataclass(frozen=True)
class MarkPrice:
    """What the oracle says of a market."""

    mark: Wad
    premium: int
    time: Seconds


# Reading


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


# Changing parts of the state


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
    """Return ``state`` with ``amount`` of an accrued asset debited; what the account
    does not hold it borrows."""
    pool = state.assets[asset].pool
    balance = acc.get_balance(get_account(state, account), asset)
    return with_entry(state, account, asset, money_market.debit(pool, balance, amount))


def credit_reserve(state: State, amount: Wad) -> State:
    """Return ``state`` with ``amount`` of USDC credited to the reserve."""
    pool = money_market.credit_reserve(state.assets[USDC].pool, amount)
    return with_pool(state, USDC, pool)


def change_usdc(state: State, account: AccountId, amount: int) -> State:
    """Return ``state`` with a signed amount of accrued USDC credited or debited."""
    if amount >= 0:
        return credit(state, account, USDC, Wad(amount))
    return debit(state, account, USDC, Wad(-amount))


# Refusing


def require_amount(amount: int) -> None:
    """Refuse an amount of nothing, or of more than one call may name."""
    if amount == 0:
        raise errors.ZeroAmount
    if amount > MAX_AMOUNT:
        raise errors.AmountTooLarge


def require_governor(state: State, caller: Address) -> None:
    """Refuse anyone but the governor."""
    if caller != state.governor:
        raise errors.NotGovernor


def require_venue(state: State, caller: Address, role: int) -> None:
    """Refuse anyone but a venue with that role."""
    if state.venues.get(caller, 0) & role == 0:
        raise errors.NotVenue


def require_open(state: State, asset: int) -> None:
    """Refuse what takes from a pool that bad debt has halted."""
    if state.assets[asset].pool.is_halted:
        raise errors.PoolHalted


def require_authorised(
    state: State, account: AccountId, caller: Address, right: int
) -> None:
    """Refuse unless ``caller`` owns the account or was given the right."""
    acc.require_authorised(state.operators, account, caller, right)


def require_initial_margin(state: State, account: AccountId, now: Seconds) -> None:
    """Refuse unless the account may take the risk that it now has."""
    margin.require_initial_margin(assess(state, account, now))


# Accounts


def set_operator(
    state: State,
    now: Seconds,
    caller: Address,
    account: AccountId,
    operator: Address,
    rights: int,
) -> State:
    """Give ``operator`` exactly ``rights`` over the caller's account."""
    if caller != acc.get_owner(account):
        raise errors.NotAuthorised
    if rights > acc.RIGHTS:
        raise errors.OutOfBounds
    operators = {**state.operators, (account, operator): rights}
    if rights == 0:
        del operators[account, operator]
    return replace(state, operators=operators)


def set_auto_lend(
    state: State, now: Seconds, caller: Address, account: AccountId, enabled: bool
) -> State:
    """Choose whether later deposits of the account are lent or lie idle."""
    require_authorised(state, account, caller, acc.TRADE)
    changed = replace(get_account(state, account), is_auto_lending=enabled)
    return with_account(state, account, changed)


# Money market


def deposit(
    state: State,
    now: Seconds,
    caller: Address,
    account: AccountId,
    asset: int,
    tokens: int,
) -> State:
    """
    Bring ``tokens`` of ``asset`` into ``account``.

    Debt is repaid first; the rest is lent, or lies idle if the account does not
    auto-lend. A stranger may only add to what the account holds or owes already,
    and only if the account is not left below its maintenance margin; anyone may add
    USDC to the backstop fund.
    """
    require_token_amount(state, asset, tokens)
    is_own = acc.is_authorised(state.operators, account, caller, acc.TRADE)
    if not is_own:
        require_welcome(state, account, asset)

    amount = Wad(tokens * compute_scale(state.assets[asset]))
    state = accrue(state, asset, now)
    pool = money_market.receive(state.assets[asset].pool, amount)
    held = get_account(state, account)
    place = money_market.credit if held.is_auto_lending else money_market.credit_idle
    entry = place(pool, acc.get_balance(held, asset), amount)
    state = with_entry(state, account, asset, entry)
    if not is_own and margin.is_liquidatable(assess(state, account, now)):
        raise errors.BelowInitialMargin
    return with_custody(state, asset, tokens)


def require_token_amount(state: State, asset: int, tokens: int) -> None:
    """Refuse an unknown asset, no tokens, or more than one call may name."""
    scale = compute_scale(get_asset(state, asset))
    require_amount(tokens * scale)


def require_welcome(state: State, account: AccountId, asset: int) -> None:
    """Refuse a stranger's deposit into what the account does not have."""
    if account == acc.BACKSTOP_FUND and asset == USDC:
        return
    acc.require_user(account)
    if asset not in get_account(state, account).balances:
        raise errors.AssetNotEnabled


def withdraw(
    state: State,
    now: Seconds,
    caller: Address,
    account: AccountId,
    asset: int,
    tokens: int,
) -> State:
    """Take ``tokens`` of what the account holds out of the vault; ``EVERYTHING``
    takes all whole token units."""
    require_authorised(state, account, caller, acc.WITHDRAW)
    scale = compute_scale(get_asset(state, asset))
    require_open(state, asset)
    state = accrue(state, asset, now)
    held = get_held(state, account, asset)
    if tokens == EVERYTHING:
        tokens = held // scale
    require_token_amount(state, asset, tokens)
    if tokens * scale > held:
        raise errors.InsufficientBalance
    return take_out(state, now, account, asset, tokens)


def borrow(
    state: State,
    now: Seconds,
    caller: Address,
    account: AccountId,
    asset: int,
    tokens: int,
) -> State:
    """Take ``tokens`` out of the vault, borrowing what the account does not hold."""
    require_authorised(state, account, caller, acc.WITHDRAW)
    require_token_amount(state, asset, tokens)
    require_open(state, asset)
    return take_out(accrue(state, asset, now), now, account, asset, tokens)


def take_out(
    state: State, now: Seconds, account: AccountId, asset: int, tokens: int
) -> State:
    """Debit ``tokens`` and let them leave; the account must keep initial margin."""
    amount = Wad(tokens * compute_scale(state.assets[asset]))
    state = debit(state, account, asset, amount)
    pool = money_market.pay_out(state.assets[asset].pool, amount)
    state = with_pool(state, asset, pool)
    require_initial_margin(state, account, now)
    return with_custody(state, asset, -tokens)


def repay(
    state: State,
    now: Seconds,
    caller: Address,
    account: AccountId,
    asset: int,
    tokens: int,
) -> State:
    """
    Bring in up to ``tokens`` for what the account owes; anyone may.

    No more is taken than the debt rounded up to whole token units; what that is
    above the debt is lent.
    """
    scale = compute_scale(get_asset(state, asset))
    if tokens == 0:
        raise errors.ZeroAmount
    state = accrue(state, asset, now)
    debt = get_owed(state, account, asset, now)
    if debt == 0:
        raise errors.NoDebt
    tokens = min(tokens, mul_div_up(debt, 1, scale))
    amount = Wad(tokens * scale)
    pool = money_market.receive(state.assets[asset].pool, amount)
    state = credit(with_pool(state, asset, pool), account, asset, amount)
    return with_custody(state, asset, tokens)


def transfer(
    state: State,
    now: Seconds,
    caller: Address,
    giver: AccountId,
    taker: AccountId,
    asset: int,
    amount: Wad,
) -> State:
    """Move ``amount`` (WAD) of what ``giver`` holds to another account of its owner."""
    require_authorised(state, giver, caller, acc.WITHDRAW)
    if acc.get_owner(giver) != acc.get_owner(taker):
        raise errors.WrongOwner
    if giver == taker:
        raise errors.SameAccount
    get_asset(state, asset)
    require_amount(amount)
    require_open(state, asset)
    state = accrue(state, asset, now)
    if amount > get_held(state, giver, asset):
        raise errors.InsufficientBalance
    state = debit(state, giver, asset, amount)
    state = credit(state, taker, asset, amount)
    require_initial_margin(state, giver, now)
    return state


def lend(
    state: State,
    now: Seconds,
    caller: Address,
    account: AccountId,
    asset: int,
    amount: Wad,
) -> State:
    """Lend ``amount`` (WAD) of the account's idle balance."""
    require_authorised(state, account, caller, acc.TRADE)
    get_asset(state, asset)
    require_amount(amount)
    state = accrue(state, asset, now)
    pool = state.assets[asset].pool
    balance = acc.get_balance(get_account(state, account), asset)
    entry = money_market.lend_idle(pool, balance, amount)
    state = with_entry(state, account, asset, entry)
    require_initial_margin(state, account, now)
    return state


def unlend(
    state: State,
    now: Seconds,
    caller: Address,
    account: AccountId,
    asset: int,
    amount: Wad,
) -> State:
    """Take ``amount`` (WAD) of the account's lend back to lie idle."""
    require_authorised(state, account, caller, acc.TRADE)
    get_asset(state, asset)
    require_amount(amount)
    require_open(state, asset)
    state = accrue(state, asset, now)
    pool = state.assets[asset].pool
    balance = acc.get_balance(get_account(state, account), asset)
    entry = money_market.unlend(pool, balance, amount)
    state = with_entry(state, account, asset, entry)
    require_initial_margin(state, account, now)
    return state


# Fills


def fill_spot(
    state: State,
    now: Seconds,
    caller: Address,
    asset: int,
    buyer: AccountId,
    seller: AccountId,
    amount: Wad,
    price: Wad,
    maker_is_buyer: bool,
) -> State:
    """
    Exchange ``amount`` (WAD) of ``asset`` for USDC at ``price``.

    What the seller does not hold it borrows; what the buyer owes is repaid first.
    The buyer pays rounded up, the seller gets rounded down.
    """
    require_venue(state, caller, TRADE_VENUE)
    require_parties(buyer, seller)
    if asset == USDC:
        raise errors.UnknownAsset
    listed = get_asset(state, asset)
    require_amount(amount)
    if margin.is_stale(listed.quote, now):
        raise errors.StalePrice
    require_open(state, asset)
    require_open(state, USDC)
    state = accrue(accrue(state, asset, now), USDC, now)
    buyer_before = assess(state, buyer, now)
    seller_before = assess(state, seller, now)
    buyer_reduces = acc.get_balance(get_account(state, buyer), asset).scaled < 0
    seller_reduces = acc.get_balance(get_account(state, seller), USDC).scaled < 0
    buyer_fee, seller_fee = split_fees(listed.fees, maker_is_buyer)

    cost = Wad(mul_div_up(amount, price, WAD))
    proceeds = Wad(mul_div_down(amount, price, WAD))
    state = credit(state, buyer, asset, amount)
    state = debit(state, buyer, USDC, cost)
    state = debit(state, seller, asset, amount)
    state = credit(state, seller, USDC, proceeds)
    state = charge(state, buyer, compute_fee(cost, buyer_fee))
    state = charge(state, seller, compute_fee(cost, seller_fee))
    require_fill_margin(state, buyer, buyer_before, buyer_reduces, now)
    require_fill_margin(state, seller, seller_before, seller_reduces, now)
    return state


def fill_perp(
    state: State,
    now: Seconds,
    caller: Address,
    market: int,
    buyer: AccountId,
    seller: AccountId,
    lots: Lots,
    price: Wad,
    maker_is_buyer: bool,
) -> State:
    """Open or close ``lots`` between two accounts at ``price``."""
    require_venue(state, caller, TRADE_VENUE)
    require_parties(buyer, seller)
    listed = get_market(state, market)
    if lots == 0:
        raise errors.ZeroAmount
    if lots > perpetual.MAX_LOTS:
        raise errors.AmountTooLarge
    if margin.is_stale(listed.quote, now):
        raise errors.StalePrice
    require_open(state, USDC)
    state = accrue(state, USDC, now)
    buyer_before = assess(state, buyer, now)
    seller_before = assess(state, seller, now)
    bought = acc.get_position(get_account(state, buyer), market)
    sold = acc.get_position(get_account(state, seller), market)
    buyer_reduces = perpetual.is_reduction(bought.lots, lots)
    seller_reduces = perpetual.is_reduction(sold.lots, Lots(-lots))
    buyer_fee, seller_fee = split_fees(listed.fees, maker_is_buyer)

    state = trade(state, market, buyer, lots, price)
    state = trade(state, market, seller, Lots(-lots), price)
    notional = perpetual.compute_notional(lots, listed.lot, price)
    state = charge(state, buyer, compute_fee(notional, buyer_fee))
    state = charge(state, seller, compute_fee(notional, seller_fee))
    require_fill_margin(state, buyer, buyer_before, buyer_reduces, now)
    require_fill_margin(state, seller, seller_before, seller_reduces, now)
    return state


def require_parties(buyer: AccountId, seller: AccountId) -> None:
    """Refuse a fill with oneself or with the protocol."""
    if buyer == seller:
        raise errors.SameAccount
    acc.require_user(buyer)
    acc.require_user(seller)


def require_fill_margin(
    state: State, account: AccountId, before: Health, reduces: bool, now: Seconds
) -> None:
    """Refuse unless the account has initial margin, or reduced and was improved."""
    after = assess(state, account, now)
    if reduces and margin.is_improved(before, after):
        return
    margin.require_initial_margin(after)


def split_fees(fees: Fees, maker_is_buyer: bool) -> tuple[int, int]:
    """Return the buyer's and the seller's fee."""
    if maker_is_buyer:
        return fees.maker, fees.taker
    return fees.taker, fees.maker


def compute_fee(notional: Wad, fee: int) -> Wad:
    """Return a fee on ``notional``, rounded up."""
    return Wad(mul_div_up(notional, fee, PPM))


def charge(state: State, account: AccountId, fee: Wad) -> State:
    """Return ``state`` with a fee moved from the account to the reserve."""
    if fee == 0:
        return state
    return credit_reserve(debit(state, account, USDC, fee), fee)


def trade(
    state: State, market: int, account: AccountId, lots: Lots, price: Wad
) -> State:
    """Return ``state`` with ``lots`` (signed) traded by one side, and its closed
    share realised at ``price`` as far as the fund pays."""
    listed = state.markets[market]
    held = get_account(state, account)
    old = acc.get_position(held, market)
    traded = perpetual.trade(old, lots, listed.lot, price, listed.funding.index)
    if abs(traded.position.lots) > perpetual.MAX_LOTS:
        raise errors.AmountTooLarge
    fund, paid = liquidity_fund.pay(listed.fund, traded.gain)
    grown = max(0, traded.position.lots) - max(0, old.lots)
    listed = replace(
        listed, fund=fund, open_interest=Lots(listed.open_interest + grown)
    )
    position = perpetual.settle(traded.position, paid)
    state = with_market(state, market, listed)
    state = with_account(state, account, acc.with_position(held, market, position))
    return change_usdc(state, account, paid)


# Keeper


def tick(
    state: State,
    now: Seconds,
    caller: Address,
    assets: Iterable[int],
    markets: Iterable[int],
    asset_prices: Mapping[int, AssetPrice],
    mark_prices: Mapping[int, MarkPrice],
) -> State:
    """
    Take the oracle's prices over for ``assets`` and ``markets``; anyone may.

    A price that is not newer than the stored one changes nothing. USDC interest and
    the markets' funding are booked first, at the prices that held until now.
    """
    state = accrue(state, USDC, now)
    for asset in assets:
        state = take_price(state, asset, asset_prices)
    for market in markets:
        state = take_mark(state, now, market, asset_prices, mark_prices)
    return state


def take_price(
    state: State, asset: int, asset_prices: Mapping[int, AssetPrice]
) -> State:
    """Return ``state`` with an asset's newer price taken over."""
    if asset == USDC:
        raise errors.UnknownAsset
    listed = get_asset(state, asset)
    price = asset_prices.get(asset, AssetPrice(Wad(0), Wad(0), Seconds(0)))
    if price.time <= listed.quote.time:
        return state
    quote = Quote(price.slow, price.fast, price.time)
    changed = replace(listed, quote=quote)
    return replace(state, assets={**state.assets, asset: changed})


def take_mark(
    state: State,
    now: Seconds,
    market: int,
    asset_prices: Mapping[int, AssetPrice],
    mark_prices: Mapping[int, MarkPrice],
) -> State:
    """Return ``state`` with a market's newer mark taken over and funding advanced."""
    listed = get_market(state, market)
    price = mark_prices.get(market, MarkPrice(Wad(0), 0, Seconds(0)))
    if price.time <= listed.quote.time:
        return state
    advanced = funding.advance(
        listed.funding, listed.interval, listed.quote.slow, price.premium, now
    )
    index = asset_prices[listed.underlying]
    fast = mul_div_down(price.mark, index.fast, index.slow)
    quote = Quote(margin.quantise(price.mark), margin.quantise(fast), price.time)
    return with_market(state, market, replace(listed, funding=advanced, quote=quote))


def realise(
    state: State,
    now: Seconds,
    caller: Address,
    market: int,
    accounts: Iterable[AccountId],
) -> State:
    """
    Settle what positions have gained or lost at mark; anyone may.

    A loss is paid in full, by borrowing USDC if need be; a gain as far as the fund
    reaches, the rest stays a claim. Sizes and margins stay as they are. Accounts
    without a position are passed over.
    """
    listed = get_market(state, market)
    if margin.is_stale(listed.quote, now):
        raise errors.StalePrice
    state = accrue(state, USDC, now)
    for account in accounts:
        state = realise_one(state, market, account)
    return state


def realise_one(state: State, market: int, account: AccountId) -> State:
    """Return ``state`` with one account's position settled at mark."""
    listed = state.markets[market]
    held = get_account(state, account)
    position = acc.get_position(held, market)
    gain = perpetual.compute_value(
        position, listed.lot, listed.quote.slow, listed.funding.index
    )
    fund, paid = liquidity_fund.pay(listed.fund, gain)
    if paid == 0:
        return state
    changed = acc.with_position(held, market, perpetual.settle(position, paid))
    state = with_market(state, market, replace(listed, fund=fund))
    return change_usdc(with_account(state, account, changed), account, paid)
