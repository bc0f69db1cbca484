"""
What loosens, of the words before a change and after it: said once more, by field.

Whoever may take more risk at the cost of others by it, or has to pay more, or is paid
less, has to be told before.
"""

import z3

from specs.bounds import ROLES
from tests.proofs.lifter.terms import Term, build, constant
from tests.proofs.steps.fields import equal, field, is_zero, less
from tests.proofs.transition import Transition

Found = dict[str, tuple[Term, Term]]
"""Words before and after, by name."""


def always(step: Transition, found: Found) -> z3.BoolRef:
    """Tell that every such change has to wait."""
    return z3.BoolVal(True)


def _rises(
    step: Transition, pair: tuple[Term, Term], offset: int, width: int
) -> z3.BoolRef:
    old, new = (field(word, offset, width) for word in pair)
    return less(step, old, new)


def _falls(
    step: Transition, pair: tuple[Term, Term], offset: int, width: int
) -> z3.BoolRef:
    return _rises(step, pair[::-1], offset, width)


def _lets_more(
    step: Transition, pair: tuple[Term, Term], offset: int, width: int
) -> z3.BoolRef:
    """Tell whether a limit rises or ends, where 0 is none."""
    old, new = (field(word, offset, width) for word in pair)
    ends = z3.Or(is_zero(step, new), less(step, old, new))
    return z3.And(z3.Not(is_zero(step, old)), ends)


def venue(step: Transition, found: Found) -> z3.BoolRef:
    old, new = found["venues"]
    added = build("and", constant(ROLES), build("and", new, build("not", old)))
    return z3.Not(is_zero(step, added))


def guardian(step: Transition, found: Found) -> z3.BoolRef:
    old, new = found["guardian"]
    return z3.And(z3.Not(is_zero(step, old)), z3.Not(equal(step, old, new)))


def delay(step: Transition, found: Found) -> z3.BoolRef:
    old, new = found["delay"]
    return less(step, new, old)


def curve(step: Transition, found: Found) -> z3.BoolRef:
    pair = found["curve"]
    falls = []
    sums = [constant(0), constant(0)]
    for offset in (0, 40, 80):
        parts = [field(word, offset, 40) for word in pair]
        sums = [build("add", s, part) for s, part in zip(sums, parts, strict=True)]
        falls.append(less(step, sums[1], sums[0]))
    return z3.Or(*falls, _rises(step, pair, 120, 24), _rises(step, pair, 144, 24))


def margin(step: Transition, pair: tuple[Term, Term]) -> z3.BoolRef:
    fields = ((0, 24), (24, 24), (48, 40), (88, 40))
    return z3.Or(
        *(_falls(step, pair, *at) for at in fields),
        _rises(step, pair, 128, 24),
        _rises(step, pair, 152, 24),
    )


def asset(step: Transition, found: Found) -> z3.BoolRef:
    return z3.Or(
        margin(step, found["risk"]),
        _rises(step, found["risk"], 176, 24),
        _falls(step, found["quote"], 0, 40),
    )


def caps(step: Transition, found: Found) -> z3.BoolRef:
    pair = found["curve"]
    return z3.Or(_lets_more(step, pair, 176, 40), _lets_more(step, pair, 216, 40))


def guards(step: Transition, found: Found) -> z3.BoolRef:
    pair = found["guards"]
    is_limited = z3.Not(is_zero(step, field(pair[0], 32, 16)))
    return z3.Or(
        *(_rises(step, pair, offset, 16) for offset in (48, 64, 80)),
        _lets_more(step, pair, 32, 16),
        z3.And(is_limited, _rises(step, pair, 0, 32)),
    )


def market(step: Transition, found: Found) -> z3.BoolRef:
    return margin(step, found["market_risk"])


def fund_cap(step: Transition, found: Found) -> z3.BoolRef:
    return _rises(step, found["market_fund"], 0, 32)


def limits(step: Transition, found: Found) -> z3.BoolRef:
    pair = found["market_limits"]
    return z3.Or(
        _rises(step, pair, 192, 64),
        _rises(step, pair, 128, 64),
        _falls(step, pair, 96, 32),
        _falls(step, pair, 56, 40),
        _lets_more(step, pair, 24, 32),
        _falls(step, pair, 8, 16),
    )


def cull(step: Transition, found: Found) -> z3.BoolRef:
    pair = found["market_cull"]
    return z3.Or(
        _rises(step, pair, 192, 64),
        _lets_more(step, pair, 128, 64),
        _lets_more(step, pair, 64, 64),
    )
