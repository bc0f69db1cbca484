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
from specs.accounts import USDC, AccountId, Address
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
    compute_exposure,
    compute_scale,
    credit,
    debit,
    get_account,
    get_asset,
    get_borrow_index,
    get_held,
    get_market,
    get_owed,
    get_portfolio,
    get_quote,
    get_surplus,
    get_virtual_lend,
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
    "compute_exposure",
    "compute_fee",
    "compute_scale",
    "credit",
    "credit_reserve",
    "debit",
    "deposit",
    "fill_perp",
    "fill_spot",
    "get_account",
    "get_asset",
    "get_borrow_index",
    "get_held",
    "get_market",
    "get_owed",
    "get_portfolio",
    "get_quote",
    "get_surplus",
    "get_virtual_lend",
    "lend",
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
    "set_auto_lend",
    "set_operator",
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


def set_auto_lend(
    state: State, now: Seconds, caller: Address, account: AccountId, enabled: bool
) -> State:
    """Choose whether later deposits of the account are lent or lie idle."""
    require_authorised(state, account, caller, acc.TRADE)
    changed = replace(get_account(state, account), is_auto_lending=enabled)
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

    Debt is repaid first; the rest is lent, or lies idle if the account does not
    auto-lend. A stranger may only add to what the account holds or owes already,
    and only if the account is not left below its maintenance margin; anyone may add
    USDC to the backstop fund. Too little to change the balance by one scaled unit is
    refused, so that nobody gives something for nothing.
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
    before = acc.get_balance(held, asset)
    entry = place(pool, before, amount)
    state = with_entry(state, account, asset, entry)
    if entry[1] == before:
        raise errors.ZeroAmount
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

    Who receives them is no part of the state: the contract refuses the vault and the
    zero address, where they would be lost.
    """
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
