"""
What an internal function does, said once: proved of it, and used where it is cut.

A summary names the function, the locations that it may write, what it needs of its
arguments and of the state, and what is then true of the words that it returns and of
those that it writes. `proved_in` is the claim about its own code in a contract, `cut`
the answer that stands for a call of it; both read the same text, so that nothing is
used that was not shown.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import z3

from tests.proofs.lifter.entries import Answer, Asked, Cut, Fact
from tests.proofs.lifter.storage import entry, initial, read
from tests.proofs.lifter.terms import Term, answer, constant, variable
from tests.proofs.proof import Mutant
from tests.proofs.transition import Step, Theory, Transition


@dataclass(frozen=True)
class Call:
    """A call of the function: its words, and storage before and after, as numbers."""

    function: str
    lifted: Any
    slots: dict[str, int]
    arguments: dict[str, Term]
    results: list[Term]
    read_before: Callable[[Term], Term]
    read_after: Callable[[Term], Term]

    def term(self, name: str) -> Term:
        """Return the word of an argument."""
        return self.arguments[name]

    def argument(self, name: str, is_signed: bool = False) -> Any:
        """Return the number of an argument."""
        return self.number(self.arguments[name], is_signed)

    def result(self, index: int = 0, is_signed: bool = False) -> Any:
        """Return the number of a word that is returned."""
        return self.number(self.results[index], is_signed)

    def number(self, term: Term, is_signed: bool = False) -> Any:
        """Return the number of a word."""
        return (
            self.lifted.value(term, is_signed) if is_signed else self.lifted.value(term)
        )

    def at(self, name: str, *keys: Term) -> Term:
        """Return where a variable, or an entry of a mapping, is."""
        return entry(constant(self.slots[name]), *keys)

    def word_before(self, name: str, *keys: Term) -> Term:
        """Return what storage held when the function was called."""
        return self.read_before(self.at(name, *keys))

    def word_after(self, name: str, *keys: Term) -> Term:
        """Return what storage holds when it returns."""
        return self.read_after(self.at(name, *keys))

    def before(self, name: str, *keys: Term) -> Any:
        """Return the number that storage held when the function was called."""
        return self.number(self.word_before(name, *keys))

    def after(self, name: str, *keys: Term) -> Any:
        """Return the number that storage holds when it returns."""
        return self.number(self.word_after(name, *keys))


Facts = Sequence[tuple[str, Any]]
"""Formulas, each with the claim in words."""


def nothing(_: Call) -> Facts:
    """Say nothing of what a function returns."""
    return []


@dataclass(frozen=True)
class Summary:
    """What is said of an internal function."""

    function: str
    arguments: tuple[str, ...]
    statement: str
    facts: Callable[[Call], Facts]
    mutants: tuple[Mutant, ...]
    writes: Callable[[Callable[..., Term], dict[str, Term]], Sequence[Term]] | None = (
        None
    )
    """The locations, given how to name one, and the arguments; none by default."""
    stores: Callable[..., Sequence[tuple[Term, Term]]] | None = None
    """Other locations, each with the word that is stored there."""
    needs: Callable[[Call], Facts] | None = None
    """What is true whenever it is called, for its callers to show."""
    also: Callable[[Transition, Call], Facts] | None = None
    """What is proved of it and not used: of pools on the way, of calls it makes."""
    same: Callable[[Transition, Call], list[tuple[Any, Any]]] | None = None
    """Numbers that are equal, shown first: claims are of the second ones then."""
    results: int = 0
    """How many words it returns."""
    is_pure: bool = False
    """Whether what it returns depends on its arguments alone."""
    cuts: tuple["Summary", ...] = ()
    theories: tuple[Theory, ...] = ()
    serves: tuple[str, ...] = ()

    @property
    def identity(self) -> str:
        """Return the name of the claim about the function."""
        module, _, name = self.function.partition(".")
        words = re.sub("(?<=[a-z])(?=[A-Z])", "_", module).lower()
        return f"step.{words}.{name.removeprefix('_')}"

    @property
    def cut(self) -> Cut:
        """Return the answer that stands for a call."""
        is_silent = self.facts is nothing and not (self.writes or self.stores)
        rests_on = () if is_silent else (self.function,)
        return Cut(self.function, self._answer, rests_on, self.is_pure)

    def _answer(self, asked: Asked) -> Answer:
        arguments = dict(zip(self.arguments, asked.arguments, strict=True))
        places = self.writes(asked.at, arguments) if self.writes else ()
        stored = self.stores(asked.at, arguments) if self.stores else ()
        written = [
            *(
                (place, variable(f"{asked.name}.writes.{i}"))
                for i, place in enumerate(places)
            ),
            *stored,
        ]
        if self.is_pure:
            results = [
                answer(f"{self.function}.{i}", 0, 2**256 - 1, *asked.arguments)
                for i in range(self.results)
            ]
        else:
            results = [variable(f"{asked.name}.{i}") for i in range(self.results)]

        def call(lifted: Any) -> Call:
            return Call(
                self.function,
                lifted,
                dict(asked.slots),
                arguments,
                results,
                asked.read,
                lambda place: read(written, place, asked.read(place)),
            )

        facts = [] if self.facts is nothing else [_all(self.facts, call)]
        return Answer(
            results, written, facts, [_all(self.needs, call)] if self.needs else []
        )

    def proved_in(self, contract: str, constructor: bytes = b"", *others: str) -> Step:
        """Return the claim about the function in a contract's code, and in others'."""
        step = Step(
            self.identity,
            self.statement,
            contract,
            self.function,
            self.arguments,
            self._holds,
            self.mutants,
            constructor,
            cuts=tuple(summary.cut for summary in self.cuts),
            keeps_refusals=False,
            serves=self.serves,
            also_in=others,
        )
        return replace(step, theories=self.theories) if self.theories else step

    def _holds(self, step: Transition, *words: Term) -> None:
        arguments = dict(zip(self.arguments, words, strict=True))
        call = Call(
            self.function,
            step.lifted,
            step.slots,
            arguments,
            step.trace.words,
            initial,
            step.trace.finally_at,
        )
        if self.needs:
            step.assume(*(formula for _, formula in self.needs(call)))
        places = self.writes(call.at, arguments) if self.writes else ()
        stored = self.stores(call.at, arguments) if self.stores else ()
        step.writes_within(*places, *(place for place, _ in stored))
        for place, word in stored:
            kept = step.word(step.trace.finally_at(place)) == step.word(word)
            step.holds(kept, "the word given is stored")
        for one, other in self.same(step, call) if self.same else ():
            step.equal(one, other, f"{one} is {other}")
        for claim, formula in self.facts(call):
            step.holds(formula, claim)
        if self.also:
            for claim, formula in self.also(step, call):
                step.holds(formula, claim)


def _all(facts: Callable[[Call], Facts], call: Callable[[Any], Call]) -> Fact:
    def formula(lifted: Any) -> Any:
        return z3.And(*(found for _, found in facts(call(lifted))))

    return formula
