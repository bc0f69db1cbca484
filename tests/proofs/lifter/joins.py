"""
Paths that do the same, as one.

A branch that only decides on an event, or on what is refused later, leaves two paths
with the same writes, answers and results. What is true of either whatever it decided is
true of both: the one that stands for them has the conditions that they share.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tests.proofs.lifter.frame import Path


def joined(paths: Sequence[Path]) -> list[Path]:
    """
    Return paths of which no two do the same; their events are lost.

    Those with duties stay as they are: a duty is shown of what was known by then.
    """
    found: dict[Any, Path] = {}
    for path in paths:
        key = _deeds(path) if not path.duties else id(path)
        known = found.get(key)
        if known is None:
            found[key] = path
            continue
        others = {(term.serial, truth) for term, truth in path.conditions}
        shared = [c for c in known.conditions if (c[0].serial, c[1]) in others]
        found[key] = replace(known, conditions=shared, events=[])
    return list(found.values())


def _deeds(path: Path) -> Any:
    """Return what a path does; terms that are the same are the same object."""
    return (
        path.succeeds,
        tuple(path.data),
        tuple(path.writes),
        tuple(
            (c.function, tuple(c.arguments), tuple(c.results), c.writes)
            for c in path.cuttings
        ),
        tuple((*_question(a.call), tuple(a.answers), a.writes) for a in path.asked),
        tuple(path.transient),
        len(path.facts),
    )


def _question(call: Any) -> Any:
    """Return a call of another contract: whom, what, and how."""
    return tuple(tuple(p) if isinstance(p, list) else p for p in call)
