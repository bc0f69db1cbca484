"""
Survivors that are no faults, each with the argument why nothing could notice it.

A mutant that the compiler turns into the same bytecode needs no argument.
"""

from tests.mutation.equivalents_specs import SPECIFICATION

_MODULES = "contracts/modules/"

EQUIVALENTS: dict[str, str] = {
    **SPECIFICATION,
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
    f"{_MODULES}order_queue.vy:_remove:order:72a53429": (
        "The one before and the one behind are two orders: of each another field is"
        " written."
    ),
    f"{_MODULES}money_market.vy:_add:order:0eb99fe8": (
        "Cash is in memory, what is idle in storage: neither reads the other, and if"
        " one refuses, nothing is kept of either."
    ),
    f"{_MODULES}money_market.vy:_debit:comparison:5b46bf20": (
        "Whoever lends nothing has lent 0: taking all of it changes nothing."
    ),
    f"{_MODULES}price_index.vy:_median_down:comparison:ae256d05": (
        "Equal prices change their places, which nobody can tell."
    ),
    f"{_MODULES}liquidity_fund.vy:_compute_payment:check:6006513c": (
        "Of no gain, and of a loss, the lesser of it and what the fund reaches, which"
        " is not below 0, is the loss itself."
    ),
    f"{_MODULES}bankruptcy.vy:_write_off:order:1d066dc0": (
        "Whether a pool is halted is a bit of its curve, which saving does not write."
    ),
    f"{_MODULES}decay.vy:_decay_down:comparison:2a269e81": (
        "After 42 periods 0.57 units are left by the series as well, rounded down to"
        " the 0 that is returned without it."
    ),
    f"{_MODULES}tick_set.vy:_next:arithmetic:ba38afec": (
        "Half of a lower word's number is never that of a higher word, so nothing more"
        " is passed over; where both are one word, the summary leads to a tick out of"
        " range at most, which is refused, at the cost of reading it."
    ),
    f"{_MODULES}requests.vy:_refresh:order:60273e4f": (
        "What is written refuses nothing, and the check reads nothing of it; if it"
        " refuses, for the same reason, nothing is kept."
    ),
    f"{_MODULES}bankruptcy.vy:_write_off:comparison:c2f2abfa": (
        "Where the fund has paid all of the deficit, just the scaled units that claims"
        " cover are left, for a borrow index is never below 1: all of them stay, and"
        " of no debt nothing is written off."
    ),
    f"{_MODULES}legs.vy:_realise:order:f0be8921": (
        "To meet epochs adds no market to the list. One that it takes off has an empty"
        " position, at which settling returns the pool as it was."
    ),
    f"{_MODULES}positions.vy:_touch:check:3dbce1d1": (
        "The trade body, which is asked then, has the same word of the market and looks"
        " itself whether the position is behind; before the first epoch none is. It"
        " costs gas alone."
    ),
    "contracts/TradeCode.vy:trade_unlocked:comparison:ff6e9073": (
        "Before a market's first epoch no position has a number of epochs other than 0,"
        " so that none is behind, and to ask costs gas alone."
    ),
    "contracts/TradeCode.vy:fill_perp:order:27397f95": (
        "The two are different accounts, never the reserve. Each fee moves a balance"
        " of its own, rounded at indices that no fee changes, and adds to sums of the"
        " pool, which come to the same in any order."
    ),
    "contracts/MakerCode.vy:__init__:order:e8078750": (
        "Each fixes an address of its own from an argument of its own; what is deployed"
        " is the same to the byte."
    ),
    "contracts/DeleverageCode.vy:_deleverage:comparison:6bfe31a8": (
        "A size of 0 has returned before, so that no lots are 0 here."
    ),
    "contracts/ForcedCode.vy:clear_slice:arithmetic:31ab2afc": (
        "No reason is one letter long. Without one, a maker's reducible size is only"
        " read, and the reason that is assigned is the empty one that stood there."
    ),
    f"{_MODULES}price_levels.vy:_mark:check:16a7b77e": (
        "A word that is not empty has its own bit set already, and so up to the"
        " summary: setting them again costs gas alone."
    ),
}
