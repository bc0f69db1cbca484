"""Layer 3 of governance where numbers move: a weight's ramp, the reserve's lends."""

import z3

from specs.bounds import RAMP_PER_DAY
from tests.proofs.lifter.integers import Integers
from tests.proofs.lifter.linear import Linear
from tests.proofs.lifter.terms import Term, constant
from tests.proofs.proof import Mutant
from tests.proofs.steps import loosened, venue_cuts
from tests.proofs.steps.claims import a_field_is_set_alone
from tests.proofs.steps.fields import NOW, field, words
from tests.proofs.steps.governance_claims import (
    CODE,
    GOVERNOR,
    SETTLE,
    is_allowed,
    was_announced,
)
from tests.proofs.steps.pools import POOL, Pool, scaled_part
from tests.proofs.transition import Step, Transition

_DAY = 86_400
_RAY = 10**27


def a_weight_rises_by_the_ramp(step: Transition, asset: Term) -> None:
    """Show of `ramp_weight` how much a weight rises at most, I43."""
    if not step.succeeds:
        return
    value, places = step.word, (("quote", 40, 24), ("risk", 200, 32))
    sets = [c for c in step.trace.cuttings if c.function == venue_cuts.SET.function]
    for (name, *field_at), cutting in zip(places, sets, strict=True):
        old, stored = words(step, step.at(name, asset))
        given, *where, _ = cutting.arguments
        is_right = given is old and stored is cutting.results[0]
        is_right = is_right and where == [constant(number) for number in field_at]
        step.holds(z3.BoolVal(is_right), f"{name} is stored with one field set")
    new, until = (value(cutting.arguments[3]) for cutting in sets)
    quote, risk = (words(step, step.at(name, asset))[0] for name, *_ in places)
    old, since = value(field(quote, 40, 24)), value(field(risk, 200, 32))
    step.holds(new <= value(field(risk, 176, 24)), "no higher than its target")
    rise = (new - old) * _DAY
    step.holds(rise <= RAMP_PER_DAY * (value(NOW) - since), "no faster than the ramp")
    step.holds(rise <= RAMP_PER_DAY * _DAY, "no more than a day's rise at once")
    step.holds(until <= value(NOW), "time has passed that counts")
    counted = RAMP_PER_DAY * (until - since)
    step.holds(z3.Or(rise <= counted), "and does not count again")
    capped = value(field(words(step, step.at("curve", asset))[0], 176, 40))
    step.holds(capped != 0, "only an asset with a supply cap")


def the_reserve_gives_its_own(
    step: Transition, asset: Term, tokens: Term, receiver: Term
) -> None:
    """Show of `withdraw_reserve` that its lend pays for what leaves, I2, I4, I14."""
    if not step.succeeds:
        return
    is_allowed(step, GOVERNOR)
    queued = was_announced(
        step, (asset, tokens, receiver), "withdraw_reserve", loosened.always(step, {})
    )
    names = "pool_index", "pool_total", "pool_cash", "guards"
    places = {name: step.at(name, asset) for name in names}
    step.writes_within(*places.values(), queued)
    (loaded,) = (
        c for c in step.trace.cuttings if c.function == venue_cuts.LOAD_ACCRUED.function
    )
    before = Pool(
        *(
            step.lifted.value(word, is_signed=name == "lends")
            for name, word in zip(POOL, loaded.results, strict=True)
        )
    )
    total, cash = (words(step, places[name])[1] for name in ("pool_total", "pool_cash"))
    lends = step.lifted.value(scaled_part(total), is_signed=True)
    reserve, left = step.word(field(cash, 0, 128)), step.word(field(cash, 128, 128))
    burned, sent = before.reserve - reserve, before.cash - left
    step.holds(sent >= 0, "what leaves is cash")
    step.holds(burned >= 0, "the reserve pays")
    step.holds(before.lends - lends == burned, "with what it has lent")
    worth = burned * before.lend_index
    step.holds(sent * _RAY <= worth, "which is worth no less than what leaves")
    (scaled,) = (
        c for c in step.trace.cuttings if c.function == venue_cuts.TO_WAD.function
    )
    token = words(step, step.at("token", asset))[0]
    named = [step.word(word) for word in scaled.arguments]
    step.holds(named[0] == step.word(token), "in units of the asset's token")
    step.holds(named[1] == step.word(tokens), "the tokens that were asked for")
    step.holds(sent == step.word(scaled.results[0]), "leave the pool's cash")


PROOFS = (
    venue_cuts.SAVE.proved_in(CODE),
    Step(
        "step.governance.set_field",
        "A field that is set is the amount, and no other bit changes.",
        CODE,
        "packing._set",
        ("word", "offset", "width", "amount"),
        a_field_is_set_alone,
        (Mutant("contracts/modules/packing.vy", "(word & ~mask) |", "word |"),),
        cases=({"offset": 40, "width": 24}, {"offset": 200, "width": 32}),
    ),
    Step(
        "step.governance.ramp_weight",
        "A weight rises by no more than the ramp since the last raise, a day's at "
        "most, and not above its target.",
        CODE,
        "ramp_weight",
        ("asset",),
        a_weight_rises_by_the_ramp,
        (
            Mutant(
                CODE,
                "packing._set(risk, 200, 32, block.timestamp - rest)",
                "packing._set(risk, 200, 32, block.timestamp - elapsed)",
            ),
            Mutant(
                CODE,
                "min(block.timestamp - packing._get(risk, 200, 32), _DAY)",
                "block.timestamp - packing._get(risk, 200, 32)",
            ),
        ),
        theories=(Linear, Integers),
        cuts=(venue_cuts.SET,),
        keeps_refusals=False,
        serves=("I43",),
    ),
    Step(
        "step.governance.withdraw_reserve",
        "The governor takes announced tokens out of cash, for which the reserve gives "
        "lends worth no less; no account's word is written.",
        CODE,
        "withdraw_reserve",
        ("asset", "tokens", "receiver"),
        the_reserve_gives_its_own,
        (
            Mutant(
                CODE,
                "fp._mul_div_up(amount, fp.RAY, pool.lend_index)",
                "fp._mul_div_down(amount, fp.RAY, pool.lend_index)",
            ),
            Mutant(CODE, "    pool.lends -= convert(burned, int256)\n", ""),
        ),
        theories=(Integers,),
        cuts=(SETTLE, venue_cuts.LOAD_ACCRUED, venue_cuts.TO_WAD, venue_cuts.SAVE.cut),
        keeps_refusals=False,
        serves=("I2", "I4", "I13", "I14", "I43"),
    ),
)
