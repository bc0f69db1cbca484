"""Laws of weights: what an amount earns while an index grows."""

from specs.fixed_point import RAY  # noqa: F401, a condition needs it
from specs.weights import WEIGHT_ONE, compute_weight
from tests.proofs.proof import Mutant


def a_weight_never_grows_with_its_index(index: int, later: int) -> bool:
    """
    Who lends while the index grows never loses scaled units.

    Serves: I5.

    pre: 0 < index <= later
    post: __return__
    """
    return compute_weight(later) <= compute_weight(index)


def a_weight_is_at_most_eight(index: int) -> bool:
    """
    From the least lend index on, a weight fits its field of 64 bits.

    Serves: I5.

    pre: RAY // 8 <= index
    post: __return__
    """
    return 0 <= compute_weight(index) <= 8 * WEIGHT_ONE


def _mutant(new: str) -> tuple[Mutant, ...]:
    old = "return WEIGHT_ONE * RAY // index"
    return (Mutant("specs/weights.py", old, f"return {new}"),)


MUTANTS = {
    "compute_weight": _mutant("WEIGHT_ONE * RAY // index + 1"),
    "a_weight_never_grows_with_its_index": _mutant("index * RAY // WEIGHT_ONE"),
    "a_weight_is_at_most_eight": _mutant("WEIGHT_ONE * RAY // index + 1"),
}

SERVES = {"compute_weight": ("I5",)}
