"""Why the bytecode of a function is not compared with the specification by itself."""

from enum import StrEnum


class Reason(StrEnum):
    """What keeps a function out of layer 2; each is explained in the table's text."""

    LOOP = "loops over what an account holds, whatever that is"
    ROOT = "needs a square root, which is Newton's method in the contract"
    CALL = "asks another contract"
    TICKS = "reads the tick set, whose specification sums over all positions"
    SERIES = "sums a series; it is tested at every second of its periods"
    LIST = "goes through a list of any length"
    HASH = "hashes, or asks who signed, which a solver knows nothing of"
    TEXT = "returns a text, not a word"
    BYTES = "looks for a number among eight bytes; lists at random are tested"
    ARRAY = "reads an array at an unknown place; each place is tested"
    COMPOSED = "passes on what others return that are proved; the whole is tested"
