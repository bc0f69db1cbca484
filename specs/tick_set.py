"""
Tick set.

What the contracts keep of a market's positions by entry tick, so that nobody has to
loop over them: sizes by tick, a bitmap of the ticks that have one, and two sums over
those who win and those who lose. Here each of them is computed from the positions.

At the cursor's price ``P`` winners have gained ``P * lots + cost`` together, in signed
sums over them: a long that entered at ``e`` adds its lots and takes ``e`` for each of
them from the cost, a short the other way round; losers' losses likewise with opposite
signs. At ``P = e`` longs count as losing and shorts as winning, by nothing.

Counterpart of ``contracts/modules/tick_set.vy``, which reaches the same words step by
step, and the interest of each position (``virtual_pnl``) from growth by tick.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from specs import grid
from specs.perpetual import Position

SUMMARY: Final = 256
"""The word of the bitmap that has the bits of the words that are not empty."""

WORD_BITS: Final = 256


@dataclass(frozen=True)
class Size:
    """The lots that entered at one tick."""

    longs: int = 0
    shorts: int = 0


@dataclass(frozen=True)
class Sum:
    """A sum over winners or losers; the cost in price units times lots."""

    lots: int = 0
    cost: int = 0


def compute_sizes(positions: Iterable[Position]) -> dict[int, Size]:
    """Return the lots that entered at each tick, of the positions inside the set."""
    sizes: dict[int, Size] = {}
    for position in positions:
        if position.entry is None:
            continue
        size = sizes.get(position.entry, Size())
        sizes[position.entry] = Size(
            size.longs + max(0, position.lots), size.shorts + max(0, -position.lots)
        )
    return sizes


def compute_bitmap(ticks: Iterable[int]) -> dict[int, int]:
    """Return the words of the bitmap of ``ticks``, the summary of the words with it."""
    words: dict[int, int] = {}
    for tick in set(ticks):
        word, bit = divmod(tick, WORD_BITS)
        words[word] = words.get(word, 0) | 1 << bit
    summary = sum(1 << word for word in words)
    return {**words, SUMMARY: summary}


def compute_sums(sizes: dict[int, Size], cursor: int) -> tuple[Sum, Sum]:
    """Return the sums over winners and over losers, ``cursor`` in price units."""
    won_lots = won_cost = lost_lots = lost_cost = 0
    for tick, size in sizes.items():
        price = grid.get_price(tick)
        if cursor > price:
            won_lots, won_cost = won_lots + size.longs, won_cost - size.longs * price
            lost_lots += size.shorts
            lost_cost -= size.shorts * price
        else:
            won_lots, won_cost = won_lots - size.shorts, won_cost + size.shorts * price
            lost_lots -= size.longs
            lost_cost += size.longs * price
    return Sum(won_lots, won_cost), Sum(lost_lots, lost_cost)
