"""
Mutants of a source: what each operator makes of its statements.

arithmetic  `+` for `-`, `*` for `//`, `&` for `|`, `<<` for `>>`, the other way round;
            numbers, exponents, shifts and widths of masks that are off by one
comparison  `<` for `<=`, `==` for `!=`, `min` for `max`, `and` for `or`; a condition
            that always holds, or never; a `not` that is not there
rounding    up for down, down for up
order       two statements that follow one another, the other way round
check       an assertion, a call that requires something, or a refusal that is not there
accrual     interest, funding or an average that is not brought to now
update      another call, or something that is stored, that is not there
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from tests.mutation.source import Source, Statement, read

OPERATORS = (
    "arithmetic",
    "comparison",
    "rounding",
    "order",
    "check",
    "accrual",
    "update",
)

_ARITHMETIC = {
    "+": "-",
    "-": "+",
    "*": "//",
    "//": "*",
    "%": "//",
    "<<": ">>",
    ">>": "<<",
    "&": "|",
    "|": "&",
    "^": "|",
    "+=": "-=",
    "-=": "+=",
    "|=": "&=",
    "&=": "|=",
    "^=": "|=",
}
_COMPARED = {
    "<": "<=",
    "<=": "<",
    ">": ">=",
    ">=": ">",
    "==": "!=",
    "!=": "==",
    "min": "max",
    "max": "min",
    "and": "or",
    "or": "and",
}
_STORES = ("=", "+=", "-=", "|=", "&=", "^=")
_LEAVES = ("return", "continue", "break", "raise")
_IDLE = ("import", "from", "uses", "initializes", "exports", "implements", "@", "def")
_CHECKS = re.compile(r"_?(require|check|verify|refuse|guard)")
_ACCRUES = re.compile(
    r"_?(accru|load_accrued|touch|book|follow|update|advance|note|observe|refresh|decay)"
)
_DIRECTION = re.compile(r"_?(\w+_)?(up|down)$")
_TYPED = ("empty", "DynArray", "Bytes", "String", "abi_decode", "method_id")
_SETTINGS = ("bound", "max_outsize", "method_id")
"""Arguments that the compiler asks for; `bound` only has to be high enough."""


@dataclass(frozen=True)
class Mutant:
    """A fault: in ``path``, ``new`` stands for ``old`` from ``start`` on."""

    id: str
    path: str
    scope: str
    operator: str
    line: int
    start: int
    old: str
    new: str

    @property
    def stratum(self) -> tuple[str, str]:
        return self.path, self.operator

    def apply(self, text: str) -> str:
        """Return the text of its file with the fault in it."""
        end = self.start + len(self.old)
        if text[self.start : end] != self.old:
            raise ValueError(f"{self.id}: {self.old!r} is no longer at its place")
        return text[: self.start] + self.new + text[end:]


@dataclass(frozen=True)
class _Change:
    operator: str
    start: int
    end: int
    new: str


def find_mutants(path: str, text: str) -> list[Mutant]:
    """
    Return every mutant of a source, each with an id that other edits do not change.

    The id is a hash of the statement, of what becomes of it, and of how many equal
    ones the function has before.
    """
    source, found = read(text), []
    seen: Counter[str] = Counter()
    for statement, change in _changes(source):
        old = text[change.start : change.end]
        known = "\0".join(
            (
                *(path, statement.scope, change.operator, statement.text),
                *(str(change.start - statement.start), old, change.new),
            )
        )
        seen[known] += 1
        digest = hashlib.sha256(f"{known}\0{seen[known]}".encode()).hexdigest()[:8]
        place = f"{path}:{statement.scope or '-'}"
        line = text.count("\n", 0, change.start) + 1
        found.append(
            Mutant(
                f"{place}:{change.operator}:{digest}",
                path,
                statement.scope,
                change.operator,
                line,
                change.start,
                old,
                change.new,
            )
        )
    return found


def _changes(source: Source) -> Iterator[tuple[Statement, _Change]]:
    for place, statement in enumerate(source.statements):
        if _is_replaced(statement, source.statements[place + 1 :]):
            continue
        if statement.record or statement.first in _IDLE or "def" in statement.first:
            continue
        if not statement.scope and not _is_constant(statement):
            continue
        yield from ((statement, change) for change in _tokens(statement))
        if statement.scope:
            yield from ((statement, change) for change in _conditions(statement))
            yield from ((statement, change) for change in _removals(statement))
    for block in source.blocks:
        for first, second in pairwise(block):
            if _is_swappable(first, second):
                gap = source.text[first.end : second.start]
                swapped = f"{second.text}{gap}{first.text}"
                yield first, _Change("order", first.start, second.end, swapped)


def _is_replaced(statement: Statement, later: list[Statement]) -> bool:
    """Tell whether a variable is declared with a number that nothing ever reads."""
    if not statement.is_declaration or not statement.tokens[-1].is_number:
        return False
    if statement.tokens[-2].text != "=":
        return False
    name = statement.first
    for other in later:
        if other.scope != statement.scope:
            return False
        if name in other.names:
            place = other.find(("=",))
            is_same_block = other.tokens[0].column == statement.tokens[0].column
            return (
                is_same_block
                and place is not None
                and name in _written(other)
                and name not in other.names_from(place + 1)
            )
    return False


def _is_constant(statement: Statement) -> bool:
    name = statement.first.lstrip("_")
    return name.isupper() and statement.find(("=",)) is not None


def _begin(statement: Statement) -> int:
    """Return the place of the first token that may change: what follows a type."""
    if statement.is_declaration:
        found = statement.find(("=",))
        return len(statement.tokens) if found is None else found + 1
    if statement.first == "for":
        return (statement.find(("in",)) or 0) + 1
    return 0


def _tokens(statement: Statement) -> Iterator[_Change]:
    """Yield mutants that change one token."""
    tokens = statement.tokens
    skipped = _type_places(statement)
    for place in range(_begin(statement), len(tokens)):
        token = tokens[place]
        before = tokens[place - 1] if place else None
        after = tokens[place + 1] if place + 1 < len(tokens) else None
        if place in skipped or statement.first == "raise":
            continue
        is_binary = before is not None and before.ends_operand
        text, change = token.text, None
        if text in _ARITHMETIC and is_binary:
            if not _ends_mask(statement, place):
                change = "arithmetic", _ARITHMETIC[text]
        elif text == "-":
            change = "arithmetic", ""
        elif text in _COMPARED and (
            text not in ("min", "max") or (after is not None and after.text == "(")
        ):
            change = "comparison", _COMPARED[text]
        elif token.is_name and after is not None and after.text == "(":
            change = _turned(token.text)
        elif text == "not" and (after is None or after.text != "in"):
            if before is None or before.text != "is":
                change = "comparison", ""
        elif token.is_number:
            change = _off_by_one(statement, place)
        if change is not None:
            yield _Change(change[0], token.start, token.end, change[1])


def _turned(name: str) -> tuple[str, str] | None:
    """Return the function that rounds or looks the other way."""
    if name == "_load_accrued":
        return "accrual", "_load"
    found = _DIRECTION.match(name)
    if not found:
        return None
    end = found[2]
    return "rounding", name[: -len(end)] + ("down" if end == "up" else "up")


def _off_by_one(statement: Statement, place: int) -> tuple[str, str] | None:
    tokens = statement.tokens
    text = tokens[place].text
    before = tokens[place - 1].text if place else ""
    after = tokens[place + 1].text if place + 1 < len(tokens) else ""
    if after == "**" or _ends_mask(statement, place - 1):
        return None
    if before in ("<<", ">>"):
        return "arithmetic", str(int(text) + 1)
    if before == "**" and tokens[place - 2].text == "2":
        return "arithmetic", str(int(text) - 1)
    digits = text.replace("_", "")
    if digits.startswith("0x"):
        return "arithmetic", f"0x{int(digits, 16) + 1:0{len(digits) - 2}x}"
    if not digits.isdigit():
        return None
    return "arithmetic", str(int(digits) + 1)


def _ends_mask(statement: Statement, place: int) -> bool:
    """Tell whether a token is the minus of ``2**n - 1``."""
    texts = [token.text for token in statement.tokens[max(0, place - 3) : place + 2]]
    return texts[:2] == ["2", "**"] and texts[3:] == ["-", "1"]


def _type_places(statement: Statement) -> set[int]:
    """Return the places of tokens that belong to types and to settings."""
    found: set[int] = set()
    tokens, depths = statement.tokens, statement.depths
    for place, token in enumerate(tokens[:-1]):
        after = tokens[place + 1].text
        is_type = token.text in _TYPED and after in ("(", "[")
        is_setting = token.text in _SETTINGS and after == "=" and depths[place] > 0
        if is_type or is_setting:
            inner = place + 2
            depth = depths[place]
            while inner < len(tokens) and depths[inner] > depth - is_setting:
                if is_setting and tokens[inner].text == "," and depths[inner] == depth:
                    break
                found.add(inner)
                inner += 1
    return found


def _conditions(statement: Statement) -> Iterator[_Change]:
    """Yield mutants whose condition always holds, or never."""
    tokens = statement.tokens
    if statement.first in ("if", "elif") and statement.is_head:
        start, end = tokens[1].start, tokens[-2].end
        leaves = len(statement.body) == 1 and statement.body[0].first in _LEAVES
        yield _Change("comparison", start, end, "True")
        yield _Change("check" if leaves else "comparison", start, end, "False")
        return
    for place, token in enumerate(tokens):
        if token.text != "if" or place == 0:
            continue
        depth = statement.depths[place]
        for later in range(place + 1, len(tokens)):
            if statement.depths[later] < depth:
                break
            if tokens[later].text == "else" and statement.depths[later] == depth:
                start, end = tokens[place + 1].start, tokens[later - 1].end
                yield _Change("comparison", start, end, "True")
                yield _Change("comparison", start, end, "False")
                break


def _removals(statement: Statement) -> Iterator[_Change]:
    """Yield the mutant in which a statement is not there."""
    if statement.is_head or statement.is_declaration:
        return
    operator = None
    if statement.first == "assert":
        operator = "check"
    elif _is_call(statement):
        operator = _kind_of(statement.calls[:1])
    elif not statement.tokens[0].is_name:
        return
    else:
        place = statement.find(_STORES)
        if place is None:
            return
        written = statement.dotted(place - 1) if place else ""
        if _is_stored(statement) or written in statement.names_from(place + 1):
            operator = _kind_of(statement.calls)
    if operator:
        yield _Change(operator, statement.start, statement.end, "pass")


def _kind_of(calls: list[str]) -> str:
    names = [call.rpartition(".")[2] for call in calls]
    if any(map(_CHECKS.match, names)):
        return "check"
    return "accrual" if any(map(_ACCRUES.match, names)) else "update"


def _is_call(statement: Statement) -> bool:
    first = statement.tokens[0]
    is_called = first.is_name or first.text == "extcall"
    return (
        is_called
        and statement.tokens[-1].text == ")"
        and bool(statement.calls)
        and statement.find(_STORES) is None
        and first.text != "log"
    )


def _is_stored(statement: Statement) -> bool:
    """Tell whether a statement writes to storage."""
    return statement.first in ("self", "state") and statement.find(_STORES) is not None


def _written(statement: Statement) -> set[str]:
    """Return the names that a statement assigns to, as far as the first bracket."""
    place = statement.find(_STORES)
    if statement.is_declaration:
        return {statement.first}
    found, depths = set(), statement.depths
    for at in range(place or 0):
        begins = at == 0 or statement.tokens[at - 1].text == ","
        if begins and depths[at] == 0 and statement.tokens[at].is_name:
            end = at
            while statement.tokens[end + 1].text == ".":
                end += 2
            found.add(statement.dotted(end))
    return found


def _is_swappable(first: Statement, second: Statement) -> bool:
    """Tell whether the order of two statements may matter, and both are possible."""
    for statement in (first, second):
        if statement.is_head or statement.record or not statement.scope:
            return False
        if not (
            statement.tokens[0].is_name or statement.first in ("assert", "extcall")
        ):
            return False
        if statement.first in ("log", *_IDLE) or len(statement.tokens) == 1:
            return False
    written, rewritten = _written(first), _written(second)
    if first.is_declaration and _uses(second, written):
        return False
    if second.is_declaration and first.is_declaration:
        return False
    if _uses(second, written) or _uses(first, rewritten):
        return True
    return (_acts(first) and _looks(second)) or (_looks(first) and _acts(second))


def _acts(statement: Statement) -> bool:
    """Tell whether a statement is a call that may change what is stored."""
    return (
        not statement.is_view
        and _is_call(statement)
        and _kind_of(statement.calls[:1]) != "check"
    )


def _looks(statement: Statement) -> bool:
    """Tell whether a statement may depend on what is stored."""
    names = [call.rpartition(".")[2] for call in statement.calls]
    stored = any(name.startswith(("self.", "state.")) for name in statement.names)
    return stored or any(name.startswith("_") for name in names)


def _uses(statement: Statement, written: set[str]) -> bool:
    """Tell whether a statement names what is written, a part of it or all around it."""
    return any(
        f"{name}.".startswith(f"{other}.") or f"{other}.".startswith(f"{name}.")
        for name in statement.names
        for other in written
    )
