"""
Words of a market, its fund and its positions, read as numbers.

Shared by steps of the perpetual side: ``settlements.py``, ``trades.py``, ``ticks.py``,
and ``epochs.py``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import z3

from tests.proofs.lifter import fields
from tests.proofs.lifter.entries import Answer, Asked, unknown
from tests.proofs.lifter.integers import Integers
from tests.proofs.lifter.storage import initial
from tests.proofs.lifter.terms import Term, answer, build, constant, variable
from tests.proofs.proof import Mutant
from tests.proofs.summary import Call, Summary, nothing
from tests.proofs.transition import Transition

TRADE_CODE = "contracts/TradeCode.vy"
MAKER_CODE = "contracts/MakerCode.vy"
SETTLE_CODE = "contracts/SettleCode.vy"
DELEVERAGE_CODE = "contracts/DeleverageCode.vy"
CONSTRUCTORS = {
    TRADE_CODE: b"".join(i.to_bytes(32, "big") for i in (1, 2)),
    SETTLE_CODE: b"".join(i.to_bytes(32, "big") for i in (3, 1)),
    DELEVERAGE_CODE: b"",
}


def also_in(summary: Summary) -> tuple[str, ...]:
    """Return the other bodies that have a function of the trade body, and call it."""
    if summary.function in ("settlement._realise", "perpetual._compute_value"):
        return ()
    if summary.function == "settlement._charge":
        return (MAKER_CODE,)
    in_settlement = (*_OF_THE_SUMS, "packing._fit_signed")
    is_settled = summary.function in in_settlement
    others = (DELEVERAGE_CODE, MAKER_CODE)
    return (*others, SETTLE_CODE) if is_settled else others


_OF_THE_SUMS = (
    "settlement._add_to_funds",
    "settlement._rebook",
    "tick_set._gains",
)
USDC = constant(0)
INVENTORY = constant(3)
_EPOCHS_MET = (2**24 - 1) << 24


def signed(call: Call, word: Term, offset: int, width: int) -> Any:
    """Return a signed field of a word."""
    return fields.value(call.lifted, word, offset, width, is_signed=True)


def unsigned(call: Call, word: Term, offset: int, width: int) -> Any:
    """Return an unsigned field of a word."""
    return fields.value(call.lifted, word, offset, width, is_signed=False)


At = Callable[..., Term]
Words = dict[str, Term]


@dataclass(frozen=True)
class Reading(Summary):
    """
    A summary of a view whose words depend on its arguments and on a few words alone.

    So the same call has the same answer as long as those words are the same.
    """

    reads: Callable[[At, Words], Sequence[Term]] | None = None
    """The locations of these words."""

    def _answer(self, asked: Asked) -> Answer:
        found = super()._answer(asked)
        arguments = dict(zip(self.arguments, asked.arguments, strict=True))
        return found._replace(results=self.words(asked.at, asked.read, arguments))

    def words(
        self, at: At, read: Callable[[Term], Term], arguments: Words
    ) -> list[Term]:
        """Return what the function says where storage is as it is read."""
        seen = [read(place) for place in self.reads(at, arguments)]
        return [
            answer(f"{self.function}.{i}", 0, 2**256 - 1, *arguments.values(), *seen)
            for i in range(self.results)
        ]

    def _holds(self, step: Transition, *words: Term) -> None:
        super()._holds(step, *words)
        arguments = dict(zip(self.arguments, words, strict=True))
        known = [*map(initial, self.reads(step.at, arguments)), *words]
        conditions = [term for term, _ in step.trace.conditions]
        for leaf in leaves([*conditions, *step.trace.words]):
            is_known = z3.BoolVal(any(leaf is other for other in known))
            step.holds(is_known, f"nothing else is read: {leaf!r}")


@dataclass(frozen=True)
class Storing(Summary):
    """A summary of what stores its last argument at the first location it writes."""

    def _answer(self, asked: Asked) -> Answer:
        found = super()._answer(asked)
        (place, _), *others = found.writes
        return found._replace(writes=[(place, asked.arguments[-1]), *others])

    def _holds(self, step: Transition, *words: Term) -> None:
        super()._holds(step, *words)
        place = self.writes(step.at, dict(zip(self.arguments, words, strict=True)))[0]
        stored = step.word(step.trace.finally_at(place))
        step.holds(stored == step.word(words[-1]), "the word given is stored")


@dataclass(frozen=True)
class Small(Summary):
    """A summary of what returns one word of so many bits at most."""

    bits: int = 256

    def _answer(self, asked: Asked) -> Answer:
        return Answer([unknown(asked, 0, self.bits)])

    def _holds(self, step: Transition, *words: Term) -> None:
        super()._holds(step, *words)
        step.holds(step.result() < 2**self.bits, f"it has {self.bits} bits at most")


_TRADES = ("settlement._trade", "DeleverageCode._trade")


@dataclass(frozen=True)
class Choosing(Summary):
    """
    A summary of what chooses an entry tick on its way, whose words it writes.

    For a caller it is any tick; ``writes`` and ``facts`` call it "tick".
    """

    def _answer(self, asked: Asked) -> Answer:
        tick = variable(f"{asked.name}.tick")
        return Summary._answer(
            self._with_tick, asked._replace(arguments=[*asked.arguments, tick])
        )

    def _holds(self, step: Transition, *words: Term) -> None:
        tick = constant(0)
        for number, cutting in enumerate(step.trace.cuttings, 1):
            if cutting.function == "settlement._move":
                tick = build("sub", cutting.arguments[6], constant(1))
            elif cutting.function in _TRADES:
                tick = variable(f"{cutting.function}#{number}.tick")
        Summary._holds(self._with_tick, step, *words, tick)

    @property
    def _with_tick(self) -> Summary:
        return replace(self, arguments=(*self.arguments, "tick"))


def leaves(terms: list[Term]) -> list[Term]:
    """Return what terms depend on; a location is not looked into."""
    found, seen, todo = [], set(), list(terms)
    while todo:
        term = todo.pop()
        if term.serial in seen or term.operation == "constant":
            continue
        seen.add(term.serial)
        if term.operation in ("variable", "initial"):
            found.append(term)
        else:
            todo += [part for part in term.arguments if isinstance(part, Term)]
    return found


class _FitSigned(Summary):
    """Of a number that fits so many bits, these; any other is refused."""

    def _answer(self, asked: Asked) -> Answer:
        amount, width = asked.arguments
        bits = int(width.arguments[0])

        def fits(lifted: Any) -> Any:
            number = lifted.value(amount, is_signed=True)
            return z3.And(-(2 ** (bits - 1)) <= number, number < 2 ** (bits - 1))

        mask = constant(2**bits - 1)
        return Answer([build("and", mask, amount)], facts=[fits])

    def _holds(self, step: Transition, *words: Term) -> None:
        amount, width = words
        bits = int(width.arguments[0])
        number = step.lifted.value(amount, is_signed=True)
        top = 2 ** (bits - 1)
        step.holds(z3.And(-top <= number, number < top), "what is beyond is refused")
        kept = step.word(build("and", constant(2**bits - 1), amount))
        step.holds(step.result() == kept, "its bits are kept")


FIT_SIGNED = _FitSigned(
    "packing._fit_signed",
    ("amount", "width"),
    "A signed number is stored in its field's bits, and refused beyond them.",
    lambda call: [],
    (
        Mutant(
            "contracts/modules/packing.vy",
            "sign: int256 = amount >> unsafe_sub(width, 1)",
            "sign: int256 = amount >> width",
        ),
    ),
    results=1,
    theories=(Integers,),
    serves=("I6",),
)


def view(function: str, arguments: int, results: int) -> Summary:
    """
    Return a summary of a view or a pure function that says nothing of its words.

    It writes nothing: the compiler has it as a view.
    """
    names = tuple(f"argument_{i}" for i in range(arguments))
    return Summary(function, names, "", nothing, (), results=results)


def larger(one: Any, other: Any) -> Any:
    """Return the larger one of two numbers."""
    return z3.If(one > other, one, other)


class Fund(NamedTuple):
    """The fields of a market's fund: WAD USDC, the cap too."""

    balance: Any
    spread: Any
    cap: Any

    @property
    def rest(self) -> Any:
        """Return what the fund has beyond W - V, at least 0: its part of Z."""
        return larger(self.balance + self.spread, 0)


def fund(call: Call, word: Term) -> Fund:
    """Return the fields of a market's fund."""
    return Fund(
        signed(call, word, 144, 112),
        signed(call, word, 32, 112),
        unsigned(call, word, 0, 32) * 10**18,
    )


class Pair(NamedTuple):
    """A word of two halves: all funds and Z, W and V, or scaled and idle."""

    high: Any
    low: Any


def funds(call: Call, word: Term) -> Pair:
    """Return the sum of all funds, and Z."""
    return Pair(signed(call, word, 128, 128), unsigned(call, word, 0, 128))


def virtuals(call: Call, word: Term) -> Pair:
    """Return W and V, of all markets."""
    return Pair(unsigned(call, word, 128, 128), unsigned(call, word, 0, 128))


class Position(NamedTuple):
    """The fields of a position."""

    lots: Any
    basis: Any
    epochs: Any
    entry: Any


def position(call: Call, word: Term) -> Position:
    """Return the fields of a position."""
    return Position(
        signed(call, word, 192, 64),
        signed(call, word, 64, 128),
        unsigned(call, word, 24, 24),
        unsigned(call, word, 0, 24),
    )


def gains(call: Call, exponent: Term, is_after: bool = False) -> tuple[Any, Any]:
    """Return W and V of a market, as `tick_set._gains` says them: exactly that."""
    market = call.term("market")
    word = call.word_after if is_after else call.word_before
    names = ("market_cursor", "market_winners", "market_size")
    keys = gain_keys(exponent, *(word(name, market) for name in names))
    winners, losers = gain_words(keys)
    return call.number(winners), call.number(losers)


def gain_keys(exponent: Term, cursor: Term, winners: Term, losers: Term) -> list[Term]:
    """Return what gains depend on: the exponent, price, and what is won and lost."""
    return [
        exponent,
        fields.read(cursor, 176, 80),
        fields.read(winners, 64, 192),
        fields.read(losers, 64, 192),
    ]


def gain_words(keys: list[Term]) -> list[Term]:
    """Return the words that stand for W and V of a market."""
    return [answer(f"tick_set._gains.{i}", 0, 2**256 - 1, *keys) for i in range(2)]


def open_interest(call: Call, word: Term) -> Any:
    """Return the open interest in a word of sizes."""
    return unsigned(call, word, 0, 64)
