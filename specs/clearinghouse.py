"""
Clearinghouse.

Custody, accounts and money market: what the owner of an account and others may do to
it. A transition takes the state, the time, the caller and its arguments, and returns
the next state or raises the reason for which the contract reverts; in that case
nothing has changed.

Counterpart of ``contracts/Clearinghouse.vy``. What else is behind its address is
offered here too, so that one name stands for all of it.
"""

from dataclasses import replace

from specs import accounts as acc
from specs import errors, margin, money_market
from specs.accounts import USDC, AccountId, Address, Settings
from specs.authority import (
    EVERYTHING,
    LIQUIDATION_VENUE,
    MAX_AMOUNT,
    TRADE_VENUE,
    require_amount,
    require_authorised,
    require_governor,
    require_initial_margin,
    require_open,
    require_token_amount,
    require_venue,
)
from specs.fixed_point import Seconds, Wad, mul_div_up
from specs.pool_limits import (
    check_outflow,
    require_borrow_cap,
    require_margin_and_cash,
    require_supply_cap,
)
from specs.settle_code import (
    AssetPrice,
    MarkPrice,
    realise,
    tick,
)
from specs.settlement import (
    change_usdc,
    charge,
    compute_fee,
    credit_reserve,
    realise_one,
    split_fees,
    trade,
)
from specs.state import (
    Asset,
    Fees,
    Market,
    State,
    accrue,
    assess,
    compute_scale,
    credit,
    debit,
    earn,
    get_account,
    get_asset,
    get_borrow_index,
    get_exposure,
    get_held,
    get_market,
    get_owed,
    get_portfolio,
    get_quote,
    get_surplus,
    get_virtuals,
    pay_debt,
    with_account,
    with_custody,
    with_entry,
    with_market,
    with_pool,
)
from specs.trade_code import (
    fill_perp,
    fill_spot,
)

__all__ = [
    "EVERYTHING",
    "LIQUIDATION_VENUE",
    "MAX_AMOUNT",
    "TRADE_VENUE",
    "Asset",
    "AssetPrice",
    "Fees",
    "MarkPrice",
    "Market",
    "State",
    "accrue",
    "assess",
    "borrow",
    "change_usdc",
    "charge",
    "compute_fee",
    "compute_scale",
    "credit",
    "credit_reserve",
    "debit",
    "deposit",
    "earn",
    "fill_perp",
    "fill_spot",
    "get_account",
    "get_asset",
    "get_borrow_index",
    "get_exposure",
    "get_held",
    "get_market",
    "get_owed",
    "get_portfolio",
    "get_quote",
    "get_surplus",
    "get_virtuals",
    "lend",
    "pay_debt",
    "realise",
    "realise_one",
    "repay",
    "require_amount",
    "require_authorised",
    "require_governor",
    "require_initial_margin",
    "require_open",
    "require_token_amount",
    "require_venue",
    "require_welcome",
    "set_operator",
    "set_settings",
    "split_fees",
    "take_out",
    "tick",
    "trade",
    "transfer",
    "unlend",
    "with_account",
    "with_custody",
    "with_entry",
    "with_market",
    "with_pool",
    "withdraw",
]


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


def set_settings(
    state: State, now: Seconds, caller: Address, account: AccountId, settings: Settings
) -> State:
    """
    Choose how the account lends, repays, settles and borrows from now on.

    What it has stays as it is: idle balances idle, and a position inside the tick
    set there until it is touched.
    """
    require_authorised(state, account, caller, acc.TRADE)
    if settings.max_leverage > acc.MAX_LEVERAGE:
        raise errors.OutOfBounds
    changed = replace(get_account(state, account), settings=settings)
    return with_account(state, account, changed)


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

    It is credited as the account's settings say. A halted pool takes nothing but
    repayments. A stranger may only add to what the account holds or owes already,
    and only if the account is not left below its maintenance margin; anyone may add
    USDC to the backstop fund. Too little to change the balance by one scaled unit is
    refused, so that nobody gives something for nothing.
    """
    require_token_amount(state, asset, tokens)
    require_open(state, asset)
    is_own = acc.is_authorised(state.operators, account, caller, acc.TRADE)
    if not is_own:
        require_welcome(state, account, asset)

    amount = Wad(tokens * compute_scale(state.assets[asset]))
    state = accrue(state, asset, now)
    before = acc.get_balance(get_account(state, account), asset)
    pool = state.assets[asset].pool
    state = with_pool(state, asset, money_market.receive(pool, amount))
    state = credit(state, account, asset, amount)
    if acc.get_balance(get_account(state, account), asset) == before:
        raise errors.ZeroAmount
    require_supply_cap(pool, state.assets[asset].pool)
    if not is_own and margin.is_liquidatable(assess(state, account, now)):
        raise errors.BelowInitialMargin
    return with_custody(state, asset, tokens)


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
    """
    Take ``tokens`` of what the account holds out of the vault; ``EVERYTHING``
    takes all whole token units.
    """
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
    """
    Debit ``tokens`` and let them leave; the account must keep initial margin.

    What leaves is cash, within the pool's outflow window. Whoever owes or trades may
    not take the pool above its borrow cap and the utilisation of the day, nor anything
    of a paused asset; a lender without any exposure is held up by neither.
    Who receives the tokens is no part of the state: the contract refuses the vault
    and the zero address, where they would be lost.
    """
    amount = Wad(tokens * compute_scale(state.assets[asset]))
    before = state.assets[asset].pool
    state = debit(state, account, asset, amount)
    pool = money_market.pay_out(state.assets[asset].pool, amount)
    require_borrow_cap(before, pool)
    state = with_pool(state, asset, pool)
    state = require_margin_and_cash(state, now, account, asset, before)
    state = check_outflow(state, now, asset, before)
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
    above the debt is lent. Too little to burn a scaled unit is refused.
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
    before = acc.get_balance(get_account(state, account), asset)
    pool = money_market.receive(state.assets[asset].pool, amount)
    state = pay_debt(with_pool(state, asset, pool), account, asset, amount)
    if acc.get_balance(get_account(state, account), asset) == before:
        raise errors.ZeroAmount
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
    require_supply_cap(pool, entry[0])
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
    return require_margin_and_cash(state, now, account, asset, pool)
