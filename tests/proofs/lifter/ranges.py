"""
Intervals of formulas over integers: what is decided by how large things can be.

A solver takes minutes to see that a product of bounded numbers fits a word; here it is
an evaluation. Bounds are read off what is known, until nothing new comes of it; then a
question may be settled, a choice decided, or what is known be a contradiction. All of
it only ever widens: what is said of a formula is true of each of its values.
``test_ranges.py`` compares with values.
"""

from collections.abc import Iterable, Sequence

import z3

from tests.proofs.lifter.solver import follows, prove

Interval = tuple[int, int]

_ENDLESS = 1 << 4096
_LARGE = 1 << 2048
"""Bounds beyond it are taken for none."""
_ROUNDS = 6

_FLIPPED = {
    z3.Z3_OP_LE: z3.Z3_OP_GT,
    z3.Z3_OP_GT: z3.Z3_OP_LE,
    z3.Z3_OP_LT: z3.Z3_OP_GE,
    z3.Z3_OP_GE: z3.Z3_OP_LT,
}


_known_parts: dict[int, tuple[z3.ExprRef, int, list[z3.ExprRef]]] = {}
"""What was taken apart, by number; each is kept, so that its number stays its own."""


def _parts(term: z3.ExprRef) -> tuple[int, list[z3.ExprRef]]:
    """Return what a term is made by, and of what."""
    found = _known_parts.get(term.get_id())
    if found is None:
        found = term, term.decl().kind(), term.children()
        _known_parts[term.get_id()] = found
    return found[1], found[2]


class Contradiction(Exception):
    """What is known cannot be."""


class Ranges:
    """Intervals of the parts of formulas, given what is known."""

    def __init__(self, known: Iterable[z3.BoolRef]):
        """Read bounds off ``known``; raise `Contradiction` if there are none."""
        self._bounds: dict[int, Interval] = {}
        self._kept: dict[int, z3.ExprRef] = {}
        self._cache: dict[int, Interval] = {}
        self._simple: dict[int, z3.ExprRef] = {}
        self._offsets: dict[tuple[int, int], int | None] = {}
        facts = [*{fact.get_id(): fact for fact in known}.values()]
        for _ in range(_ROUNDS):
            before = dict(self._bounds)
            for fact in facts:
                self._assume(fact, True)
            if self._bounds == before:
                break

    def assume(self, fact: z3.BoolRef) -> None:
        """Take one more fact for true."""
        self._assume(fact, True)

    def of(self, term: z3.ExprRef) -> Interval:
        """Return the least and the greatest value that a term may have."""
        key = term.get_id()
        if key not in self._cache:
            self._kept[key] = term
            low, high = self._evaluate(term)
            least, most = self._bounds.get(key, (-_ENDLESS, _ENDLESS))
            self._cache[key] = max(low, least), min(high, most)
        return self._cache[key]

    def decide(self, question: z3.BoolRef) -> bool | None:
        """Return whether a formula is true, None if that is open."""
        kind, parts = _parts(question)
        if kind in (z3.Z3_OP_TRUE, z3.Z3_OP_FALSE):
            return kind == z3.Z3_OP_TRUE
        if kind == z3.Z3_OP_NOT:
            answer = self.decide(parts[0])
            return None if answer is None else not answer
        if kind in (z3.Z3_OP_AND, z3.Z3_OP_OR):
            deciding = kind == z3.Z3_OP_OR
            answers = [self.decide(part) for part in parts]
            if deciding in answers:
                return deciding
            return None if None in answers else not deciding
        if kind == z3.Z3_OP_IMPLIES:
            premise, conclusion = (self.decide(part) for part in parts)
            if premise is False or conclusion is True:
                return True
            return False if premise and conclusion is False else None
        if kind in _FLIPPED or (kind == z3.Z3_OP_EQ and z3.is_int(parts[0])):
            return self._compare(kind, *parts)
        return None

    def simplified(self, term: z3.ExprRef) -> z3.ExprRef:
        """Return an equal term in which what sizes decide is decided."""
        key = term.get_id()
        if key not in self._simple:
            self._kept[key] = term
            self._simple[key] = self._simplify(term)
        return self._simple[key]

    def _simplify(self, term: z3.ExprRef) -> z3.ExprRef:
        if z3.is_bool(term):
            answer = self.decide(term)
            if answer is not None:
                return z3.BoolVal(answer)
        kind, parts = _parts(term)
        if kind == z3.Z3_OP_ITE:
            answer = self.decide(parts[0])
            if answer is not None:
                return self.simplified(parts[1 if answer else 2])
        if z3.is_int(term) and not z3.is_int_value(term):
            low, high = self.of(term)
            if low == high:
                return z3.IntVal(low)
            if kind == z3.Z3_OP_MOD and self.of(parts[1])[0] > 0:
                least, most = self.of(parts[0])
                if least >= 0 and most < self.of(parts[1])[0]:
                    return self.simplified(parts[0])
        if not parts:
            return term
        changed = [self.simplified(part) for part in parts]
        join = _JOINS.get(kind)
        return join(changed) if join else term.decl()(*changed)

    def _compare(self, kind: int, x: z3.ArithRef, y: z3.ArithRef) -> bool | None:
        if kind in (z3.Z3_OP_GE, z3.Z3_OP_GT):
            x, y = y, x
            kind = z3.Z3_OP_LE if kind == z3.Z3_OP_GE else z3.Z3_OP_LT
        (low, high), (least, most) = self.of(x), self.of(y)
        if kind == z3.Z3_OP_EQ:
            if high < least or most < low:
                return False
            return True if low == high == least == most else None
        strict = kind == z3.Z3_OP_LT
        if high < least + (not strict):
            return True
        return False if low >= most + (not strict) else None

    # What is known

    def _assume(self, fact: z3.BoolRef, truth: bool) -> None:
        kind, parts = _parts(fact)
        if kind == z3.Z3_OP_NOT:
            self._assume(parts[0], not truth)
        elif (kind, truth) in ((z3.Z3_OP_AND, True), (z3.Z3_OP_OR, False)):
            for part in parts:
                self._assume(part, truth)
        elif (kind, truth) in ((z3.Z3_OP_AND, False), (z3.Z3_OP_OR, True)):
            answers = [self.decide(part) for part in parts]
            if truth not in answers:
                left = [p for p, a in zip(parts, answers, strict=True) if a is None]
                if not left:
                    raise Contradiction
                if len(left) == 1:
                    self._assume(left[0], truth)
        elif kind == z3.Z3_OP_IMPLIES:
            if not truth:
                self._assume(parts[0], True)
                self._assume(parts[1], False)
            elif self.decide(parts[0]):
                self._assume(parts[1], True)
            elif self.decide(parts[1]) is False:
                self._assume(parts[0], False)
        elif kind in _FLIPPED:
            self._order(kind if truth else _FLIPPED[kind], *parts)
        elif kind == z3.Z3_OP_EQ and z3.is_int(parts[0]):
            if truth:
                self._order(z3.Z3_OP_LE, *parts)
                self._order(z3.Z3_OP_GE, *parts)
            elif self.decide(fact):
                raise Contradiction
            else:
                self._differ(*parts)
        elif self.decide(fact) is (not truth):
            raise Contradiction

    def _differ(self, x: z3.ArithRef, y: z3.ArithRef) -> None:
        """Take the end off an interval that is no value."""
        for term, other in ((x, y), (y, x)):
            low, high = self.of(other)
            least, most = self.of(term)
            if low == high == least:
                self._bound(term, least + 1, most)
            elif low == high == most:
                self._bound(term, least, most - 1)

    def _order(self, kind: int, x: z3.ArithRef, y: z3.ArithRef) -> None:
        if kind in (z3.Z3_OP_GE, z3.Z3_OP_GT):
            x, y = y, x
        apart = int(kind in (z3.Z3_OP_LT, z3.Z3_OP_GT))
        self._bound(x, -_ENDLESS, _clamped(self.of(y)[1] - apart))
        self._bound(y, _clamped(self.of(x)[0] + apart), _ENDLESS)

    def _bound(self, term: z3.ArithRef, low: int, high: int) -> None:
        """Note that a term is in an interval, and what that says of its parts."""
        least, most = self.of(term)
        if low > most or high < least:
            raise Contradiction
        if low <= least and high >= most:
            return
        low, high = max(low, least), min(high, most)
        self._bounds[term.get_id()] = low, high
        self._kept[term.get_id()] = term
        self._cache.clear()
        kind, parts = _parts(term)
        if kind == z3.Z3_OP_ADD:
            for i, part in enumerate(parts):
                others = [self.of(p) for j, p in enumerate(parts) if j != i]
                self._bound(
                    part,
                    _clamped(low - sum(o[1] for o in others)),
                    _clamped(high - sum(o[0] for o in others)),
                )
        elif kind == z3.Z3_OP_SUB and len(parts) == 2:
            first, second = map(self.of, parts)
            self._bound(parts[0], _clamped(low + second[0]), _clamped(high + second[1]))
            self._bound(parts[1], _clamped(first[0] - high), _clamped(first[1] - low))
        elif kind == z3.Z3_OP_MUL and len(parts) == 2:
            for factor, part in (parts, parts[::-1]):
                if z3.is_int_value(factor) and factor.as_long() > 0:
                    by = factor.as_long()
                    self._bound(part, _divided(low + by - 1, by), _divided(high, by))
        elif kind == z3.Z3_OP_IDIV and z3.is_int_value(parts[1]):
            by = parts[1].as_long()
            if by > 0:
                least = -_ENDLESS if low == -_ENDLESS else low * by
                most = _ENDLESS if high == _ENDLESS else high * by + by - 1
                self._bound(parts[0], _clamped(least), _clamped(most))

    # Terms

    def _evaluate(self, term: z3.ExprRef) -> Interval:
        kind, parts = _parts(term)
        if z3.is_int_value(term):
            return term.as_long(), term.as_long()
        if kind == z3.Z3_OP_ITE and z3.is_int(term):
            answer = self.decide(parts[0])
            if answer is not None:
                return self.of(parts[1 if answer else 2])
            (low, high), (least, most) = self._chosen(term)
            return min(low, least), max(high, most)
        if kind in _ARITHMETIC:
            found = self.of(parts[0])
            for part in parts[1:]:
                low, high = _ARITHMETIC[kind](found, self.of(part))
                found = _clamped(low), _clamped(high)
            if kind == z3.Z3_OP_MUL and len(parts) == 2 and parts[0].eq(parts[1]):
                found = max(found[0], 0), found[1]
            return found
        if kind == z3.Z3_OP_UMINUS:
            low, high = self.of(parts[0])
            return -high, -low
        return -_ENDLESS, _ENDLESS

    def _chosen(self, term: z3.ExprRef) -> tuple[Interval, Interval]:
        """
        Return the intervals of both choices.

        One that is a side of the comparison that decides, but for a constant, is no
        further out than the other side lets it: a minimum is below either number.
        """
        condition, *choices = _parts(term)[1]
        found = [self.of(choice) for choice in choices]
        is_less = True
        kind, parts = _parts(condition)
        if kind == z3.Z3_OP_NOT:
            (kind, parts), is_less = _parts(parts[0]), False
        if kind not in (z3.Z3_OP_LE, z3.Z3_OP_GE):
            return found[0], found[1]
        x, y = parts if kind == z3.Z3_OP_LE else parts[::-1]
        for index, choice in enumerate(choices):
            low, high = found[index]
            if (index == 0) == is_less:
                smaller, greater, apart = x, y, 0
            else:
                smaller, greater, apart = y, x, 1
            offset = self._apart(choice, smaller)
            if offset is not None:
                high = min(high, self.of(greater)[1] - apart + offset)
            offset = self._apart(choice, greater)
            if offset is not None:
                low = max(low, self.of(smaller)[0] + apart + offset)
            found[index] = _clamped(low), _clamped(high)
        return found[0], found[1]

    def _apart(self, one: z3.ArithRef, other: z3.ArithRef) -> int | None:
        """Return by how much two numbers differ, if that is plain."""
        key = one.get_id(), other.get_id()
        if key not in self._offsets:
            difference = z3.simplify(one - other)
            is_known = z3.is_int_value(difference)
            self._offsets[key] = difference.as_long() if is_known else None
            self._kept[key[0]], self._kept[key[1]] = one, other
        return self._offsets[key]


def _add(x: Interval, y: Interval) -> Interval:
    return x[0] + y[0], x[1] + y[1]


def _subtract(x: Interval, y: Interval) -> Interval:
    return x[0] - y[1], x[1] - y[0]


def _multiply(x: Interval, y: Interval) -> Interval:
    products = [a * b for a in x for b in y]
    return min(products), max(products)


def _divide(x: Interval, y: Interval) -> Interval:
    if y[0] <= 0:
        return -_ENDLESS, _ENDLESS
    quotients = [_divided(a, b) for a in x for b in y]
    return min(quotients), max(quotients)


def _remainder(x: Interval, y: Interval) -> Interval:
    if y[0] <= 0:
        return -_ENDLESS, _ENDLESS
    if x[0] >= 0 and x[1] < y[0]:
        return x
    most = y[1] - 1
    return 0, min(most, x[1]) if x[0] >= 0 else most


_ARITHMETIC = {
    z3.Z3_OP_ADD: _add,
    z3.Z3_OP_SUB: _subtract,
    z3.Z3_OP_MUL: _multiply,
    z3.Z3_OP_IDIV: _divide,
    z3.Z3_OP_MOD: _remainder,
}


_JOINS = {
    z3.Z3_OP_ADD: z3.Sum,
    z3.Z3_OP_MUL: z3.Product,
    z3.Z3_OP_AND: z3.And,
    z3.Z3_OP_OR: z3.Or,
}
"""What takes any number of parts."""


def _divided(x: int, y: int) -> int:
    """Divide, rounding down; what is endless stays so, and nothing by what is."""
    if abs(x) >= _LARGE:
        return _ENDLESS if x > 0 else -_ENDLESS
    return x // y


def _clamped(bound: int) -> int:
    if bound > _LARGE:
        return _ENDLESS
    return -_ENDLESS if bound < -_LARGE else bound


def conclude(
    hypotheses: Sequence[z3.BoolRef],
    goal: z3.BoolRef,
    claim: str,
    doubts: Sequence[z3.BoolRef] = (),
) -> None:
    """Do as `prove`, once sizes have settled what they can."""
    goal = z3.simplify(goal)
    if z3.is_true(goal):
        return
    plain = [*map(z3.simplify, hypotheses)]
    try:
        Ranges([*plain, z3.Not(goal)])
        goal = Ranges(plain).simplified(goal)
    except Contradiction:
        return
    prove(plain, z3.simplify(goal), claim, doubts)


def find_sure(
    hypotheses: Sequence[z3.BoolRef], claims: Sequence[z3.BoolRef]
) -> list[z3.BoolRef]:
    """Return those claims of which it is soon found that they are true."""
    try:
        known = Ranges(map(z3.simplify, hypotheses))
    except Contradiction:
        return list(claims)
    return [
        claim
        for claim in claims
        if known.decide(z3.simplify(claim)) or follows(hypotheses, claim)
    ]


def is_contradiction(hypotheses: Sequence[z3.BoolRef]) -> bool:
    """Tell whether sizes alone show that not all of them are true."""
    try:
        Ranges(map(z3.simplify, hypotheses))
    except Contradiction:
        return True
    return False
