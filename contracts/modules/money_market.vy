# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Money market
@license Apache-2.0
@notice One pool for each asset: signed scaled balances, two indices, and the cash
        that is there.
@dev A root loads a pool once, with its interest booked, works on it in memory and
     saves it once. What leaves the books rounds up and what enters them rounds
     down, so that `cash + borrows - lends - fund` never falls.
@custom:spec specs/money_market.py
"""

from . import accounts
from . import errors
from . import fixed_point as fp
from . import interest_rate
from . import packing
from . import state

uses: accounts
uses: state

MAX_INDEX: constant(uint256) = 2**112 - 1
MAX_ACCRUAL: constant(uint256) = 365 * 86_400
_LOW_128: constant(uint256) = 2**128 - 1
_LOW_40: constant(uint256) = 2**40 - 1
_LOW_24: constant(uint256) = 2**24 - 1
_HALTED: constant(uint256) = 1 << 168
# A curve's rates are stored in 1e-18 per second, its shares in parts per million.
_RATE_UNIT: constant(uint256) = 10**9
_PPM_UNIT: constant(uint256) = 10**12


struct Pool:
    lend_index: uint256
    borrow_index: uint256
    accrued_at: uint256
    lends: uint256
    borrows: uint256
    cash: uint256
    reserve: uint256


@internal
@view
def _load(asset: uint256) -> Pool:
    """
    @notice Return a pool as it was saved.
    """
    index: uint256 = state.pool_index[asset]
    total: uint256 = state.pool_total[asset]
    cash: uint256 = state.pool_cash[asset]
    return Pool(
        lend_index=index >> 144,
        borrow_index=(index >> 32) & MAX_INDEX,
        accrued_at=index & (2**32 - 1),
        lends=total >> 128,
        borrows=total & _LOW_128,
        cash=cash >> 128,
        reserve=cash & _LOW_128,
    )


@internal
def _save(asset: uint256, pool: Pool):
    """
    @notice Store a pool; refuse totals beyond their fields.
    """
    state.pool_index[asset] = (
        (pool.lend_index << 144)
        | (pool.borrow_index << 32)
        | packing._fit(pool.accrued_at, 32)
    )
    state.pool_total[asset] = (
        packing._fit(pool.lends, 128) << 128
    ) | packing._fit(pool.borrows, 128)
    state.pool_cash[asset] = (
        packing._fit(pool.cash, 128) << 128
    ) | packing._fit(pool.reserve, 128)


@internal
@view
def _is_halted(asset: uint256) -> bool:
    """
    @notice Return whether bad debt has halted the pool.
    """
    return state.curve[asset] & _HALTED != 0


@internal
@view
def _require_open(asset: uint256):
    """
    @notice Refuse what takes from a pool that bad debt has halted.
    """
    assert not self._is_halted(asset), errors.POOL_HALTED


@internal
@pure
def _surplus(funds: uint256) -> uint256:
    """
    @notice Return the positive part of the liquidity funds' sum.
    """
    return convert(max(convert(convert(funds, bytes32), int256) >> 128, 0), uint256)


@internal
@view
def _compute_borrow_index(asset: uint256, pool: Pool, funds: uint256) -> uint256:
    """
    @notice Return the borrow index that an accrual now would write, rounded down.
    @dev An index that would not fit its field keeps its value.
    """
    elapsed: uint256 = min(block.timestamp - pool.accrued_at, MAX_ACCRUAL)
    if elapsed == 0:
        return pool.borrow_index
    lends: uint256 = (
        fp._mul_div_down(pool.lends, pool.lend_index, fp.RAY) + self._surplus(funds)
    )
    word: uint256 = state.curve[asset]
    rate: uint256 = interest_rate._compute_rate(
        (word & _LOW_40) * _RATE_UNIT,
        ((word >> 40) & _LOW_40) * _RATE_UNIT,
        ((word >> 80) & _LOW_40) * _RATE_UNIT,
        ((word >> 120) & _LOW_24) * _PPM_UNIT,
        interest_rate._compute_utilisation(pool.cash, lends),
    )
    grown: uint256 = pool.borrow_index + fp._mul_div_down(
        pool.borrow_index, rate * elapsed, fp.RAY
    )
    return grown if grown <= MAX_INDEX else pool.borrow_index


@internal
@view
def _borrow_index(asset: uint256) -> uint256:
    """
    @notice Return the borrow index now, booked or not.
    """
    pool: Pool = self._load(asset)
    if pool.accrued_at == block.timestamp:
        return pool.borrow_index
    return self._compute_borrow_index(asset, pool, self._funds(asset))


@internal
@view
def _funds(asset: uint256) -> uint256:
    """
    @notice Return the word of the liquidity funds; only USDC has any.
    """
    return state.funds if asset == accounts.USDC else 0


@internal
@view
def _load_accrued(asset: uint256) -> Pool:
    """
    @notice Return a pool with the interest until now booked.
    @dev The lend side is derived from the interest that borrowers were booked. The
         funds' surplus earns as a lend does, for the reserve.
    """
    pool: Pool = self._load(asset)
    if pool.accrued_at == block.timestamp:
        return pool

    funds: uint256 = self._funds(asset)
    borrow_index: uint256 = self._compute_borrow_index(asset, pool, funds)
    interest: uint256 = fp._mul_div_down(
        pool.borrows, borrow_index - pool.borrow_index, fp.RAY
    )
    pool.borrow_index = borrow_index
    pool.accrued_at = block.timestamp
    if interest == 0:
        return pool

    kept: uint256 = fp._mul_div_up(
        interest, ((state.curve[asset] >> 144) & _LOW_24) * _PPM_UNIT, fp.WAD
    )
    virtual: uint256 = fp._mul_div_down(funds & _LOW_128, fp.RAY, pool.lend_index)
    growth: uint256 = 0
    if pool.lends + virtual > 0:
        growth = min(
            fp._mul_div_down(interest - kept, fp.RAY, pool.lends + virtual),
            MAX_INDEX - pool.lend_index,
        )
    pool.lend_index += growth
    earned: uint256 = kept + fp._mul_div_down(virtual, growth, fp.RAY)
    minted: uint256 = fp._mul_div_down(earned, fp.RAY, pool.lend_index)
    pool.lends += minted
    pool.reserve += minted
    return pool


@internal
@pure
def _scaled(word: uint256) -> int256:
    """
    @notice Return the signed scaled part of a balance word.
    """
    return convert(convert(word, bytes32), int256) >> 128


@internal
@pure
def _idle(word: uint256) -> uint256:
    """
    @notice Return the idle part of a balance word.
    """
    return word & _LOW_128


@internal
@pure
def _held(word: uint256, lend_index: uint256) -> uint256:
    """
    @notice Return what a balance holds, lent and idle, rounded down.
    """
    scaled: int256 = self._scaled(word)
    if scaled <= 0:
        return self._idle(word)
    return self._idle(word) + fp._mul_div_down(
        convert(scaled, uint256), lend_index, fp.RAY
    )


@internal
@pure
def _debt(word: uint256, borrow_index: uint256) -> uint256:
    """
    @notice Return what a balance owes, rounded up.
    """
    scaled: int256 = self._scaled(word)
    if scaled >= 0:
        return 0
    return fp._mul_div_up(convert(-scaled, uint256), borrow_index, fp.RAY)


@internal
def _store(account: uint256, asset: uint256, old: uint256, scaled: int256, idle: uint256):
    """
    @notice Store a balance; refuse one beyond its fields.
    """
    accounts._write_balance(
        account,
        asset,
        old,
        (packing._fit_signed(scaled, 128) << 128) | packing._fit(idle, 128),
    )


@internal
def _credit(account: uint256, asset: uint256, pool: Pool, amount: uint256) -> Pool:
    """
    @notice Return the pool with `amount` credited to an account: it repays first,
            then lends; both round down.
    """
    word: uint256 = state.balances[account][asset]
    scaled: int256 = self._scaled(word)
    left: uint256 = amount
    if scaled < 0:
        debt: uint256 = self._debt(word, pool.borrow_index)
        if amount < debt:
            burned: uint256 = fp._mul_div_down(amount, fp.RAY, pool.borrow_index)
            pool.borrows -= burned
            scaled += convert(burned, int256)
            self._store(account, asset, word, scaled, self._idle(word))
            return pool
        pool.borrows -= convert(-scaled, uint256)
        scaled = 0
        left -= debt

    minted: uint256 = fp._mul_div_down(left, fp.RAY, pool.lend_index)
    pool.lends += minted
    scaled += convert(minted, int256)
    self._store(account, asset, word, scaled, self._idle(word))
    return pool


@internal
def _credit_idle(account: uint256, asset: uint256, pool: Pool, amount: uint256) -> Pool:
    """
    @notice Return the pool with `amount` repaid first and the rest left idle, out
            of the cash that the caller has raised by `amount`.
    """
    owed: uint256 = self._debt(state.balances[account][asset], pool.borrow_index)
    repaid: uint256 = min(amount, owed)
    changed: Pool = self._credit(account, asset, pool, repaid)
    rest: uint256 = amount - repaid
    changed.cash -= rest
    self._add_idle(account, asset, rest)
    return changed


@internal
def _add_idle(account: uint256, asset: uint256, amount: uint256):
    """
    @notice Add to an account's idle balance and to the pool's sum of them.
    """
    word: uint256 = state.balances[account][asset]
    state.pool_idle[asset] = packing._fit(state.pool_idle[asset] + amount, 128)
    self._store(account, asset, word, self._scaled(word), self._idle(word) + amount)


@internal
@pure
def _credit_reserve(pool: Pool, amount: uint256) -> Pool:
    """
    @notice Return the pool with `amount` lent by the reserve, rounded down.
    """
    changed: Pool = pool
    minted: uint256 = fp._mul_div_down(amount, fp.RAY, pool.lend_index)
    changed.lends += minted
    changed.reserve += minted
    return changed


@internal
def _debit(account: uint256, asset: uint256, pool: Pool, amount: uint256) -> Pool:
    """
    @notice Return the pool with `amount` taken from an account: idle first, then
            lend, then debt; both round up.
    """
    word: uint256 = state.balances[account][asset]
    scaled: int256 = self._scaled(word)
    idle: uint256 = self._idle(word)
    used: uint256 = min(idle, amount)
    left: uint256 = amount - used
    if used > 0:
        pool.cash += used
        state.pool_idle[asset] -= used
        idle -= used

    if scaled > 0:
        lent: uint256 = fp._mul_div_down(
            convert(scaled, uint256), pool.lend_index, fp.RAY
        )
        if left < lent:
            burned: uint256 = fp._mul_div_up(left, fp.RAY, pool.lend_index)
            pool.lends -= burned
            scaled -= convert(burned, int256)
            self._store(account, asset, word, scaled, idle)
            return pool
        pool.lends -= convert(scaled, uint256)
        scaled = 0
        left -= lent

    minted: uint256 = fp._mul_div_up(left, fp.RAY, pool.borrow_index)
    pool.borrows += minted
    scaled -= convert(minted, int256)
    self._store(account, asset, word, scaled, idle)
    return pool


@internal
@pure
def _pay_out(pool: Pool, amount: uint256) -> Pool:
    """
    @notice Return the pool with `amount` of tokens gone, which it must have as cash.
    """
    assert amount <= pool.cash, errors.INSUFFICIENT_CASH
    changed: Pool = pool
    changed.cash -= amount
    return changed


@internal
def _write_off(account: uint256, pool: Pool) -> (Pool, uint256, uint256):
    """
    @notice Return the USDC pool with an account's debt cancelled, what the reserve
            paid of it and what the lend index fell by, in USDC.
    @dev The reserve pays first. A rest above half of all lends halts the pool
         instead, and the debt stays.
    """
    asset: uint256 = accounts.USDC
    word: uint256 = state.balances[account][asset]
    debt: uint256 = self._debt(word, pool.borrow_index)
    burned: uint256 = min(
        pool.reserve, fp._mul_div_up(debt, fp.RAY, pool.lend_index)
    )
    paid: uint256 = min(debt, fp._mul_div_down(burned, pool.lend_index, fp.RAY))
    rest: uint256 = debt - paid
    lends: uint256 = pool.lends - burned
    if 2 * rest > fp._mul_div_down(lends, pool.lend_index, fp.RAY):
        state.curve[asset] = state.curve[asset] | _HALTED
        return pool, 0, 0

    changed: Pool = pool
    if rest > 0:
        changed.lend_index -= fp._mul_div_up(rest, fp.RAY, lends)
    changed.lends = lends
    changed.reserve -= burned
    changed.borrows -= convert(-self._scaled(word), uint256)
    self._store(account, asset, word, 0, self._idle(word))
    return changed, paid, rest


@internal
def _lend_idle(account: uint256, asset: uint256, pool: Pool, amount: uint256) -> Pool:
    """
    @notice Return the pool with `amount` of an account's idle tokens lent; the caller
            has checked that they are there.
    """
    word: uint256 = state.balances[account][asset]
    state.pool_idle[asset] -= amount
    self._store(account, asset, word, self._scaled(word), self._idle(word) - amount)
    changed: Pool = pool
    changed.cash += amount
    return self._credit(account, asset, changed, amount)


@internal
def _unlend(account: uint256, asset: uint256, pool: Pool, amount: uint256) -> Pool:
    """
    @notice Return the pool with `amount` of an account's lend taken back to lie idle.
    """
    word: uint256 = state.balances[account][asset]
    scaled: int256 = self._scaled(word)
    assert scaled > 0, errors.INSUFFICIENT_BALANCE
    lent: uint256 = fp._mul_div_down(
        convert(scaled, uint256), pool.lend_index, fp.RAY
    )
    assert amount <= lent, errors.INSUFFICIENT_BALANCE
    burned: uint256 = fp._mul_div_up(amount, fp.RAY, pool.lend_index)
    if amount == lent:
        burned = convert(scaled, uint256)
    changed: Pool = self._pay_out(pool, amount)
    changed.lends -= burned
    self._store(
        account, asset, word, scaled - convert(burned, int256), self._idle(word)
    )
    self._add_idle(account, asset, amount)
    return changed
