"""Why the bytecode of a function is not compared with the specification by itself."""

from enum import StrEnum


class Reason(StrEnum):
    """What keeps a function out of layer 2; each is explained in the table's text."""

    LOOP = "loops over what an account holds, whatever that is"
    ROOT = "needs a square root, which is Newton's method in the contract"
    CALL = "asks another contract"
    TICKS = "reads the tick set, whose specification sums over all positions"
    OPEN = "no equality was found yet"
