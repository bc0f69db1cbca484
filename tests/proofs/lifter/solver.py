"""
Ask z3, and take nothing but an answer for one.

A claim is proved when its negation has no model. A model is a counterexample; "unknown"
is a failure and no counterexample.
"""

import re
import time
from collections.abc import Iterable, Sequence

import z3

PATIENCE = 60_000
"""Milliseconds for one question, the longest time that it is asked for."""
FIRST = 2_000
"""Milliseconds for a long question, the first time that it is asked."""
_TRIES = ((0, 3), (1, 3), (2, 3), (0, 1))
"""Seeds, and by what the longest time is divided for each."""

_QUICK = 1_000

_ZERO_DIVISORS = ("div0", "mod0", "rem0")
"""What z3 adds to a model for divisions by zero, of which there are none."""


class NotProved(Exception):
    """A claim has a counterexample, or the solver gave up on it."""

    def __init__(self, claim: str, model: z3.ModelRef | None):
        self.claim, self.model = claim, model
        found = "undecided" if model is None else f"false for {describe(model)}"
        super().__init__(f"{claim}: {found}")


def prove(
    hypotheses: Sequence[z3.BoolRef],
    goal: z3.BoolRef,
    claim: str,
    doubts: Sequence[z3.BoolRef] = (),
) -> None:
    """
    Raise `NotProved` unless the hypotheses imply the goal.

    A counterexample has to meet the ``doubts`` too, else the claim is undecided.

    A first attempt uses only the hypotheses about symbols of the goal: a claim that
    follows from fewer of them follows from all.
    """
    if z3.is_true(z3.simplify(goal)):
        return
    wanted = _symbols(goal)
    few = [h for h in hypotheses if _symbols(h) <= wanted]
    if len(few) < len(hypotheses):
        answer, _ = _ask([*few, z3.Not(goal)], PATIENCE // 10)
        if answer == z3.unsat:
            return
    answer, model = _ask([*hypotheses, z3.Not(goal)], PATIENCE)
    if answer == z3.sat and doubts:
        _, model = _ask([*hypotheses, z3.Not(goal), *doubts], PATIENCE)
    if answer != z3.unsat:
        raise NotProved(claim, model)


def follows(hypotheses: Sequence[z3.BoolRef], claim: z3.BoolRef) -> bool:
    """Tell whether a claim is soon found to be true."""
    wanted = _symbols(claim)
    few = [h for h in hypotheses if _symbols(h) <= wanted]
    return any(
        _ask([*known, z3.Not(claim)], _QUICK)[0] == z3.unsat
        for known in (few, hypotheses)
    )


def find_model(hypotheses: Sequence[z3.BoolRef]) -> z3.ModelRef | None:
    """Return an input for which all hypotheses hold, if one is found."""
    return _ask(hypotheses, PATIENCE // 10)[1]


def describe(model: z3.ModelRef) -> str:
    """Return a model's numbers as text, the longest names of storage included."""
    words = sorted((d.name(), model[d]) for d in model.decls())
    known = [(name, value) for name, value in words if name not in _ZERO_DIVISORS]
    return ", ".join(f"{name} = {_number(value)}" for name, value in known)


def _number(value: z3.ExprRef) -> str:
    is_word = z3.is_bv_value(value) or z3.is_int_value(value)
    if is_word:
        return _short(value.as_long())
    text = " ".join(str(value).split())
    return re.sub(r"-?\d{20,}", lambda found: _short_signed(int(found[0])), text)


def _short_signed(number: int) -> str:
    if number >= 0:
        return _short(number)
    flipped = {" + ": " - ", " - ": " + "}
    text = re.sub(r" [+-] ", lambda found: flipped[found[0]], _short(-number))
    return f"-{text}"


def _short(number: int) -> str:
    """Return a number, one near a large power of two as what it is near."""
    exponent = (number + number // 2).bit_length() - 1
    rest = number - (1 << max(exponent, 0))
    if number < 1 << 64 or abs(rest) >= 1 << 10:
        return str(number)
    return f"2^{exponent}" + (
        f" {'-' if rest < 0 else '+'} {abs(rest)}" if rest else ""
    )


def _ask(
    formulas: Iterable[z3.BoolRef], patience: int
) -> tuple[z3.CheckSatResult, z3.ModelRef | None]:
    """
    Ask for a model; a long question is asked again, in other ways.

    Products make z3 wander: what takes a second with one order of its steps may take
    forever with another. Only silence is asked again, never an answer.
    """
    known = list(formulas)
    is_long = patience >= PATIENCE
    answer, model = _check(known, min(FIRST, patience) if is_long else patience)
    if answer != z3.unknown or not is_long:
        return answer, model
    answer, model = _ask_by_need(known, patience // 3)
    for seed, share in _TRIES:
        if answer != z3.unknown:
            break
        answer, model = _check(known, patience // share, seed)
    return answer, model


def _check(
    known: Sequence[z3.BoolRef], patience: int, seed: int = 0
) -> tuple[z3.CheckSatResult, z3.ModelRef | None]:
    solver = z3.Solver()
    solver.set("timeout", max(patience, 1))
    if seed:
        solver.set("random_seed", seed)
    solver.add(*known)
    answer = solver.check()
    return answer, solver.model() if answer == z3.sat else None


def _ask_by_need(
    known: Sequence[z3.BoolRef], patience: int
) -> tuple[z3.CheckSatResult, z3.ModelRef | None]:
    """
    Ask with few formulas, the last one first, and add one that a model breaks until
    none does: of hundreds a contradiction seldom needs more than twenty.

    It is done in a context of its own, so that nothing asked before has a part in it.
    """
    end = time.monotonic() + patience / 1_000
    context = z3.Context()
    left = [formula.translate(context) for formula in known]
    solver = z3.Solver(ctx=context)
    solver.add(left.pop())
    while (rest := end - time.monotonic()) > 0:
        solver.set("timeout", max(int(rest * 1_000), 1))
        answer = solver.check()
        if answer != z3.sat:
            return answer, None
        model = solver.model()
        broken = (
            at
            for at, formula in enumerate(left)
            if not z3.is_true(model.eval(formula, model_completion=True))
        )
        worst = next(broken, None)
        if worst is None:
            return answer, model.translate(z3.main_ctx())
        solver.add(left.pop(worst))
    return z3.unknown, None


_symbols_of: dict[int, tuple[z3.ExprRef, frozenset[str]]] = {}
"""What was found, by formula; each is kept, so that its number stays its own."""


def _symbols(formula: z3.ExprRef) -> frozenset[str]:
    """Return the names of the unknowns in a formula."""
    found = _symbols_of.get(formula.get_id())
    if found is None:
        found = _symbols_of[formula.get_id()] = formula, _find_symbols(formula)
    return found[1]


def _find_symbols(formula: z3.ExprRef) -> frozenset[str]:
    names, seen, todo = set(), set(), [formula]
    while todo:
        part = todo.pop()
        if part.get_id() in seen or not z3.is_app(part):
            continue
        seen.add(part.get_id())
        if part.decl().kind() == z3.Z3_OP_UNINTERPRETED:
            names.add(part.decl().name())
        todo.extend(part.children())
    return frozenset(names)
