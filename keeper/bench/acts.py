"""
The story in acts: each begins on a chain of its own, deployed anew, with open pools.

So an act's figures depend on no other act, and any of them can be measured alone: a
test does, act by act, on another engine than anvil.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from keeper.bench import book, story
from keeper.bench.scene import Scene
from keeper.bench.story import Gas, require
from keeper.chain.interface import LocalChain

__all__ = ["ACTS", "Act", "perform"]


@dataclass(frozen=True)
class Act:
    """What happens in one act, and the rows that are measured in it."""

    name: str
    chapters: Sequence[Callable[[Scene], Gas]]
    rows: frozenset[str]


ACTS: Final[Sequence[Act]] = (
    Act(
        "lending",
        (story.publish, story.lend, story.borrow, story.hold_assets),
        frozenset(
            (
                "publish",
                "token_transfer",
                *("deposit", "deposit_1", "deposit_3", "deposit_8"),
                *("withdraw", "withdraw_1", "withdraw_3", "withdraw_8"),
                *("borrow_0", "borrow_1", "borrow_3", "borrow_8"),
                *("repay", "repay_0", "repay_3", "repay_8"),
                *("deposit_per_asset", "withdraw_per_asset", "repay_per_asset"),
                *("health_per_asset", "health_per_listed"),
            )
        ),
    ),
    Act(
        "trading",
        (
            story.trade,
            story.hold_markets,
            story.keep_time,
            story.cross_ticks,
            story.liquidate,
        ),
        frozenset(
            (
                *("fill_out", "fill_reduce_out", "fill_in", "fill_reduce_in"),
                *("touch", "fill_take", "fill_spot", "health_per_market"),
                *("tick", "tick_per_market", "tick_per_crossing"),
                *("liquidate_out", "liquidate_in"),
            )
        ),
    ),
    Act("crowd outside", (story.settle_outside,), frozenset(("realise_out",))),
    Act("crowd inside", (story.settle_inside,), frozenset(("realise_in",))),
    Act(
        "book",
        (book.trade_on_book,),
        frozenset(
            (
                *("book_place_new", "book_place", "book_cancel", "book_short"),
                *("book_take_1", "book_take_5", "book_take_5_levels"),
                *("book_per_order", "book_per_level"),
            )
        ),
    ),
)


def perform(
    act: Act, chain: LocalChain, done: Callable[[str], object] = lambda names: None
) -> Gas:
    """
    Return the gas of every row of an act; `done` is told what is measured.

    The chain is empty and makes a block of each transaction, as `keeper.bench.node`
    says.
    """
    scene = Scene(chain)
    story.open_pools(scene)
    gas: Gas = {}
    for chapter in act.chapters:
        found = chapter(scene)
        done(", ".join(found))
        gas |= found
    odd = ", ".join(sorted(act.rows ^ set(gas)))
    require(not odd, f"measured without a row, or the other way round: {odd}")
    return gas
