"""Laws of packing: what is stored is read as it was."""

from specs.errors import AmountTooLarge
from specs.packing import (
    BALANCE,
    MARK,
    POSITION,
    get_field,
    pack,
    pack_list,
    unpack,
    unpack_list,
)
from tests.proofs.proof import Mutant


def a_position_is_read_as_it_was_stored(lots: int, basis: int, entry: int) -> bool:
    """
    Signed fields, of either sign, come back and touch no others.

    Serves: I18, I24.

    pre: -(2**63) <= lots < 2**63 and -(2**127) <= basis < 2**127
    pre: 0 <= entry < 2**24
    post: __return__
    """
    values = {"lots": lots, "basis": basis, "epoch": 3, "entry": entry}
    return unpack(pack(values, POSITION), POSITION) == values


def a_price_is_stored_in_its_unit(slow: int, fast: int, time: int) -> bool:
    """
    A field that counts multiples loses what is less than one, and nothing else.

    Serves: I31.

    pre: 0 <= slow < 2**80 * 10**6 and 0 <= fast < 2**80 * 10**6 and 0 <= time < 2**32
    post: __return__
    """
    values = dict.fromkeys(MARK, 0) | {"slow": slow, "fast": fast, "time": time}
    word = pack(values, MARK)
    read = [get_field(word, MARK[name]) for name in ("slow", "fast", "time")]
    return read == [slow // 10**6 * 10**6, fast // 10**6 * 10**6, time]


def what_does_not_fit_is_refused(scaled: int, idle: int) -> bool:
    """
    Nothing is cut off: a number that its field can't hold is refused.

    Serves: I3.

    post: __return__
    """
    fits = -(2**127) <= scaled < 2**127 and 0 <= idle < 2**128
    try:
        pack({"scaled": scaled, "idle": idle}, BALANCE)
    except AmountTooLarge:
        return not fits
    return fits


def a_list_is_read_as_it_was_stored(first: int, second: int, third: int) -> bool:
    """
    The numbers of a list come back, ascending.

    Serves: I18.

    pre: 0 <= first < second < third < 255
    post: __return__
    """
    numbers = (first, second, third)
    return unpack_list(pack_list((third, first, second))) == numbers


def _mutant(old: str, new: str) -> tuple[Mutant, ...]:
    return (Mutant("specs/packing.py", old, new),)


MUTANTS = {
    "a_position_is_read_as_it_was_stored": _mutant(
        "word += value % 2**field.width * 2**field.offset",
        "word += value * 2**field.offset",
    ),
    "a_price_is_stored_in_its_unit": _mutant(
        "return value * field.unit", "return value + field.unit - 1"
    ),
    "what_does_not_fit_is_refused": _mutant(
        "if not low <= value < low + 2**field.width:",
        "if not low <= value <= low + 2**field.width:",
    ),
    "a_list_is_read_as_it_was_stored": (
        *_mutant(
            "numbers.append(entries % 256 - 1)", "numbers.append(entries % 128 - 1)"
        ),
        *_mutant("sum((n + 1) * 256**i", "sum((n + 1) * 128**i"),
    ),
}
