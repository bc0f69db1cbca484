"""Layer 2 of price levels: best prices, what rests at one, and which one is next."""

from collections.abc import Callable

from specs import errors, packing
from specs.packing import Field, get_field
from tests.proofs.equalities.books import TOP, TOPS
from tests.proofs.equalities.grid import LOW_BIT, TOP_BIT, low_bit, top_bit
from tests.proofs.equalities.orders import entry
from tests.proofs.equalities.unrealised import answered
from tests.proofs.equality import assume
from tests.proofs.exposed import same
from tests.proofs.lifter.words import MODULUS

LEVEL = {
    "lots": Field(168, 88),
    "firm": Field(80, 88),
    "head": Field(40, 40),
    "tail": Field(0, 40),
}


def get_best(code: int, is_buy: int, top: int) -> int:
    """Return the best price of a side."""
    return get_field(top, TOP["bid" if is_buy else "ask"])


def get_level(code: int, number: int, level: int) -> int:
    """Return the word of a level, given another one."""
    return entry(level, code * 2**24 + number)


def has(level: int, lots: int, is_firm: int) -> bool:
    """Tell whether a level has so many lots, of the kind."""
    found = packing.unpack(level, LEVEL)
    return lots <= (found["firm"] if is_firm else found["lots"]) <= found["lots"]


def less(level: int, lots: int, is_firm: int) -> int:
    """Return a level with fewer lots, which it has."""
    assume(has(level, lots, is_firm))
    found = packing.unpack(level, LEVEL)
    found["lots"] -= lots
    found["firm"] -= lots if is_firm else 0
    return packing.pack(found, LEVEL)


def with_reference(name: str, level: int, order: int) -> int:
    """Return a level with another order at one end."""
    if order >= 2**40:
        raise errors.AmountTooLarge
    low, high = 2 ** LEVEL[name].offset, 2 ** (LEVEL[name].offset + 40)
    return level % low + order * low + level // high * high


def first(bits: int, is_up: bool) -> int:
    """Return the place of the lowest or of the highest bit of a word."""
    return low_bit(bits) if is_up else top_bit(bits)


def beyond(bits: int, place: int, is_up: int) -> int:
    """Return the bits above a place of a word, or those below it."""
    if not is_up:
        return bits % (1 << place)
    if place == 255:
        return 0
    return bits - bits % (1 << (place + 1))


# The index

BEYOND, ask_beyond = answered("price_levels._beyond", (0, MODULUS - 1))
FIRST, ask_first = answered(
    "price_levels._first", (0, 255), rests_on=("bytecode.price_levels.first",)
)
LAYERS = 3


def find_next(
    read: Callable[[int, int], int],
    number: int,
    is_up: int,
    beyond: Callable[[int, int, int], int] = beyond,
    first: Callable[[int, int], int] = first,
    size: int = 256,
) -> int:
    """
    Return the number next to another one in layers of words of ``size`` bits each, 0 if
    there is none: up to the first layer that has any beyond, and down again.

    ``test_levels.py`` compares with a set's least or greatest number beyond.
    """
    word, bits, layer = number, 0, LAYERS
    while bits == 0:
        if layer == 0:
            return 0
        layer -= 1
        word, place = divmod(word, size)
        bits = beyond(read(layer, word), place, is_up)
    for below in range(layer + 1, LAYERS):
        word = word * size + first(bits, is_up)
        bits = read(below, word)
    return word * size + first(bits, is_up)


def get_next(code: int, number: int, is_up: int, index: int) -> int:
    """Return the next number in an instrument's index, given a word of one."""
    return find_next(
        lambda layer, word: entry(index, code * 2**18 + layer * 2**16 + word),
        number,
        is_up,
        lambda *arguments: ask_beyond(*arguments)[0],
        lambda *arguments: ask_first(*arguments)[0],
    )


LEVELS = (
    same(
        "price_levels._best",
        get_best,
        ("return self.tops[code] >> _BID", "return self.tops[code] >> _ASK"),
        reads=TOPS,
    ),
    same(
        "price_levels._last",
        lambda code, top: get_field(top, TOP["last"]),
        ("(self.tops[code] >> _LAST)", "(self.tops[code] >> _ASK)"),
        reads=TOPS,
    ),
    same(
        "price_levels._told",
        lambda code, top: (get_field(top, TOP["mid"]), get_field(top, TOP["told_at"])),
        ("packing._get(top, 120, 64)", "packing._get(top, 120, 63)"),
        reads=TOPS,
    ),
    same(
        "price_levels._less",
        less,
        ("        fewer |= lots << _FIRM\n", "        fewer |= lots << _HEAD\n"),
    ),
    same(
        "price_levels._with_tail",
        lambda level, order: with_reference("tail", level, order),
        ("packing._set(level, 0, 40", "packing._set(level, 1, 40"),
    ),
    same(
        "price_levels._with_head",
        lambda level, order: with_reference("head", level, order),
        ("packing._set(level, _HEAD, 40", "packing._set(level, _FIRM, 40"),
    ),
    same(
        "price_levels._read",
        get_level,
        (
            "code << 24 | number]\n\n\n@internal\n@pure",
            "code << 23 | number]\n\n\n@internal\n@pure",
        ),
        given={"code": (0, 63), "number": (0, 2**24 - 1)},
        reads={"level": ("price_levels.levels", "code")},
    ),
    same(
        "price_levels._is_empty",
        lambda level: get_field(level, LEVEL["lots"]) == 0,
        ("    return level >> _LOTS == 0\n", "    return level >> _FIRM == 0\n"),
    ),
    same(
        "price_levels._firm",
        lambda level: get_field(level, LEVEL["firm"]),
        ("(level >> _FIRM) & _LOW_88", "level >> _FIRM"),
    ),
    same(
        "price_levels._head",
        lambda level: get_field(level, LEVEL["head"]),
        ("(level >> _HEAD) & _LOW_40", "level >> _HEAD"),
    ),
    same(
        "price_levels._tail",
        lambda level: get_field(level, LEVEL["tail"]),
        ("return level & _LOW_40", "return level & _LOW_56"),
    ),
    same(
        "price_levels._beyond",
        beyond,
        ("unsafe_add(place, 1)", "place"),
        ("bits & ((1 << place) - 1)", "bits & (1 << place)"),
        given={"place": (0, 255)},
    ),
    same(
        "price_levels._first",
        first,
        (
            "    if is_up:\n        return grid",
            "    if not is_up:\n        return grid",
        ),
        cuts=(TOP_BIT, LOW_BIT),
    ),
    same(
        "price_levels._next",
        get_next,
        ("            part = self._first(bits, is_up)\n", ""),
        (
            "bits = self._beyond(self.index[code << 18], part, is_up)",
            "bits = self._beyond(self.index[code << 18], part, not is_up)",
        ),
        (
            "self.index[code << 18 | 1 << 16 | part], word & 255, is_up",
            "self.index[code << 18 | 1 << 16 | part], number & 255, is_up",
        ),
        given={"code": (0, 63), "number": (0, 2**24 - 1)},
        reads={"index": ("price_levels.index", "code")},
        cuts=(BEYOND, FIRST),
    ),
)

PROOFS = LEVELS
