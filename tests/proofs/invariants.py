"""
What each invariant rests on, and what may be said of it for that.

An invariant is *proved* if the proofs that are named here, with all that serve it,
establish it, by an argument and on assumptions that are written beside them; all of
these proofs have to be proved in the same run. It is *tested* if it is a function that
random walks assert, or has tests of its own; proofs may serve it, but leave something
out. Else it is *open*.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from tests.proofs import walks
from tests.proofs.arguments import ARGUMENTS
from tests.proofs.proof import Proof, Result

NUMBERS = tuple(f"I{number}" for number in range(1, 51))
FAILED = "failed"
"""The verdict of what should be proved or tested and is not; never committed."""

NO_LAYER = 0
TESTS = 4


@dataclass(frozen=True)
class Ground:
    """What is said of an invariant, besides what its functions and its proofs say."""

    because: str = ""
    """Why the proofs establish it; if empty, it is tested."""
    proofs: tuple[str, ...] = ()
    """Names, or patterns of them, of proofs that do, besides those that serve it."""
    assuming: str = ""
    """What remains to be assumed, or what of it is not proved."""
    states: str = ""
    """The invariant, or what it says besides its functions."""
    tests: tuple[str, ...] = ()
    """Tests of it besides the walks."""
    faults: int = 0
    """How many deliberate mistakes those tests notice, and below, where they are."""
    faults_in: str = ""
    is_open: bool = False


GROUNDS: Mapping[str, Ground] = {
    "I31": Ground(
        states="and an asset's update more than 60 s after its last one counts only "
        "once updates have gone on for 30 s",
        tests=("test_outage.py", "test_oracle_contract.py"),
        faults=8,
        faults_in="`outage.vy`, `book_basis.vy`, `PriceOracle.vy`",
    ),
    "I45": Ground(
        states="a root of all accounts' balances matches the totals",
        assuming="there is no root; reserves of each asset: `Lens.reserves`",
        tests=("test_lens_pools.py",),
        is_open=True,
    ),
    "I46": Ground(
        states="a quote fills once, on one of its sides, before its expiry, inside the "
        "bands and both sides' limits; one that names a request fills that one alone, "
        "all of it, once",
        tests=("test_quote_desk.py", "test_two_sided.py", "test_requests.py"),
        faults=16,
        faults_in="`QuoteDesk.vy`, `quotes.vy`, `requests.vy`",
    ),
    "I47": Ground(
        states="a strategy vault's share price is unmoved by donations",
        assuming="there are no vaults",
        is_open=True,
    ),
    "I48": Ground(
        states="no callback of a token changes state or reads it half-written",
        tests=("test_hostile_tokens.py",),
        faults=1,
        faults_in="a lock removed",
    ),
    "I49": Ground(
        states="contract and specification agree on every stored integer and every "
        "refusal",
        tests=("test_contract.py", "test_walk.py", "test_bulk.py"),
        faults=6,
        faults_in="`ledger.vy`, `SettleCode.vy`, `Liquidator.vy`, `providers.vy`",
    ),
    "I50": Ground(
        states="events alone reproduce the state",
        tests=("test_history.py",),
        faults=128,
        faults_in="each event left out, each with a wrong field",
    ),
}


def ground_of(number: str) -> Ground:
    """Return what is said of an invariant."""
    ground = GROUNDS.get(number, Ground())
    argument = ARGUMENTS.get(number)
    return replace(ground, **argument._asdict()) if argument else ground


def statement_of(number: str) -> str:
    """Return what holds."""
    parts = walks.statement_of(number), ground_of(number).states
    return "; ".join(part for part in parts if part)


def parts_of(number: str, proofs: Sequence[Proof]) -> list[Proof]:
    """Return the proofs that an invariant rests on, or that serve it."""
    patterns = ground_of(number).proofs
    return [
        proof
        for proof in proofs
        if number in getattr(proof, "serves", ())
        or any(fnmatchcase(proof.identity, pattern) for pattern in patterns)
    ]


def entries(
    proofs: Sequence[Proof], results: Mapping[str, Result]
) -> list[dict[str, Any]]:
    """Return ``proofs.json``: the invariants, then the proofs, each after its layer."""
    ordered = sorted(proofs, key=lambda proof: (proof.layer, proof.identity))
    return [
        *(_of_invariant(number, proofs, results) for number in NUMBERS),
        *(_of_proof(results[proof.identity]) for proof in ordered),
    ]


def _of_proof(result: Result) -> dict[str, Any]:
    return _entry(
        result.id,
        result.statement,
        result.layer,
        result.tool,
        "proved" if result.is_proved else FAILED,
        result.seconds,
        result.witness,
        result.mutants_killed,
    )


def _of_invariant(
    number: str, proofs: Sequence[Proof], results: Mapping[str, Result]
) -> dict[str, Any]:
    ground = ground_of(number)
    parts = [results[proof.identity] for proof in parts_of(number, proofs)]
    walked = results.get(number)
    is_kept = walked is None or walked.is_proved
    if ground.is_open:
        verdict, layer, tools, witness = "open", NO_LAYER, [], ""
    elif ground.because:
        is_proved = is_kept and parts and all(part.is_proved for part in parts)
        verdict = "proved" if is_proved else FAILED
        layer = max((part.layer for part in parts), default=NO_LAYER)
        tools = sorted({part.tool for part in parts})
        witness = _witness(parts)
    else:
        verdict, layer = "tested" if is_kept else FAILED, TESTS
        tools = [walked.tool] if walked else ["tests"]
        witness = walked.witness if walked else ", ".join(ground.tests)
    killed = sum(part.mutants_killed for part in parts) + ground.faults
    seconds = sum(part.seconds for part in parts)
    if walked:
        killed += walked.mutants_killed
        seconds += walked.seconds
    return _entry(
        number,
        statement_of(number),
        layer,
        ", ".join(tools),
        verdict,
        round(seconds, 2),
        witness,
        killed,
    )


def _witness(parts: Sequence[Result]) -> str:
    """Return what the part of the highest layer was not empty for."""
    if not parts:
        return ""
    best = max(parts, key=lambda part: part.layer)
    return f"{best.id}: {best.witness}"


def _entry(
    identity: str,
    statement: str,
    layer: int,
    tool: str,
    verdict: str,
    seconds: float,
    witness: str,
    killed: int,
) -> dict[str, Any]:
    return {
        "id": identity,
        "statement": statement,
        "layer": layer,
        "tool": tool,
        "verdict": verdict,
        "seconds": seconds,
        "witness": witness,
        "mutants_killed": killed,
    }
