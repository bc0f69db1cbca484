"""
Where a slot or a mapping entry is, and whether two of them are the same.

A location is a constant slot, ``keccak(root, key)``, nested, or one of these plus a
constant offset (a field of a struct). Assumed: keccak has no collisions and never
hits a small number; so a slot of the layout and a hashed one always differ.
"""

from typing import NamedTuple

from tests.proofs.lifter import Unsupported
from tests.proofs.lifter.terms import (
    ONE,
    ZERO,
    Term,
    build,
    choose,
    constant,
    is_constant,
    node,
)
from tests.proofs.lifter.words import MODULUS

_LAYOUT_LIMIT = 1 << 64
_FORGOTTEN = 1 << 63
_TRANSIENT = 1 << 20
_APART = 1 << 32
"""How far the slots are apart that stand for the layout before and after."""


class Location(NamedTuple):
    """A hashed base, or None for the layout itself, and a distance from it."""

    base: Term | None
    offset: int


def entry(root: Term, *keys: Term) -> Term:
    """Return where Vyper keeps a mapping's entry: slot first, then key."""
    for key in keys:
        root = node("keccak", root, key)
    return root


def locate(term: Term) -> Location:
    """Return ``term`` as a location."""
    if is_constant(term):
        if term.arguments[0] >= _LAYOUT_LIMIT:
            raise Unsupported("a constant slot that was hashed before")
        return Location(None, term.arguments[0])
    if term.operation == "keccak":
        return Location(term, 0)
    if term.operation == "add" and is_constant(term.arguments[0]):
        base, offset = locate(term.arguments[1])
        return Location(base, (offset + term.arguments[0].arguments[0]) % MODULUS)
    raise Unsupported(f"storage at {term!r}")


def same(one: Term, other: Term) -> Term:
    """Return the condition, often constant, that two locations coincide."""
    if one is other:
        return ONE
    (base, offset), (other_base, other_offset) = locate(one), locate(other)
    if base is None or other_base is None or offset != other_offset:
        return ZERO
    return _same_hash(base, other_base)


def _same_hash(one: Term, other: Term) -> Term:
    if len(one.arguments) != len(other.arguments):
        return ZERO
    condition = ONE
    for mine, theirs in zip(one.arguments, other.arguments, strict=True):
        hashed = "keccak" in (mine.operation, theirs.operation)
        equal = same(mine, theirs) if hashed else build("eq", mine, theirs)
        condition = build("and", condition, equal)
    return condition


def read(writes: list[tuple[Term, Term]], location: Term, initial: Term) -> Term:
    """Return what ``location`` holds after ``writes``, whatever may alias it."""
    value = initial
    for written, word in writes:
        if is_forgotten(written):
            value = node("initial", _moved(location, written.arguments[0]))
            continue
        value = choose(same(written, location), word, value)
    return value


def forgotten(number: int, is_transient: bool = False) -> tuple[Term, Term]:
    """
    Return the write, one of a path's, after which every word may be anything.

    What storage and transient storage hold then is not the same.
    """
    return constant(_FORGOTTEN + number + is_transient * _TRANSIENT), ZERO


def is_forgotten(location: Term) -> bool:
    """Tell whether a write is one of all there is."""
    return is_constant(location) and location.arguments[0] >= _FORGOTTEN


def _moved(location: Term, marker: int) -> Term:
    """Return a place of no layout, to stand for a location after ``marker``."""
    if location.operation == "keccak":
        root, key = location.arguments
        return node("keccak", _moved(root, marker), key)
    if location.operation == "add":
        offset, base = location.arguments
        return build("add", offset, _moved(base, marker))
    return constant(location.arguments[0] + _APART * (1 + marker - _FORGOTTEN))


def initial(location: Term) -> Term:
    """Return the unknown word that ``location`` held before the transaction."""
    return node("initial", location)
