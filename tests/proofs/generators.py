"""
The same proofs on what other code generators make of the same source.

The deployables are compiled with ``-O gas``. A proof that holds of the code of all
generators is about the source, and a fault of one of them would be seen; and whoever
deploys with another one knows what is proved of that. Mutants are refuted on the
deployed code alone.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from vyper.compiler.settings import OptimizationLevel, Settings

from tests.proofs import bytecode
from tests.proofs.proof import PROJECT, Proof, Refuted, Undecided, in_child

GENERATORS: Mapping[str, Settings] = {
    "gas": bytecode.SETTINGS,
    "codesize": Settings(optimize=OptimizationLevel.CODESIZE, evm_version="cancun"),
    "none": Settings(optimize=OptimizationLevel.NONE, evm_version="cancun"),
    "venom": Settings(
        optimize=OptimizationLevel.GAS, evm_version="cancun", experimental_codegen=True
    ),
}

UNSUPPORTED: Mapping[tuple[str, str], str] = {
    ("none", "bytecode.distress.flag"): "z3 gives up on fields joined without -O gas",
}
"""By generator and pattern of names, why these proofs can't be checked on its code."""

NO_ENTRY = "Venom puts internal functions where they are called: none to begin at"


@dataclass
class Generated:
    """What became of a proof on the code of one generator."""

    identity: str
    generator: str
    verdict: str
    detail: str
    seconds: float


def tasks(proofs: Sequence[Proof]) -> list[tuple[str, str]]:
    """Return what is to be checked: proofs of bytecode, by generator."""
    return [
        (proof.identity, generator)
        for proof in proofs
        if proof.layer in (2, 3) and not getattr(proof, "cuts", ())
        for generator in GENERATORS
    ]


def check(proof: Proof, generator: str) -> Generated:
    """Check a proof on the code of a generator."""
    begun = time.monotonic()

    def work() -> str:
        # What every proof is compiled with unless it says otherwise, and none does.
        bytecode.compiled.cache_clear()
        compiled = bytecode.compiled.__wrapped__
        compiled.__defaults__ = (GENERATORS[generator],)
        return proof.check(PROJECT)

    verdict, detail = "proved", ""
    reason = excuse(proof, generator)
    try:
        if reason != NO_ENTRY:
            in_child(work)
    except (Refuted, Undecided) as failure:
        verdict, detail = type(failure).__name__.lower(), str(failure)
    if reason and (verdict == "undecided" or reason == NO_ENTRY):
        verdict, detail = "listed", reason
    elif reason and verdict == "proved":
        verdict, detail = "unlisted", "it is proved: the list says that it can't be"
    seconds = round(time.monotonic() - begun, 2)
    return Generated(proof.identity, generator, verdict, detail, seconds)


def excuse(proof: Proof, generator: str) -> str:
    """Return why a proof can't be checked on the code of a generator, if so."""
    if generator == "venom" and "._" in getattr(proof, "function", ""):
        return NO_ENTRY
    for (of, pattern), reason in UNSUPPORTED.items():
        if of == generator and fnmatchcase(proof.identity, pattern):
            return reason
    return ""
