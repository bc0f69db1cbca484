"""
Run runtime code on terms, forking at each jump that depends on the input.

The result is the list of all paths: the conditions taken, the words returned or the
reason given, the writes to storage and the events. Concrete jumps, memory offsets and
sizes are required; Vyper emits no others.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from tests.proofs.lifter import Unsupported, storage
from tests.proofs.lifter.entries import BUFFER, RETURN, Asked, Cut, Cutting, Duty, Entry
from tests.proofs.lifter.frame import Frame, Path, Write
from tests.proofs.lifter.memory import Byte, as_bytes, as_word, as_words
from tests.proofs.lifter.terms import (
    ONE,
    ZERO,
    Term,
    answer,
    build,
    constant,
    is_constant,
    node,
    variable,
)
from tests.proofs.lifter.words import OPCODES, UNARY

ENVIRONMENT = {
    0x30: ("this", 160),
    0x32: ("origin", 160),
    0x33: ("caller", 160),
    0x42: ("timestamp", 32),
    0x43: ("number", 64),
    0x46: ("chain", 64),
    0x5A: ("gas", 64),
}
"""Words that block or caller provide, and their bits; time until 2106, as stored."""


class Call(NamedTuple):
    """A call to another contract, as the stub that answers it sees it."""

    target: Term
    selector: int
    arguments: list[Term]
    value: Term
    is_static: bool
    is_delegated: bool
    """Whether it runs on the caller's storage; the stub knows that it writes none."""
    number: int
    """Which call of the transaction it is, from 1."""
    writers: int
    """How many of the calls before it may have changed something."""


class Asking(NamedTuple):
    """A call to another contract, and when in the order of writes it was made."""

    call: Call
    writes: int
    """How many writes to storage were made before."""
    answers: list[Term]


Stub = Callable[[Call], tuple[Term, list[Term]]]


class Machine:
    """Runtime code, and who answers its calls to others."""

    def __init__(
        self,
        code: bytes,
        stub: Stub | None = None,
        limit: int = 5_000,
        cuts: Mapping[str, tuple[Entry, Cut]] | None = None,
        slots: Mapping[str, int] | None = None,
        keeps_refusals: bool = True,
        tag: str = "",
        is_within: bool = False,
    ):
        """
        Take runtime code; ``cuts`` has calls that are answered instead of run.

        Paths that revert are left out unless ``keeps_refusals``: they change nothing.
        What cuts leave open has names that begin with ``tag``: of two transactions
        they must not be the same. A call ``is_within`` a transaction if others of it
        may have come before.
        """
        self.is_within = is_within
        self.tag = tag
        self.code, self.stub, self.limit = code, stub, limit
        self.slots = slots or {}
        self.keeps_refusals = keeps_refusals
        self.cuts = {
            entry.counter: (entry, cut) for entry, cut in (cuts or {}).values()
        }
        self.steps = 0

    def run(
        self, selector: int, words: Sequence[Term], writes: Sequence[Write] = ()
    ) -> list[Path]:
        """Return all paths of a call; ``writes`` are those of calls before it."""
        self.selector, self.calldata = selector, list(words)
        self.results = 0
        return self._run(Frame(writes=list(writes)))

    def enter(
        self, entry: Entry, words: Sequence[Term], writes: Sequence[Write] = ()
    ) -> list[Path]:
        """Return all paths of an internal function; what it returns are words."""
        self.selector, self.calldata = 0, []
        self.results = 32 * len(entry.results)
        frame = Frame(counter=entry.counter, writes=list(writes))
        frame.memory.lose(entry.end)
        for index, word in enumerate(words):
            frame.memory.store(entry.memory + 32 * index, word)
        frame.stack.append(constant(RETURN))
        if entry.results:
            frame.stack.append(constant(BUFFER))
        return self._run(frame)

    def _run(self, frame: Frame) -> list[Path]:
        self.waiting = [frame]
        done: list[Path] = []
        while self.waiting:
            path = self._finish(self.waiting.pop())
            if path.succeeds or self.keeps_refusals:
                done.append(path)
            if len(done) + len(self.waiting) > self.limit:
                raise Unsupported(f"more than {self.limit} paths")
        return done

    def _finish(self, frame: Frame) -> Path:
        while True:
            self.steps += 1
            if self.steps > 3_000_000:
                raise Unsupported("too many steps")
            if frame.counter == RETURN:
                return self._end(frame, True, BUFFER, self.results)
            code = self.code[frame.counter] if frame.counter < len(self.code) else 0
            frame.counter += 1
            if code in (0x00, 0xF3, 0xFD, 0xFE):
                size = frame.numbers(2) if code in (0xF3, 0xFD) else [0, 0]
                return self._end(frame, code in (0x00, 0xF3), *size)
            self._step(frame, code)

    def _end(self, frame: Frame, succeeds: bool, offset: int, size: int) -> Path:
        return Path(
            succeeds,
            frame.conditions,
            frame.memory.slice(offset, size),
            frame.writes,
            frame.events,
            frame.facts,
            frame.asked,
            frame.cuttings,
            frame.duties,
            frame.transient,
        )

    def _step(self, frame: Frame, code: int) -> None:
        stack = frame.stack
        if 0x5F <= code <= 0x7F:
            size = code - 0x5F
            immediate = self.code[frame.counter : frame.counter + size]
            stack.append(constant(int.from_bytes(immediate.ljust(size, b"\0"), "big")))
            frame.counter += size
        elif 0x80 <= code <= 0x8F:
            stack.append(stack[0x7F - code])
        elif 0x90 <= code <= 0x9F:
            stack[-1], stack[0x8E - code] = stack[0x8E - code], stack[-1]
        elif code in OPCODES:
            name = OPCODES[code]
            operands = [frame.pop() for _ in range(1 if name in UNARY else 2)]
            stack.append(build(name, *operands))
        elif code in ENVIRONMENT:
            name, bits = ENVIRONMENT[code]
            stack.append(variable(name, 0, 2**bits - 1))
        elif 0xA0 <= code <= 0xA4:
            offset, size = frame.numbers(2)
            topics = [frame.pop() for _ in range(code - 0xA0)]
            frame.events.append((topics, frame.memory.slice(offset, size)))
        elif code in _STEPS:
            _STEPS[code](self, frame)
        else:
            raise Unsupported(f"opcode {code:#x} at {frame.counter - 1}")

    # Calldata, code and what a call returned

    def _input(self, offset: int) -> Term:
        if offset == 0:
            return node("selector", self.selector)
        index, rest = divmod(offset - 4, 32)
        if rest or index < 0:
            raise Unsupported(f"calldata at {offset}")
        return self.calldata[index] if index < len(self.calldata) else ZERO

    def _load_input(self, frame: Frame) -> None:
        frame.stack.append(self._input(frame.number()))

    def _input_size(self, frame: Frame) -> None:
        frame.stack.append(constant(4 + 32 * len(self.calldata)))

    def _copy_input(self, frame: Frame) -> None:
        to, start, size = frame.numbers(3)
        sent: list[Byte] = list(self.selector.to_bytes(4, "big"))
        sent += [byte for word in self.calldata for byte in as_bytes(word)]
        part = sent[start : start + size]
        frame.memory.put(to, part + [0] * (size - len(part)))

    def _copy_code(self, frame: Frame) -> None:
        to, start, size = frame.numbers(3)
        part = self.code[start : start + size].ljust(size, b"\0")
        frame.memory.put(to, list(part))

    def _size_of_code(self, frame: Frame) -> None:
        """Assume that whatever is called has code."""
        frame.pop()
        frame.stack.append(ONE)

    def _copy_returned(self, frame: Frame) -> None:
        to, start, size = frame.numbers(3)
        content = [b for word in frame.returned for b in as_bytes(word)]
        frame.memory.put(to, content[start : start + size])

    def _returned_size(self, frame: Frame) -> None:
        frame.stack.append(constant(32 * len(frame.returned)))

    # Memory and hashes

    def _hash(self, frame: Frame) -> None:
        offset, size = frame.numbers(2)
        content = frame.memory.slice(offset, size)
        if size % 32 == 4:  # of calldata: no place in storage, any function of it
            head, *rest = content[0:4], *as_words(content[4:])
            selector = constant(int.from_bytes(bytes(head), "big"))
            hashed = answer(f"keccak_{size}", 0, 2**256 - 1, selector, *rest)
        else:
            hashed = node("keccak", *as_words(content))
        frame.stack.append(hashed)

    def _load(self, frame: Frame) -> None:
        frame.stack.append(frame.memory.load(frame.number()))

    def _store(self, frame: Frame) -> None:
        frame.memory.store(frame.number(), frame.pop())

    def _copy(self, frame: Frame) -> None:
        to, start, size = frame.numbers(3)
        frame.memory.copy(to, start, size)

    # Storage; transient storage is empty when a transaction begins

    def _read(self, frame: Frame) -> None:
        location = frame.pop()
        before = storage.initial(location)
        frame.stack.append(storage.read(frame.writes, location, before))

    def _write(self, frame: Frame) -> None:
        frame.writes.append((frame.pop(), frame.pop()))

    def _read_transient(self, frame: Frame) -> None:
        location = frame.pop()
        before = ZERO
        if self.is_within:
            base, slot = storage.locate(location)
            if base is not None:
                raise Unsupported("a transient mapping that calls before may have set")
            before = variable(f"transient.{slot}")
        frame.stack.append(storage.read(frame.transient, location, before))

    def _write_transient(self, frame: Frame) -> None:
        frame.transient.append((frame.pop(), frame.pop()))

    def _drop(self, frame: Frame) -> None:
        frame.pop()

    # Control

    def _jump(self, frame: Frame) -> None:
        frame.counter = frame.number()
        if frame.counter in self.cuts:
            self._cut(frame, *self.cuts[frame.counter])

    def _cut(self, frame: Frame, entry: Entry, cut: Cut) -> None:
        """Answer the call of an internal function that was just jumped to."""
        writes = frame.writes[:]

        def read(location: Term) -> Term:
            return storage.read(writes, location, storage.initial(location))

        at = range(entry.memory, entry.memory + 32 * len(entry.arguments), 32)
        asked = Asked(
            f"{self.tag}{cut.function}#{len(frame.cuttings) + 1}",
            [self._argument(frame, i) for i in at],
            read,
            self.slots,
        )
        answer = cut.answer(asked)
        is_free = (entry.is_view or answer.forgets) and not (
            answer.writes or answer.facts
        )
        if not cut.rests_on and not is_free:
            raise Unsupported(f"nothing shows what is said of {cut.function}")
        if cut.is_pure and not entry.is_pure:
            raise Unsupported(f"{cut.function} may depend on more than its arguments")
        if len(answer.results) != len(entry.results):
            raise Unsupported(f"{cut.function} returns {len(entry.results)} words")
        frame.memory.lose(entry.end)
        if entry.results:
            buffer = frame.number()
            for index, word in enumerate(answer.results):
                frame.memory.store(buffer + 32 * index, word)
        frame.counter = frame.number()
        frame.cuttings.append(
            Cutting(
                cut.function, asked.arguments, list(answer.results), len(frame.writes)
            )
        )
        if answer.needs:
            known = len(frame.conditions), len(frame.facts)
            frame.duties.append(Duty(cut.function, answer.needs, *known))
        if answer.forgets:
            number = len(frame.cuttings)
            frame.writes.append(storage.forgotten(number))
            frame.transient.append(storage.forgotten(number, is_transient=True))
            frame.writers += 1  # others may answer otherwise from now on
        frame.writes += answer.writes
        frame.facts += answer.facts

    def _argument(self, frame: Frame, offset: int) -> Term:
        """Return an argument; behind the end of a list there may be anything."""
        try:
            return frame.memory.load(offset)
        except Unsupported:
            place = f"{frame.counter}_{offset}_{len(frame.cuttings)}"
            return variable(f"{self.tag}lost_{place}")

    def _branch(self, frame: Frame) -> None:
        target, condition = frame.number(), frame.pop()
        if is_constant(condition):
            known: bool | None = condition.arguments[0] != 0
        else:
            known = next((b for t, b in frame.conditions if t is condition), None)
            if known is None:
                other = frame.fork()
                other.conditions.append((condition, True))
                other.counter = target
                self.waiting.append(other)
                frame.conditions.append((condition, False))
        if known:
            frame.counter = target

    def _call(
        self, frame: Frame, is_static: bool = False, is_delegated: bool = False
    ) -> None:
        frame.pop()
        target = frame.pop()
        value = ZERO if is_static or is_delegated else frame.pop()
        start, size, to, room = frame.numbers(4)
        if self.stub is None:
            raise Unsupported("a call to another contract without a stub")
        sent = frame.memory.slice(start, size)
        head = bytes(b for b in sent[:4] if isinstance(b, int))
        arguments = [as_word(sent[i : i + 32]) for i in range(4, size, 32)]
        frame.calls += 1
        selector = int.from_bytes(head, "big")
        call = Call(
            target,
            selector,
            arguments,
            value,
            is_static,
            is_delegated,
            frame.calls,
            frame.writers,
        )
        frame.writers += not is_static and not is_delegated
        succeeded, frame.returned = self.stub(call)
        frame.asked.append(Asking(call, len(frame.writes), frame.returned))
        content = [b for word in frame.returned for b in as_bytes(word)]
        frame.memory.put(to, content[:room])
        frame.stack.append(succeeded)


_STEPS: dict[int, Callable[[Machine, Frame], None]] = {
    0x20: Machine._hash,
    0x34: lambda machine, frame: frame.stack.append(ZERO),
    0x35: Machine._load_input,
    0x36: Machine._input_size,
    0x37: Machine._copy_input,
    0x39: Machine._copy_code,
    0x3B: Machine._size_of_code,
    0x3D: Machine._returned_size,
    0x3E: Machine._copy_returned,
    0x50: Machine._drop,
    0x51: Machine._load,
    0x52: Machine._store,
    0x54: Machine._read,
    0x55: Machine._write,
    0x56: Machine._jump,
    0x57: Machine._branch,
    0x5B: lambda machine, frame: None,
    0x5C: Machine._read_transient,
    0x5D: Machine._write_transient,
    0x5E: Machine._copy,
    0xF1: Machine._call,
    0xF4: lambda machine, frame: machine._call(frame, is_delegated=True),
    0xFA: lambda machine, frame: machine._call(frame, is_static=True),
}
"""Opcodes that are more than a function of words. No ether is sent with a call."""
