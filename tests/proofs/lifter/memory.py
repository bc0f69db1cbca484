"""Memory of bytes, each of them known or one of the 32 of a term."""

from tests.proofs.lifter import Unsupported
from tests.proofs.lifter.terms import Term, constant, is_constant

Byte = int | tuple[Term, int]
LOST = -1
"""In place of a byte that nobody knows."""


class Memory:
    """Byte-addressed memory that holds whole terms wherever words are written."""

    def __init__(self, cells: dict[int, Byte] | None = None):
        self.cells: dict[int, Byte] = dict(cells or {})

    def slice(self, offset: int, size: int) -> list[Byte]:
        """Return ``size`` bytes from ``offset``; unwritten ones are zero."""
        content = [self.cells.get(offset + i, 0) for i in range(size)]
        if LOST in content:
            raise Unsupported(f"memory at {offset} that a cut call has used")
        return content

    def copy(self, to: int, start: int, size: int) -> None:
        """Copy bytes, those that nobody knows as well."""
        self.put(to, [self.cells.get(start + i, 0) for i in range(size)])

    def lose(self, end: int) -> None:
        """Forget what is below ``end``: a call that was cut may have used it."""
        self.cells.update(dict.fromkeys(range(end), LOST))

    def put(self, offset: int, content: list[Byte]) -> None:
        """Write bytes from ``offset``."""
        self.cells.update(enumerate(content, offset))

    def load(self, offset: int) -> Term:
        """Return the word at ``offset``."""
        return as_word(self.slice(offset, 32))

    def store(self, offset: int, term: Term) -> None:
        """Write the word ``term`` at ``offset``."""
        self.put(offset, as_bytes(term))


def as_bytes(term: Term) -> list[Byte]:
    """Return the 32 bytes of ``term``."""
    if is_constant(term):
        return list(term.arguments[0].to_bytes(32, "big"))
    return [(term, i) for i in range(32)]


def as_word(content: list[Byte]) -> Term:
    """Return 32 bytes as one word."""
    known = [b for b in content if isinstance(b, int)]
    if len(known) == 32:
        return constant(int.from_bytes(bytes(known), "big"))
    first = content[0]
    if not isinstance(first, int) and content == [(first[0], i) for i in range(32)]:
        return first[0]
    raise Unsupported("a word put together from parts of others")


def as_words(content: list[Byte]) -> list[Term]:
    """Return bytes as words; their number must be a multiple of 32."""
    if len(content) % 32:
        raise Unsupported(f"{len(content)} bytes where words were expected")
    return [as_word(content[i : i + 32]) for i in range(0, len(content), 32)]
