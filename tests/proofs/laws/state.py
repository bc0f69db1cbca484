"""Laws of the state's small helpers."""

from types import SimpleNamespace

from specs.margin import Quote
from specs.perpetual import Position, compute_value
from specs.state import compute_scale, get_worse_price, is_at_mark
from tests.proofs.proof import Mutant


def the_worse_price_is_worth_no_more(lots: int, slow: int, fast: int) -> bool:
    """
    At the worse of mark and fast mark a position is worth no more than at either.

    Serves: I16.

    pre: 0 < slow and 0 < fast
    post: __return__
    """
    listed = SimpleNamespace(quote=Quote(slow, fast, 0))
    position = Position(lots, 0)
    worse = get_worse_price(listed, position)
    worth = compute_value(position, 10**12, worse, 0)
    return worse in (slow, fast) and all(
        worth <= compute_value(position, 10**12, price, 0) for price in (slow, fast)
    )


def a_token_amount_is_scaled_exactly(decimals: int, tokens: int) -> bool:
    """
    Tokens of up to 18 decimals are whole amounts of WAD, and come back the same.

    Serves: I1.

    pre: 0 <= decimals <= 18 and 0 <= tokens
    post: __return__
    """
    scale = compute_scale(SimpleNamespace(decimals=decimals))
    return scale * 10**decimals == 10**18 and tokens * scale // scale == tokens


def a_cursor_is_at_mark_or_not(cursor: int, mark: int) -> bool:
    """
    A cursor elsewhere than at the mark, as far as the grid reaches, is not at it.

    Serves: I16.

    pre: 0 < cursor and 0 < mark < 2**65 * 10**6
    post: __return__
    """
    listed = SimpleNamespace(cursor=cursor, quote=Quote(mark, 0, 0))
    return is_at_mark(listed) == (cursor == mark)


def _mutant(old: str, new: str) -> tuple[Mutant, ...]:
    return (Mutant("specs/state.py", old, new),)


MUTANTS = {
    "the_worse_price_is_worth_no_more": _mutant(
        "worse = min if position.lots > 0 else max",
        "worse = max if position.lots > 0 else min",
    ),
    "a_token_amount_is_scaled_exactly": _mutant(
        "int(10 ** (18 - asset.decimals))", "int(10**18 // 8**asset.decimals)"
    ),
    "a_cursor_is_at_mark_or_not": _mutant(
        "return listed.cursor == virtual_pnl", "return listed.cursor >= virtual_pnl"
    ),
}
