"""
Why the proofs establish an invariant, and what is assumed beside them.

The proofs themselves say which invariants they serve; here is the argument that puts
them together, and what it leaves to the walks. An invariant without an entry is tested.
"""

from typing import NamedTuple


class Argument(NamedTuple):
    """How proofs of parts make one of the whole."""

    because: str
    assuming: str
    proofs: tuple[str, ...] = ()
    """Names, or patterns, of proofs that do not say themselves that they serve."""


ARGUMENTS = {
    "I1": Argument(
        "each call that moves tokens changes cash and idle balances together by what "
        "it moves, to the unit, and moves it last, once; whatever else credits, "
        "debits, lends or takes back changes idle balances by what it changes cash, "
        "in every body's bytecode",
        "a token moves what it says that it moves; that bodies which trade and "
        "liquidate change cash in no other way is tested",
    ),
    "I2": Argument(
        "a credit is worth no more than what came, a debit no less than what leaves, "
        "on the bytecode of every body; an accrual and a write-off keep the slack "
        "in the specification, which their bytecode equals; each call of a user "
        "keeps it as a whole",
        "",
        ("bytecode.money_market.*",),
    ),
    "I3": Argument(
        "what a balance does its totals do, on the bytecode of every body; pending "
        "interest leaves the totals as it is settled; the reserve is credited in "
        "both; in the first state there is nothing of either",
        "that W and V are sums over the tick set is a law of the specification and "
        "tested on the bytecode",
    ),
    "I4": Argument(
        "no cash is paid out that is not there; an idle balance changes by its "
        "owner's call alone, with its sum; caps and the throttle refuse what grows "
        "above them, on bytecode that equals the specification",
        "that a body asks for each cap is shown of the calls that users make, and "
        "tested of the others",
        ("bytecode.guards.*",),
    ),
    "I5": Argument(
        "an accrual never lowers an index, keeps both in their fields and pays no "
        "more than it books, in the specification and on bytecode that equals it; no "
        "other function of the money market but a write-off returns another index "
        "than it got",
        "",
        ("bytecode.money_market.book", "bytecode.weights.*"),
    ),
    "I6": Argument(
        "no rate is above the highest that a curve may have, an index that would "
        "leave its field stays, twice in a second is once, and the reserve never "
        "pays",
        "that no sum within the bounds of DECISIONS overflows is tested at the bounds",
        ("bytecode.interest_rate.*", "bytecode.money_market.*"),
    ),
    "I7": Argument(
        "every division rounds for the pool, in the specification and on bytecode "
        "that equals it; a debt of one unit is worth at least one",
        "",
        ("bytecode.fixed_point.*", "bytecode.money_market.*"),
    ),
    "I8": Argument(
        "there and back, or in two parts, leaves a balance no better: as laws for "
        "all numbers, and as chains of calls on the bytecode",
        "one account, in one second: interest between the calls is I5's",
    ),
    "I9": Argument(
        "whatever credits or debits returns the indices that it got; only an accrual "
        "and a write-off change them; what the vault holds is asked for to compare "
        "it with itself alone, and nothing is computed from it",
        "",
        ("step.money_market.*", "step.governance.withdraw_reserve"),
    ),
    "I10": Argument(
        "what only adds to an account leaves it no worse; whatever takes from it is "
        "judged by initial margin after its last write, and initial margin is at "
        "least maintenance margin",
        "health is monotone for portfolios of a few assets and positions; sums over "
        "eight of each are tested",
        ("step.clearinghouse.*", "step.account_code.*"),
    ),
    "I19": Argument(
        "a trade moves a position by its lots and open interest by what longs grow, "
        "and both sides of a fill trade opposite lots, to the lot, on the bytecode; "
        "a realisation moves neither; what is taken over leaves the one account as "
        "it comes to the other; an epoch's share moves between position and "
        "inventory",
        "a fill in a market that has had epochs meets them by another body first, "
        "and a call of several orders fills them one by one: tested; the sum over "
        "positions is one of steps, and in the first state there is none",
    ),
    "I20": Argument(
        "a trade changes basis and fund together by its cost, rounded up, whatever "
        "is paid, on the bytecode; a realisation changes neither's sum; the sum over "
        "funds moves with each of them; two sides of a fill leave at most one unit",
        "the sum over positions is one of steps, and in the first state there is none",
    ),
    "I21": Argument(
        "a rate is capped and one update charges at most the cap of an interval, in "
        "the specification; on the bytecode the clock of funding never goes back, "
        "the same second leaves the index, and nothing but its two words is written",
        "that the bytecode's index moves by what is specified is tested",
    ),
    "I22": Argument(
        "a realisation keeps size and epochs, adds to the basis what it pays, pays a "
        "loss in full and no more than the gain, on the bytecode; the balance is "
        "credited no more than that, and interest that was pending goes from the "
        "totals to the account",
        "that margin foresees epochs is a law of up to one of them, and tested",
    ),
    "I23": Argument(
        "whoever is realised twice is paid what one realisation pays; the order of "
        "winners changes no total; interest of two accruals is that of one, but for "
        "a unit; an entry rounds against its position: for all numbers, in the "
        "specification",
        "the bytecode of what accrues over ticks (`tick_set`) is tested against sums",
        ("bytecode.virtual_pnl.*", "bytecode.weights.*"),
    ),
    "I24": Argument(
        "each step that changes a position's worth changes the fund by the same, on "
        "the bytecode: a trade by its cost, a realisation by what it pays; W - V of "
        "a market is in its word after each; and Z is what the funds have beyond it",
        "prices and funding move what positions are worth for both sides alike, "
        "which is a law; sums over positions are of steps",
    ),
    "I33": Argument(
        "a takeover and a slice begin only for an account that is due, as its health "
        "says when it is asked, without orders; what is taken changes no sign and "
        "is no more than there was, on the bytecode",
        "health is what MarginCode says, whose sums over eight legs are tested",
        ("bytecode.margin.is_due*", "bytecode.distress.*"),
    ),
    "I34": Argument(
        "a takeover and a slice lower no equity over margin, discount and fee are "
        "within their bounds: for all numbers, in the specification; on the bytecode "
        "an account is compared with what it was after the last write, one discount "
        "applies, and no capacity is exceeded",
        "margin that is freed is at least the part's share, but for a unit: a law of "
        "one leg, tested of eight",
        ("bytecode.backstop.*", "bytecode.slices.*", "bytecode.providers.*"),
    ),
}
"""By number."""
