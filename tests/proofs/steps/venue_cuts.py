"""
Calls that are cut out of the long functions of venues and governance.

A view, which writes nothing since the compiler has it as one (`test_reach.py` looks),
may answer anything. What writes is answered as proofs have shown it.
"""

from tests.proofs.lifter.entries import Answer, Asked, Cut, unknown


def view(function: str, results: int, bits: int = 256) -> Cut:
    """Return a cut of a view or pure function whose every word may be anything."""

    def answer(asked: Asked) -> Answer:
        return Answer([unknown(asked, i, bits) for i in range(results)])

    return Cut(function, answer, ())


POOL_WORDS = 7
LOAD_ACCRUED = view("money_market._load_accrued", POOL_WORDS)
