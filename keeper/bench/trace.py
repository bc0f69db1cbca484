"""
What a transaction did, opcode by opcode, told by the node that ran it.

The node runs the transaction once more and adds up as it goes: a trace of every step
would be hundreds of megabytes for one transaction.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

Ask = Callable[[str, list[Any]], Any]
"""Asks a node for the result of a method."""

# `steps`: gas and number of visits, by code and by place in it. `events`: what touched
# storage, hashed two words, logged or called, in order, with its own gas. The node's
# figure for a step is that of the step before and contains what a call passes on, so
# gas is told from what was there before and after, less what a frame between has used.
TRACER: Final = """
{
  frames: [], steps: {}, events: [],
  enter_code: function(code, gas) {
    if (!this.steps[code]) { this.steps[code] = {}; }
    this.frames.push(
      { code: code, table: this.steps[code], start: gas, inner: 0,
        last: -1, gas: 0, target: null, event: null }
    );
  },
  step: function(log) {
    var depth = log.getDepth(), gas = log.getGas();
    var op = log.op.toNumber(), pc = log.getPC();
    var frames = this.frames;
    if (frames.length != depth) {
      while (frames.length > depth) { this.leave(); }
      if (frames.length == 0) {
        this.enter_code(toHex(log.contract.getAddress()), gas);
      } else if (frames.length < depth) {
        this.enter_code(frames[frames.length - 1].target, gas);
      }
    }
    var frame = frames[frames.length - 1];
    if (frame.last >= 0) { this.book(frame, gas); }
    frame.last = pc;
    frame.gas = gas;
    var event = null;
    if (op == 0x54 || op == 0x55 || op == 0x5c || op == 0x5d) {
      var whose = toHex(log.contract.getAddress());
      event = [op, whose, log.stack.peek(0).toString(16)];
    } else if (op == 0x20) {
      if (parseInt(log.stack.peek(1).toString(16), 16) == 64) {
        var at = parseInt(log.stack.peek(0).toString(16), 16);
        event = [op, toHex(log.memory.slice(at, at + 64)), ""];
      }
    } else if (op == 0xf1 || op == 0xf4 || op == 0xfa) {
      var word = log.stack.peek(1).toString(16);
      while (word.length < 40) { word = "0" + word; }
      frame.target = "0x" + word.slice(-40);
      event = [op, frame.target, ""];
    } else if (op >= 0xa0 && op <= 0xa4) {
      event = [op, "", ""];
    }
    if (event != null) {
      event.push(frame.code, pc, 0);
      frame.event = event;
      this.events.push(event);
    }
  },
  book: function(frame, gas) {
    var cost = frame.gas - gas - frame.inner;
    frame.inner = 0;
    if (frame.event != null) { frame.event[5] = cost; frame.event = null; }
    var known = frame.table[frame.last];
    if (known) { known[0] += cost; known[1] += 1; }
    else { frame.table[frame.last] = [cost, 1]; }
  },
  leave: function() {
    var ended = this.frames.pop(), rest = ended.gas;
    this.book(ended, rest);
    if (this.frames.length > 0) {
      this.frames[this.frames.length - 1].inner = ended.start - rest;
    }
  },
  fault: function() {},
  result: function() {
    while (this.frames.length > 0) { this.leave(); }
    return { steps: this.steps, events: this.events };
  }
}
"""

DIFFERENCES: Final = {"tracer": "prestateTracer", "tracerConfig": {"diffMode": True}}
"""Has the node tell which slots were one number before and are another after."""

OPCODES: Final = {
    0x20: "KECCAK256",
    0x54: "SLOAD",
    0x55: "SSTORE",
    0x5C: "TLOAD",
    0x5D: "TSTORE",
    0xF1: "CALL",
    0xF4: "DELEGATECALL",
    0xFA: "STATICCALL",
} | {0xA0 + topics: f"LOG{topics}" for topics in range(5)}


@dataclass(frozen=True)
class Step:
    """All visits to one place in some code."""

    code: str
    """Address of the code, in lower case."""
    place: int
    gas: int
    visits: int


@dataclass(frozen=True)
class Touch:
    """What touched storage, hashed two words, logged or called."""

    op: str
    subject: str
    """Whose storage, what was hashed, how much was logged, or who was called."""
    slot: int
    code: str
    place: int
    gas: int


@dataclass(frozen=True)
class Change:
    """A slot that a transaction has left with another number than it found."""

    address: str
    """Whose slot, in lower case."""
    before: int
    after: int


@dataclass(frozen=True)
class Log:
    """Whose log, in lower case, how many topics and how many bytes of data."""

    address: str
    topics: int
    size: int


@dataclass(frozen=True)
class Trace:
    """One transaction: what it was sent with, what it paid and what was done."""

    calldata: bytes
    gas_used: int
    steps: Sequence[Step]
    touches: Sequence[Touch]
    changes: Sequence[Change] = ()
    logs: Sequence[Log] = ()


def trace(ask: Ask, transaction: str) -> Trace:
    """Have the node run a transaction once more."""
    sent = ask("eth_getTransactionByHash", [transaction])
    receipt = ask("eth_getTransactionReceipt", [transaction])
    found = ask("debug_traceTransaction", [transaction, {"tracer": TRACER}])
    differences = ask("debug_traceTransaction", [transaction, DIFFERENCES])
    return Trace(
        bytes.fromhex(str(sent["input"]).removeprefix("0x")),
        int(str(receipt["gasUsed"]), 16),
        [
            Step(code, int(place), int(gas), int(visits))
            for code, places in found["steps"].items()
            for place, (gas, visits) in places.items()
        ],
        [touch_of(event) for event in found["events"]],
        changes_of(differences),
        [log_of(log) for log in receipt["logs"]],
    )


def touch_of(event: Sequence[str]) -> Touch:
    """Return a touch as the tracer noted it."""
    op, subject, slot, code, place, gas = event
    return Touch(
        OPCODES[int(op)], subject, int(slot or "0", 16), code, int(place), int(gas)
    )


def changes_of(differences: Mapping[str, Any]) -> list[Change]:
    """Return the slots that are not as before; a number that is zero is not told."""
    before, after = (slots_of(differences[side]) for side in ("pre", "post"))
    return [
        Change(place[0], before.get(place, 0), after.get(place, 0))
        for place in sorted(before.keys() | after.keys())
    ]


def slots_of(accounts: Mapping[str, Any]) -> dict[tuple[str, int], int]:
    """Return the numbers in some accounts' slots."""
    return {
        (address.lower(), int(slot, 16)): int(word, 16)
        for address, account in accounts.items()
        for slot, word in account.get("storage", {}).items()
    }


def log_of(log: Mapping[str, Any]) -> Log:
    """Return what a receipt tells of a log."""
    data = str(log["data"]).removeprefix("0x")
    return Log(str(log["address"]).lower(), len(log["topics"]), len(data) // 2)
