"""Layer 2 of the guards of a pool, which are one word."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import z3

from specs import guards, packing
from specs.guards import Guards
from specs.packing import get_field, unpack
from tests.proofs.equalities.pools import AMOUNTS, NOW
from tests.proofs.equality import assume
from tests.proofs.exposed import same
from tests.proofs.lifter.entries import Answer, Asked, Cut
from tests.proofs.lifter.fields import Placed
from tests.proofs.lifter.leaves import symbol
from tests.proofs.lifter.reference import Symbolic, formula_of, within
from tests.proofs.lifter.terms import answer
from tests.proofs.lifter.words import MODULUS
from tests.proofs.shared import DOWN


def unpack_guards(word: int) -> Guards:
    """Return the guards in a word."""
    return Guards(**unpack(word, packing.GUARDS))


def changed(word: int, change: Callable[[Guards], Guards]) -> int:
    """Return the word with what has changed in it, all between two changes at once."""
    found = unpack_guards(word)
    after = vars(change(found))
    whole, start = 0, 0
    for name, field in sorted(packing.GUARDS.items(), key=lambda item: item[1].offset):
        if after[name] is not vars(found)[name]:
            whole += word // 2**start % 2 ** (field.offset - start) * 2**start
            whole += after[name] // field.unit * 2**field.offset
            start = field.offset + field.width
    return whole + word // 2**start * 2**start


def follow(word: int, held: int, now: int) -> int:
    """Do as the specification with the word."""
    assume(within((now, 0, 2**32 - 1)))
    return changed(word, lambda found: guards.follow(found, held, now))


def is_time(word: int, now: int) -> bool:
    """Tell whether it is not earlier than the average was moved."""
    averaged_at = get_field(word, packing.GUARDS["averaged_at"])
    return within((now, 0, 2**32 - 1)) and averaged_at <= now


def check_utilisation(word: int, before: int, after: int, now: int) -> int:
    """Do as the specification with the word."""
    assume(within((now, 0, 2**32 - 1)))
    return changed(
        word, lambda found: guards.check_utilisation(found, before, after, now)
    )


def _is_no_more(
    result: z3.ArithRef, x: z3.ArithRef, y: z3.ArithRef, d: z3.ArithRef
) -> list[z3.BoolRef]:
    """Return that a part of a number is no more than the number."""
    is_part = z3.And(x >= 0, y >= 0, y <= d)
    return [*DOWN.facts(result, x, y, d), z3.Implies(is_part, result <= x)]


PART = replace(DOWN, facts=_is_no_more)


def _answer_follow(asked: Asked) -> Answer:
    """Answer with a word of which all but the average is known."""
    word, held, now = asked.arguments
    moved = answer(f"{FOLLOWED} 0", 0, MODULUS - 1, *asked.arguments)

    def fact(read: Any) -> z3.BoolRef:
        after, before, time = map(read.value, (moved, word, now))
        return z3.And(after % 2**152 == before % 2**152, after / 2**152 % 2**32 == time)

    def need(read: Any) -> z3.BoolRef:
        before, amount, time = map(read.value, (word, held, now))
        return z3.And(amount <= AMOUNTS, time < 2**32, before / 2**152 % 2**32 <= time)

    return Answer([moved], facts=[fact], needs=[need])


FOLLOWED = "guards._follow"
FOLLOW = Cut(FOLLOWED, _answer_follow, ("bytecode.guards.follow",))


def check_outflow(word: int, before: int, after: int, now: int) -> int:
    """Do as the specification with the word, wherever the average moves to."""
    assume(within((now, 0, 2**32 - 1)))

    def follow(found: Guards, held: int, now: int) -> Guards:
        keys = map(formula_of, (word, held, now))
        moved = Symbolic(symbol(f"{FOLLOWED} 0", [*keys], z3.IntSort()))
        average = get_field(moved, packing.GUARDS["average"])
        return replace(found, average=average, averaged_at=now)

    with patch.object(guards, "follow", follow):
        return changed(
            word, lambda found: guards.check_outflow(found, before, after, now)
        )


GUARDS = (
    same(
        "guards._age",
        lambda word, now: now - get_field(word, packing.GUARDS["averaged_at"]),
        (
            "(word >> 152) & _LOW_32)\n\n\n@internal\n@pure\ndef _follow",
            "(word >> 151) & _LOW_32)\n\n\n@internal\n@pure\ndef _follow",
        ),
        fits=is_time,
        reads=NOW,
    ),
    same(
        "guards._follow",
        follow,
        ("        (min(average, _LOW_72) << 184)", "        (average << 184)"),
        (
            "- ((word >> 152) & _LOW_32), WINDOW)\n    average",
            "- ((word >> 152) & _LOW_32), 2 * WINDOW)\n    average",
        ),
        fits=lambda word, held, now: within((held, 0, AMOUNTS)) and is_time(word, now),
    ),
    same(
        "guards._check_utilisation",
        check_utilisation,
        (
            "if after <= before or after <= threshold:\n",
            "if after <= threshold:\n",
        ),
        ("start: uint256 = max(threshold, before)", "start: uint256 = before"),
        (
            "        limit = ((changed >> 128) & _LOW_24) * _PPM_UNIT\n",
            "        limit = ((word >> 128) & _LOW_24) * _PPM_UNIT\n",
        ),
        shares=(PART,),
        lifting=Placed,
    ),
    same(
        "guards._check_outflow",
        check_outflow,
        (
            "assert held_after + outflow >= average",
            "assert held_after + outflow > average",
        ),
        ("(word & _LOW_32) * fp.WAD", "(word & _LOW_16) * fp.WAD"),
        (
            "errors.OUTFLOW_TOO_LARGE\n    return changed",
            "errors.OUTFLOW_TOO_LARGE\n    return word",
        ),
        fits=lambda word, before, after, now: (
            within((before, 0, AMOUNTS), (after, 0, AMOUNTS)) and is_time(word, now)
        ),
        cuts=(FOLLOW,),
        shares=(DOWN,),
    ),
)

PROOFS = GUARDS
