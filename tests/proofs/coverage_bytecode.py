"""
Which functions of the contracts layer 2 is about.

Every function that only reads, `@pure` or `@view`, of every module: proved equal to the
specification, or run through by the proof of another, or left out for a reason.
"""

import re

from tests.proofs import coverage_books, coverage_money, equalities
from tests.proofs.catalogue import listed
from tests.proofs.coverage_reasons import Reason
from tests.proofs.equality import Equality
from tests.proofs.proof import PROJECT

_FUNCTION = re.compile(r"((?:^@.+\n)+)def (\w+)\(", re.MULTILINE)

LEFT_OUT: dict[str, Reason] = {**coverage_money.LEFT_OUT, **coverage_books.LEFT_OUT}

PARTS: dict[str, str] = {**coverage_money.PARTS, **coverage_books.PARTS}


def find_functions() -> set[str]:
    """Return the functions that only read, as ``module.function``."""
    found = set()
    for path in (PROJECT / "contracts" / "modules").glob("*.vy"):
        for decorators, name in _FUNCTION.findall(path.read_text()):
            if {"@pure", "@view"} & set(decorators.split()):
                found.add(f"{path.stem}.{name}")
    return found


def find_proved() -> set[str]:
    """Return the functions of which there is an equality."""
    return {p.subject for p in listed(equalities) if isinstance(p, Equality)}
