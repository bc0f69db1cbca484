"""What the proof of the index of prices says is next is next in the set of prices."""

import random

import pytest

from tests.proofs.equalities.levels import LAYERS, beyond, find_next, first


def index_of(numbers, size):
    """Return what reads a layer's words, of which a bit says that one below has any."""
    words = {}
    for number in numbers:
        for layer in reversed(range(LAYERS)):
            number, place = divmod(number, size)
            words[layer, number] = words.get((layer, number), 0) | 1 << place
    return lambda layer, word: words.get((layer, word), 0)


def next_of(numbers, number, is_up):
    if is_up:
        return min((other for other in numbers if other > number), default=0)
    return max((other for other in numbers if other < number), default=0)


def check(numbers, number, size):
    read = index_of(numbers, size)
    for is_up in (False, True):
        found = find_next(read, number, is_up, size=size)
        assert found == next_of(numbers, number, is_up), (numbers, number, is_up)


def test_next_in_every_set_of_words_of_two_bits():
    prices = range(1, 2**LAYERS)
    for chosen in range(2 ** len(prices)):
        numbers = {n for place, n in enumerate(prices) if chosen >> place & 1}
        for number in range(2**LAYERS):
            check(numbers, number, 2)


@pytest.mark.parametrize("size", [3, 16, 256])
def test_next_in_sets_at_random(size):
    source = random.Random(size)
    last = size**LAYERS - 1
    for _ in range(1_000):
        near = source.randint(1, last)
        numbers = {
            min(max(1, source.choice([0, near, last]) + source.randint(-3, 3)), last)
            for _ in range(source.randint(0, 6))
        }
        check(numbers, min(max(0, near + source.randint(-3, 3)), last), size)


def test_a_false_next_is_noticed():
    read = index_of({1, 6}, 2)
    wrong = find_next(read, 1, True, lambda *of: beyond(*of) % 2, first, 2)
    assert wrong != next_of({1, 6}, 1, True)
