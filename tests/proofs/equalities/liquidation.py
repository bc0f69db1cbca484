"""
Layer 2 of liquidation: pacing, recent volume, flags, what a fund can't pay, prices of
epochs.

What a word remembers goes in and comes out as the contract packs it.
"""

from specs import backstop, deleveraging, distress, pacing, price_levels
from specs.book_state import Volume
from specs.distress import Distress
from specs.fixed_point import WAD, Lots, Seconds
from specs.pacing import Pace
from tests.proofs.equalities.parts import AMOUNTS, PRICES, equality
from tests.proofs.lifter.reference import within

NOW = 2**32
"""Above every time that a word holds."""


# Flags


def unpack_distress(word: int) -> Distress:
    """Return what is remembered of an account."""
    return Distress(word // 2**32, word % 2**32)


def flag(word: int, now: int) -> int:
    """Return the word of an account that is flagged."""
    flagged = distress.flag(unpack_distress(word), now)
    return flagged.flagged_at * 2**32 + flagged.sliced_at


def was_due(word: int, priced_at: int, now: int) -> bool:
    """Do as the specification with the word."""
    return distress.was_due(unpack_distress(word), priced_at, now)


def is_going_on(word: int, now: int) -> bool:
    """Do as the specification with the word."""
    return distress.is_going_on(unpack_distress(word), now)


FLAGS = (
    equality(
        "distress",
        "flag",
        flag,
        lambda word, now: (
            within((word, 0, 2**64), (now, 1, NOW)) and word // 2**32 <= now
        ),
        ("now <= flagged_at + FLAG_LIFE:", "now < flagged_at + FLAG_LIFE:"),
        ("return now * 2**32 | (word & _LOW_32)", "return now * 2**32"),
    ),
    equality(
        "distress",
        "was_due",
        was_due,
        lambda word, priced_at, now: within(
            (word, 0, 2**64), (priced_at, 0, NOW), (now, 1, NOW)
        ),
        ("(flagged_at < now and", "(flagged_at <= now and"),
        ("now <= flagged_at + FLAG_LIFE)", "now <= flagged_at + FLAG_LIFE + 1)"),
    ),
    equality(
        "distress",
        "is_going_on",
        is_going_on,
        lambda word, now: (
            within((word, 0, 2**64), (now, 1, NOW)) and word % 2**32 <= now
        ),
        ("return sliced_at != 0 and now", "return now"),
    ),
)

# Pacing


def unpack_pace(word: int) -> Pace:
    """Return what is remembered of a leg."""
    return Pace(word // 2**64, word // 2**32 % 2**32, word % 2**32)


def compute_due(word: int, now: int) -> int:
    """Do as the specification with the word."""
    return pacing.compute_due(unpack_pace(word), now)


def note(word: int, asked: int, filled: int, is_exhausted: bool, now: int) -> int:
    """Return the word of a leg after a slice."""
    pace = pacing.note(unpack_pace(word), asked, filled, is_exhausted, now)
    return pace.sliced_at * 2**64 + pace.failed_at * 2**32 + pace.failures


def has_failed(word: int) -> bool:
    """Do as the specification with the word."""
    return pacing.has_failed(unpack_pace(word))


def pace_fits(word: int, now: int) -> bool:
    """Tell whether a word is that of a leg whose times are past."""
    return (
        within((word, 0, 2**96), (now, 1, NOW))
        and word // 2**64 <= now
        and word // 2**32 % 2**32 <= now
        and word % 2**32 < 2**31
    )


PACING = (
    equality(
        "pacing",
        "compute_due",
        compute_due,
        pace_fits,
        ("now > sliced_at + PAUSE", "now >= sliced_at + PAUSE"),
    ),
    equality(
        "pacing",
        "compute_size",
        pacing.compute_size,
        lambda held, due, unit, volume, most: within(
            (held, 0, AMOUNTS),
            (due, 0, 11),
            (unit, 1, AMOUNTS),
            (volume, 0, AMOUNTS),
            (most, 0, AMOUNTS),
        ),
        ("fp._mul_div_up(held, due, SLICES)", "fp._mul_div_down(held, due, SLICES)"),
        ("min(most, held))", "most)"),
    ),
    equality(
        "pacing",
        "note",
        note,
        lambda word, asked, filled, is_exhausted, now: (
            pace_fits(word, now)
            and within((asked, 0, AMOUNTS), (filled, 0, AMOUNTS))
            and (word // 2**32 % 2**32 > 0 or word % 2**32 == 0)
        ),
        ("if 2 * filled >= asked:", "if 2 * filled > asked:"),
        ("now < failed_at + APART", "now <= failed_at + APART"),
        ("now > failed_at + FAILURE_LIFE", "now >= failed_at + FAILURE_LIFE"),
    ),
    equality(
        "pacing",
        "has_failed",
        has_failed,
        lambda word: within((word, 0, 2**96)),
        (">= FAILURES", "> FAILURES"),
    ),
    equality(
        "pacing",
        "is_open",
        pacing.is_open,
        lambda failed_at, now: (
            within((failed_at, 0, NOW), (now, 1, NOW)) and failed_at <= now
        ),
        ("return failed_at != 0 and now", "return now"),
    ),
)

# Recent volume


def decay(top: int, now: int) -> int:
    """Do as the specification with an instrument's word of best prices."""
    volume = Volume(Lots(top // 2**32 % 2**56), Seconds(top % 2**32))
    return price_levels.get_recent(volume, Seconds(now))


VOLUME = (
    equality(
        "price_levels",
        "decay",
        decay,
        lambda top, now: within((top, 0, 2**256), (now, 1, NOW)) and top % 2**32 <= now,
        ("if age >= _DECAY:", "if age > _DECAY + 1:"),
        ("volume * (_DECAY - age) // _DECAY", "volume // _DECAY * (_DECAY - age)"),
        ("(top >> _VOLUME) & _LOW_56", "top >> _VOLUME"),
    ),
)

# What the fund can't pay, and the price of an epoch

EPOCHS = (
    equality(
        "backstop",
        "compute_unfunded",
        backstop.compute_unfunded,
        lambda deficit, fund: within((deficit, 0, AMOUNTS), (fund, 0, AMOUNTS)),
        ("fp._mul_div_up(deficit - fund,", "fp._mul_div_down(deficit - fund,"),
    ),
    equality(
        "deleveraging",
        "compute_price",
        deleveraging.compute_price,
        lambda mark, is_selling, discount, loss, notional, bound: within(
            (mark, 0, PRICES),
            (discount, 0, WAD),
            (loss, 0, AMOUNTS),
            (notional, 1, AMOUNTS),
            (bound, 0, WAD),
        ),
        ("    if loss != 0:\n", "    if loss != 0 and is_selling:\n"),
        (
            "fp._mul_div_up(units, fp.WAD - apart",
            "fp._mul_div_down(units, fp.WAD - apart",
        ),
    ),
    equality(
        "deleveraging",
        "limit_to_index",
        deleveraging.limit_to_index,
        lambda price, mark, index: within(
            (price, 0, PRICES), (mark, 0, PRICES), (index, 0, PRICES)
        ),
        ("max(min(mark, low), min(", "max(low, min("),
    ),
)

PROOFS = (*FLAGS, *PACING, *VOLUME, *EPOCHS)
