"""
The claim that a function of a contract equals one of the specification.

Both are run on symbolic input, each forking where it has to. For every pair of a path
of the code and a path of the specification that share an input, the verdicts, the
reasons and the values must be the same.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePath
from typing import Any, NamedTuple

import z3

from specs.errors import Revert
from tests.proofs.bytecode import (
    argument,
    compiled,
    deployed,
    range_of,
    signature_of,
    verdicts,
)
from tests.proofs.lifter.integers import Integers
from tests.proofs.lifter.machine import Machine
from tests.proofs.lifter.machine import Path as Trace
from tests.proofs.lifter.ranges import conclude
from tests.proofs.lifter.reference import (
    Outcome,
    Symbolic,
    formula_of,
    outcomes,
    within,
)
from tests.proofs.lifter.terms import Term, is_constant
from tests.proofs.proof import Mutant
from tests.proofs.witness import Search


class Answer(NamedTuple):
    """What the specification says of some input."""

    values: tuple[Any, ...]
    reason: str | None
    """None for a result, else the text of the refusal, empty for a bare one."""
    may_overflow: bool
    """Whether the machine may refuse instead, for a number that fits no word."""


class Unclaimed(Exception):
    """Of this input nothing is claimed: no caller passes it."""


def assume(condition: bool) -> None:
    """Let a reference claim nothing unless a condition holds."""
    if not condition:
        raise Unclaimed


@dataclass(frozen=True)
class Equality:
    """
    A function of a contract equals one of the specification, for every input.

    Whatever the words of the input are, a result is the specified one. For input
    that ``fits``, there is a result if and only if one is specified, and a refusal has
    the specified reason; other input may be refused without a reason, and is if the
    bounds are ``exact``.
    """

    contract: str
    function: str
    reference: Callable[..., Any]
    fits: Callable[..., bool]
    mutants: tuple[Mutant, ...]
    is_exact: bool = False
    layer: int = 2
    tool: str = "lifter"
    is_bounded: bool = False
    """Whether nothing is said of input that does not fit."""
    internal: str = ""
    """The function's name in its module, where it isn't that in the harness."""

    @property
    def identity(self) -> str:
        """Return the function's name with that of its mechanism."""
        return f"bytecode.{PurePath(self.mutants[0].path).stem}.{self.function}"

    @property
    def subject(self) -> str:
        """Return the function that it is about, as ``module.function``."""
        module = PurePath(self.mutants[0].path).stem
        if "." in self.function:
            return self.function
        return f"{module}.{self.internal or '_' + self.function}"

    @property
    def statement(self) -> str:
        """Return the claim in words."""
        if self.is_exact:
            return "The bytecode returns and refuses what is specified, for all words."
        if self.is_bounded:
            return (
                "The bytecode returns and refuses what is specified, within the "
                "protocol's bounds."
            )
        return (
            "The bytecode returns what is specified or nothing, for all words, and "
            "refuses nothing else within the protocol's bounds."
        )

    def check(self, root: Path) -> str:
        """Return an input on which both succeed, if both always agree."""
        output = compiled(root / self.contract, root)
        signature = signature_of(output, self.function)
        names = list(inspect.signature(self.reference).parameters)
        arguments = [
            argument(name, kind)
            for name, kind in zip(names, signature.arguments, strict=True)
        ]
        _, _, code = deployed(output)
        search = Search(self.identity, root)
        with verdicts():
            for trace in Machine(code).run(signature.selector, arguments):
                lifted = Integers(trace.conditions, arguments)
                for given, answer in self._answers(lifted, names, signature.arguments):
                    self._compare(trace, lifted, given, answer, signature.results)
                    if trace.succeeds and answer.reason is None:
                        search.among(partial(_together, given, lifted.doubts))
        return search.found

    def witness(self, found: str, counterexamples: list[str]) -> str:
        """Return the input that was found."""
        return found

    def _compare(
        self,
        trace: Trace,
        lifted: Integers,
        given: list[z3.BoolRef],
        answer: Answer,
        results: list[str],
    ) -> None:
        reason = None if trace.succeeds else trace.reason
        if reason == "" and answer.may_overflow:
            return
        if reason != answer.reason:
            claim = f"{self.function}: {_say(reason)} for {_say(answer.reason)}"
            conclude(given, z3.BoolVal(False), claim, lifted.doubts)
        elif reason is None:
            returned = zip(trace.words, answer.values, results, strict=True)
            for at, (word, expected, kind) in enumerate(returned):
                value = lifted.value(word, is_signed=kind.startswith("int"))
                # Reading a word may have named unknowns that have ranges.
                facts = [*lifted.bounds, *given]
                equal = value == formula_of(expected)
                claim = f"{self.function}: value {at}"
                conclude(facts, equal, claim, lifted.doubts)

    def _answers(
        self,
        lifted: Integers,
        names: list[str],
        kinds: list[str],
        words: Mapping[str, Term] | None = None,
    ) -> Iterator[tuple[list[z3.BoolRef], Answer]]:
        """Yield what is specified, and when, for inputs that take the lifted path."""

        def typed(values: tuple[Any, ...]) -> list[tuple[Any, int, int]]:
            return [(v, *range_of(k)) for v, k in zip(values, kinds, strict=True)]

        def specified(*values: Any) -> Answer | None:
            if not within(*typed(values)):
                return Answer((), "", False)
            fits = bool(self.fits(*values))
            if self.is_bounded and not fits:
                return None
            if self.is_exact and not fits:
                return Answer((), "", False)
            try:
                result = self.reference(*values)
            except Revert as refusal:
                return Answer((), refusal.reason, not fits)
            except ZeroDivisionError:
                return Answer((), "", not fits)
            except Unclaimed:
                return None
            several = result if isinstance(result, tuple) else (result,)
            return Answer(several, None, not fits)

        numbers = [Symbolic(z3.Int(name)) for name in names]
        if words is not None:
            numbers = [
                word.arguments[0]
                if is_constant(word)
                else Symbolic(lifted.value(word, is_signed=kind.startswith("int")))
                for word, kind in zip(words.values(), kinds, strict=True)
            ]
        for outcome in outcomes(specified, *numbers, known=lifted.hypotheses):
            if outcome.value is not None:
                yield self._known(lifted, outcome), outcome.value

    def _known(self, lifted: Integers, outcome: Outcome) -> list[z3.BoolRef]:
        """Return all that is known of a way through the specification."""
        return outcome.conditions


def _say(reason: str | None) -> str:
    return "success" if reason is None else f"revert {reason!r}"


def _together(*parts: list[z3.BoolRef]) -> list[z3.BoolRef]:
    return [fact for part in parts for fact in part]
