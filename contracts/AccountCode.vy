# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title AccountCode
@license Apache-2.0
@notice What owners and operators arrange within the vault: transfers, lending, rights,
        settings and batches; a code body behind the Clearinghouse's address.
@dev Called by delegation only. Called directly it meets its own, empty storage, in
     which nothing is listed and which no other contract reads.
@custom:spec specs/clearinghouse.py
"""

from .interfaces import IClearinghouse
from .modules import accounts
from .modules import custody
from .modules import errors
from .modules import guards
from .modules import health
from .modules import ledger
from .modules import margin
from .modules import money_market
from .modules import open_orders
from .modules import pool_limits
from .modules import state

initializes: state
initializes: accounts[state := state]
initializes: money_market[accounts := accounts, state := state]
initializes: custody[state := state]
initializes: guards[state := state]
initializes: pool_limits[guards := guards, state := state]
initializes: ledger[
    accounts := accounts,
    custody := custody,
    money_market := money_market,
    pool_limits := pool_limits,
    state := state,
]
initializes: health

# Kinds of a batch's steps.
DEPOSIT: constant(uint256) = 0
WITHDRAW: constant(uint256) = 1
BORROW: constant(uint256) = 2
REPAY: constant(uint256) = 3
LEND: constant(uint256) = 4
UNLEND: constant(uint256) = 5
MAX_STEPS: constant(uint256) = 8
# Seconds for which an account stays bound after its owner gave notice.
NOTICE: constant(uint256) = 3600


@deploy
def __init__(margin_code: address):
    """
    @notice Fix the body that computes margins.
    """
    health.__init__(margin_code)


@external
def transfer(giver: uint256, taker: uint256, asset: uint256, amount: uint256):
    """
    @notice Move what `giver` holds to another account of the same owner.
    @param amount WAD.
    """
    accounts._require_authorised(giver, msg.sender, accounts.WITHDRAW)
    accounts._require_free(giver)
    assert accounts._owner(giver) == accounts._owner(taker), errors.WRONG_OWNER
    assert giver != taker, errors.SAME_ACCOUNT
    custody._require_amount(asset, amount)
    money_market._require_open(asset)
    pool: money_market.Pool = money_market._load_accrued(asset)
    held: uint256 = money_market._held(state.balances[giver][asset], pool.lend_index)
    assert amount <= held, errors.INSUFFICIENT_BALANCE
    pool = money_market._debit(giver, asset, pool, amount)
    pool = money_market._credit(taker, asset, pool, amount)
    money_market._save(asset, pool)
    health._require_initial_margin(giver)
    log IClearinghouse.Transfer(
        giver=giver, taker=taker, asset=asset, amount=amount, time=block.timestamp
    )


@external
def lend(account: uint256, asset: uint256, amount: uint256):
    """
    @notice Lend `amount` (WAD) of the account's idle balance.
    """
    accounts._require_authorised(account, msg.sender, accounts.TRADE)
    ledger._lend(account, asset, amount)
    health._require_initial_margin(account)


@external
def unlend(account: uint256, asset: uint256, amount: uint256):
    """
    @notice Take `amount` (WAD) of the account's lend back to lie idle.
    """
    accounts._require_authorised(account, msg.sender, accounts.TRADE)
    before: money_market.Pool = ledger._unlend(account, asset, amount)
    found: IClearinghouse.Health = health._assess(account)
    margin._check_initial_margin(found)
    if found.exposure != 0:
        pool_limits._check_utilisation(
            asset,
            money_market._utilisation(asset, before),
            money_market._utilisation(asset, money_market._load(asset)),
        )


@external
def set_operator(account: uint256, operator: address, rights: uint256):
    """
    @notice Give `operator` exactly `rights` over the caller's account: 1 to trade,
            2 to take assets out.
    """
    assert msg.sender == accounts._owner(account), errors.NOT_AUTHORISED
    assert rights <= accounts.RIGHTS, errors.OUT_OF_BOUNDS
    state.operators[account][operator] = rights
    log IClearinghouse.OperatorSet(
        account=account, operator=operator, rights=rights, time=block.timestamp
    )


@external
def bind(account: uint256):
    """
    @notice Bind the caller's account until notice is given; a notice is taken back.
    @dev Nothing leaves the vault or goes to another account from it, and a liquidation
         venue may have it take over.
    """
    assert msg.sender == accounts._owner(account), errors.NOT_AUTHORISED
    accounts._release(account, accounts.UNTIL_NOTICE)
    log IClearinghouse.Bound(account=account, time=block.timestamp)


@external
def give_notice(account: uint256):
    """
    @notice Release the caller's account an hour from now.
    """
    assert msg.sender == accounts._owner(account), errors.NOT_AUTHORISED
    assert (
        accounts._release_at(state.headers[account]) == accounts.UNTIL_NOTICE
    ), errors.NOT_BOUND
    release_at: uint256 = block.timestamp + NOTICE
    accounts._release(account, release_at)
    log IClearinghouse.NoticeGiven(
        account=account, release_at=release_at, time=block.timestamp
    )


@external
def set_settings(account: uint256, settings: IClearinghouse.Settings):
    """
    @notice Choose how the account lends, repays, settles and borrows from now on; what
            it has stays as it is. With orders resting, a stricter limit of leverage
            needs initial margin.
    """
    accounts._require_authorised(account, msg.sender, accounts.TRADE)
    header: uint256 = state.headers[account]
    accounts._set_settings(account, settings)
    if open_orders._codes(header) != 0 and settings.max_leverage != 0:
        old: uint256 = accounts._max_leverage(header)
        if old == 0 or settings.max_leverage < old:
            health._require_initial_margin(account)
    log IClearinghouse.SettingsSet(
        account=account, settings=settings, time=block.timestamp
    )


@external
def deposit_with_permit(
    account: uint256,
    asset: uint256,
    tokens: uint256,
    deadline: uint256,
    v: uint8,
    r: bytes32,
    s: bytes32,
):
    """
    @notice Bring `tokens` of `asset` into `account`, as a deposit does, after the token
            has been shown the caller's signed approval of the vault (EIP-2612).
    @dev The approval may fail, or have been used by somebody else before: the deposit
         needs no more than to be approved.
    @param tokens Amount in token units.
    """
    token: uint256 = state.token[asset]
    assert token != 0, errors.UNKNOWN_ASSET
    custody._permit(token, msg.sender, tokens, deadline, v, r, s)
    if not ledger._deposit(token, account, asset, tokens, msg.sender):
        assert not margin._is_liquidatable(
            health._assess(account)
        ), errors.BELOW_INITIAL_MARGIN
    custody._collect(token, msg.sender, tokens)


@external
def batch(account: uint256, steps: DynArray[IClearinghouse.Step, MAX_STEPS]):
    """
    @notice Take steps that each have a call of their own, with one check of margin for
            all of them; tokens move last, in the order of the steps.
    @dev Each step asks for the caller's right; without any nobody would have been asked.
         Margin may be missing in between, so a step is one of a list: nothing on it
         touches another account, asks whether an account is healthy, or pays for one
         that is not. Limits of a pool are asked for each step as if it had been a call
         of its own, with the exposure that the account has in the end.
    """
    assert len(steps) != 0, errors.ZERO_AMOUNT
    log IClearinghouse.BatchOpened(
        account=account, steps=len(steps), time=block.timestamp
    )
    tokens: uint256[MAX_STEPS] = empty(uint256[MAX_STEPS])
    before: uint256[MAX_STEPS] = empty(uint256[MAX_STEPS])
    after: uint256[MAX_STEPS] = empty(uint256[MAX_STEPS])
    is_risky: bool = False
    for i: uint256 in range(len(steps), bound=MAX_STEPS):
        step: IClearinghouse.Step = steps[i]
        right: uint256 = accounts.TRADE
        if step.kind == WITHDRAW or step.kind == BORROW:
            right = accounts.WITHDRAW
        accounts._require_authorised(account, msg.sender, right)
        if right == accounts.WITHDRAW:
            accounts._require_free(account)
        tokens[i], before[i], after[i] = self._book(account, step)
        if step.kind != DEPOSIT and step.kind != REPAY:
            is_risky = True

    if is_risky:
        found: IClearinghouse.Health = health._assess(account)
        margin._check_initial_margin(found)
        for i: uint256 in range(len(steps), bound=MAX_STEPS):
            if found.exposure == 0:
                break
            if steps[i].kind in [WITHDRAW, BORROW, UNLEND]:
                pool_limits._check_utilisation(steps[i].asset, before[i], after[i])

    for i: uint256 in range(len(steps), bound=MAX_STEPS):
        step: IClearinghouse.Step = steps[i]
        if step.kind == DEPOSIT or step.kind == REPAY:
            custody._collect(state.token[step.asset], msg.sender, tokens[i])
        elif step.kind == WITHDRAW or step.kind == BORROW:
            custody._send(state.token[step.asset], step.receiver, tokens[i])


@internal
def _book(
    account: uint256, step: IClearinghouse.Step
) -> (uint256, uint256, uint256):
    """
    @notice Book a step; return the tokens that it moves and the utilisation of its pool
            before and after, if it takes cash.
    """
    asset: uint256 = step.asset
    token: uint256 = state.token[asset]
    tokens: uint256 = step.amount
    if step.kind == DEPOSIT:
        # Whoever gets here may trade for the account and is no stranger.
        ledger._deposit(token, account, asset, tokens, msg.sender)
        return tokens, 0, 0
    if step.kind == REPAY:
        return ledger._repay(token, account, asset, tokens, msg.sender), 0, 0
    if step.kind == LEND:
        ledger._lend(account, asset, tokens)
        return 0, 0, 0

    before: money_market.Pool = empty(money_market.Pool)
    if step.kind == WITHDRAW:
        tokens, before = ledger._withdraw(
            token, account, asset, tokens, step.receiver
        )
    elif step.kind == BORROW:
        before = ledger._borrow(token, account, asset, tokens, step.receiver)
    else:
        assert step.kind == UNLEND, errors.OUT_OF_BOUNDS
        before = ledger._unlend(account, asset, tokens)
    return (
        tokens,
        money_market._utilisation(asset, before),
        money_market._utilisation(asset, money_market._load(asset)),
    )
