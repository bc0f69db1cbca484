"""
What each opcode does to words, at any width.

One table serves three masters: constant folding at 256 bits, the brute-force check of
the guard idioms at 8 bits, and the comparison with a real machine. So what is tested is
what is used.
"""

from collections.abc import Callable

BITS = 256
MODULUS = 1 << BITS
SIGN = 1 << (BITS - 1)


def to_signed(word: int, bits: int = BITS) -> int:
    """Return ``word`` read in two's complement."""
    return word - (1 << bits) if word >> (bits - 1) else word


def _divide_signed(x: int, y: int, bits: int) -> int:
    """Divide towards zero; nothing divided by zero is zero."""
    x, y = to_signed(x, bits), to_signed(y, bits)
    if y == 0:
        return 0
    quotient = abs(x) // abs(y)
    return quotient if (x < 0) == (y < 0) else -quotient


def _modulo_signed(x: int, y: int, bits: int) -> int:
    """Return the remainder of the signed division, with the sign of ``x``."""
    if y == 0:
        return 0
    return to_signed(x, bits) - _divide_signed(x, y, bits) * to_signed(y, bits)


def _sign_extend(k: int, x: int, bits: int) -> int:
    """Copy the sign bit of byte ``k`` of ``x`` into all bits above it."""
    width = 8 * (k + 1)
    return x if width >= bits else to_signed(x % (1 << width), width)


def _shift_signed(k: int, x: int, bits: int) -> int:
    return to_signed(x, bits) >> min(k, bits - 1)


def _byte(k: int, x: int, bits: int) -> int:
    """Return byte ``k`` of ``x``, counted from the most significant."""
    return (x >> (bits - 8 - 8 * k)) & 0xFF if 8 * k < bits else 0


OPERATIONS: dict[str, Callable[..., int]] = {
    "add": lambda x, y, bits: x + y,
    "sub": lambda x, y, bits: x - y,
    "mul": lambda x, y, bits: x * y,
    "div": lambda x, y, bits: x // y if y else 0,
    "mod": lambda x, y, bits: x % y if y else 0,
    "sdiv": _divide_signed,
    "smod": _modulo_signed,
    "exp": lambda x, y, bits: pow(x, y, 1 << bits),
    "signextend": _sign_extend,
    "lt": lambda x, y, bits: x < y,
    "gt": lambda x, y, bits: x > y,
    "slt": lambda x, y, bits: to_signed(x, bits) < to_signed(y, bits),
    "sgt": lambda x, y, bits: to_signed(x, bits) > to_signed(y, bits),
    "eq": lambda x, y, bits: x == y,
    "iszero": lambda x, bits: x == 0,
    "and": lambda x, y, bits: x & y,
    "or": lambda x, y, bits: x | y,
    "xor": lambda x, y, bits: x ^ y,
    "not": lambda x, bits: ~x,
    "byte": _byte,
    "shl": lambda k, x, bits: x << k if k < bits else 0,
    "shr": lambda k, x, bits: x >> k if k < bits else 0,
    "sar": _shift_signed,
    "ite": lambda c, x, y, bits: x if c else y,
}

OPCODES: dict[int, str] = {
    0x01: "add",
    0x02: "mul",
    0x03: "sub",
    0x04: "div",
    0x05: "sdiv",
    0x06: "mod",
    0x07: "smod",
    0x0A: "exp",
    0x0B: "signextend",
    0x10: "lt",
    0x11: "gt",
    0x12: "slt",
    0x13: "sgt",
    0x14: "eq",
    0x15: "iszero",
    0x16: "and",
    0x17: "or",
    0x18: "xor",
    0x19: "not",
    0x1A: "byte",
    0x1B: "shl",
    0x1C: "shr",
    0x1D: "sar",
}
"""Opcodes that map words to one word."""

UNARY = frozenset({"iszero", "not"})
COMPARISONS = frozenset({"lt", "gt", "slt", "sgt", "eq", "iszero"})
COMMUTATIVE = frozenset({"add", "mul", "eq", "and", "or", "xor"})


def apply(name: str, *words: int, bits: int = BITS) -> int:
    """Return what opcode ``name`` leaves on the stack of a machine of that width."""
    return int(OPERATIONS[name](*words, bits=bits)) % (1 << bits)
