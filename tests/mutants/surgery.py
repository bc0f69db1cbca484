"""Functions of the specification with other code, for as long as a test needs."""

import importlib
import inspect
from contextlib import contextmanager

from specs.invariants import custody


def locate(place, old):
    """Return the function `module.function` and its source, in which `old` is once."""
    module_name, name = place.split(".")
    module = importlib.import_module(f"specs.{module_name}")
    function = getattr(module, name, None)
    if function is None:
        raise ValueError(f"{place}: no such function")
    source = inspect.getsource(function)
    if source.count(old) != 1:
        raise ValueError(f"{place}: {old!r} occurs {source.count(old)} times")
    return function, source


@contextmanager
def mutated(place, old, new):
    """
    Replace `old`, which occurs once, by `new` in the function `module.function`.

    The function keeps its identity, so whoever has imported it runs the new code.
    """
    function, source = locate(place, old)
    scope = {}
    exec(source.replace(old, new), function.__globals__, scope)
    made = scope[function.__name__].__code__
    healthy, function.__code__ = function.__code__, made
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
