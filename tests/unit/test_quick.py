"""A record that is replaced faster is the same record."""

import dataclasses
import importlib
import pkgutil

import pytest

import specs
from keeper.quick import quick_records, replace
from specs import state
from tests.helpers import worlds


def records():
    """Return the record types of the specification."""
    for found in pkgutil.walk_packages(specs.__path__, "specs."):
        for record in vars(importlib.import_module(found.name)).values():
            if isinstance(record, type) and dataclasses.is_dataclass(record):
                yield record


def test_replaced_record_is_equal():
    clearing = worlds.open_world().clearing
    venues = {worlds.VENUE: 3}
    slow = dataclasses.replace(clearing, governor=7, venues=venues)
    quick = replace(clearing, governor=7, venues=venues)
    assert quick == slow != clearing
    assert vars(quick) == vars(slow)
    assert type(quick) is type(slow)


def test_records_only_store():
    found = set(records())
    assert state.State in found
    for record in found:
        assert not hasattr(record, "__post_init__"), record
        assert not hasattr(record, "__slots__"), record
        assert all(field.init for field in dataclasses.fields(record)), record


def test_specification_is_quick_inside_only():
    def enter():
        with quick_records():
            assert state.replace is replace
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        enter()
    assert state.replace is dataclasses.replace
