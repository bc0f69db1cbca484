"""
Layer 2 of pools: interest, totals, guards, and what an account has of one.

A pool is the words of the contract's struct, in order; a curve and the guards are one
word each.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import z3

from specs import errors, guards, money_market, packing
from specs.fixed_point import RAY
from specs.guards import Guards
from specs.interest_rate import Curve
from specs.money_market import Balance, Pool
from specs.packing import get_field, unpack
from tests.proofs.equality import assume
from tests.proofs.exposed import TIME, same
from tests.proofs.lifter.entries import Answer, Asked, Cut
from tests.proofs.lifter.fields import Placed
from tests.proofs.lifter.leaves import symbol
from tests.proofs.lifter.reference import Symbolic, formula_of, within
from tests.proofs.lifter.terms import answer
from tests.proofs.lifter.words import MODULUS
from tests.proofs.shared import DOWN

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

# Guards


def unpack_guards(word: int) -> Guards:
    """Return the guards in a word."""
    return Guards(**unpack(word, packing.GUARDS))


def changed(word: int, change: Callable[[Guards], Guards]) -> int:
    """Return the word with what has changed in it, all between two changes at once."""
    found = unpack_guards(word)
    after = vars(change(found))
    whole, start = 0, 0
    for name, field in sorted(packing.GUARDS.items(), key=lambda item: item[1].offset):
        if after[name] is not vars(found)[name]:
            whole += word // 2**start % 2 ** (field.offset - start) * 2**start
            whole += after[name] // field.unit * 2**field.offset
            start = field.offset + field.width
    return whole + word // 2**start * 2**start


def follow(word: int, held: int, now: int) -> int:
    """Do as the specification with the word."""
    assume(within((now, 0, 2**32 - 1)))
    return changed(word, lambda found: guards.follow(found, held, now))


def is_time(word: int, now: int) -> bool:
    """Tell whether it is not earlier than the average was moved."""
    averaged_at = get_field(word, packing.GUARDS["averaged_at"])
    return within((now, 0, 2**32 - 1)) and averaged_at <= now


def check_utilisation(word: int, before: int, after: int, now: int) -> int:
    """Do as the specification with the word."""
    assume(within((now, 0, 2**32 - 1)))
    return changed(
        word, lambda found: guards.check_utilisation(found, before, after, now)
    )


def _is_no_more(
    result: z3.ArithRef, x: z3.ArithRef, y: z3.ArithRef, d: z3.ArithRef
) -> list[z3.BoolRef]:
    """Return that a part of a number is no more than the number."""
    is_part = z3.And(x >= 0, y >= 0, y <= d)
    return [*DOWN.facts(result, x, y, d), z3.Implies(is_part, result <= x)]


PART = replace(DOWN, facts=_is_no_more)


def _answer_follow(asked: Asked) -> Answer:
    """Answer with a word of which all but the average is known."""
    word, held, now = asked.arguments
    moved = answer(f"{FOLLOWED} 0", 0, MODULUS - 1, *asked.arguments)

    def fact(read: Any) -> z3.BoolRef:
        after, before, time = map(read.value, (moved, word, now))
        return z3.And(after % 2**152 == before % 2**152, after / 2**152 % 2**32 == time)

    def need(read: Any) -> z3.BoolRef:
        before, amount, time = map(read.value, (word, held, now))
        return z3.And(amount <= AMOUNTS, time < 2**32, before / 2**152 % 2**32 <= time)

    return Answer([moved], facts=[fact], needs=[need])


FOLLOWED = "guards._follow"
FOLLOW = Cut(FOLLOWED, _answer_follow, ("bytecode.guards.follow",))


def check_outflow(word: int, before: int, after: int, now: int) -> int:
    """Do as the specification with the word, wherever the average moves to."""
    assume(within((now, 0, 2**32 - 1)))

    def follow(found: Guards, held: int, now: int) -> Guards:
        keys = map(formula_of, (word, held, now))
        moved = Symbolic(symbol(f"{FOLLOWED} 0", [*keys], z3.IntSort()))
        average = get_field(moved, packing.GUARDS["average"])
        return replace(found, average=average, averaged_at=now)

    with patch.object(guards, "follow", follow):
        return changed(
            word, lambda found: guards.check_outflow(found, before, after, now)
        )


GUARDS = (
    same(
        "guards._age",
        lambda word, now: now - get_field(word, packing.GUARDS["averaged_at"]),
        (
            "(word >> 152) & _LOW_32)\n\n\n@internal\n@pure\ndef _follow",
            "(word >> 151) & _LOW_32)\n\n\n@internal\n@pure\ndef _follow",
        ),
        fits=is_time,
        reads=NOW,
    ),
    same(
        "guards._follow",
        follow,
        ("        (min(average, _LOW_72) << 184)", "        (average << 184)"),
        (
            "- ((word >> 152) & _LOW_32), WINDOW)\n    average",
            "- ((word >> 152) & _LOW_32), 2 * WINDOW)\n    average",
        ),
        fits=lambda word, held, now: within((held, 0, AMOUNTS)) and is_time(word, now),
    ),
    same(
        "guards._check_utilisation",
        check_utilisation,
        (
            "if after <= before or after <= threshold:\n",
            "if after <= threshold:\n",
        ),
        ("start: uint256 = max(threshold, before)", "start: uint256 = before"),
        (
            "        limit = ((changed >> 128) & _LOW_24) * _PPM_UNIT\n",
            "        limit = ((word >> 128) & _LOW_24) * _PPM_UNIT\n",
        ),
        shares=(PART,),
        lifting=Placed,
    ),
    same(
        "guards._check_outflow",
        check_outflow,
        (
            "assert held_after + outflow >= average",
            "assert held_after + outflow > average",
        ),
        ("(word & _LOW_32) * fp.WAD", "(word & _LOW_16) * fp.WAD"),
        (
            "errors.OUTFLOW_TOO_LARGE\n    return changed",
            "errors.OUTFLOW_TOO_LARGE\n    return word",
        ),
        fits=lambda word, before, after, now: (
            within((before, 0, AMOUNTS), (after, 0, AMOUNTS)) and is_time(word, now)
        ),
        cuts=(FOLLOW,),
        shares=(DOWN,),
    ),
)

PROOFS = (*LOADING, *TOTALS, *INTEREST, *GUARDS)
