"""
Sweeps: claims about so few cases that each of them is looked at.

The grid of entry ticks is shifts and bit lengths, which CrossHair cannot follow, but it
has 29,184 ticks. Between two of them ``tick_down`` and ``tick_up`` are constant if they
are at both ends, for both grow with the price.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from tests.proofs.gate import load
from tests.proofs.proof import Mutant, Refuted


@dataclass(frozen=True)
class Sweep:
    """A claim that is true of every case that there is."""

    module: str
    function: str
    statement: str
    holds: Callable[[ModuleType, int], bool]
    cases: Callable[[ModuleType], range]
    mutants: tuple[Mutant, ...]
    serves: tuple[str, ...]
    layer: int = 1
    tool: str = "all cases"

    @property
    def identity(self) -> str:
        """Return the claim's name with that of its mechanism."""
        return f"{self.module.rpartition('.')[2]}.{self.function}"

    def check(self, root: Path) -> str:
        """Return the last case if the claim is true of all."""
        module = load(self.module, root)
        cases = self.cases(module)
        for case in cases:
            if not self.holds(module, case):
                raise Refuted(f"{self.function}: false for {case}")
        return str(cases[-1])

    def witness(self, found: str, counterexamples: list[str]) -> str:
        """Return the case that was found."""
        return found


def is_evenly_spaced(grid: ModuleType, tick: int) -> bool:
    """Tell whether the next tick is between 1/1024 and 1/512 higher, and in range."""
    price, higher = grid.get_price(tick), grid.get_price(tick + 1)
    is_spaced = price < 1024 * (higher - price) <= 2 * price
    return is_spaced and 512 <= price < 512 << 57


def is_found(grid: ModuleType, tick: int) -> bool:
    """Tell whether a tick is found from both ends of the prices that lead to it."""
    price, last = grid.get_price(tick), grid.MAX_TICK
    below = grid.get_price(tick - 1) if tick else -1
    above = grid.get_price(tick + 1) if tick < last else 2**80
    return (
        grid.tick_down(price) == grid.tick_down(above - 1) == tick
        and grid.tick_up(price) == grid.tick_up(below + 1) == tick
    )


def _mutant(old: str, new: str) -> tuple[Mutant, ...]:
    return (Mutant("specs/grid.py", old, new),)


PROOFS = (
    Sweep(
        "specs.grid",
        "ticks_are_evenly_spaced",
        "Each tick is by more than 1/1024 and at most 1/512 above the one before; the "
        "last is below 2**66 units.",
        is_evenly_spaced,
        lambda grid: range(grid.MAX_TICK),
        _mutant("return (STEPS + step) << octave", "return (STEPS + step) * octave"),
        serves=("I23",),
    ),
    Sweep(
        "specs.grid",
        "a_price_is_between_its_ticks",
        "Every price from a tick to below the next has the one as its lower tick and, "
        "but for a tick's own price, the next as its upper one; clamped at the ends.",
        is_found,
        lambda grid: range(grid.MAX_TICK + 1),
        (
            *_mutant("(get_price(tick) < price)", "(get_price(tick) <= price)"),
            *_mutant("STEPS.bit_length(), 0)", "STEPS.bit_length() + 1, 0)"),
        ),
        serves=("I23",),
    ),
)
