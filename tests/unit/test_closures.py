"""What epochs closed is computed anew from events, and cannot be told otherwise."""

from dataclasses import replace
from functools import cache

import pytest

from keeper import history
from keeper.history.closures import list_closures
from specs.accounts import get_position
from specs.deleveraging import compute_carry, compute_left
from tests.helpers import worlds
from tests.helpers.epochs import SIZES, VICTIMS
from tests.unit.test_history import tell_deleveraging, told

NAMES = "Deleveraged", "DeleverageApplied"


@cache
def played():
    """Return the world in which accounts were deleveraged, and all events."""
    world, _, events = told(tell_deleveraging)
    return world, events


def test_events_tell_what_every_epoch_has_closed():
    world, events = played()
    found = list_closures(events)
    epochs = world.clearing.markets[0].epochs
    assert list(found) == [(0, number + 1) for number in range(len(epochs))]
    for told_of, epoch in zip(found.values(), epochs, strict=True):
        assert told_of.left == compute_left(epoch)
        assert told_of.carry == compute_carry(epoch)
        assert told_of.unmet == epoch.open_interest - epoch.met
        assert (told_of.is_long, told_of.price) == (epoch.is_long, epoch.price)


def test_events_tell_of_whom_and_how_much():
    world, events = played()
    first = list_closures(events)[0, 1]
    assert first.account == worlds.bull
    assert (first.lots, first.open_interest) == (10_000, sum(SIZES))
    sizes = {each.account: each.size for each in first.of}
    assert sizes == dict(zip(VICTIMS, SIZES, strict=True))
    assert first.left == first.unmet == 0
    (bear,) = (each for each in first.of if each.account == worlds.bear)
    held = world.clearing.accounts[worlds.bear]
    assert get_position(held, 0).lots == bear.closed - bear.size


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_event_of_an_epoch_is_noticed(name):
    _, events = played()
    for at in [at for at, event in enumerate(events) if event.name == name]:
        rest = (*events[:at], *events[at + 1 :])
        if name == "Deleveraged":
            with pytest.raises(history.Inconsistent):
                list_closures(rest)
        else:
            assert is_noticed(rest)


@pytest.mark.parametrize("field", ["epoch", "closed", "carry", "lots", "open_interest"])
def test_a_wrong_size_is_noticed(field):
    _, events = played()
    for at in [at for at, event in enumerate(events) if event.name in NAMES]:
        arguments = events[at].arguments
        if field not in arguments:
            continue
        for more in (-1, 1, 10**6):
            changed = {**arguments, field: arguments[field] + more}
            event = replace(events[at], arguments=changed)
            assert is_noticed((*events[:at], event, *events[at + 1 :]))


def is_noticed(events):
    """Return whether events cannot be, or tell of others, or of other sizes."""
    try:
        found = list_closures(events)
    except history.Inconsistent:
        return True
    expected = list_closures(played()[1])
    return any(
        (found[key].unmet, found[key].of) != (epoch.unmet, epoch.of)
        for key, epoch in expected.items()
    )


def test_nobody_is_closed_twice_or_for_more_than_he_has():
    _, events = played()
    at = next(at for at, e in enumerate(events) if e.name == "DeleverageApplied")
    with pytest.raises(history.Inconsistent, match=r"met it before|no size"):
        list_closures((*events[: at + 1], events[at]))
    with pytest.raises(history.Inconsistent, match="no such epoch"):
        list_closures(events[at : at + 1])
