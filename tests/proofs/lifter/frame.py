"""The machine's state on one path, and what is left of it when the path ends."""

from dataclasses import dataclass, field
from typing import Any

from tests.proofs.lifter import Unsupported, storage
from tests.proofs.lifter.entries import Cutting, Duty, Fact
from tests.proofs.lifter.memory import Byte, Memory, as_words
from tests.proofs.lifter.terms import Term, is_constant

ERROR = bytes.fromhex("08c379a0")  # the selector of Error(string)

Write = tuple[Term, Term]


@dataclass
class Frame:
    """The machine's state on one path."""

    counter: int = 0
    stack: list[Term] = field(default_factory=list)
    memory: Memory = field(default_factory=Memory)
    writes: list[Write] = field(default_factory=list)
    transient: list[Write] = field(default_factory=list)
    conditions: list[tuple[Term, bool]] = field(default_factory=list)
    events: list[tuple[list[Term], list[Byte]]] = field(default_factory=list)
    returned: list[Term] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    asked: list[Any] = field(default_factory=list)
    cuttings: list[Cutting] = field(default_factory=list)
    duties: list[Duty] = field(default_factory=list)
    calls: int = 0
    writers: int = 0

    def fork(self) -> "Frame":
        """Return a copy that runs on without affecting this one."""
        return Frame(
            self.counter,
            self.stack[:],
            Memory(self.memory.cells),
            self.writes[:],
            self.transient[:],
            self.conditions[:],
            self.events[:],
            self.returned[:],
            self.facts[:],
            self.asked[:],
            self.cuttings[:],
            self.duties[:],
            self.calls,
            self.writers,
        )

    def pop(self) -> Term:
        """Take the top of the stack."""
        return self.stack.pop()

    def number(self) -> int:
        """Take the top of the stack, which must be known."""
        term = self.stack.pop()
        if not is_constant(term):
            raise Unsupported(f"{term!r} where a number is needed, at {self.counter}")
        return int(term.arguments[0])

    def numbers(self, count: int) -> list[int]:
        """Take that many numbers."""
        return [self.number() for _ in range(count)]


@dataclass(frozen=True)
class Path:
    """One way through the code."""

    succeeds: bool
    conditions: list[tuple[Term, bool]]
    data: list[Byte]
    writes: list[Write]
    events: list[tuple[list[Term], list[Byte]]]
    facts: list[Fact] = field(default_factory=list)
    """What is known of the answers of calls that were cut."""
    asked: list[Any] = field(default_factory=list)
    """The calls of other contracts, `machine.Asking`."""
    cuttings: list[Cutting] = field(default_factory=list)
    """The calls of internal functions that were cut."""
    duties: list[Duty] = field(default_factory=list)
    """What had to be true for them."""
    transient: list[Write] = field(default_factory=list)
    """Writes to transient storage."""

    @property
    def words(self) -> list[Term]:
        """What is returned, as words."""
        return as_words(self.data)

    @property
    def reason(self) -> str:
        """The text that a refusal carries, empty for a bare one."""
        known = bytes(b for b in self.data if isinstance(b, int))
        if self.succeeds or known[:4] != ERROR or len(known) != len(self.data):
            return ""
        length = int.from_bytes(known[36:68], "big")
        return known[68 : 68 + length].decode()

    def finally_at(self, location: Term) -> Term:
        """Return what storage holds at ``location`` once the path has ended."""
        return storage.read(self.writes, location, storage.initial(location))
