"""
Layer 3 of fills: who may fill, what a fill moves, and that margin is asked for last.

What one side's trade and a fee do is in ``trades.py`` and ``settlements.py``.
"""

from typing import Any

import z3

from tests.proofs.lifter.fields import Fields
from tests.proofs.lifter.integers import Integers
from tests.proofs.lifter.storage import initial
from tests.proofs.lifter.terms import Term, build, constant, variable
from tests.proofs.proof import Mutant
from tests.proofs.steps.perp_cuts import (
    CONSTRUCTORS,
    FIT_SIGNED,
    TRADE_CODE,
    USDC,
    Words,
    larger,
    open_interest,
    position,
    unsigned,
    view,
)
from tests.proofs.steps.settlements import writes_sums
from tests.proofs.steps.settlements_usdc import CHARGE, writes_usdc
from tests.proofs.steps.trades import TRADE
from tests.proofs.steps.venue_cuts import anything
from tests.proofs.summary import Call, Facts, Summary
from tests.proofs.transition import Step, Transition

_FILLS = "contracts/modules/fills.vy"
_CALLER = variable("caller", 0, 2**160 - 1)
_VENUE = 1
_LOTS = ("bought", "buys", "sold", "sells")
_ARGUMENTS = ("market", "buyer", "seller", "lots", "price", "maker_is_buyer")


def _size(call: Call, name: str) -> Any:
    lots = call.argument(name, True)
    return z3.If(lots < 0, -lots, lots)


def _as_call(step: Transition, words: Words) -> Call:
    return Call(
        "fill", step.lifted, step.slots, words, [], initial, step.trace.finally_at
    )


def a_fill_moves_both_sides(step: Transition, *given: Term) -> None:
    """Show I14, I19, I28, I11 and I13 of `fill_perp`, in a market without epochs."""
    if not step.succeeds:
        return
    words = dict(zip(_ARGUMENTS, given, strict=True))
    call = _as_call(step, words)
    market = words["market"]
    risk = call.word_before("market_risk", market)
    step.assume(unsigned(call, risk, 233, 23) == 0)
    role = build("and", constant(_VENUE), call.word_before("venues", _CALLER))
    step.holds(call.number(role) != 0, "only a venue fills")
    lots = call.argument("lots")
    grown = 0
    for name, sign in (("buyer", 1), ("seller", -1)):
        old, new = (
            position(call, word("positions", words[name], market))
            for word in (call.word_before, call.word_after)
        )
        step.holds(new.lots == old.lots + sign * lots, f"lots of the {name}")
        grown += larger(new.lots, 0) - larger(old.lots, 0)
    was, is_now = (
        open_interest(call, word("market_size", market))
        for word in (call.word_before, call.word_after)
    )
    step.holds(is_now == was + grown, "open interest follows both")
    most = unsigned(call, call.word_before("market_limits", market), 192, 64)
    step.holds(z3.Or(is_now <= was, is_now <= most), "it is limited where it grows")
    _margin_is_checked_last(step, words)
    _reserve_gets_the_fees(step, call)
    _writes_named_words(step, words)


def _margin_is_checked_last(step: Transition, words: Words) -> None:
    """Show that each side is checked after all writes, CHECK."""
    *_, buyer, seller = (c for c in step.trace.cuttings if c.function == CHECK.function)
    for name, cutting in (("buyer", buyer), ("seller", seller)):
        is_last = cutting.writes == len(step.trace.writes)
        is_of = cutting.arguments[0] is words[name]
        step.holds(z3.BoolVal(is_last and is_of), f"the {name} is checked last")


def _margin_is_enough(step: Transition, call: Call) -> Facts:
    """Say that the health asked for is that of the account, and is respected."""
    (asking,) = step.trace.asked
    asked = asking.call
    is_of = asked.is_delegated and asked.arguments == [call.term("account")]
    health = [variable(f"health_{asked.number}_{i}", 0, 2**256 - 1) for i in range(11)]
    answers = []
    for cutting in step.trace.cuttings:
        if cutting.function == "margin._check_initial_margin":
            answers.append(z3.BoolVal(cutting.arguments == health))
        if cutting.function == "margin._is_improved":
            is_asked = z3.BoolVal(cutting.arguments[11:] == health)
            answers.append(z3.And(is_asked, step.word(cutting.results[0]) != 0))
    return [
        ("the account's health is asked for", z3.BoolVal(is_of)),
        ("it is enough, or improved", z3.Or(*answers)),
    ]


CHECK = Summary(
    "fills._check",
    ("account", *(f"before_{i}" for i in range(11))),
    "A fill's party has initial margin by its health as it is now, or is improved; "
    "nothing is written.",
    lambda call: [],
    (
        Mutant(
            _FILLS,
            "        return\n    margin._check_initial_margin(after)",
            "        return\n    margin._check_initial_margin(before)",
        ),
    ),
    also=_margin_is_enough,
    cuts=(
        view("margin._is_improved", 22, 1),
        view("margin._check_initial_margin", 11, 0),
    ),
    theories=(Fields, Integers),
    serves=("I11",),
)
BEFORE_TRADE = Summary(
    "TradeCode._before_trade",
    ("account", "is_reducing"),
    "Asking for an account's health before a trade writes nothing.",
    lambda call: [],
    (
        Mutant(
            TRADE_CODE,
            "        return health._assess(account)\n",
            "        state.headers[account] = 0\n"
            "        return health._assess(account)\n",
        ),
    ),
    results=11,
    theories=(Fields, Integers),
    serves=("I13",),
)


def _limits_hold(call: Call) -> Facts:
    limits = call.term("limits")
    facts = [
        (
            f"{name} is limited where it grows",
            z3.Or(
                _size(call, new) <= _size(call, old),
                _size(call, new) <= unsigned(call, limits, 128, 64),
            ),
        )
        for name, old, new in (
            ("the buyer's size", "bought", "buys"),
            ("the seller's size", "sold", "sells"),
        )
    ]
    before, after = call.argument("before"), call.argument("after")
    most = call.number(build("shr", constant(192), limits))
    grows = z3.Or(after <= before, after <= most)
    return [("open interest is limited where it grows", grows), *facts]


REQUIRE_LIMITS = Summary(
    "TradeCode._require_limits",
    ("limits", "before", "after", *_LOTS),
    "Open interest and positions that have grown are within their limits.",
    _limits_hold,
    (
        Mutant(
            TRADE_CODE,
            "after <= before or after <= limits >> 192",
            "after <= before or before <= limits >> 192",
        ),
        Mutant(
            TRADE_CODE,
            "abs(lots[3]) <= abs(lots[2]) or",
            "abs(lots[3]) <= abs(lots[1]) or",
        ),
    ),
    theories=(Fields, Integers),
    serves=("I28",),
)


def _reserve_gets_the_fees(step: Transition, call: Call) -> None:
    """Show that the reserve grows by what both fees mint, and by nothing else."""
    charges = [c for c in step.trace.cuttings if c.function == "settlement._charge"]
    (loaded,) = (
        c for c in step.trace.cuttings if c.function == "money_market._load_accrued"
    )
    fees = [c for c in step.trace.cuttings if c.function == "settlement._fee"]
    step.holds(
        z3.BoolVal([c.arguments[-1] for c in charges] == [c.results[0] for c in fees]),
        "each side is charged its fee",
    )
    stored = unsigned(call, call.word_after("pool_cash", USDC), 0, 128)
    minted = [step.word(c.results[6]) - step.word(c.arguments[7]) for c in charges]
    before = step.word(loaded.results[6])
    step.holds(stored == before + sum(minted), "the reserve grows by the fees alone")


def _writes_named_words(step: Transition, words: Words) -> None:
    market = words["market"]
    places = [step.at(name, USDC) for name in ("pool_index", "pool_total", "pool_cash")]
    places += [step.at("market_size", market), step.at("market_winners", market)]
    for account in (words["buyer"], words["seller"]):
        named = {"account": account, "market": market}
        places += [
            step.at("positions", account, market),
            step.at("snapshots", account, market),
            *writes_usdc(step.at, named),
            *writes_sums(step.at, named),
        ]
    roots = tuple(step.at(name, market) for name in ("tick_size", "tick_map"))
    for location, _ in step.trace.writes:
        if location in places or location.arguments[0] in roots:
            continue
        step.holds(z3.BoolVal(False), f"nothing else is written: {location!r}")


_VIEWS = (
    ("money_market._load_accrued", 1, 7),
    ("money_market._require_open", 1, 0),
    ("perpetual._compute_notional", 3, 1),
    ("perpetual._is_reduction", 2, 1),
    ("margin._quote", 1, 3),
    ("margin._is_stale", 3, 1),
    ("margin._is_restricted", 3, 1),
    ("settlement._fee", 3, 1),
)
# Another body may do anything by it; claimed is what a fill does that need not call it.
_TOUCH = anything("TradeCode._touch")

PROOFS = (
    *(
        summary.proved_in(TRADE_CODE, CONSTRUCTORS[TRADE_CODE])
        for summary in (CHECK, BEFORE_TRADE, REQUIRE_LIMITS)
    ),
    Step(
        "step.trade_code.fill_perp",
        "Only a venue fills; in a market without epochs the buyer's lots grow and the "
        "seller's fall by those filled, open interest follows and is limited; the "
        "reserve gets both fees and nothing else; margin of both sides is asked for "
        "after the last write; and nothing else is written.",
        TRADE_CODE,
        "fill_perp",
        _ARGUMENTS,
        a_fill_moves_both_sides,
        (
            Mutant(
                TRADE_CODE,
                "pool = settlement._trade(market, seller, -size, risk, price, pool)",
                "pool = settlement._trade(market, seller, -sold, risk, price, pool)",
            ),
            Mutant(
                TRADE_CODE,
                "    assert state.venues[msg.sender] & TRADE_VENUE != 0, "
                "errors.NOT_VENUE\n",
                "",
            ),
            Mutant(
                TRADE_CODE,
                "fills._check(seller, seller_before)",
                "fills._check(buyer, seller_before)",
            ),
        ),
        CONSTRUCTORS[TRADE_CODE],
        theories=(Fields, Integers),
        cuts=(
            *tuple(
                summary.cut
                for summary in (
                    TRADE,
                    CHARGE,
                    BEFORE_TRADE,
                    REQUIRE_LIMITS,
                    CHECK,
                    FIT_SIGNED,
                    *(view(*v) for v in _VIEWS),
                )
            ),
            _TOUCH,
        ),
        keeps_refusals=False,
        serves=("I11", "I13", "I14", "I19", "I28"),
    ),
)
