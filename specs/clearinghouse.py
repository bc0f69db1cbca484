"""
Clearinghouse.

Custody, accounts and money market: what the owner of an account and others may do to
it. A transition takes the state, the time, the caller and its arguments, and returns
the next state or raises the reason for which the contract reverts; in that case
nothing has changed.

Counterpart of ``contracts/Clearinghouse.vy``. What else is behind its address is
offered here too, so that one name stands for all of it.
"""

from dataclasses import dataclass, replace
from typing import Final

from specs import accounts as acc
from specs import errors, ledger, margin
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
from specs.binding import bind, give_notice, require_bound, require_free
from specs.fills import split_fees
from specs.fixed_point import Seconds, Wad
from specs.pool_limits import check_utilisation, require_margin_and_cash
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
    touch,
    trade,
)
from specs.spot_code import convert, fill_spot
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
from specs.trade_code import fill_perp

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
    "Step",
    "accrue",
    "assess",
    "batch",
    "bind",
    "borrow",
    "change_usdc",
    "charge",
    "compute_fee",
    "compute_scale",
    "convert",
    "credit",
    "credit_reserve",
    "debit",
    "deposit",
    "deposit_with_permit",
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
    "give_notice",
    "lend",
    "pay_debt",
    "realise",
    "realise_one",
    "repay",
    "require_amount",
    "require_authorised",
    "require_bound",
    "require_free",
    "require_governor",
    "require_initial_margin",
    "require_open",
    "require_taken",
    "require_token_amount",
    "require_venue",
    "require_welcome",
    "set_operator",
    "set_settings",
    "split_fees",
    "tick",
    "touch",
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
    set there until it is touched. A stricter limit of leverage binds what rests at
    once: orders that would then lack margin have to go before.
    """
    require_authorised(state, account, caller, acc.TRADE)
    if settings.max_leverage > acc.MAX_LEVERAGE:
        raise errors.OutOfBounds
    held = get_account(state, account)
    old, new = held.settings.max_leverage, settings.max_leverage
    state = with_account(state, account, replace(held, settings=settings))
    if held.orders and new != 0 and (old == 0 or new < old):
        require_initial_margin(state, account, now)
    return state


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
    USDC to the backstop fund.

    With a permit, the token is shown the caller's signed approval of the vault before
    that; for all that is remembered here it is a deposit like any other.
    """
    require_token_amount(state, asset, tokens)
    require_open(state, asset)
    is_own = acc.is_authorised(state.operators, account, caller, acc.TRADE)
    if not is_own:
        require_welcome(state, account, asset)
    state = ledger.put_in(state, now, account, asset, tokens)
    if not is_own and margin.is_liquidatable(assess(state, account, now)):
        raise errors.BelowInitialMargin
    return state


deposit_with_permit = deposit


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
    require_free(state, account, now)
    after = ledger.withdraw(state, now, account, asset, tokens)
    return require_taken(state, after, now, account, asset)


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
    require_free(state, account, now)
    after = ledger.borrow(state, now, account, asset, tokens)
    return require_taken(state, after, now, account, asset)


def require_taken(
    before: State, after: State, now: Seconds, account: AccountId, asset: int
) -> State:
    """
    Return ``after``, in which the account has taken cash out of a pool; it must have
    initial margin.

    Whoever owes or trades may not take the pool above the utilisation of the day, nor
    anything of a paused asset; a lender without any exposure is held up by neither.
    """
    pool = accrue(before, asset, now).assets[asset].pool
    return require_margin_and_cash(after, now, account, asset, pool)


def repay(
    state: State,
    now: Seconds,
    caller: Address,
    account: AccountId,
    asset: int,
    tokens: int,
) -> State:
    """Bring in up to ``tokens`` for what the account owes; anyone may."""
    return ledger.pay_back(state, now, account, asset, tokens)


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
    require_free(state, giver, now)
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
    state = ledger.lend(state, now, account, asset, amount)
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
    after = ledger.unlend(state, now, account, asset, amount)
    return require_taken(state, after, now, account, asset)


@dataclass(frozen=True)
class Step:
    """One thing that a batch does, and how much of it."""

    kind: int
    asset: int
    amount: int
    """Token units; WAD for what is lent or taken back."""


DEPOSIT: Final = 0
WITHDRAW: Final = 1
BORROW: Final = 2
REPAY: Final = 3
LEND: Final = 4
UNLEND: Final = 5

STEPS: Final = {
    DEPOSIT: ledger.put_in,
    WITHDRAW: ledger.withdraw,
    BORROW: ledger.borrow,
    REPAY: ledger.pay_back,
    LEND: ledger.lend,
    UNLEND: ledger.unlend,
}
"""What a batch may do: books of the account and of a pool, and nothing else."""

MAX_STEPS: Final = 8


def batch(
    state: State,
    now: Seconds,
    caller: Address,
    account: AccountId,
    steps: tuple[Step, ...],
) -> State:
    """
    Take up to ``MAX_STEPS`` steps, with one check of margin for all of them.

    Margin may be missing between two steps, so that an account can, say, borrow
    before it brings in what secures the debt. A protocol was emptied by what it let
    happen in such a span: a bankruptcy, decided on a health that nobody had checked
    yet. So what may happen is a list. Each kind on it changes one balance of this one
    account and its pool; none asks whether anyone is healthy, realises, trades,
    liquidates, writes off or touches another account, and no token moves, so nothing
    else can run, before the check is passed.

    Nothing can be done in a batch but for margin that could not be done step by step:
    each step needs the right that its own call needs (a stranger has no batch), and a
    pool's limits are asked for it as if it had been a call of its own. Only the
    exposure for which the throttle holds is the one that the account has in the end:
    who has some then has risked it with all that was taken.

    Steps that only bring something in need no margin, as they would not by themselves.
    A batch of no steps is refused: nobody's right would have been asked for.
    """
    if not steps:
        raise errors.ZeroAmount
    taken = []
    for step in steps:
        if step.kind not in STEPS:
            require_authorised(state, account, caller, acc.TRADE)
            raise errors.OutOfBounds
        takes_out = step.kind in (WITHDRAW, BORROW)
        right = acc.WITHDRAW if takes_out else acc.TRADE
        require_authorised(state, account, caller, right)
        if takes_out:
            require_free(state, account, now)
        if step.kind == DEPOSIT:
            require_token_amount(state, step.asset, step.amount)
            require_open(state, step.asset)
        before = state
        state = STEPS[step.kind](state, now, account, step.asset, Wad(step.amount))
        if takes_out or step.kind == UNLEND:
            pool = accrue(before, step.asset, now).assets[step.asset].pool
            taken.append((step.asset, pool, state.assets[step.asset].pool))

    if all(step.kind in (DEPOSIT, REPAY) for step in steps):
        return state
    health = assess(state, account, now)
    margin.require_initial_margin(health)
    if health.exposure > 0:
        for asset, pool, after in taken:
            state = check_utilisation(state, now, asset, pool, after)
    return state
