"""A call that may write anything leaves nothing known of what was written before."""

from tests.proofs.lifter.storage import entry, forgotten, initial, read
from tests.proofs.lifter.terms import ZERO, constant, variable

_SLOT, _KEY = constant(7), variable("key")
_FIRST, _SECOND = constant(11), constant(13)


def _read(writes, location):
    return read(writes, location, initial(location))


def test_what_was_written_before_is_not_known_after():
    for location in (_SLOT, entry(_SLOT, _KEY), entry(_SLOT, _KEY, _KEY)):
        after = _read([(location, _FIRST), forgotten(1)], location)
        assert after not in (_FIRST, initial(location))
        assert after.operation == "initial"


def test_what_is_written_after_is_known():
    assert _read([forgotten(1), (_SLOT, _SECOND)], _SLOT) is _SECOND


def test_two_readings_agree_until_anything_may_be_written_again():
    location = entry(_SLOT, _KEY)
    once = _read([forgotten(1)], location)
    assert _read([forgotten(1), (constant(8), ZERO)], location) is once
    assert _read([forgotten(1), forgotten(2)], location) is not once


def test_other_places_hold_other_words():
    writes = [forgotten(1)]
    assert _read(writes, _SLOT) is not _read(writes, constant(8))
    assert _read(writes, entry(_SLOT, _KEY)) is not _read(writes, entry(_SLOT, _SLOT))
