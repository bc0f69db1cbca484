"""Layer 3 of governance: the proofs; what they say is in the table beside them."""

from tests.proofs.proof import Mutant
from tests.proofs.steps.family import Family
from tests.proofs.steps.governance_claims import CODE, SETTLE, Setter, governs, settles
from tests.proofs.steps.governance_mutants import MUTANTS
from tests.proofs.steps.governance_table import (
    ANNOUNCEMENTS,
    ASSETS,
    LISTINGS,
    MARKETS,
    POOLS,
    POWERS,
    SWITCHES,
)
from tests.proofs.transition import Step


def _step(setter: Setter) -> Step:
    return Step(
        f"step.governance.{setter.function}",
        "",
        CODE,
        setter.function,
        tuple(setter.arguments.split()),
        governs(setter),
        MUTANTS[setter.function],
        theories=setter.theories,
        cuts=(SETTLE, *setter.cuts) if setter.looser else setter.cuts,
        keeps_refusals=False,
    )


def _family(name: str, statement: str, setters: tuple[Setter, ...]) -> Family:
    steps = tuple(map(_step, setters))
    return Family(
        f"step.governance.{name}", statement, steps, serves=("I13", "I14", "I43")
    )


PROOFS = (
    Step(
        "step.governance.settle",
        "Under a delay what loosens was announced as long before, and not much longer; "
        "an announcement is used up.",
        CODE,
        "GovernanceCode._settle",
        ("change", "is_loosening"),
        settles,
        (
            Mutant(
                CODE,
                "    if is_loosening and delay != 0:",
                "    if is_loosening and delay > 3600:",
            ),
            Mutant(CODE, "    state.queued[change] = 0\n\n\n", "    pass\n\n\n"),
            Mutant(
                "contracts/modules/delays.vy",
                "assert ready_at <= block.timestamp, errors",
                "assert queued_at <= block.timestamp, errors",
            ),
        ),
        keeps_refusals=False,
        serves=("I43",),
    ),
    _family(
        "announcements",
        "The governor alone announces what loosens, and it or the guardian takes that "
        "back, but the guardian not its own dismissal; nothing else is written.",
        ANNOUNCEMENTS,
    ),
    _family(
        "powers",
        "The governor alone gives powers; what loosens was announced; nothing else is "
        "written.",
        POWERS,
    ),
    _family(
        "switches",
        "The governor or the guardian pauses, the governor alone ends a pause or a "
        "halt, which was announced; nothing else is written.",
        SWITCHES,
    ),
    _family(
        "pools",
        "The governor alone sets a pool's rates, caps and guards, each in its own "
        "bits; what loosens was announced; nothing else is written.",
        POOLS,
    ),
    _family(
        "assets",
        "The governor alone sets an asset's risk, each parameter in its own bits; what "
        "loosens was announced; anyone has a weight rise by its ramp; nothing else is "
        "written.",
        ASSETS,
    ),
    _family(
        "markets",
        "The governor alone sets a market's parameters, each in its own bits; what "
        "loosens was announced; nothing else is written.",
        MARKETS,
    ),
    _family(
        "listings",
        "The governor alone lists, as was announced, under a free number, no token "
        "twice; nothing else is written.",
        LISTINGS,
    ),
)
