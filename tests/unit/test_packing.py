"""Packing: fields of every word and the lists in headers, as specified."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from specs import packing, providers
from specs.errors import AmountTooLarge
from specs.packing import Field, get_field, pack, pack_list, unpack, unpack_list
from tests.helpers import harness as harnesses
from tests.helpers.numbers import WORD, within

WORDS = {
    f"{module.__name__}.{name}": layout
    for module in (packing, providers)
    for name, layout in vars(module).items()
    if name.isupper() and isinstance(layout, dict)
    if all(isinstance(field, Field) for field in layout.values())
}
FIELDS = sorted(
    {
        (field.offset, field.width, field.is_signed)
        for layout in WORDS.values()
        for field in layout.values()
        if field.width < 256
    }
)
"""Of whole words nothing is cut out."""
NUMBERS = st.lists(st.integers(0, 31), max_size=8, unique=True).map(sorted)


@pytest.fixture(scope="module")
def module():
    return harnesses.deploy("PackingHarness")


def get_ends(field):
    low = -(2 ** (field.width - 1)) if field.is_signed else 0
    return low * field.unit, (low + 2**field.width - 1) * field.unit


@pytest.mark.parametrize("name", WORDS)
def test_no_two_fields_share_a_bit(name):
    taken = [
        bit
        for field in WORDS[name].values()
        for bit in range(field.offset, field.offset + field.width)
    ]
    assert len(taken) == len(set(taken))
    assert max(taken) < 256


@pytest.mark.parametrize("name", WORDS)
@given(data=st.data())
def test_words_come_back(name, data):
    layout = WORDS[name]
    values = {
        key: data.draw(within(*get_ends(field))) // field.unit * field.unit
        for key, field in layout.items()
    }
    assert unpack(pack(values, layout), layout) == values


@pytest.mark.parametrize("name", WORDS)
def test_what_does_not_fit_is_refused(name):
    layout = WORDS[name]
    for key, field in layout.items():
        low, high = get_ends(field)
        for beyond in (low - field.unit, high + field.unit):
            with pytest.raises(AmountTooLarge):
                pack({**dict.fromkeys(layout, 0), key: beyond}, layout)


@pytest.mark.parametrize(("offset", "width", "is_signed"), FIELDS)
@given(word=within(0, WORD))
def test_fields_are_read_as_specified(module, offset, width, is_signed, word):
    expected = get_field(word, packing.Field(offset, width, is_signed))
    method = "get_signed" if is_signed else "get"
    assert module(method, word, offset, width) == expected


@pytest.mark.parametrize(("offset", "width", "is_signed"), FIELDS)
@given(data=st.data(), word=within(0, WORD))
def test_fields_are_written_as_specified(module, offset, width, is_signed, data, word):
    low, high = get_ends(packing.Field(offset, width, is_signed))
    value = data.draw(within(low, high))
    bits = module("fit_signed", value, width) if is_signed else value
    changed = module("set", word, offset, width, bits)
    mask = (2**width - 1) * 2**offset
    assert changed & ~mask == word & ~mask
    method = "get_signed" if is_signed else "get"
    assert module(method, changed, offset, width) == value


@pytest.mark.parametrize("width", sorted({field[1] for field in FIELDS}))
def test_only_what_fits_is_written(module, width):
    high, half = 2**width - 1, 2 ** (width - 1)
    assert module("fit", high, width) == high
    assert module("fit_signed", half - 1, width) == half - 1
    assert module("fit_signed", -half, width) == half
    assert module("fit_signed", -1, width) == high
    for call in (
        ("fit", high + 1, width),
        ("fit", WORD, width),
        ("fit_signed", half, width),
        ("fit_signed", -half - 1, width),
        ("set", 0, 0, width, high + 1),
    ):
        assert module.reason(*call) == AmountTooLarge.reason


@given(numbers=NUMBERS, number=st.integers(0, 31))
def test_a_number_is_put_into_a_list(module, numbers, number):
    entries = pack_list(tuple(numbers))
    changed, has_room = module("insert", entries, number)
    union = tuple(sorted({*numbers, number}))
    assert has_room == (len(union) <= 8)
    assert unpack_list(changed) == (union if has_room else tuple(numbers))


@given(numbers=NUMBERS, number=st.integers(0, 31))
def test_a_number_is_taken_out_of_a_list(module, numbers, number):
    entries = pack_list(tuple(numbers))
    rest = tuple(other for other in numbers if other != number)
    assert unpack_list(module("remove", entries, number)) == rest


@pytest.mark.parametrize("number", [0, 3, 31])
def test_a_full_list_has_no_room(module, number):
    full = pack_list((1, 2, 4, 5, 6, 7, 8, 30))
    assert module("insert", full, number) == (full, False)
    for present in (1, 5, 30):
        assert module("insert", full, present) == (full, True)


@pytest.mark.parametrize("place", range(8))
def test_every_place_of_a_list_is_reached(module, place):
    numbers = tuple(range(0, 32, 4))
    rest = numbers[:place] + numbers[place + 1 :]
    assert module("remove", pack_list(numbers), numbers[place]) == pack_list(rest)
    again = module("insert", pack_list(rest), numbers[place])
    assert again == (pack_list(numbers), True)
