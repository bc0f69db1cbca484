# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Clearinghouse
@license Apache-2.0
@notice Custody, accounts and money market; the one holder of tokens and the one
        address of all account state.
@dev What is not here is in code bodies that run on this storage: the fallback passes
     a known selector on and takes no lock, since the body takes it, in the same
     transient slot. Tokens move last, after every write and every check.
@custom:spec specs/clearinghouse.py
"""

from .interfaces import IClearinghouse
from .modules import accounts
from .modules import custody
from .modules import errors
from .modules import fixed_point as fp
from .modules import margin
from .modules import money_market
from .modules import state

initializes: state
initializes: accounts[state := state]
initializes: money_market[accounts := accounts, state := state]
initializes: margin[money_market := money_market, state := state]
initializes: custody[money_market := money_market, state := state]

exports: (
    # Parameters
    state.governor,
    state.venues,
    state.operators,
    state.token,
    state.curve,
    state.risk,
    state.market_risk,
    # Pools and prices
    state.pool_index,
    state.pool_total,
    state.pool_cash,
    state.pool_idle,
    state.quote,
    state.funds,
    # Markets
    state.market_quote,
    state.market_funding,
    state.market_premium,
    state.market_fund,
    state.market_size,
    # Accounts
    state.headers,
    state.balances,
    state.positions,
)

# Bytes that the fallback passes on of what a code body returns.
MAX_ANSWER: constant(uint256) = 512

TRADE_CODE: public(immutable(address))
SETTLE_CODE: public(immutable(address))
LIQUIDATION_CODE: public(immutable(address))
GOVERNANCE_CODE: public(immutable(address))
ACCOUNT_CODE: public(immutable(address))
MARGIN_CODE: public(immutable(address))


@deploy
def __init__(
    governor: address,
    trade_code: address,
    settle_code: address,
    liquidation_code: address,
    governance_code: address,
    account_code: address,
    margin_code: address,
):
    """
    @notice Fix the code bodies for good and name the first governor.
    """
    assert governor != empty(address), errors.OUT_OF_BOUNDS
    state.governor = governor
    TRADE_CODE = trade_code
    SETTLE_CODE = settle_code
    LIQUIDATION_CODE = liquidation_code
    GOVERNANCE_CODE = governance_code
    ACCOUNT_CODE = account_code
    MARGIN_CODE = margin_code
    log IClearinghouse.GovernorSet(governor=governor, time=block.timestamp)


# Anyone


@external
@reentrant
@raw_return
def __default__() -> Bytes[MAX_ANSWER]:
    """
    @notice Run a code body's function on this storage.
    """
    assert len(msg.data) >= 4, errors.UNKNOWN_SELECTOR
    return raw_call(
        self._code_of(convert(slice(msg.data, 0, 4), bytes4)),
        msg.data,
        max_outsize=MAX_ANSWER,
        is_delegate_call=True,
    )


@external
def deposit(account: uint256, asset: uint256, tokens: uint256):
    """
    @notice Bring `tokens` of `asset` into `account`: debt is repaid first, the rest
            lent, or left idle if the account does not auto-lend.
    @dev A stranger may only add to what the account holds or owes, not to one below
         its maintenance margin; anyone may add USDC to the backstop fund. Refused if
         it is too little to change the balance by one scaled unit.
    @param tokens Amount in token units.
    """
    word: uint256 = state.token[asset]
    amount: uint256 = custody._to_wad(word, tokens)
    is_own: bool = accounts._is_authorised(account, msg.sender, accounts.TRADE)
    if not is_own and not (
        account == accounts.BACKSTOP_FUND and asset == accounts.USDC
    ):
        accounts._require_user(account)
        assert state.balances[account][asset] != 0, errors.ASSET_NOT_ENABLED

    before: uint256 = state.balances[account][asset]
    pool: money_market.Pool = money_market._load_accrued(asset)
    pool.cash += amount
    if accounts._is_auto_lending(account):
        pool = money_market._credit(account, asset, pool, amount)
    else:
        pool = money_market._credit_idle(account, asset, pool, amount)
    assert state.balances[account][asset] != before, errors.ZERO_AMOUNT
    money_market._save(asset, pool)
    if not is_own:
        assert not margin._is_liquidatable(
            margin._assess(account)
        ), errors.BELOW_INITIAL_MARGIN

    log IClearinghouse.Deposit(
        account=account,
        asset=asset,
        payer=msg.sender,
        amount=amount,
        time=block.timestamp,
    )
    custody._collect(word, msg.sender, tokens)


@external
def repay(account: uint256, asset: uint256, tokens: uint256) -> uint256:
    """
    @notice Bring in up to `tokens` for what `account` owes; anyone may.
    @dev No more is taken than the debt rounded up to whole token units; what that is
         above the debt is lent.
    @param tokens Amount in token units, or the largest number for all that is owed.
    @return Token units taken.
    """
    word: uint256 = state.token[asset]
    scale: uint256 = custody._scale(word)
    assert tokens != 0, errors.ZERO_AMOUNT
    pool: money_market.Pool = money_market._load_accrued(asset)
    debt: uint256 = money_market._debt(
        state.balances[account][asset], pool.borrow_index
    )
    assert debt != 0, errors.NO_DEBT
    taken: uint256 = min(tokens, fp._mul_div_up(debt, 1, scale))
    pool.cash += taken * scale
    pool = money_market._credit(account, asset, pool, taken * scale)
    money_market._save(asset, pool)
    log IClearinghouse.Repay(
        account=account,
        asset=asset,
        payer=msg.sender,
        amount=taken * scale,
        time=block.timestamp,
    )
    custody._collect(word, msg.sender, taken)
    return taken


@external
@view
def is_authorised(account: uint256, actor: address, right: uint256) -> bool:
    """
    @notice Return whether `actor` owns `account` or was given `right` over it.
    """
    return accounts._is_authorised(account, actor, right)


# Owner and operators


@external
def withdraw(
    account: uint256, asset: uint256, tokens: uint256, receiver: address
) -> uint256:
    """
    @notice Take what the account holds out of the vault.
    @param tokens Amount in token units, or the largest number for all whole units.
    @return Token units sent.
    """
    accounts._require_authorised(account, msg.sender, accounts.WITHDRAW)
    word: uint256 = state.token[asset]
    scale: uint256 = custody._scale(word)
    money_market._require_open(asset)
    pool: money_market.Pool = money_market._load_accrued(asset)
    held: uint256 = money_market._held(
        state.balances[account][asset], pool.lend_index
    )
    sent: uint256 = tokens
    if tokens == max_value(uint256):
        sent = held // scale
    amount: uint256 = custody._to_wad(word, sent)
    assert amount <= held, errors.INSUFFICIENT_BALANCE
    custody._take_out(account, asset, pool, amount)
    margin._require_initial_margin(account)
    log IClearinghouse.Withdraw(
        account=account,
        asset=asset,
        receiver=receiver,
        amount=amount,
        time=block.timestamp,
    )
    custody._send(word, receiver, sent)
    return sent


@external
def borrow(account: uint256, asset: uint256, tokens: uint256, receiver: address):
    """
    @notice Take `tokens` out of the vault, borrowing what the account does not hold.
    @param tokens Amount in token units.
    """
    accounts._require_authorised(account, msg.sender, accounts.WITHDRAW)
    word: uint256 = state.token[asset]
    amount: uint256 = custody._to_wad(word, tokens)
    money_market._require_open(asset)
    custody._take_out(account, asset, money_market._load_accrued(asset), amount)
    margin._require_initial_margin(account)
    log IClearinghouse.Borrow(
        account=account,
        asset=asset,
        receiver=receiver,
        amount=amount,
        time=block.timestamp,
    )
    custody._send(word, receiver, tokens)


@internal
@view
def _code_of(selector: bytes4) -> address:
    """
    @notice Return the code body that has a function; what none of the others has is
            the governor's, or refused there.
    """
    if selector in [
        method_id(
            "fill_perp(uint256,uint256,uint256,uint256,uint256,bool)", output_type=bytes4
        ),
        method_id(
            "fill_spot(uint256,uint256,uint256,uint256,uint256,bool)", output_type=bytes4
        ),
    ]:
        return TRADE_CODE
    if selector in [
        method_id("tick(uint256[],uint256[])", output_type=bytes4),
        method_id("realise(uint256,uint256[])", output_type=bytes4),
        method_id("close_takeover()", output_type=bytes4),
    ]:
        return SETTLE_CODE
    if selector in [
        method_id("open_takeover(uint256)", output_type=bytes4),
        method_id("take_over(uint256,uint256)", output_type=bytes4),
    ]:
        return LIQUIDATION_CODE
    if selector in [
        method_id("transfer(uint256,uint256,uint256,uint256)", output_type=bytes4),
        method_id("lend(uint256,uint256,uint256)", output_type=bytes4),
        method_id("unlend(uint256,uint256,uint256)", output_type=bytes4),
        method_id("set_operator(uint256,address,uint256)", output_type=bytes4),
        method_id("set_auto_lend(uint256,bool)", output_type=bytes4),
    ]:
        return ACCOUNT_CODE
    if selector == method_id("assess(uint256)", output_type=bytes4):
        return MARGIN_CODE
    return GOVERNANCE_CODE
