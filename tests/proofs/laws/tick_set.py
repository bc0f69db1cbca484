"""Laws of the tick set: sums over ticks stand for sums over positions."""

from specs import grid
from specs.perpetual import Position
from specs.tick_set import Size, compute_sizes, compute_sums
from tests.proofs.proof import Mutant


def sums_are_what_positions_gained(
    longs: int, shorts: int, more: int, less: int, cursor: int
) -> bool:
    """
    At the cursor winners' sum is all gains and losers' all losses, exactly.

    Serves: I3, I5, I24.

    pre: 0 <= longs and 0 <= shorts and 0 <= more and 0 <= less and 0 <= cursor
    post: __return__
    """
    sizes = {700: Size(longs, shorts), 900: Size(more, less)}
    won, lost = compute_sums(sizes, cursor)
    gains = [
        lots * (cursor - grid.get_price(tick))
        for tick, size in sizes.items()
        for lots in (size.longs, -size.shorts)
    ]
    return won.lots * cursor + won.cost == sum(
        max(0, gain) for gain in gains
    ) and lost.lots * cursor + lost.cost == sum(max(0, -gain) for gain in gains)


def a_tick_has_what_entered_there(first: int, second: int, third: int) -> bool:
    """
    A tick's longs and shorts are the sums of those that entered at it; whoever is
    outside counts nowhere.

    Serves: I3.

    post: __return__
    """
    entered = (Position(first, 0, 700), Position(second, 0, 700), Position(third))
    size = compute_sizes(entered)[700]
    longs, shorts = max(0, first) + max(0, second), max(0, -first) + max(0, -second)
    return (size.longs, size.shorts) == (longs, shorts)


def _mutant(old: str, new: str) -> tuple[Mutant, ...]:
    return (Mutant("specs/tick_set.py", old, new),)


MUTANTS = {
    "sums_are_what_positions_gained": _mutant(
        "lost_cost -= size.shorts * price", "lost_cost += size.shorts * price"
    ),
    "a_tick_has_what_entered_there": _mutant(
        "size.shorts + max(0, -position.lots)", "size.shorts + max(0, position.lots)"
    ),
}
