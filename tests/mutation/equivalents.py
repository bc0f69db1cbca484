"""
Survivors that are no faults, each with the argument why nothing could notice it.

A mutant that the compiler turns into the same bytecode needs no argument.
"""

EQUIVALENTS: dict[str, str] = {}
