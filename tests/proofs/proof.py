"""
What a proof is, and when it counts.

A proof counts as proved only if its claim is established on the project as it is, an
input is known for which the claim says something, and every mutant of it, a small
deliberate fault in the code that it is about, is refuted by a counterexample.
"""

import json
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any, Protocol

from tests.proofs import digests

PROJECT = Path(__file__).resolve().parents[2]
_SPECIFIED = ("specs", "tests/proofs/laws")
_COPIED = (*_SPECIFIED, "contracts", "tests/harness")


class Refuted(Exception):
    """The claim is false; the text is a counterexample."""


class Undecided(Exception):
    """The tool gave no verdict; the text says why."""


@dataclass(frozen=True)
class Mutant:
    """A fault: in ``path``, the one occurrence of ``old`` becomes ``new``."""

    path: str
    old: str
    new: str


class Proof(Protocol):
    """A claim that a tool can check on a copy of the project."""

    identity: str
    statement: str
    layer: int
    tool: str
    mutants: tuple[Mutant, ...]

    def check(self, root: Path) -> str:
        """Return a witness if the claim holds for the project at ``root``."""

    def witness(self, found: str, counterexamples: list[str]) -> str:
        """Return an input for which the claim says something, empty if none."""


@dataclass(frozen=True)
class Result:
    """What came of a proof."""

    id: str
    statement: str
    layer: int
    tool: str
    verdict: str
    seconds: float
    witness: str
    mutants_killed: int
    detail: str = ""

    @property
    def is_proved(self) -> bool:
        """Tell whether the proof counts."""
        return self.verdict == "proved"


@contextmanager
def mutated(mutant: Mutant, parts: tuple[str, ...] = _COPIED) -> Iterator[Path]:
    """Yield a copy of the project's sources, or of parts, with the fault in it."""
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        root = Path(folder)
        for part in parts:
            shutil.copytree(
                PROJECT / part,
                root / part,
                ignore=shutil.ignore_patterns("__pycache__"),
            )
        locate(mutant, root)
        target = root / mutant.path
        target.write_text(target.read_text().replace(mutant.old, mutant.new))
        yield root


def locate(mutant: Mutant, root: Path = PROJECT) -> None:
    """Raise ValueError unless a mutant has its one place in the sources at ``root``."""
    target = root / mutant.path
    if not target.is_file():
        raise ValueError(f"{mutant.path}: no such file")
    count = target.read_text().count(mutant.old)
    if count != 1:
        raise ValueError(f"{mutant.path}: {mutant.old!r} occurs {count} times")


@cache
def _known() -> dict[str, dict[str, Any]]:
    try:
        entries = json.loads((PROJECT / "proofs.json").read_text())
        return {entry["id"]: entry for entry in entries if "witness" in entry}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def known_witness(identity: str) -> str:
    """Return the witness of a proof that ``proofs.json`` has, empty if it has none."""
    return _known().get(identity, {}).get("witness", "")


def are_written_down(proof: Proof) -> bool:
    """
    Tell whether these mutants of a proof were all refuted, as was written down.

    ``proofs.json`` says that as many were, ``mutants.json`` that they are the same.
    """
    if digests.known().get(proof.identity) != digests.digest_of(proof.mutants):
        return False
    entry = _known().get(proof.identity, {})
    wanted = {
        "statement": proof.statement,
        "verdict": "proved",
        "mutants_killed": len(proof.mutants),
    }
    return bool(proof.mutants) and all(entry.get(k) == v for k, v in wanted.items())


def in_child(work: Callable[[], str]) -> str:
    """
    Run ``work`` in a child process of its own and return its text.

    Modules that a check imports from a copy of the project must not outlive it.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        # A worker leaves interrupts to who started it; what it works on ends with them.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.close(reader)
        kind, text = "=", ""
        try:
            try:
                text = work()
            except Refuted as refusal:
                kind, text = "-", str(refusal)
            except Exception as failure:
                kind, text = "?", f"{type(failure).__name__}: {failure}"
            with os.fdopen(writer, "w") as pipe:
                pipe.write(kind + text)
        finally:  # whatever else is raised, the child is not to go on as its parent
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    if answer[:1] == "-":
        raise Refuted(answer[1:])
    if answer[:1] != "=":
        raise Undecided(answer[1:] or "the process died")
    return answer[1:]


def judge(proof: Proof, spares_mutants: bool = False) -> Result:
    """
    Check the claim, then each of its mutants, and say what came of it.

    Mutants that were refuted before may be spared; not those of a proof that is new, or
    of which the statement or any mutant has changed, nor one that has lost its place.
    """
    start = time.monotonic()
    found, counterexamples = "", []
    try:
        found = in_child(lambda: proof.check(PROJECT))
        verdict, detail = "proved", ""
    except Refuted as refusal:
        verdict, detail = "refuted", str(refusal)
    except Undecided as failure:
        verdict, detail = "undecided", str(failure)
    if verdict == "proved" and spares_mutants and are_written_down(proof):
        counterexamples = [""] * len(proof.mutants)
        known = f"false when calling {known_witness(proof.identity)}"
        found = _witness(proof, found, [known])
        displaced = _displaced(proof)
        if displaced:
            verdict, detail = "untested", "; ".join(displaced)
    elif verdict == "proved":
        survivors = []
        # Some have a way of their own.
        refute = getattr(proof, "refute", partial(_refute, proof))
        for mutant in proof.mutants:
            try:
                counterexamples.append(refute(mutant))
            except (Undecided, ValueError) as failure:
                survivors.append(f"{mutant.old!r} -> {mutant.new!r}: {failure}")
        found = _witness(proof, found, counterexamples)
        if survivors or not counterexamples:
            verdict = "untested"
            detail = "; ".join(survivors) or "no mutant"
    if verdict == "proved" and not found:
        verdict, detail = "vacuous", "no input is known for which it says something"
    return Result(
        proof.identity,
        proof.statement,
        proof.layer,
        proof.tool,
        verdict,
        round(time.monotonic() - start, 2),
        found,
        len(counterexamples),
        detail,
    )


def _displaced(proof: Proof) -> list[str]:
    """Return what is wrong with the places of mutants that are spared."""
    found = []
    for mutant in proof.mutants:
        try:
            # Some are not of a file.
            getattr(proof, "locate", locate)(mutant)
        except ValueError as failure:
            found.append(str(failure))
    return found


def _refute(proof: Proof, mutant: Mutant) -> str:
    """Return the counterexample to the claim about a mutant."""
    parts = _SPECIFIED if proof.layer == 1 else _COPIED
    with mutated(mutant, parts) as root:
        try:
            in_child(lambda: proof.check(root))
        except Refuted as refusal:
            return str(refusal)
    raise Undecided("survived")


def _witness(proof: Proof, found: str, counterexamples: list[str]) -> str:
    try:
        return in_child(lambda: proof.witness(found, counterexamples))
    except (Refuted, Undecided):
        return ""
