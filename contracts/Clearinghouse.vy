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
from .modules import guards
from .modules import health
from .modules import ledger
from .modules import margin
from .modules import money_market
from .modules import pool_limits
from .modules import state

initializes: state
initializes: accounts[state := state]
initializes: money_market[accounts := accounts, state := state]
initializes: guards[state := state]
initializes: pool_limits[guards := guards, state := state]
initializes: custody[state := state]
initializes: ledger[
    accounts := accounts,
    custody := custody,
    money_market := money_market,
    pool_limits := pool_limits,
    state := state,
]
initializes: health

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
    state.market_winners,
    state.market_growth,
    state.market_cursor,
    state.market_limits,
    state.market_cull,
    state.market_pending,
    state.epoch_terms,
    state.epoch_state,
    state.tick_growth,
    state.tick_size,
    state.tick_map,
    # Accounts
    state.headers,
    state.balances,
    state.positions,
    state.snapshots,
    state.orders,
    state.distress,
)

# Bytes that the fallback passes on of what a code body returns.
# A clearing's: two offsets, sixteen sizes and a reason, each with its length.
MAX_ANSWER: constant(uint256) = 21 * 32

TRADE_CODE: public(immutable(address))
SETTLE_CODE: public(immutable(address))
LIQUIDATION_CODE: public(immutable(address))
GOVERNANCE_CODE: public(immutable(address))
ACCOUNT_CODE: public(immutable(address))
MARGIN_CODE: public(immutable(address))
SPOT_CODE: public(immutable(address))
ORDER_CODE: public(immutable(address))
FORCED_CODE: public(immutable(address))
DELEVERAGE_CODE: public(immutable(address))
SLICE_CODE: public(immutable(address))


@deploy
def __init__(
    governor: address,
    trade_code: address,
    settle_code: address,
    liquidation_code: address,
    governance_code: address,
    account_code: address,
    margin_code: address,
    spot_code: address,
    order_code: address,
    forced_code: address,
    deleverage_code: address,
    slice_code: address,
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
    SPOT_CODE = spot_code
    ORDER_CODE = order_code
    FORCED_CODE = forced_code
    DELEVERAGE_CODE = deleverage_code
    SLICE_CODE = slice_code
    health.__init__(margin_code)
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
    @notice Bring `tokens` of `asset` into `account`; its settings say whether they
            repay, are lent or lie idle.
    @dev A stranger may only add to what the account holds or owes, not to one below
         its maintenance margin; anyone may add USDC to the backstop fund. Refused if
         it is too little to change the balance by one scaled unit.
    @param tokens Amount in token units.
    """
    token: uint256 = state.token[asset]
    if not ledger._deposit(token, account, asset, tokens, msg.sender):
        assert not margin._is_liquidatable(
            health._assess(account)
        ), errors.BELOW_INITIAL_MARGIN
    custody._collect(token, msg.sender, tokens)


@external
def repay(account: uint256, asset: uint256, tokens: uint256) -> uint256:
    """
    @notice Bring in up to `tokens` for what `account` owes; anyone may.
    @dev No more is taken than the debt rounded up to whole token units; what that is
         above the debt is lent.
    @param tokens Amount in token units, or the largest number for all that is owed.
    @return Token units taken.
    """
    token: uint256 = state.token[asset]
    taken: uint256 = ledger._repay(token, account, asset, tokens, msg.sender)
    custody._collect(token, msg.sender, taken)
    return taken


@external
@view
def is_authorised(account: uint256, actor: address, right: uint256) -> bool:
    """
    @notice Return whether `actor` owns `account` or was given `right` over it.
    """
    return accounts._is_authorised(account, actor, right)


@external
@view
def is_bound(account: uint256) -> bool:
    """
    @notice Return whether nothing may leave `account` now, since it stands behind a
            pledge.
    """
    return accounts._is_bound(account)


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
    accounts._require_free(account)
    token: uint256 = state.token[asset]
    sent: uint256 = 0
    before: money_market.Pool = empty(money_market.Pool)
    sent, before = ledger._withdraw(token, account, asset, tokens, receiver)
    # What owes nothing and is in no market has no exposure, whatever prices are.
    if not money_market._owes_nothing(account):
        self._require_margin_and_cash(account, asset, before)
    custody._send(token, receiver, sent)
    return sent


@external
def borrow(account: uint256, asset: uint256, tokens: uint256, receiver: address):
    """
    @notice Take `tokens` out of the vault, borrowing what the account does not hold.
    @param tokens Amount in token units.
    """
    accounts._require_authorised(account, msg.sender, accounts.WITHDRAW)
    accounts._require_free(account)
    token: uint256 = state.token[asset]
    self._require_margin_and_cash(
        account, asset, ledger._borrow(token, account, asset, tokens, receiver)
    )
    custody._send(token, receiver, tokens)


@internal
def _require_margin_and_cash(
    account: uint256, asset: uint256, before: money_market.Pool
):
    """
    @notice Refuse unless the account has initial margin and, if it has exposure, may
            take so much of the pool's cash.
    """
    found: IClearinghouse.Health = health._assess(account)
    margin._check_initial_margin(found)
    if found.exposure != 0:
        pool_limits._check_utilisation(
            asset,
            money_market._utilisation(asset, before),
            money_market._utilisation(asset, money_market._load(asset)),
        )


@internal
@view
def _code_of(selector: bytes4) -> address:
    """
    @notice Return the code body that has a function; what none of the others has is
            the governor's, or refused there.
    """
    if selector == method_id(
        "fill_perp(uint256,uint256,uint256,uint256,uint256,bool)", output_type=bytes4
    ):
        return TRADE_CODE
    if selector in [
        method_id("tick(uint256[],uint256[],uint256)", output_type=bytes4),
        method_id("realise(uint256,uint256[])", output_type=bytes4),
        method_id("close_takeover()", output_type=bytes4),
    ]:
        return SETTLE_CODE
    if selector in [
        method_id(
            "clear(uint256,uint256,bool,(uint256,uint256,uint256,bool)[])",
            output_type=bytes4,
        ),
        method_id("reserve(uint256,uint256,bool,uint256)", output_type=bytes4),
        method_id("release(uint256,uint256,bool,uint256)", output_type=bytes4),
        method_id("reducible(uint256,uint256,bool)", output_type=bytes4),
    ]:
        return ORDER_CODE
    if selector in [
        method_id("open_takeover(uint256,bool)", output_type=bytes4),
        method_id("take_over(uint256,uint256,uint256)", output_type=bytes4),
    ]:
        return LIQUIDATION_CODE
    if selector in [
        method_id(
            "fill_spot(uint256,uint256,uint256,uint256,uint256,bool)",
            output_type=bytes4,
        ),
        method_id("convert(uint256,uint256,uint256,uint256,uint256)", output_type=bytes4),
    ]:
        return SPOT_CODE
    if selector in [
        method_id(
            "clear_conversion(uint256,uint256,(uint256,uint256,uint256,bool)[])",
            output_type=bytes4,
        ),
        method_id(
            "clear_slice(uint256,uint256,(uint256,uint256,uint256,bool)[])",
            output_type=bytes4,
        ),
    ]:
        return FORCED_CODE
    if selector == method_id("deleverage(uint256)", output_type=bytes4):
        return DELEVERAGE_CODE
    if selector in [
        method_id("flag(uint256)", output_type=bytes4),
        method_id("open_slice(uint256,uint256)", output_type=bytes4),
        method_id("close_slice(uint256)", output_type=bytes4),
        method_id("slice_end(uint256)", output_type=bytes4),
    ]:
        return SLICE_CODE
    if selector in [
        method_id("transfer(uint256,uint256,uint256,uint256)", output_type=bytes4),
        method_id("lend(uint256,uint256,uint256)", output_type=bytes4),
        method_id("unlend(uint256,uint256,uint256)", output_type=bytes4),
        method_id("set_operator(uint256,address,uint256)", output_type=bytes4),
        method_id("bind(uint256)", output_type=bytes4),
        method_id("give_notice(uint256)", output_type=bytes4),
        method_id(
            "set_settings(uint256,(bool,bool,bool,bool,uint256))", output_type=bytes4
        ),
        method_id(
            "batch(uint256,(uint256,uint256,uint256,address)[])", output_type=bytes4
        ),
        method_id(
            "deposit_with_permit(uint256,uint256,uint256,uint256,uint8,bytes32,bytes32)",
            output_type=bytes4,
        ),
    ]:
        return ACCOUNT_CODE
    if selector in [
        method_id("assess(uint256)", output_type=bytes4),
        method_id("conversion_of(uint256)", output_type=bytes4),
        method_id("position_of(uint256,uint256)", output_type=bytes4),
        method_id("can_flag(uint256)", output_type=bytes4),
    ]:
        return MARGIN_CODE
    return GOVERNANCE_CODE
