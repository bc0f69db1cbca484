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
from .modules import packing
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
_LOW_64: constant(uint256) = 2**64 - 1


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
def take_over(
    provider: uint256, portion: uint256, max_position: uint256
) -> (uint256, uint256):
    """
    @notice Move `portion` of what is left of the open account to `provider`.
    @dev The provider must be bound, by which its owner agreed, must not be of the
         account's owner, and must have initial margin at conservative prices
         afterwards. If a limit of its positions leaves it less room, it takes as much
         less of everything. Markets and assets for which it has no place stay with the
         account, if that is left no worse.
    @param portion WAD, at most 1.
    @param max_position Notional of the provider's position in a market, WAD USDC, that
           this may lead to.
    @return What positions and debts are worth that went, and by how much what the
            provider got is worth more than what it gave; WAD USDC, at mark.
    """
    self._require_venue()
    account: uint256 = state.takeover_account
    assert account != 0, errors.NO_TAKEOVER
    assert portion <= fp.WAD, errors.OUT_OF_BOUNDS
    assert accounts._owner(provider) != accounts._owner(account), errors.SAME_OWNER
    assert accounts._is_bound(provider), errors.NOT_BOUND
    # Limits are of what a position is once epochs have closed what they close of it.
    positions._touch_all(provider)
    share: uint256 = self._limit_portion(account, provider, portion, max_position)
    if share == 0:
        return 0, 0

    has_places: bool = self._has_all_places(account, provider)
    before: IClearinghouse.Health = empty(IClearinghouse.Health)
    if not has_places:
        before = health._assess(account)
    # Debts first: what the positions' discount leaves owed is not taken over at a
    # discount once more.
    worth: uint256 = 0
    earned: uint256 = 0
    worth, earned = self._take_debts(account, provider, share)
    entries: uint256 = accounts._markets(state.headers[account])
    for i: uint256 in range(_ENTRIES):
        if entries == 0:
            break
        taken: uint256 = 0
        gained: uint256 = 0
        taken, gained = self._take_position(
            account, provider, (entries & 255) - 1, share
        )
        worth += taken
        earned += gained
        entries >>= 8
    margin._check_conservative_margin(health._assess(provider))
    if not has_places:
        self._require_no_worse(before, health._assess(account))
    return worth, earned


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
@view
def _has_all_places(account: uint256, provider: uint256) -> bool:
    """
    @notice Return whether a provider has a place for whatever there is of an account.
    """
    held: uint256 = state.headers[account]
    own: uint256 = state.headers[provider]
    return self._has_places(
        accounts._markets(own), accounts._markets(held)
    ) and self._has_places(accounts._assets(own), accounts._assets(held))


@internal
@pure
def _has_places(own: uint256, others: uint256) -> bool:
    """
    @notice Return whether a list has room for all of another one.
    """
    found: uint256 = own
    entries: uint256 = others
    has_room: bool = True
    for i: uint256 in range(_ENTRIES):
        if entries == 0 or not has_room:
            break
        found, has_room = packing._insert(found, (entries & 255) - 1)
        entries >>= 8
    return has_room


@internal
@view
def _has_market(provider: uint256, market: uint256) -> bool:
    """
    @notice Return whether a provider has a place for a market, or is in it.
    """
    return self._has_places(accounts._markets(state.headers[provider]), market + 1)


@internal
@view
def _is_taken(
    account: uint256, provider: uint256, market: uint256, quote: margin.Quote
) -> bool:
    """
    @notice Return whether a provider takes a portion of what there is in a market.
    """
    if perpetual._lots(state.positions[account][market]) == 0 or margin._is_stale(quote):
        return False
    return self._has_market(provider, market)


@internal
@view
def _limit_portion(
    account: uint256, provider: uint256, portion: uint256, max_position: uint256
) -> uint256:
    """
    @notice Return as much of `portion` as leaves no position of the provider above the
            market's limit, or worth more than `max_position` at mark; rounded down.
    """
    share: uint256 = portion
    entries: uint256 = accounts._markets(state.headers[account])
    for i: uint256 in range(_ENTRIES):
        if entries == 0:
            break
        market: uint256 = (entries & 255) - 1
        entries >>= 8
        quote: margin.Quote = margin._quote(state.market_quote[market])
        if not self._is_taken(account, provider, market, quote):
            continue
        held: int256 = perpetual._lots(state.positions[account][market])
        own: int256 = perpetual._lots(state.positions[provider][market])
        if held < 0:
            own = -own
        worth: uint256 = fp._mul_div_down(
            max_position, fp.WAD, perpetual._lot(state.market_risk[market]) * quote.slow
        )
        most: uint256 = min((state.market_limits[market] >> 128) & _LOW_64, worth)
        room: uint256 = convert(max(convert(most, int256) - own, 0), uint256)
        size: uint256 = convert(abs(held), uint256)
        if room < size:
            share = min(share, fp._mul_div_down(room, fp.WAD, size))
    return share


@internal
@pure
def _require_no_worse(
    before: IClearinghouse.Health, after: IClearinghouse.Health
):
    """
    @notice Refuse to leave an account that has equity with less of it for its margin.
    """
    assert before.equity <= 0 or (
        after.equity * before.maintenance_margin
        >= before.equity * after.maintenance_margin
    ), errors.NOT_IMPROVED


@internal
def _take_position(
    account: uint256, provider: uint256, market: uint256, portion: uint256
) -> (uint256, uint256):
    """
    @notice Move a portion of a position, rounded up to lots, at the takeover's prices,
            and return what it is worth and what the provider earns. A third of the
            discount goes to the backstop fund, as far as the market's fund reaches.
    """
    quote: margin.Quote = margin._quote(state.market_quote[market])
    if not self._is_taken(account, provider, market, quote):
        return 0, 0

    held: int256 = perpetual._lots(state.positions[account][market])
    discount: uint256 = state.takeover_discount
    lot: uint256 = perpetual._lot(state.market_risk[market])
    size: uint256 = fp._mul_div_up(convert(abs(held), uint256), portion, fp.WAD)
    lots: int256 = convert(size, int256)
    if held < 0:
        lots = -lots
    given: uint256 = backstop._compute_account_price(quote.slow, discount, held > 0)
    taken: uint256 = backstop._compute_provider_price(quote.slow, discount, held > 0)
    positions._trade(market, account, -lots, given)
    positions._trade(market, provider, lots, taken)

    paid: int256 = settlement._pay(
        market, convert(self._difference(size * lot, taken, given), int256)
    )
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
    return (
        perpetual._compute_notional(lots, lot, quote.slow),
        self._difference(size * lot, quote.slow, taken),
    )


@internal
@pure
def _difference(size: uint256, price: uint256, other: uint256) -> uint256:
    """
    @notice Return what lies between two prices of a size (WAD), rounded down.
    """
    apart: uint256 = max(price, other) - min(price, other)
    return fp._mul_div_down(size, apart, fp.WAD)


@internal
def _take_debts(
    account: uint256, provider: uint256, portion: uint256
) -> (uint256, uint256):
    """
    @notice Move a portion of every fresh debt, for collateral worth it and the
            discount on it; return what went, less what stays as a USDC debt, and what
            the provider earns.
    """
    due: uint256 = self._take_debt(account, provider, accounts.USDC, portion)
    entries: uint256 = accounts._assets(state.headers[account])
    for i: uint256 in range(_ENTRIES):
        if entries == 0:
            break
        due += self._take_debt(account, provider, (entries & 255) - 1, portion)
        entries >>= 8
    if due == 0:
        return 0, 0
    handed: uint256 = 0
    rest: uint256 = 0
    handed, rest = self._hand_collateral(account, provider, due)
    return due - rest, handed + rest - due


@internal
def _take_debt(account: uint256, provider: uint256, asset: uint256, portion: uint256) -> uint256:
    """
    @notice Move a portion of one debt and return what it is worth, rounded up.
    """
    owed: uint256 = bankruptcy._owed(account, asset)
    if owed == 0 or self._is_asset_stale(asset):
        return 0
    if asset != accounts.USDC and not self._has_places(
        accounts._assets(state.headers[provider]), asset + 1
    ):
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
def _hand_collateral(
    account: uint256, provider: uint256, debts: uint256
) -> (uint256, uint256):
    """
    @notice Hand collateral worth `debts` and the discount on them over, in equal shares
            by value, rounded down, as far as the provider has places for it. What it
            does not cover stays as a USDC debt of the account, without the discount.
    @return What was handed over, and what stays owed.
    """
    rate: uint256 = fp.WAD + state.takeover_discount
    due: uint256 = fp._mul_div_up(debts, rate, fp.WAD)
    own: uint256 = accounts._assets(state.headers[provider])
    worth: uint256 = 0
    assets: uint256 = 0
    place: uint256 = 0
    entries: uint256 = (
        (accounts._assets(state.headers[account]) << 8) | (accounts.USDC + 1)
    )
    for i: uint256 in range(_ENTRIES + 1):
        if entries == 0:
            break
        entry: uint256 = entries & 255
        entries >>= 8
        if bankruptcy._held(account, entry - 1) == 0 or self._is_asset_stale(entry - 1):
            continue
        has_place: bool = True
        if entry - 1 != accounts.USDC:
            own, has_place = packing._insert(own, entry - 1)
        if not has_place:
            continue
        worth += self._worth(account, entry - 1)
        assets |= entry << place
        place += 8

    handed: uint256 = 0
    for i: uint256 in range(_ENTRIES + 1):
        if assets == 0:
            break
        handed += self._hand(account, provider, (assets & 255) - 1, due, worth)
        assets >>= 8
    if handed >= due:
        return handed, 0
    rest: uint256 = fp._mul_div_down(due - handed, fp.WAD, rate)
    self._debit(account, accounts.USDC, rest)
    self._credit(provider, accounts.USDC, rest)
    log IClearinghouse.DebtLeft(
        account=account, provider=provider, amount=rest, time=block.timestamp
    )
    return handed, rest


@internal
def _hand(
    account: uint256, provider: uint256, asset: uint256, due: uint256, worth: uint256
) -> uint256:
    """
    @notice Hand one asset's share over and return its value, rounded down.
    """
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
    @notice Return the value of what the account holds of an asset.
    """
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
