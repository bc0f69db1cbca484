"""Lemma of the throttle: a step lets no more be lent out than the maximum."""

from types import ModuleType
from typing import Any

from specs.fixed_point import WAD, mul_div_down
from tests.proofs.lemma import Argument, Fact, Lemma, Times
from tests.proofs.proof import Mutant


def a_step_admits_no_more_than_the_maximum(
    argument: Argument, admissible: Any, *numbers: Any
) -> None:
    """Show it: a share of the room is between nothing and all of it."""
    threshold, highest, share, utilisation = numbers
    unit, part = WAD // 10_000, WAD // 10**6
    limit, least = highest * WAD // 10_000, threshold * WAD // 10_000
    for exact, rounded in ((highest, limit), (threshold, least)):
        argument.show(exact * unit, rounded, over=10_000)
    start = max(least, utilisation)
    room = mul_div_down(limit - start, share, 10_000)
    rest = Times(Fact(share, 10_000), limit - start)
    argument.show(room, limit - start, rest, over=10_000)
    argument.show(0, room, Times(Fact(start, limit), share))
    argument.show(
        admissible * part, highest * unit, claim="at most the maximum is admitted"
    )
    argument.show(
        utilisation + 1, (admissible + 1) * part, claim="at least what there is"
    )


def _admit(module: ModuleType, *numbers: Any) -> Any:
    threshold, highest, share, utilisation = numbers
    guards = module.Guards(0, 0, 0, 0, highest, threshold, share, 0, 0)
    return module.compute_admissible(guards, utilisation)


PROOFS = (
    Lemma(
        "specs.guards",
        "a_step_admits_no_more_than_the_maximum",
        "What a step of the throttle admits is between where it begins and the "
        "maximum, but for rounding.",
        ("threshold", "highest", "share", "utilisation"),
        lambda threshold, highest, share, utilisation: [
            Fact(0, threshold),
            Fact(threshold, highest),
            Fact(highest, 10_000),
            Fact(0, share),
            Fact(share, 10_000),
            Fact(0, utilisation),
            Fact(utilisation, highest * (WAD // 10_000)),
        ],
        _admit,
        a_step_admits_no_more_than_the_maximum,
        lambda source: (
            source.randrange(5_000),
            source.randrange(5_000, 10_001),
            source.randrange(10_001),
            source.randrange(WAD // 2),
        ),
        (
            Mutant(
                "specs/guards.py",
                "highest - start, guards.throttle_share",
                "highest, guards.throttle_share",
            ),
        ),
        serves=("I4",),
    ),
)
