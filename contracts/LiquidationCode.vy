# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title LiquidationCode
@license Apache-2.0
@notice Takeovers of accounts that are due; a code body behind the Clearinghouse's
        address. SettleCode closes what is opened here.
@dev Called by delegation only. A takeover is open for one account within one
     transaction: its account and discount live in transient storage. Called directly
     it meets its own, empty storage, in which nobody is a venue.
@custom:spec specs/liquidation_code.py
"""

from .interfaces import IClearinghouse
from .modules import accounts
from .modules import backstop
from .modules import bankruptcy
from .modules import distress
from .modules import errors
from .modules import fixed_point as fp
from .modules import health
from .modules import legs
from .modules import margin
from .modules import money_market
from .modules import open_orders
from .modules import perpetual
from .modules import positions
from .modules import settlement
from .modules import state
from .modules import tick_set
from .modules import virtual_pnl

initializes: state
initializes: accounts[state := state]
initializes: money_market[accounts := accounts, state := state]
initializes: health
initializes: open_orders[state := state]
initializes: positions[state := state]
initializes: tick_set[state := state]
initializes: virtual_pnl[state := state, tick_set := tick_set]
initializes: settlement[
    accounts := accounts,
    money_market := money_market,
    state := state,
    tick_set := tick_set,
    virtual_pnl := virtual_pnl,
]
initializes: bankruptcy[money_market := money_market, state := state]
initializes: legs[
    bankruptcy := bankruptcy,
    money_market := money_market,
    positions := positions,
    state := state,
]

LIQUIDATION_VENUE: constant(uint256) = 2
_ENTRIES: constant(uint256) = 8


@deploy
def __init__(margin_code: address, trade_code: address):
    """
    @notice Fix the bodies that compute margins and trade.
    """
    health.__init__(margin_code)
    positions.__init__(trade_code)


@external
def open_takeover(account: uint256, is_book_failed: bool) -> IClearinghouse.Terms:
    """
    @notice Open a takeover of `account`, with its PnL realised first.
    @dev Refused unless it is below the margin that opens the backstop, or the venue says
         that the book has failed it; at prices of an earlier block or flagged in one,
         without the help of stale prices, and with orders on the book: these are
         cancelled first.
    """
    self._require_venue()
    accounts._require_user(account)
    legs._accrue(account)
    before: IClearinghouse.Health = health._assess(account)
    assert margin._is_due_now(before), errors.NOT_LIQUIDATABLE
    assert is_book_failed or backstop._is_open(
        before.equity, before.maintenance_margin, before.exposure
    ), errors.ABOVE_BACKSTOP_MARGIN
    assert distress._was_due(
        state.distress[account], before.priced_at, block.timestamp
    ), errors.PRICE_TOO_FRESH
    assert open_orders._codes(state.headers[account]) == 0, errors.ORDERS_OPEN

    legs._realise(account)
    bankruptcy._use_idle(account)
    found: DynArray[backstop.Leg, backstop.MAX_LEGS] = legs._get(account)
    terms: IClearinghouse.Terms = empty(IClearinghouse.Terms)
    terms.exposure = backstop._sum(found)
    # Where a fund could not pay a gain, realising has raised the exposure.
    terms.discount = backstop._compute_discount(
        before.equity,
        before.maintenance_margin,
        max(before.exposure, terms.exposure),
    )
    terms.due = fp._mul_div_up(
        terms.exposure,
        backstop._compute_fraction(before.equity, terms.discount, found),
        backstop.PARTS,
    )
    terms.deficit = convert(max(-before.value, 0), uint256)
    terms.unfunded = backstop._compute_unfunded(
        terms.deficit, bankruptcy._held(accounts.BACKSTOP_FUND, accounts.USDC)
    )
    terms.may_deleverage = (
        4 * before.equity <= before.maintenance_margin or before.value < 0
    )
    terms.is_bankrupt = bankruptcy._is_bankrupt(account)
    state.takeover_account = account
    state.takeover_discount = terms.discount
    state.takeover_deficit = terms.deficit
    state.takeover_ratio = backstop._compute_ratio(
        before.equity, before.maintenance_margin
    )
    state.takeover_may_deleverage = terms.may_deleverage
    log IClearinghouse.TakeoverOpened(
        account=account,
        equity=before.equity,
        maintenance_margin=before.maintenance_margin,
        exposure=terms.exposure,
        discount=terms.discount,
        due=terms.due,
        unfunded=terms.unfunded,
        deficit=terms.deficit,
        may_deleverage=terms.may_deleverage,
        time=block.timestamp,
    )
    return terms


@external
def take_over(provider: uint256, portion: uint256) -> uint256:
    """
    @notice Move `portion` of what is left of the open account to `provider`.
    @dev The provider must have made the venue its operator, must not be of the
         account's owner, and must have its initial margin afterwards.
    @param portion WAD, at most 1.
    @return What positions and debts are worth that went, WAD USDC.
    """
    self._require_venue()
    account: uint256 = state.takeover_account
    assert account != 0, errors.NO_TAKEOVER
    assert portion <= fp.WAD, errors.OUT_OF_BOUNDS
    assert accounts._owner(provider) != accounts._owner(account), errors.SAME_OWNER
    accounts._require_authorised(provider, msg.sender, accounts.TRADE)

    # Debts first: what the positions' discount leaves owed is not taken over at a
    # discount once more.
    worth: uint256 = self._take_debts(account, provider, portion)
    entries: uint256 = accounts._markets(state.headers[account])
    for i: uint256 in range(_ENTRIES):
        if entries == 0:
            break
        worth += self._take_position(account, provider, (entries & 255) - 1, portion)
        entries >>= 8
    health._require_initial_margin(provider)
    return worth


@internal
@view
def _require_venue():
    """
    @notice Refuse anyone but a liquidation venue.
    """
    assert state.venues[msg.sender] & LIQUIDATION_VENUE != 0, errors.NOT_VENUE


@internal
def _credit(account: uint256, asset: uint256, amount: uint256):
    """
    @notice Credit `amount` of an accrued asset.
    """
    money_market._save(
        asset, money_market._credit(account, asset, money_market._load(asset), amount)
    )


@internal
def _debit(account: uint256, asset: uint256, amount: uint256):
    """
    @notice Debit `amount` of an accrued asset.
    """
    money_market._save(
        asset, money_market._debit(account, asset, money_market._load(asset), amount)
    )


@internal
def _take_position(
    account: uint256, provider: uint256, market: uint256, portion: uint256
) -> uint256:
    """
    @notice Move a portion of a position, rounded up to lots, at the takeover's prices,
            and return what it is worth. A third of the discount goes to the backstop
            fund, as far as the market's fund reaches.
    """
    quote: margin.Quote = margin._quote(state.market_quote[market])
    held: int256 = perpetual._lots(state.positions[account][market])
    if held == 0 or margin._is_stale(quote):
        return 0

    discount: uint256 = state.takeover_discount
    risk: uint256 = state.market_risk[market]
    lot: uint256 = perpetual._lot(risk)
    size: uint256 = fp._mul_div_up(convert(abs(held), uint256), portion, fp.WAD)
    lots: int256 = convert(size, int256)
    if held < 0:
        lots = -lots
    given: uint256 = backstop._compute_account_price(quote.slow, discount, held > 0)
    taken: uint256 = backstop._compute_provider_price(quote.slow, discount, held > 0)
    positions._touch(market, provider, risk)
    positions._trade(market, account, -lots, given)
    positions._trade(market, provider, lots, taken)

    apart: uint256 = max(taken, given) - min(taken, given)
    share: uint256 = fp._mul_div_down(size * lot, apart, fp.WAD)
    paid: int256 = settlement._pay(market, convert(share, int256))
    pool: money_market.Pool = money_market._load(accounts.USDC)
    pool = settlement._change_usdc(accounts.BACKSTOP_FUND, pool, paid)
    money_market._save(accounts.USDC, pool)
    log IClearinghouse.PositionTaken(
        market=market,
        account=account,
        provider=provider,
        lots=lots,
        account_price=given,
        provider_price=taken,
        fund_paid=convert(paid, uint256),
        time=block.timestamp,
    )
    return perpetual._compute_notional(lots, lot, quote.slow)


@internal
def _take_debts(account: uint256, provider: uint256, portion: uint256) -> uint256:
    """
    @notice Move a portion of every fresh debt, for collateral worth it and the
            discount on it; return what went, less what stays as a USDC debt.
    """
    due: uint256 = self._take_debt(account, provider, accounts.USDC, portion)
    entries: uint256 = accounts._assets(state.headers[account])
    for i: uint256 in range(_ENTRIES):
        if entries == 0:
            break
        due += self._take_debt(account, provider, (entries & 255) - 1, portion)
        entries >>= 8
    if due == 0:
        return 0
    return due - self._hand_collateral(account, provider, due)


@internal
def _take_debt(account: uint256, provider: uint256, asset: uint256, portion: uint256) -> uint256:
    """
    @notice Move a portion of one debt and return what it is worth, rounded up.
    """
    owed: uint256 = bankruptcy._owed(account, asset)
    if owed == 0 or self._is_asset_stale(asset):
        return 0
    amount: uint256 = fp._mul_div_up(owed, portion, fp.WAD)
    price: uint256 = bankruptcy._price(asset)
    money_market._save(
        asset, money_market._pay_debt(account, asset, money_market._load(asset), amount)
    )
    self._debit(provider, asset, amount)
    log IClearinghouse.DebtTaken(
        asset=asset,
        account=account,
        provider=provider,
        amount=amount,
        price=price,
        time=block.timestamp,
    )
    return fp._mul_div_up(amount, price, fp.WAD)


@internal
def _hand_collateral(account: uint256, provider: uint256, debts: uint256) -> uint256:
    """
    @notice Hand collateral worth `debts` and the discount on them over, in equal shares
            by value, rounded down. What it does not cover stays as a USDC debt of the
            account, without the discount, and is returned.
    """
    rate: uint256 = fp.WAD + state.takeover_discount
    due: uint256 = fp._mul_div_up(debts, rate, fp.WAD)
    assets: uint256 = (
        (accounts._assets(state.headers[account]) << 8) | (accounts.USDC + 1)
    )
    worth: uint256 = 0
    entries: uint256 = assets
    for i: uint256 in range(_ENTRIES + 1):
        if entries == 0:
            break
        worth += self._worth(account, (entries & 255) - 1)
        entries >>= 8

    handed: uint256 = 0
    entries = assets
    for i: uint256 in range(_ENTRIES + 1):
        if entries == 0:
            break
        handed += self._hand(account, provider, (entries & 255) - 1, due, worth)
        entries >>= 8
    if handed >= due:
        return 0
    rest: uint256 = fp._mul_div_down(due - handed, fp.WAD, rate)
    self._debit(account, accounts.USDC, rest)
    self._credit(provider, accounts.USDC, rest)
    log IClearinghouse.DebtLeft(
        account=account, provider=provider, amount=rest, time=block.timestamp
    )
    return rest


@internal
def _hand(
    account: uint256, provider: uint256, asset: uint256, due: uint256, worth: uint256
) -> uint256:
    """
    @notice Hand one asset's share over and return its value, rounded down.
    """
    if self._is_asset_stale(asset):
        return 0
    amount: uint256 = bankruptcy._held(account, asset)
    if due < worth:
        amount = fp._mul_div_down(amount, due, worth)
    if amount == 0:
        return 0
    price: uint256 = bankruptcy._price(asset)
    self._debit(account, asset, amount)
    self._credit(provider, asset, amount)
    log IClearinghouse.CollateralTaken(
        asset=asset,
        account=account,
        provider=provider,
        amount=amount,
        price=price,
        time=block.timestamp,
    )
    return fp._mul_div_down(amount, price, fp.WAD)


@internal
@view
def _worth(account: uint256, asset: uint256) -> uint256:
    """
    @notice Return the value of what the account holds of a fresh asset.
    """
    if self._is_asset_stale(asset):
        return 0
    return fp._mul_div_down(bankruptcy._held(account, asset), bankruptcy._price(asset), fp.WAD)


@internal
@view
def _is_asset_stale(asset: uint256) -> bool:
    """
    @notice Return whether an asset's price is stale; USDC's never is.
    """
    if asset == accounts.USDC:
        return False
    return margin._is_stale(margin._quote(state.quote[asset]))
