"""
A process that tries mutants in a copy of the project.

It is started in the copy, with the copy's own code. One line of JSON asks for a mutant,
one answers. Whatever runs on a mutant does so in a child, forked from here, where all
that does not depend on the mutant is loaded already.
"""

import importlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.mutation import healthy
from tests.mutation.operators import Mutant
from tests.mutation.reach import survey
from tests.mutation.trial import ContractTrial, SpecificationTrial

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parents[1]
"""Beside the copies: what is known of the project without mutants, for all of them."""
PACKAGES = (
    "eth_abi",
    "eth_account",
    "hypothesis.stateful",
    "pyrevm",
    "pytest",
    "vyper.compiler",
    "xdist",
)
"""What children need of others."""


def preload(kind: str) -> None:
    """Load what children need and no mutant of this kind changes."""
    for name in PACKAGES:
        importlib.import_module(name)
    if kind == "specs":
        return
    importlib.import_module("tests.mutation.compiler")
    for folder in ("helpers", "stateful"):
        for path in sorted((ROOT / "tests" / folder).glob("[!_]*.py")):
            importlib.import_module(f"tests.{folder}.{path.stem}")


def serve(kind: str, effort: float, requests: Iterator[str]) -> Iterator[dict]:
    """Answer requests, of a mutant each."""
    reach = survey(ROOT, SHARED / "reach")
    preload(kind)
    with scratch():
        known = healthy.learn(ROOT, SHARED / "healthy")
    yield {"ready": True}
    for request in requests:
        mutant = Mutant(**json.loads(request))
        if kind == "specs":
            trial = SpecificationTrial(mutant, known, effort)
        else:
            trial = ContractTrial(mutant, known, effort, reach)
        begun = time.monotonic()
        with scratch():
            verdict, by = trial.judge()
        known.shelf.clear()
        yield {
            "id": mutant.id,
            "verdict": verdict,
            "by": by,
            "seconds": round(trial.seconds, 1),
            "wall": round(time.monotonic() - begun, 1),
        }


@contextmanager
def scratch() -> Iterator[None]:
    """Leave nothing behind of what is copied in between."""
    tempfile.tempdir = tempfile.mkdtemp(dir=ROOT / ".cache")
    try:
        yield
    finally:
        shutil.rmtree(tempfile.tempdir)


def main() -> None:
    """Speak with whoever started this process, and with nobody else on that line."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    kind, effort = sys.argv[1], float(sys.argv[2])
    for answer in serve(kind, effort, iter(sys.stdin.readline, "")):
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
