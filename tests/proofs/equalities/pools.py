"""
Layer 2 of pools: interest, totals, and what an account has of one.

A pool is the words of the contract's struct, in order; a curve is one word.
"""

from specs import errors, money_market, packing
from specs.fixed_point import RAY
from specs.interest_rate import Curve
from specs.money_market import Balance, Pool
from specs.packing import get_field, unpack
from tests.proofs.exposed import TIME, same
from tests.proofs.lifter.reference import within

AMOUNTS = 2**128 - 1
INDICES = 2**112 - 1
NOW = {"now": (TIME,)}
CURVE = {"curve": ("curve", "asset")}
FUNDS = {"funds": ("funds",)}
STORED = {
    "index": ("pool_index", "asset"),
    "total": ("pool_total", "asset"),
    "cash": ("pool_cash", "asset"),
}


def unpack_curve(word: int) -> Curve:
    """Return the curve in a word."""
    names = ("base", "slope_low", "slope_high", "optimal", "reserve_share")
    return Curve(**{name: get_field(word, packing.CURVE[name]) for name in names})


def get_surplus(funds: int) -> int:
    """Return the positive part of the funds' sum."""
    return max(0, get_field(funds, packing.FUNDS["total"]))


def make_pool(words: tuple[int, ...], curve: int = 0) -> Pool:
    """Return the pool with those words and that curve."""
    return Pool(*words[:7], 0, False, unpack_curve(curve))


def list_pool(pool: Pool) -> tuple[int, ...]:
    """Return the words of a pool."""
    return (
        pool.lend_index,
        pool.borrow_index,
        pool.accrued_at,
        pool.lends,
        pool.borrows,
        pool.cash,
        pool.reserve,
    )


def is_pool(*words: int) -> bool:
    """Tell whether a pool can be stored, with indices above nothing."""
    lend_index, borrow_index, accrued_at, lends, borrows, cash, reserve = words[:7]
    return within(
        (lend_index, 1, INDICES),
        (borrow_index, RAY, INDICES),
        (accrued_at, 0, 2**32 - 1),
        (lends, -(2**127), 2**127 - 1),
        (borrows, 0, AMOUNTS),
        (cash, 0, AMOUNTS),
        (reserve, 0, AMOUNTS),
    )


def load(asset: int, index: int, total: int, cash: int) -> tuple[int, ...]:
    """Return the words of a pool that is stored so."""
    first = unpack(index, packing.POOL_INDEX)
    return (
        first["lend_index"],
        first["borrow_index"],
        first["accrued_at"],
        *unpack(total, packing.POOL_TOTAL).values(),
        *unpack(cash, packing.POOL_CASH).values(),
    )


def unpack_balance(word: int) -> Balance:
    """Return the balance in a word."""
    return Balance(**unpack(word, packing.BALANCE))


def require_open(asset: int, curve: int) -> tuple[()]:
    """Refuse a halted pool."""
    if get_field(curve, packing.CURVE["is_halted"]):
        raise errors.PoolHalted
    return ()


def shift(amount: int, change: int) -> int:
    """Return the sum, which has to be a word's."""
    return amount + change


LOADING = (
    same(
        "money_market._load",
        load,
        ("borrow_index=(index >> 32) & MAX_INDEX", "borrow_index=index >> 32"),
        (
            "lends=packing._get_signed(total, 128, 128)",
            "lends=packing._get_signed(total, 128, 127)",
        ),
        ("reserve=cash & _LOW_128", "reserve=cash >> 128"),
        reads=STORED,
    ),
    same(
        "money_market._is_halted",
        lambda asset, curve: get_field(curve, packing.CURVE["is_halted"]) == 1,
        (
            "_HALTED: constant(uint256) = 1 << 168",
            "_HALTED: constant(uint256) = 1 << 169",
        ),
        reads=CURVE,
    ),
    same(
        "money_market._require_open",
        require_open,
        ("assert not self._is_halted(asset)", "assert self._is_halted(asset)"),
        reads=CURVE,
    ),
    same(
        "money_market._funds",
        lambda asset, funds: funds if asset == 0 else 0,
        ("return state.funds if asset == accounts.USDC else 0", "return state.funds"),
        reads=FUNDS,
    ),
    same(
        "money_market._surplus",
        get_surplus,
        ("int256) >> 128, 0), uint256)", "int256) >> 127, 0), uint256)"),
    ),
)

TOTALS = (
    same(
        "money_market._lent",
        lambda *pool: money_market.get_lent(make_pool(pool)),
        (
            "convert(max(pool.lends, 0), uint256), pool.lend_index, fp.RAY",
            "convert(max(pool.lends, 0), uint256), pool.borrow_index, fp.RAY",
        ),
        fits=is_pool,
    ),
    same(
        "money_market._borrowed",
        lambda *pool: money_market.get_borrowed(make_pool(pool)),
        ("return fp._mul_div_up(pool.borrows", "return fp._mul_div_down(pool.borrows"),
        fits=is_pool,
    ),
    same(
        "money_market._credit_reserve",
        lambda *words: list_pool(
            money_market.credit_reserve(make_pool(words), words[7])
        ),
        (
            "minted: uint256 = fp._mul_div_down(amount",
            "minted: uint256 = fp._mul_div_up(amount",
        ),
        fits=lambda *words: is_pool(*words) and within((words[7], 0, AMOUNTS)),
    ),
    same(
        "money_market._pay_out",
        lambda *words: list_pool(money_market.pay_out(make_pool(words), words[7])),
        ("assert amount <= pool.cash", "assert amount < pool.cash"),
    ),
    same(
        "money_market._cushion",
        money_market.compute_cushion,
        (
            "(winners // weights.ONE + 2) * unit + 1",
            "(winners // weights.ONE + 2) * unit",
        ),
        fits=lambda winners, borrow_index: within(
            (winners, 0, AMOUNTS), (borrow_index, 0, INDICES)
        ),
    ),
    same(
        "money_market._held",
        lambda word, lend_index: money_market.compute_held(
            unpack_balance(word), lend_index
        ),
        (
            "    if scaled <= 0:\n        return self._idle(word)\n",
            "    if scaled <= 0:\n        return 0\n",
        ),
        fits=lambda word, lend_index: within((lend_index, 0, INDICES)),
    ),
    same(
        "money_market._debt",
        lambda word, borrow_index: money_market.compute_debt(
            unpack_balance(word), borrow_index
        ),
        (
            "return fp._mul_div_up(convert(-scaled, uint256), borrow_index, fp.RAY)",
            "return fp._mul_div_down(convert(-scaled, uint256), borrow_index, fp.RAY)",
        ),
        fits=lambda word, borrow_index: within((borrow_index, 0, INDICES)),
    ),
    same(
        "money_market._shift",
        shift,
        (
            "convert(amount, int256) + change, uint256",
            "convert(amount, int256) - change, uint256",
        ),
        fits=lambda amount, change: (
            within((amount, 0, AMOUNTS)) and amount + change >= 0 and change < 2**128
        ),
    ),
    same(
        "spot_side._lacking",
        lambda account, asset, lend_index, amount, word: max(
            0, amount - money_market.compute_held(unpack_balance(word), lend_index)
        ),
        ("return amount - held", "return held - amount"),
        fits=lambda account, asset, lend_index, amount, word: within(
            (lend_index, 0, INDICES)
        ),
        reads={"word": ("balances", "account", "asset")},
    ),
)

# Interest


def get_utilisation(*words: int) -> int:
    """Return the share of a pool's lends that is not there."""
    asset, *pool, funds = words
    surplus = get_surplus(funds) if asset == 0 else 0
    return money_market.get_utilisation(make_pool(tuple(pool)), surplus)


INTEREST = (
    same(
        "money_market._utilisation",
        get_utilisation,
        (
            "pool.cash, self._lent(pool) + self._surplus(self._funds(asset))",
            "pool.cash, self._lent(pool)",
        ),
        fits=lambda asset, *words: is_pool(*words),
        reads=FUNDS,
    ),
)

PROOFS = (*LOADING, *TOTALS, *INTEREST)
