"""
Survivors that are no faults, each with the argument why nothing could notice it.

A mutant that the compiler turns into the same bytecode needs no argument.
"""

_MODULES = "contracts/modules/"

EQUIVALENTS: dict[str, str] = {
    f"{_MODULES}position_views.vy:_credit:arithmetic:369d9298": (
        "The slow price is the uppermost field of its word: from bit 176 on there are"
        " only 80 bits."
    ),
    f"{_MODULES}conversion.vy:-:arithmetic:b9b60e8d": (
        "The mask is used for a haircut's weight alone, which `bounds` keeps at a "
        "million at most, below 2**23."
    ),
    f"{_MODULES}guard_views.vy:guards:rounding:e36dcb19": (
        "An average is stored in units of 10**9 wei, so that its share in basis points "
        "is whole, and no rounding happens."
    ),
    f"{_MODULES}guards.vy:_check_outflow:rounding:1af3e5e9": (
        "The average is a multiple of 10**9 wei, which basis points divide: nothing is "
        "rounded, as its comment says."
    ),
    f"{_MODULES}settlement.vy:_pay:check:2e3ac670": (
        "Where nothing is paid, the fund, the sum of all and the rest are stored as"
        " they were; the early return saves gas alone."
    ),
    f"{_MODULES}decay.vy:-:arithmetic:c2da716d": (
        "What is left after more than 42 periods is less than a unit: the series comes"
        " to the 0 that is returned without it."
    ),
    f"{_MODULES}matching.vy:_settle:order:6e7733a9": (
        "One of the two is a pure function of words in memory, the other one stores an "
        "order: neither has anything to do with what the other reads."
    ),
}
