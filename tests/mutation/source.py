"""
Statements of Vyper and Python sources, with the places of their tokens.

Both languages have the same tokens and blocks, so one reader does for both, and what it
finds can be replaced in the text as it stands. Comments and docstrings have no tokens
that a mutant may change.
"""

import io
import tokenize
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

_SKIPPED = (tokenize.NL, tokenize.COMMENT, tokenize.ENCODING, tokenize.ENDMARKER)
_RECORDS = ("struct", "event", "interface", "flag", "enum", "class")
KEYWORDS = frozenset(
    [
        "if",
        "elif",
        "else",
        "while",
        "for",
        "in",
        "assert",
        "return",
        "raise",
        "log",
        "pass",
        "break",
        "continue",
        "and",
        "or",
        "not",
        "def",
        "class",
        "import",
        "from",
        "is",
        "lambda",
        "try",
        "except",
        "finally",
        "with",
        "as",
        "yield",
        "del",
        "extcall",
        "staticcall",
    ]
)


@dataclass(frozen=True)
class Token:
    """A token and where its text is."""

    text: str
    kind: int
    start: int
    end: int
    column: int

    @property
    def is_number(self) -> bool:
        return self.kind == tokenize.NUMBER

    @property
    def is_name(self) -> bool:
        return self.kind == tokenize.NAME and self.text not in KEYWORDS

    @property
    def ends_operand(self) -> bool:
        """Tell whether an operator that follows has two sides."""
        return self.is_name or self.is_number or self.text in (")", "]", "}")


@dataclass
class Statement:
    """A statement, or the head of a compound one."""

    tokens: list[Token]
    scope: str
    """The function that it is in, empty for none."""
    record: bool
    """Whether it is a field of a struct, an event or a class, or alike."""
    is_view: bool = False
    """Whether it is in a function that stores nothing, or is the head of one."""
    body: "list[Statement]" = field(default_factory=list)
    text: str = ""

    @property
    def start(self) -> int:
        return self.tokens[0].start

    @property
    def end(self) -> int:
        return self.tokens[-1].end

    @property
    def first(self) -> str:
        return self.tokens[0].text

    @property
    def is_head(self) -> bool:
        return self.tokens[-1].text == ":"

    @property
    def is_declaration(self) -> bool:
        """Tell whether it declares a variable with its type."""
        return (
            len(self.tokens) > 2
            and self.tokens[0].is_name
            and self.tokens[1].text == ":"
        )

    @cached_property
    def depths(self) -> list[int]:
        """Return how many brackets are open at each token, its own not counted."""
        found, depth = [], 0
        for token in self.tokens:
            depth -= token.text in (")", "]", "}")
            found.append(depth)
            depth += token.text in ("(", "[", "{")
        return found

    def find(self, texts: tuple[str, ...], begin: int = 0) -> int | None:
        """Return the place of the first of these tokens outside of brackets."""
        for place in range(begin, len(self.tokens)):
            if self.depths[place] == 0 and self.tokens[place].text in texts:
                return place
        return None

    @cached_property
    def calls(self) -> list[str]:
        """Return the dotted names that are called."""
        found = []
        for place, token in enumerate(self.tokens[1:], 1):
            before = self.tokens[place - 1]
            if token.text == "(" and before.is_name:
                found.append(self.dotted(place - 1))
        return found

    @cached_property
    def names(self) -> set[str]:
        """Return every dotted name."""
        last = len(self.tokens) - 1
        return {
            self.dotted(place)
            for place, token in enumerate(self.tokens)
            if token.is_name and (place == last or self.tokens[place + 1].text != ".")
        }

    def names_from(self, begin: int) -> set[str]:
        """Return every plain name from a place on."""
        return {token.text for token in self.tokens[begin:] if token.is_name}

    def dotted(self, place: int) -> str:
        """Return the dotted name that ends at a token."""
        begin = place
        while begin >= 2 and self.tokens[begin - 1].text == ".":
            if not self.tokens[begin - 2].is_name:
                break
            begin -= 2
        return "".join(token.text for token in self.tokens[begin : place + 1])


@dataclass
class Source:
    """A file, in statements."""

    text: str
    statements: list[Statement]
    """All of them, in order."""
    blocks: list[list[Statement]]
    """Those that follow one another, for each block."""

    @cached_property
    def code(self) -> str:
        """Return what is left without comments, docstrings and layout."""
        return "\n".join(
            " ".join(token.text for token in statement.tokens)
            for statement in self.statements
            if len(statement.tokens) > 1 or statement.tokens[0].kind != tokenize.STRING
        )


def read(text: str) -> Source:
    """Return the statements of a source."""
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    top: list[Statement] = []
    blocks, stack = [top], [top]
    owners: list[Statement | None] = [None]
    statements: list[Statement] = []
    tokens: list[Token] = []
    for found in tokenize.generate_tokens(io.StringIO(text).readline):
        if found.type in _SKIPPED:
            continue
        if found.type == tokenize.INDENT:
            owners.append(statements[-1])
            stack.append(statements[-1].body)
            blocks.append(statements[-1].body)
        elif found.type == tokenize.DEDENT:
            stack.pop()
            owners.pop()
        elif found.type == tokenize.NEWLINE:
            statement = Statement(tokens, *_place(owners))
            if _is_view(statement, stack[-1]):
                statement.is_view = True
            statement.text = text[statement.start : statement.end]
            stack[-1].append(statement)
            statements.append(statement)
            tokens = []
        else:
            tokens.append(_token(found, starts))
    return Source(text, statements, blocks)


def _token(found: Any, starts: list[int]) -> Token:
    begin = starts[found.start[0] - 1] + found.start[1]
    end = starts[found.end[0] - 1] + found.end[1]
    return Token(found.string, found.type, begin, end, found.start[1])


def _place(owners: list[Statement | None]) -> tuple[str, bool, bool]:
    """Return the function at hand, whether a record's fields are, or a view's code."""
    scope, record, is_view = "", False, False
    for owner in owners:
        if owner is None:
            continue
        words = [token.text for token in owner.tokens]
        if "def" in words[:2]:
            scope, record = words[words.index("def") + 1], False
            is_view = owner.is_view
        elif words[0] in _RECORDS:
            record = True
    return scope, record, is_view


def _is_view(statement: Statement, before: list[Statement]) -> bool:
    """Tell whether a function's decorators, which are before it, say so."""
    if statement.first != "def":
        return False
    for other in reversed(before):
        if other.first != "@":
            return False
        if other.tokens[1].text in ("view", "pure"):
            return True
    return False
