"""
Layer 3 of funding: its clock goes forward, and nothing but time moves its index.

By how much at most is a law of the specification (``laws/funding.py``).
"""

from typing import Any

import z3

from specs.funding import RATE_CAP
from tests.proofs.lifter.entries import Answer, Asked, unknown
from tests.proofs.lifter.fields import Fields
from tests.proofs.lifter.integers import Integers
from tests.proofs.lifter.terms import choose, variable
from tests.proofs.proof import Mutant
from tests.proofs.steps.perp_cuts import (
    CONSTRUCTORS,
    FIT_SIGNED,
    SETTLE_CODE,
    signed,
    unsigned,
    view,
)
from tests.proofs.summary import Call, Facts, Summary

_FUNDING = "contracts/modules/funding.vy"
_LINEAR = (Fields, Integers)
_NOW = variable("timestamp", 0, 2**32 - 1)
_STATE = ("index", "rate", "premium", "premium_time", "started_at", "updated_at")


def _beyond(rate: Any) -> Any:
    return z3.Or(rate < -RATE_CAP, rate > RATE_CAP)


def _is_capped(call: Call) -> Facts:
    rate = call.result(0, True)
    return [("a rate keeps to its cap", z3.And(rate >= -RATE_CAP, rate <= RATE_CAP))]


RATE = Summary(
    "funding._compute_rate",
    ("premium", "interval"),
    "A rate of funding keeps to its cap, whatever the premium.",
    _is_capped,
    (
        Mutant(
            _FUNDING,
            "return max(-RATE_CAP, min(RATE_CAP, rate))",
            "return min(RATE_CAP, rate)",
        ),
    ),
    results=1,
    is_pure=True,
    cuts=(view("fixed_point._signed_mul_div_down", 3, 1),),
    theories=_LINEAR,
    serves=("I21",),
)


def _goes_forward(call: Call) -> Facts:
    now, updated = call.argument("now"), call.argument("updated_at")
    started, rate = call.result(4), call.result(1, True)
    stays = z3.And(
        started == call.argument("started_at"), rate == call.argument("rate", True)
    )
    capped = z3.And(rate >= -RATE_CAP, rate <= RATE_CAP)
    return [
        ("it is brought to now", call.result(5) == now),
        ("which is not before", now >= updated),
        (
            "the premium is the new one",
            call.result(2, True) == call.argument("fresh", True),
        ),
        (
            "an interval ends with a rate that is capped",
            z3.Or(stays, z3.And(started == now, capped)),
        ),
        (
            "no time, no funding",
            z3.Or(now != updated, call.result(0, True) == call.argument("index", True)),
        ),
    ]


class _Advance(Summary):
    """`ADVANCE` for callers: times are the words of times that they gave."""

    def _answer(self, asked: Asked) -> Answer:
        words = dict(zip(self.arguments, asked.arguments, strict=True))
        index, rate, time = (unknown(asked, i) for i in (0, 1, 3))
        has_ended = variable(f"{asked.name}.has_ended", 0, 1)
        started = choose(has_ended, words["now"], words["started_at"])

        def facts(lifted: Any) -> Any:
            new, old = (lifted.value(w, True) for w in (rate, words["rate"]))
            later, given = (lifted.value(w, True) for w in (index, words["index"]))
            now, updated = (lifted.value(words[n]) for n in ("now", "updated_at"))
            ended = lifted.value(has_ended) == 1
            return z3.And(
                now >= updated,
                z3.If(ended, z3.Not(_beyond(new)), new == old),
                z3.Or(now != updated, later == given),
            )

        return Answer(
            [index, rate, words["fresh"], time, started, words["now"]], facts=[facts]
        )


ADVANCE = _Advance(
    "funding._advance",
    (*_STATE, "interval", "mark", "fresh", "now"),
    "Funding is brought to now, never back; its rate is one within the cap when an "
    "interval ends and stays otherwise; in the same second its index stays.",
    _goes_forward,
    (
        Mutant(
            _FUNDING,
            "charged: uint256 = min(elapsed, interval)",
            "charged: uint256 = max(elapsed, interval)",
        ),
        Mutant(_FUNDING, "    after.updated_at = now\n", ""),
    ),
    results=6,
    cuts=(RATE,),
    theories=(Integers,),
    serves=("I21", "I23"),
)


def _stores_funding(call: Call) -> Facts:
    market = call.term("market")
    old, new = (
        w("market_funding", market) for w in (call.word_before, call.word_after)
    )
    now, updated = call.number(_NOW), unsigned(call, new, 32, 32)
    index, rate = signed(call, new, 128, 128), signed(call, new, 64, 64)
    return [
        ("it is updated now", updated == now),
        ("its clock never goes back", updated >= unsigned(call, old, 32, 32)),
        (
            "what is returned is stored",
            z3.And(call.result(0, True) == index, call.result(1, True) == rate),
        ),
        (
            "a capped rate stays capped",
            z3.Or(_beyond(signed(call, old, 64, 64)), z3.Not(_beyond(rate))),
        ),
        (
            "in the same second its index stays",
            z3.Or(
                now != unsigned(call, old, 32, 32), index == signed(call, old, 128, 128)
            ),
        ),
    ]


SETTLE_ADVANCE = Summary(
    "SettleCode._advance",
    ("market", "interval", "mark", "premium"),
    "A market's funding is booked until now: its clock never goes back, its rate keeps "
    "to its cap, and a second call in the same second leaves its index; only this "
    "market's two words of funding are written.",
    _stores_funding,
    (
        Mutant(
            SETTLE_CODE,
            "updated_at=(word >> 32) & _LOW_32,",
            "updated_at=word & _LOW_32,",
        ),
        Mutant(
            SETTLE_CODE, "| (new.updated_at << 32)", "| (new.interval_started_at << 32)"
        ),
    ),
    lambda at, words: [
        at("market_funding", words["market"]),
        at("market_premium", words["market"]),
    ],
    results=2,
    cuts=(ADVANCE, FIT_SIGNED),
    theories=_LINEAR,
    serves=("I13", "I21", "I23"),
)

_SUMMARIES = (RATE, ADVANCE, SETTLE_ADVANCE)
PROOFS = tuple(
    summary.proved_in(SETTLE_CODE, CONSTRUCTORS[SETTLE_CODE]) for summary in _SUMMARIES
)
