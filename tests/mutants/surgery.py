"""Functions of the specification with other code, for as long as a test needs."""

import importlib
import inspect
from contextlib import contextmanager

from specs.invariants import custody


@contextmanager
def mutated(place, old, new):
    """
    Replace `old`, which occurs once, by `new` in the function `module.function`.

    The function keeps its identity, so whoever has imported it runs the new code.
    """
    module_name, name = place.split(".")
    module = importlib.import_module(f"specs.{module_name}")
    function = getattr(module, name)
    source = inspect.getsource(function)
    assert source.count(old) == 1, f"{place}: {source.count(old)} times {old!r}"
    scope = {}
    exec(source.replace(old, new), vars(module), scope)
    healthy, function.__code__ = function.__code__, scope[name].__code__
    forget()
    try:
        yield
    finally:
        function.__code__ = healthy
        forget()


def forget():
    """Drop what the invariants remember of pure functions."""
    custody.is_issue_rounded.cache_clear()
    custody.is_trip_fair.cache_clear()
