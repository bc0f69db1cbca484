# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Money market
@license Apache-2.0
@notice One pool for each asset: signed scaled balances, two indices, and the cash
        that is there.
@dev A root loads a pool once, with its interest booked, works on it in memory and
     saves it once. What leaves the books rounds up and what enters them rounds
     down, so that `cash + borrows - lends - fund` never falls. Interest on unrealised
     gains W and losses V is in the totals as it accrues, rounded for the pool, so a
     total of borrows may run out before the last debt does, and stays at nothing.
@custom:spec specs/money_market.py
"""

from ..interfaces import IClearinghouse
from . import accounts
from . import errors
from . import fixed_point as fp
from . import interest_rate
from . import packing
from . import state
from . import weights

uses: accounts
uses: state

MAX_INDEX: constant(uint256) = 2**112 - 1
# Bad debt that would leave a lend index below it halts the pool instead.
MIN_INDEX: constant(uint256) = fp.RAY // 8
MAX_ACCRUAL: constant(uint256) = 365 * 86_400
_LOW_128: constant(uint256) = 2**128 - 1
_LOW_40: constant(uint256) = 2**40 - 1
_LOW_32: constant(uint256) = 2**32 - 1
_LOW_24: constant(uint256) = 2**24 - 1
_HALTED: constant(uint256) = 1 << 168
# A curve's rates are stored in 1e-18 per second, its shares in parts per million.
_RATE_UNIT: constant(uint256) = 10**9
_PPM_UNIT: constant(uint256) = 10**12


struct Pool:
    lend_index: uint256
    borrow_index: uint256
    accrued_at: uint256
    lends: int256
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
        accrued_at=index & _LOW_32,
        lends=packing._get_signed(total, 128, 128),
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
        packing._fit_signed(pool.lends, 128) << 128
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
    lends: uint256 = self._lent(pool) + self._surplus(funds)
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
    """
    pool: Pool = self._load(asset)
    if pool.accrued_at == block.timestamp:
        return pool
    funds: uint256 = 0
    virtuals: uint256 = 0
    if asset == accounts.USDC:
        funds = state.funds
        virtuals = state.virtuals
    borrow_index: uint256 = self._compute_borrow_index(asset, pool, funds)
    pool.accrued_at = block.timestamp
    return self._book(
        pool, borrow_index, state.curve[asset], virtuals, funds & _LOW_128
    )


@internal
@pure
def _book(
    pool: Pool, borrow_index: uint256, curve: uint256, virtuals: uint256, rest: uint256
) -> Pool:
    """
    @notice Return the pool with its borrow index grown to `borrow_index`: borrowers and
            losers owe; lenders, winners and the funds' rest share it pro rata.
    @dev The lend side is derived from the interest that was booked. The reserve gets
         what is left: its share, what the rest earned and what rounding left over.
    @param virtuals Word of W and V.
    @param rest Z, what each fund has beyond W - V of its market, at least 0, summed up.
    """
    interest: uint256 = fp._mul_div_down(
        pool.borrows, borrow_index - pool.borrow_index, fp.RAY
    )
    losers: uint256 = virtuals & _LOW_128
    if losers != 0:
        owed: uint256 = fp._mul_div_down(
            losers,
            weights._compute_weight(pool.borrow_index)
            - weights._compute_weight(borrow_index),
            weights.ONE,
        )
        pool.borrows += owed
        interest += fp._mul_div_down(owed, borrow_index, fp.RAY)
    pool.borrow_index = borrow_index
    if interest == 0:
        return pool

    winners: uint256 = virtuals >> 128
    kept: uint256 = fp._mul_div_up(
        interest, ((curve >> 144) & _LOW_24) * _PPM_UNIT, fp.WAD
    )
    if winners != 0:
        kept += self._cushion(winners, borrow_index)
    old_index: uint256 = pool.lend_index
    growth: uint256 = 0
    sharing: int256 = pool.lends + convert(
        fp._mul_div_up(winners + rest, fp.RAY, old_index), int256
    )
    if kept < interest and sharing > 0:
        growth = min(
            fp._mul_div_down(interest - kept, fp.RAY, convert(sharing, uint256)),
            MAX_INDEX - old_index,
        )
    lend_index: uint256 = old_index + growth
    booked: int256 = convert(interest, int256)
    left: int256 = booked - fp._signed_mul_div_up(pool.lends, growth, fp.RAY)
    earned: uint256 = 0
    if winners != 0:
        earned = fp._mul_div_up(
            winners,
            weights._compute_weight(old_index) - weights._compute_weight(lend_index),
            weights.ONE,
        )
        left -= convert(fp._mul_div_up(earned, lend_index, fp.RAY), int256)
    # Dust alone, where a lend index is above the borrow index: the reserve takes it.
    if left < 0:
        lend_index = old_index
        earned = 0
        left = booked
    minted: uint256 = fp._mul_div_down(convert(left, uint256), fp.RAY, lend_index)
    pool.lend_index = lend_index
    pool.lends += convert(earned + minted, int256)
    pool.reserve += minted
    return pool


@internal
@pure
def _cushion(winners: uint256, borrow_index: uint256) -> uint256:
    """
    @notice Return what is kept back so that rounding never pays winners more than came
            in: they earn whole scaled units, none of them worth more than the borrow
            index says, by weights that are whole numbers as well.
    """
    unit: uint256 = fp._mul_div_up(borrow_index, 1, fp.RAY)
    return (winners // weights.ONE + 2) * unit + 1


@internal
def _accrue(asset: uint256):
    """
    @notice Book a pool's interest until now, and log it if it was not.
    """
    if state.pool_index[asset] & _LOW_32 == block.timestamp:
        return
    pool: Pool = self._load_accrued(asset)
    self._save(asset, pool)
    self._log_accrued(asset, pool)


@internal
def _log_accrued(asset: uint256, pool: Pool):
    """
    @notice Log that interest was booked, where no other event tells of it.
    """
    log IClearinghouse.Accrued(
        asset=asset,
        lend_index=pool.lend_index,
        borrow_index=pool.borrow_index,
        time=block.timestamp,
    )


@internal
@pure
def _lent(pool: Pool) -> uint256:
    """
    @notice Return all that is lent, rounded down.
    """
    return fp._mul_div_down(
        convert(max(pool.lends, 0), uint256), pool.lend_index, fp.RAY
    )


@internal
@pure
def _borrowed(pool: Pool) -> uint256:
    """
    @notice Return all that is borrowed, rounded up.
    """
    return fp._mul_div_up(pool.borrows, pool.borrow_index, fp.RAY)


@internal
@view
def _utilisation(asset: uint256, pool: Pool) -> uint256:
    """
    @notice Return the share of a pool's lends that is not there as cash, WAD, rounded
            down; the funds' surplus is cash that no lend stands for, so it counts.
    """
    return interest_rate._compute_utilisation(
        pool.cash, self._lent(pool) + self._surplus(self._funds(asset))
    )


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
@view
def _owes_nothing(account: uint256) -> bool:
    """
    @notice Return whether an account has no market, no resting order and no debt: it has
            no exposure then, whatever prices are.
    """
    header: uint256 = state.headers[account]
    if (header << 64) >> 128 != 0:
        return False
    if self._scaled(state.balances[account][accounts.USDC]) < 0:
        return False
    entries: uint256 = accounts._assets(header)
    for i: uint256 in range(packing.MAX_ENTRIES):
        if entries == 0:
            break
        if self._scaled(state.balances[account][(entries & 255) - 1]) < 0:
            return False
        entries >>= 8
    return True


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
    @notice Return the pool with `amount` credited to an account as its settings say:
            what does not repay a debt and is not to be lent lies idle, as far as the
            pool has the cash for it.
    """
    word: uint256 = state.balances[account][asset]
    header: uint256 = state.headers[account]
    is_owing: bool = self._scaled(word) < 0
    is_repaying: bool = asset != accounts.USDC or accounts._is_auto_repaying(header)
    idle: uint256 = 0
    if is_owing and not is_repaying:
        idle = min(amount, pool.cash)
    elif not accounts._is_auto_lending(header):
        owed: uint256 = self._debt(word, pool.borrow_index)
        idle = min(amount - min(amount, owed), pool.cash)
    return self._add(
        account, asset, word, pool, amount - idle, convert(idle, int256)
    )


@internal
def _pay_debt(account: uint256, asset: uint256, pool: Pool, amount: uint256) -> Pool:
    """
    @notice Return the pool with `amount` credited to what an account owes, then lent.
    """
    word: uint256 = state.balances[account][asset]
    return self._add(account, asset, word, pool, amount, 0)


@internal
def _add(
    account: uint256,
    asset: uint256,
    word: uint256,
    pool: Pool,
    amount: uint256,
    idle: int256,
) -> Pool:
    """
    @notice Return the pool with `amount` added to a balance, which repays first and
            then lends, both rounded down, and with `idle` of its cash laid idle; below
            zero, of the balance's idle tokens made cash.
    """
    scaled: int256 = self._scaled(word)
    left: uint256 = amount
    if scaled < 0:
        owed: uint256 = convert(-scaled, uint256)
        debt: uint256 = fp._mul_div_up(owed, pool.borrow_index, fp.RAY)
        burned: uint256 = owed
        if left < debt:
            burned = fp._mul_div_down(left, fp.RAY, pool.borrow_index)
            debt = left
        pool.borrows -= min(pool.borrows, burned)
        scaled += convert(burned, int256)
        left -= debt
    if left != 0:
        minted: int256 = convert(
            fp._mul_div_down(left, fp.RAY, pool.lend_index), int256
        )
        pool.lends += minted
        scaled += minted
    if idle != 0:
        pool.cash = self._shift(pool.cash, -idle)
        self._move_idle(asset, idle)
    self._store(account, asset, word, scaled, self._shift(self._idle(word), idle))
    return pool


@internal
@pure
def _shift(amount: uint256, change: int256) -> uint256:
    """
    @notice Return an amount of at most 128 bits after a signed change of it.
    """
    return convert(convert(amount, int256) + change, uint256)


@internal
def _move_idle(asset: uint256, change: int256):
    """
    @notice Change the sum of what lies idle in a pool.
    """
    state.pool_idle[asset] = packing._fit(
        self._shift(state.pool_idle[asset], change), 128
    )


@internal
@pure
def _credit_reserve(pool: Pool, amount: uint256) -> Pool:
    """
    @notice Return the pool with `amount` lent by the reserve, rounded down.
    """
    minted: uint256 = fp._mul_div_down(amount, fp.RAY, pool.lend_index)
    pool.lends += convert(minted, int256)
    pool.reserve += minted
    return pool


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
            burned: int256 = convert(
                fp._mul_div_up(left, fp.RAY, pool.lend_index), int256
            )
            pool.lends -= burned
            scaled -= burned
            self._store(account, asset, word, scaled, idle)
            return pool
        pool.lends -= scaled
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
    pool.cash -= amount
    return pool


@internal
def _write_off(
    account: uint256, pool: Pool, staying: uint256
) -> (Pool, uint256, uint256):
    """
    @notice Return the USDC pool with an account's debt cancelled but for `staying`,
            rounded down to a scaled unit, what the reserve paid of it and what lenders
            and unrealised gains bear, in USDC.
    @dev The reserve pays first. The lend index then falls by the rest, so that gains
         bear it as lends do; what they lose of their interest leaves the total. A rest
         above half of what both have, or that takes the index too low, halts the pool
         instead, and the debt stays.
    """
    asset: uint256 = accounts.USDC
    word: uint256 = state.balances[account][asset]
    old_index: uint256 = pool.lend_index
    scaled: uint256 = convert(-self._scaled(word), uint256)
    kept: uint256 = min(scaled, fp._mul_div_down(staying, fp.RAY, pool.borrow_index))
    debt: uint256 = fp._mul_div_up(scaled - kept, pool.borrow_index, fp.RAY)
    burned: uint256 = min(pool.reserve, fp._mul_div_up(debt, fp.RAY, old_index))
    paid: uint256 = min(debt, fp._mul_div_down(burned, old_index, fp.RAY))
    rest: uint256 = debt - paid
    lends: int256 = pool.lends - convert(burned, int256)
    lend_index: uint256 = old_index
    lost: uint256 = 0
    if rest != 0:
        winners: uint256 = state.virtuals >> 128
        shared: int256 = fp._signed_mul_div_down(
            lends, old_index, fp.RAY
        ) + convert(winners, int256)
        sharing: int256 = lends + convert(
            fp._mul_div_down(winners, fp.RAY, old_index), int256
        )
        if 2 * convert(rest, int256) > shared or sharing <= 0:
            self._halt(asset)
            return pool, 0, 0
        more: uint256 = 0
        if winners != 0:
            more = self._cushion(winners, pool.borrow_index)
        fall: uint256 = fp._mul_div_up(
            rest + more, fp.RAY, convert(sharing, uint256)
        )
        if fall + MIN_INDEX > old_index:
            self._halt(asset)
            return pool, 0, 0
        lend_index = old_index - fall
        lost = fp._mul_div_down(
            winners,
            weights._compute_weight(lend_index) - weights._compute_weight(old_index),
            weights.ONE,
        )

    pool.lend_index = lend_index
    pool.lends = lends - convert(lost, int256)
    pool.reserve -= burned
    pool.borrows -= min(pool.borrows, scaled - kept)
    self._store(account, asset, word, -convert(kept, int256), self._idle(word))
    return pool, paid, rest


@internal
def _halt(asset: uint256):
    """
    @notice Let nobody take anything from the pool any more.
    """
    state.curve[asset] = state.curve[asset] | _HALTED


@internal
def _lend_idle(account: uint256, asset: uint256, pool: Pool, amount: uint256) -> Pool:
    """
    @notice Return the pool with `amount` of an account's idle tokens lent; they repay a
            debt first.
    """
    word: uint256 = state.balances[account][asset]
    assert amount <= self._idle(word), errors.INSUFFICIENT_BALANCE
    return self._add(
        account, asset, word, pool, amount, -convert(amount, int256)
    )


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
    pool = self._pay_out(pool, amount)
    pool.lends -= convert(burned, int256)
    self._move_idle(asset, convert(amount, int256))
    self._store(
        account,
        asset,
        word,
        scaled - convert(burned, int256),
        self._idle(word) + amount,
    )
    return pool
