"""
CrossHair, and nothing but "confirmed over all paths".

A law is a function of the specification, or one in ``laws/`` that calls it, whose
docstring states `pre:` and `post:` conditions. CrossHair alone is no gate: it ends well
for "not confirmed", for preconditions that nothing meets and for no conditions at all.
"""

import ast
import importlib
import inspect
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from crosshair.core_and_libs import analyze_function, run_checkables
from crosshair.options import AnalysisKind, AnalysisOptionSet
from crosshair.statespace import AnalysisMessage, MessageType

from tests.proofs.proof import (
    PROJECT,
    Mutant,
    Refuted,
    Undecided,
    in_child,
    known_witness,
    mutated,
)

PATIENCE = 30.0
"""Seconds for a condition, and for one path: left alone, a path gets their root."""

ATTEMPTS = 3
"""How often an undecided law is tried: what the solver finds quickly is partly luck."""

_SOURCES = ("specs", "tests.proofs.laws")
_CONDITION = re.compile(r"\s*(pre|post):")
_SERVES = re.compile(r"^\s*Serves: (?P<names>[^.]+)\.$", re.MULTILINE)
_CALL = re.compile(r"when calling (?P<call>.*?)(?: \(which |$)", re.DOTALL)


@dataclass(frozen=True)
class Law:
    """A function whose every post-condition holds for all integers."""

    module: str
    function: str
    statement: str
    mutants: tuple[Mutant, ...]
    layer: int = 1
    tool: str = "crosshair"

    @property
    def identity(self) -> str:
        """Return the law's name with that of its mechanism."""
        return f"{self.module.rpartition('.')[2]}.{self.function}"

    @property
    def serves(self) -> tuple[str, ...]:
        """Return the invariants that it is a part of."""
        return serves(getattr(importlib.import_module(self.module), self.function))

    def check(self, root: Path) -> str:
        """Raise unless every condition is confirmed over all paths."""
        with alone(root, self.module, self.function) as bare:
            function = getattr(load(self.module, bare), self.function)
            wanted = count_posts(function)
            for _ in range(ATTEMPTS):
                said = judge_messages(analyse(function), wanted)
                if not said:
                    return ""
        raise Undecided(said)

    def refute(self, mutant: Mutant) -> str:
        """
        Return a counterexample to the law about a mutant.

        The one that was written down last is tried first: what CrossHair comes upon
        depends on how much time it gets, and ``proofs.json`` should not.
        """
        call = known_witness(self.identity)
        with mutated(mutant) as root:
            try:
                if call and in_child(lambda: self._say_if_broken(call, root)):
                    return f"when calling {call}"
            except Undecided:
                pass  # no call of the law as it is now
            try:
                in_child(lambda: self.check(root))
            except Refuted as refusal:
                return str(refusal)
        raise Undecided("survived")

    def _say_if_broken(self, call: str, root: Path) -> str:
        module = load(self.module, root)
        is_meant, is_met = judge_call(getattr(module, self.function), call, module)
        return "it is" if is_meant and not is_met else ""

    def witness(self, found: str, counterexamples: list[str]) -> str:
        """Return a call that meets the law here and breaks it for a mutant."""
        module = load(self.module, PROJECT)
        known = f"when calling {known_witness(self.identity)}"
        for text in sorted(counterexamples, key=lambda text: text != known):
            match = _CALL.search(text)
            if match and holds(getattr(module, self.function), match["call"], module):
                return match["call"]
        return ""


def serves(function: Callable[..., Any]) -> tuple[str, ...]:
    """
    Return the invariants that a law is a part of, as its docstring says: a line like
    `Serves: I1, I2.` For a function of the specification, which knows nothing of laws,
    ``SERVES`` says it, beside the laws of its module.
    """
    module, name = function.__module__, function.__name__
    if module.startswith("specs."):
        laws = importlib.import_module(f"tests.proofs.laws.{module[6:]}")
        named: tuple[str, ...] = laws.SERVES.get(name, ())
        return named
    match = _SERVES.search(inspect.getdoc(function) or "")
    return tuple(match["names"].split(", ")) if match else ()


def judge_messages(messages: list[AnalysisMessage], wanted: int) -> str:
    """
    Return what is missing until ``wanted`` conditions are confirmed, which is nothing
    if all are; raise if one is refuted.
    """
    for message in messages:
        if message.state == MessageType.POST_FAIL:
            raise Refuted(message.message)
    confirmed = {m.line for m in messages if m.state == MessageType.CONFIRMED}
    if wanted and len(messages) == len(confirmed) >= wanted:
        return ""
    said = "; ".join(f"{m.state.name}: {m.message}" for m in messages)
    return said or "nothing was said"


def load(name: str, root: Path) -> ModuleType:
    """Import a law, with the specification that it speaks of, from ``root``."""
    if root != PROJECT:
        for known in [n for n in sys.modules if n.startswith(_SOURCES)]:
            del sys.modules[known]
        sys.path.insert(0, str(root))
        package = importlib.import_module("tests.proofs")
        package.__path__ = [str(root / "tests" / "proofs"), *package.__path__]
    return importlib.import_module(name)


@contextmanager
def alone(root: Path, module: str, function: str) -> Iterator[Path]:
    """
    Yield a copy of the sources at ``root`` in which one function has conditions.

    CrossHair checks those of the functions that are called too, and drops a path on
    which one is broken: a law would be confirmed for a mutant because the mutant is
    wrong. A law is to stand on the code alone.
    """
    with tempfile.TemporaryDirectory(prefix="law-") as folder:
        for package in ("specs", "tests/proofs/laws"):
            (Path(folder) / package).mkdir(parents=True)
            for path in (root / package).glob("*.py"):
                name = f"{package}/{path.stem}".replace("/", ".")
                kept = function if name == module else ""
                bare = without_conditions(path.read_text(), kept)
                (Path(folder) / package / path.name).write_text(bare)
        yield Path(folder)


def without_conditions(source: str, kept: str) -> str:
    """Return source text with all conditions blanked but those of one function."""
    lines = source.split("\n")
    if not any(map(_CONDITION.match, lines)):
        return source
    for part in ast.parse(source).body:
        if isinstance(part, ast.FunctionDef) and part.name != kept:
            for at in range(part.lineno - 1, part.body[0].end_lineno or 0):
                if _CONDITION.match(lines[at]):
                    lines[at] = ""
    return "\n".join(lines)


def analyse(function: Callable[..., Any]) -> list[AnalysisMessage]:
    """Return what CrossHair says of a function's conditions."""
    options = AnalysisOptionSet(
        analysis_kind=[AnalysisKind.PEP316],
        report_all=True,
        per_condition_timeout=PATIENCE,
        per_path_timeout=PATIENCE,
    )
    return run_checkables(analyze_function(function, options))


def conditions(function: Callable[..., Any], kind: str) -> list[str]:
    """Return the ``pre:`` or ``post:`` expressions of a function's docstring."""
    lines = (inspect.getdoc(function) or "").splitlines()
    return [
        line.strip().removeprefix(f"{kind}:").strip()
        for line in lines
        if line.strip().startswith(f"{kind}:")
    ]


def count_posts(function: Callable[..., Any]) -> int:
    """Return the number of post-conditions that a function states."""
    return len(conditions(function, "post"))


def holds(function: Callable[..., Any], call: str, module: ModuleType) -> bool:
    """Tell whether the preconditions and post-conditions are true of one call."""
    return all(judge_call(function, call, module))


def judge_call(
    function: Callable[..., Any], call: str, module: ModuleType
) -> tuple[bool, bool]:
    """Tell whether a call meets the preconditions, and then the post-conditions."""
    names = dict(vars(module))
    _, arguments = call.split("(", 1)
    names["collect"] = lambda *positional, **named: (positional, named)
    positional, named = eval(f"collect({arguments}", names)
    bound = inspect.signature(function).bind(*positional, **named).arguments
    if not all(eval(c, {**names, **bound}) for c in conditions(function, "pre")):
        return False, False
    result = function(*positional, **named)
    facts = {**names, **bound, "__return__": result, "_": result}
    return True, all(eval(c, facts) for c in conditions(function, "post"))
