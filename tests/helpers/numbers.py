"""Strategies that prefer the ends of a range, and comparison with a specification."""

from hypothesis import strategies as st

from keeper.chain.interface import Refused

WORD = 2**256 - 1
MARKS = [10**6, 10**12, 10**15, 10**18, 10**27, 10**30]


def within(low, high):
    """Return integers from `low` to `high`: ends, zero, round numbers, any."""
    ends = [low, low + 1, high - 1, high, -1, 0, 1, 2]
    for mark in MARKS:
        ends += [mark - 1, mark, mark + 1, -mark - 1, -mark, -mark + 1]
    ends += [2**bits for bits in range(8, 256, 8)]
    kept = sorted({end for end in ends if low <= end <= high})
    middle = max(low, min(0, high))
    return st.one_of(
        st.sampled_from(kept),
        st.integers(middle, min(high, middle + 1000)),
        st.integers(max(low, -(10**24)), min(high, 10**24))
        if low < 10**24 and high > -(10**24)
        else st.integers(low, high),
        st.integers(low, high),
    )


def attempt(function):
    """Return what `function` returns, or None if it divides by zero."""
    try:
        return function()
    except ZeroDivisionError:
        return None


def is_same_or_refused(harness, method, arguments, expected):
    """
    Return whether a call agrees with `expected`, whatever it is given.

    Beyond the protocol's bounds it may be refused; without an answer it has to be.
    """
    try:
        found = harness(method, *arguments)
    except Refused:
        return True
    return expected is not None and found == expected
