"""
A prover for the bytecode that Vyper emits.

Words are read as mathematical integers: Vyper guards every addition, subtraction and
product, and on the path that survives the guard the result is the exact integer. That
is what lets a solver compare the machine code with the Python specification, for all
inputs at once. Whatever is not understood raises `Unsupported`; nothing passes
silently. The trust base is listed in ``tests/proofs/README.md``.

=============  =====================================================================
``words``      what each opcode does to words of any width
``terms``      expressions over words, simplified and shared
``storage``    where a slot or a mapping entry is, and whether two are the same
``memory``     bytes, each of them known or a part of a term
``frame``      the machine's state on one path, and what is left of it
``entries``    where internal functions begin, and calls that are cut
``machine``    runs runtime code on terms, forking at each jump
``idioms``     the guards of checked arithmetic, and what each of them means
``integers``   a path's conditions and results over unbounded integers
``powers``     powers of two by an unknown exponent, and places of bits
``ranges``     what sizes alone decide, before a solver is asked
``linear``     the same with products and quotients left unknown
``bits``       the same over 256-bit words, for masks and shifts
``leaves``     names for what is unknown
``reference``  runs a function of the specification on symbolic integers
``solver``     asks z3, and takes nothing but an answer for one
=============  =====================================================================
"""


class Unsupported(Exception):
    """The prover has no rule for this; the proof counts as failed."""
