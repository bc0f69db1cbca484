"""Names for what is unknown: arguments, the environment, storage as it was before."""

import z3

from tests.proofs.lifter import Unsupported
from tests.proofs.lifter.storage import locate
from tests.proofs.lifter.terms import Term, is_constant
from tests.proofs.lifter.words import MODULUS


def name_of(term: Term) -> tuple[str, tuple[Term, ...]]:
    """Return the symbol for a leaf, and the terms that it is a function of."""
    if term.operation == "variable":
        return term.arguments[0], ()
    if term.operation == "answer":
        return term.arguments[0], term.arguments[3:]
    if term.operation == "initial":
        return _storage_name(term.arguments[0])
    raise Unsupported(f"{term.operation} as a value")


def range_of(term: Term) -> tuple[int, int]:
    """Return the least and the greatest value of a leaf."""
    if term.operation in ("variable", "answer"):
        return term.arguments[1], term.arguments[2]
    return 0, MODULUS - 1


def _storage_name(location: Term) -> tuple[str, tuple[Term, ...]]:
    base, offset = locate(location)
    keys: list[Term] = []
    while base is not None and base.operation == "keccak":
        if len(base.arguments) != 2:
            raise Unsupported("storage at a hash that is no mapping's")
        base, key = base.arguments
        keys.insert(0, key)
    if base is None:
        return f"slot{offset}", ()
    if not is_constant(base):
        raise Unsupported("a mapping at an unknown slot")
    field = f"+{offset}" if offset else ""
    return f"slot{base.arguments[0]}{field}/{len(keys)}", tuple(keys)


Seen = dict[tuple[str, int], tuple[str, int, int]]
"""The unknowns met so far: what kind of leaf each is, and its range."""


def notice(seen: Seen, term: Term) -> None:
    """Refuse a leaf that another one has the name of: both would be one unknown."""
    name, keys = name_of(term)
    what = (term.operation, *range_of(term))
    if seen.setdefault((name, len(keys)), what) != what:
        raise Unsupported(f"two unknowns of the name {name}")


def symbol(name: str, keys: list[z3.ExprRef], sort: z3.SortRef) -> z3.ExprRef:
    """Return the unknown of that name, a function of ``keys`` if there are any."""
    if not keys:
        return z3.Const(name, sort)
    return z3.Function(name, *([sort] * (len(keys) + 1)))(*keys)
