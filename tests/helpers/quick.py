"""
Frozen records that are replaced faster, for walks of millions of transitions.

`dataclasses.replace` looks at every field and calls the constructor; a record of the
specification has a constructor that only stores, so its fields can be copied at once.
"""

import dataclasses
import sys
from contextlib import contextmanager


def replace(record, /, **changes):
    """Return what `dataclasses.replace` would, of a record that checks nothing."""
    copy = object.__new__(record.__class__)
    fields = copy.__dict__
    fields.update(record.__dict__)
    fields.update(changes)
    return copy


@contextmanager
def quick_records():
    """Let the specification use this module's `replace`."""
    changed = [
        module
        for name, module in sorted(sys.modules.items())
        if name.startswith("specs.") and vars(module).get("replace") is SLOW
    ]
    for module in changed:
        module.replace = replace
    try:
        yield
    finally:
        for module in changed:
            module.replace = SLOW


SLOW = dataclasses.replace
