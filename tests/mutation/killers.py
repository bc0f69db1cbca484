"""
What may notice a mutant: walks beside the specification, tests, proofs.

Each runs in a child of a worker, in the worker's copy of the project, and returns what
it found, or nothing.
"""

import contextlib
import os
from collections.abc import Callable, Iterable, Sequence
from functools import partial

STEPS = 500
"""Actions of a walk."""


def walk(kinds: Sequence[str], first: int, end: int) -> str:
    """
    Return the first action after which contracts and specification differ, on walks of
    seeds from `first` to `end`.
    """
    from keeper.quick import quick_records
    from tests.stateful.bulk import Differs

    pairs = [WALKS[kind]() for kind in kinds]
    with quick_records():
        for seed in range(first, end):
            for kind, pair in zip(kinds, pairs, strict=True):
                try:
                    pair(seed).walk(STEPS)
                except Differs as differs:
                    name = getattr(differs.action, "name", "the start")
                    return f"walk {kind}, seed {seed}: {name}"
    return ""


def _world() -> Callable:
    from tests.stateful.bulk import INTERVAL, Pair, open_twin

    return partial(_pair, Pair, open_twin(), interval=INTERVAL)


def _orders() -> Callable:
    from tests.stateful.bulk import INTERVAL, open_twin
    from tests.stateful.test_orders import OrderPair, wander_to_orders

    return partial(
        _pair, OrderPair, open_twin(), interval=INTERVAL, path=wander_to_orders
    )


def _book() -> Callable:
    from tests.stateful.book_twin import open_book_twin
    from tests.stateful.book_walk import wander
    from tests.stateful.bulk import INTERVAL, Pair

    return partial(_pair, Pair, open_book_twin(), interval=INTERVAL, path=wander)


def _pair(kind: Callable, twin: object, seed: int, **options: object) -> object:
    return kind(twin, seed, **options)


WALKS = {"world": _world, "orders": _orders, "book": _book}


class _First:
    """Remembers the first test that fails."""

    def __init__(self) -> None:
        self.found = ""

    def pytest_runtest_logreport(self, report) -> None:
        if report.failed and not self.found:
            self.found = report.nodeid

    pytest_collectreport = pytest_runtest_logreport


def test(files: Iterable[str]) -> str:
    """Return the first test that fails in these files."""
    import pytest

    first = _First()
    options = ("-x", "-q", "-n0", "-p", "no:cacheprovider", "--hypothesis-profile=ci")
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    with contextlib.suppress(SystemExit):
        code = pytest.main([*options, *files], plugins=[first])
    if code in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        return ""
    return first.found or f"pytest: {code!s}"


def list_proofs() -> dict[str, list[str]]:
    """Return the files in which each proof has its mutants."""
    from tests.proofs.catalogue import collect

    return {
        proof.identity: sorted({mutant.path for mutant in proof.mutants})
        for proof in collect()
    }


def prove(identity: str, root) -> str:
    """Return the proof's name if its claim no longer holds."""
    from tests.proofs.catalogue import collect
    from tests.proofs.proof import Refuted, Undecided

    (proof,) = (each for each in collect() if each.identity == identity)
    try:
        proof.check(root)
    except (Refuted, Undecided):
        return f"proof {identity}"
    return ""
