# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Money market, exposed
@license Apache-2.0
@notice Lets a test call the internal functions of `modules/money_market.vy`,
        `modules/pool_limits.vy` and `modules/weights.vy`, and the settings of
        `modules/accounts.vy`.
@dev Never deployed outside of tests. A call is given all words of one account and one
     asset and returns them as they are afterwards.
"""

from contracts.interfaces import IClearinghouse
from contracts.modules import accounts
from contracts.modules import guards
from contracts.modules import money_market
from contracts.modules import pool_limits
from contracts.modules import state
from contracts.modules import weights

initializes: state
initializes: accounts[state := state]
initializes: money_market[accounts := accounts, state := state]
initializes: guards[state := state]
initializes: pool_limits[guards := guards, state := state]

ACCOUNT: constant(uint256) = 2**96


struct Words:
    pool_index: uint256
    pool_total: uint256
    pool_cash: uint256
    pool_idle: uint256
    curve: uint256
    guards: uint256
    header: uint256
    balance: uint256


@external
def arrange(funds: uint256, virtuals: uint256):
    state.funds = funds
    state.virtuals = virtuals


@external
def accrue(asset: uint256, words: Words) -> Words:
    self._arrange(asset, words)
    money_market._accrue(asset)
    return self._found(asset)


@external
def get_borrow_index(asset: uint256, words: Words) -> uint256:
    self._arrange(asset, words)
    return money_market._borrow_index(asset)


@external
def get_utilisation(asset: uint256, words: Words) -> uint256:
    self._arrange(asset, words)
    return money_market._utilisation(asset, money_market._load(asset))


@external
def credit(asset: uint256, words: Words, amount: uint256) -> Words:
    self._arrange(asset, words)
    pool: money_market.Pool = money_market._load(asset)
    money_market._save(asset, money_market._credit(ACCOUNT, asset, pool, amount))
    return self._found(asset)


@external
def pay_debt(asset: uint256, words: Words, amount: uint256) -> Words:
    self._arrange(asset, words)
    pool: money_market.Pool = money_market._load(asset)
    money_market._save(asset, money_market._pay_debt(ACCOUNT, asset, pool, amount))
    return self._found(asset)


@external
def debit(asset: uint256, words: Words, amount: uint256) -> Words:
    self._arrange(asset, words)
    pool: money_market.Pool = money_market._load(asset)
    money_market._save(asset, money_market._debit(ACCOUNT, asset, pool, amount))
    return self._found(asset)


@external
def lend_idle(asset: uint256, words: Words, amount: uint256) -> Words:
    self._arrange(asset, words)
    pool: money_market.Pool = money_market._load(asset)
    money_market._save(asset, money_market._lend_idle(ACCOUNT, asset, pool, amount))
    return self._found(asset)


@external
def unlend(asset: uint256, words: Words, amount: uint256) -> Words:
    self._arrange(asset, words)
    pool: money_market.Pool = money_market._load(asset)
    money_market._save(asset, money_market._unlend(ACCOUNT, asset, pool, amount))
    return self._found(asset)


@external
def credit_reserve(asset: uint256, words: Words, amount: uint256) -> Words:
    self._arrange(asset, words)
    pool: money_market.Pool = money_market._load(asset)
    money_market._save(asset, money_market._credit_reserve(pool, amount))
    return self._found(asset)


@external
def write_off(words: Words, staying: uint256) -> (Words, uint256, uint256):
    asset: uint256 = accounts.USDC
    self._arrange(asset, words)
    pool: money_market.Pool = money_market._load(asset)
    paid: uint256 = 0
    rest: uint256 = 0
    pool, paid, rest = money_market._write_off(ACCOUNT, pool, staying)
    money_market._save(asset, pool)
    return self._found(asset), paid, rest


@external
def require_caps(asset: uint256, words: Words, supplied: uint256, borrows: uint256):
    self._arrange(asset, words)
    pool: money_market.Pool = money_market._load(asset)
    pool_limits._require_supply_cap(asset, supplied, pool)
    pool_limits._require_borrowing(asset, borrows, pool)


@external
def get_supplied(asset: uint256, words: Words) -> uint256:
    self._arrange(asset, words)
    return pool_limits._supplied(asset, money_market._load(asset))


@external
def note_inflow(asset: uint256, words: Words, amount: uint256) -> Words:
    self._arrange(asset, words)
    pool: money_market.Pool = money_market._load(asset)
    pool_limits._note_inflow(asset, pool.cash, amount)
    return self._found(asset)


@external
def check_utilisation(
    asset: uint256, words: Words, before: uint256, after: uint256
) -> Words:
    self._arrange(asset, words)
    pool_limits._check_utilisation(asset, before, after)
    return self._found(asset)


@external
def check_outflow(asset: uint256, words: Words, amount: uint256) -> Words:
    self._arrange(asset, words)
    pool: money_market.Pool = money_market._load(asset)
    pool_limits._check_outflow(asset, pool.cash, amount)
    return self._found(asset)


@external
@pure
def compute_weight(index: uint256) -> uint256:
    return weights._compute_weight(index)


@external
@pure
def get_weight_one() -> uint256:
    return weights.ONE


@external
def set_settings(header: uint256, settings: IClearinghouse.Settings) -> uint256:
    state.headers[ACCOUNT] = header
    accounts._set_settings(ACCOUNT, settings)
    return state.headers[ACCOUNT]


@external
@pure
def get_settings(header: uint256) -> IClearinghouse.Settings:
    return IClearinghouse.Settings(
        auto_lend=accounts._is_auto_lending(header),
        auto_repay=accounts._is_auto_repaying(header),
        auto_borrow_settlements=accounts._is_auto_borrowing(header),
        auto_realize=accounts._is_auto_realizing(header),
        max_leverage=accounts._max_leverage(header),
    )


@internal
def _arrange(asset: uint256, words: Words):
    state.pool_index[asset] = words.pool_index
    state.pool_total[asset] = words.pool_total
    state.pool_cash[asset] = words.pool_cash
    state.pool_idle[asset] = words.pool_idle
    state.curve[asset] = words.curve
    state.guards[asset] = words.guards
    state.headers[ACCOUNT] = words.header
    state.balances[ACCOUNT][asset] = words.balance


@internal
@view
def _found(asset: uint256) -> Words:
    return Words(
        pool_index=state.pool_index[asset],
        pool_total=state.pool_total[asset],
        pool_cash=state.pool_cash[asset],
        pool_idle=state.pool_idle[asset],
        curve=state.curve[asset],
        guards=state.guards[asset],
        header=state.headers[ACCOUNT],
        balance=state.balances[ACCOUNT][asset],
    )
