"""
Layer 3 of governance: who may change a parameter, when, and that nothing else does.

Shown of each function of GovernanceCode, from any state: it writes the words in its
line of the table and none else, so no word of any account; of a packed word the named
bits only. What loosens under a delay was queued as the hash of this very calldata, for
as long as the delay and no longer than the window, and is used up.
"""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import z3
from eth_utils.crypto import keccak

from specs.bounds import MAX_LISTED, ROLES
from specs.delays import MAX_DELAY, WINDOW
from tests.proofs.bytecode import compiled, signature_of
from tests.proofs.lifter.entries import Answer, Asked, Cut
from tests.proofs.lifter.integers import Integers
from tests.proofs.lifter.loose import Loose, Words
from tests.proofs.lifter.storage import same
from tests.proofs.lifter.terms import ZERO, Term, answer, build, constant, variable
from tests.proofs.proof import PROJECT, Mutant
from tests.proofs.steps import loosened, venue_cuts
from tests.proofs.steps.claims import CALLER
from tests.proofs.steps.family import Family
from tests.proofs.steps.fields import (
    ALL,
    NOW,
    bits,
    equal,
    field,
    is_zero,
    keeps,
    less,
    words,
)
from tests.proofs.steps.loosened import Found
from tests.proofs.transition import Step, Theory, Transition

CODE = "contracts/GovernanceCode.vy"

GOVERNOR = "the governor"
GUARDIAN = "the guardian or the governor"
ANYONE = "anyone"
DISMISSAL = int.from_bytes(
    keccak(keccak(b"set_guardian(address)")[:4] + bytes(32)), "big"
)
"""Hash of the call that dismisses the guardian."""

Looser = Callable[[Transition, Found], z3.BoolRef]
More = Callable[[Transition, Found, tuple[Term, ...]], None]


class Setter(NamedTuple):
    """What is claimed of a function."""

    function: str
    arguments: str
    writes: dict[str, int]
    """Words that it may write, and their bits; of a mapping, at its first argument."""
    looser: Looser | None = None
    """Whether what happened loosens; without it, nothing is ever queued for it."""
    more: More | None = None
    who: str = GOVERNOR
    cuts: tuple[Cut, ...] = ()
    theories: tuple[Theory, ...] = (Loose, Words)


_SCALARS = ("governor", "guardian", "delay")


@cache
def _selector(function: str) -> int:
    return signature_of(compiled(PROJECT / CODE, PROJECT), function).selector


def governs(setter: Setter) -> Callable[..., None]:
    """Return the claim about a function."""

    def holds(step: Transition, *arguments: Term) -> None:
        if not step.succeeds:
            return
        is_allowed(step, setter.who)
        keys = () if setter.writes.keys() <= set(_SCALARS) else arguments[:1]
        places = {name: step.at(name, *keys) for name in setter.writes}
        found = {name: words(step, place) for name, place in places.items()}
        queued = []
        if setter.looser:
            looser = setter.looser(step, found)
            queued = [was_announced(step, arguments, setter.function, looser)]
        step.writes_within(*places.values(), *queued)
        for name, place in places.items():
            keeps(step, place, setter.writes[name])
        if setter.more:
            setter.more(step, found, arguments)

    return holds


def is_allowed(step: Transition, who: str) -> None:
    """Show that nobody else calls."""
    if who == ANYONE:
        return
    is_governor = equal(step, CALLER, words(step, step.at("governor"))[0])
    is_guardian = equal(step, CALLER, words(step, step.at("guardian"))[0])
    allowed = z3.Or(is_governor, is_guardian) if who == GUARDIAN else is_governor
    step.holds(allowed, f"only {who} calls")


def was_announced(
    step: Transition, arguments: tuple[Term, ...], function: str, looser: z3.BoolRef
) -> Term:
    """
    Show that a change which loosens was settled as one, by the hash of its calldata,
    and before the delay or the announcement could change; return where that was.
    """
    size, selector = 4 + 32 * len(arguments), constant(_selector(function))
    change = answer(f"keccak_{size}", 0, ALL, selector, *arguments)
    (cutting,) = (c for c in step.trace.cuttings if c.function == SETTLE.function)
    settled, is_loosening = cutting.arguments
    step.holds(equal(step, settled, change), "it is this calldata that was announced")
    is_settled = step.lifted.truth(is_loosening)
    step.holds(z3.Implies(looser, is_settled), "what loosens has to wait")
    place = step.at("queued", change)
    for location, _ in step.trace.writes[: cutting.writes]:
        is_early = z3.Or(
            *(step.lifted.truth(same(location, at)) for at in (place, step.at("delay")))
        )
        step.holds(z3.Not(is_early), "it is settled as it was queued")
    return place


def settles(step: Transition, change: Term, is_loosening: Term) -> None:
    """Show of `_settle` that what loosens has waited, and is used up, I43."""
    if not step.succeeds:
        return
    queued_at, left = words(step, step.at("queued", change))
    delay = words(step, step.at("delay"))[0]
    # The longest delay is an invariant, which `set_delay` keeps.
    step.assume(z3.Not(less(step, constant(MAX_DELAY), delay)))
    waited = build("sub", NOW, queued_at)
    is_ready = z3.And(
        z3.Not(is_zero(step, queued_at)),
        z3.Not(less(step, NOW, queued_at)),
        z3.Not(less(step, waited, delay)),
        z3.Not(less(step, build("add", constant(WINDOW), delay), waited)),
    )
    has_to_wait = z3.And(z3.Not(is_zero(step, delay)), step.lifted.truth(is_loosening))
    step.holds(z3.Implies(has_to_wait, is_ready), "what loosens was announced")
    step.holds(is_zero(step, left), "an announcement is used up")
    step.writes_within(step.at("queued", change))


def _settle(asked: Asked) -> Answer:
    return Answer(writes=[(asked.at("queued", asked.arguments[0]), ZERO)])


SETTLE = Cut("GovernanceCode._settle", _settle, ("step.governance.settle",))
"""An announcement is used up; whether it had to be one is the first argument's."""


def _dismissal(step: Transition, found: Found, arguments: tuple[Term, ...]) -> None:
    place = step.at("queued", arguments[0])
    old, new = words(step, place)
    step.holds(z3.Not(is_zero(step, old)), "what was not queued is refused")
    step.holds(is_zero(step, new), "it is not queued any more")
    is_dismissal = equal(step, arguments[0], constant(DISMISSAL))
    is_governor = equal(step, CALLER, words(step, step.at("governor"))[0])
    step.holds(z3.Implies(is_dismissal, is_governor), "who is dismissed can't object")


def _queued(step: Transition, found: Found, arguments: tuple[Term, ...]) -> None:
    step.holds(equal(step, found["queued"][1], NOW), "it is queued now")


def _venue(step: Transition, found: Found, arguments: tuple[Term, ...]) -> None:
    old, new = found["venues"]
    held = build("and", constant(4 | 8), old)
    given = build("and", constant(ROLES), new)
    step.holds(equal(step, given, arguments[1]), "the roles are those given")
    is_left = z3.And(z3.Not(is_zero(step, held)), is_zero(step, field(new, 2, 1)))
    step.holds(is_zero(step, field(new, 3, 1)) == z3.Not(is_left), "who releases")
    step.holds(is_zero(step, field(new, 4, 252)), "there are no other roles")


def _stored(name: str) -> More:
    def more(step: Transition, found: Found, arguments: tuple[Term, ...]) -> None:
        step.holds(equal(step, found[name][1], arguments[0]), "it is what was given")

    return more


def _delay(step: Transition, found: Found, arguments: tuple[Term, ...]) -> None:
    _stored("delay")(step, found, arguments)
    is_longer = less(step, constant(MAX_DELAY), found["delay"][1])
    step.holds(z3.Not(is_longer), "it is at most the longest one")


def _bit(name: str, place: int, is_set: bool) -> More:
    def more(step: Transition, found: Found, arguments: tuple[Term, ...]) -> None:
        is_clear = is_zero(step, field(found[name][1], place, 1))
        step.holds(z3.Not(is_clear) if is_set else is_clear, f"bit {place}")

    return more


def _weight(step: Transition, found: Found, arguments: tuple[Term, ...]) -> None:
    """Show that under a delay no weight rises but by the ramp, I43."""
    delay = words(step, step.at("delay"))[0]
    rises = less(step, *(field(word, 40, 24) for word in found["quote"]))
    step.holds(z3.Implies(rises, is_zero(step, delay)), "under a delay no weight rises")


def _new_asset(step: Transition, found: Found, arguments: tuple[Term, ...]) -> None:
    _weight(step, found, arguments)
    step.holds(is_zero(step, found["token"][0]), "no number is listed twice")
    mine = field(found["token"][1], 0, 160)
    step.holds(equal(step, mine, arguments[1]), "the token is the one given")
    at = step.at("token", variable("any_number", 0, MAX_LISTED - 1))
    before = field(words(step, at)[0], 0, 160)
    step.holds(z3.Not(equal(step, before, mine)), "no token is listed twice")


def _new_market(step: Transition, found: Found, arguments: tuple[Term, ...]) -> None:
    step.holds(is_zero(step, found["market_risk"][0]), "no number is listed twice")


_POOL = {"pool_index": ALL, "pool_total": ALL, "pool_cash": ALL}

POWERS = (
    Setter("queue", "change", {"queued": ALL}, more=_queued),
    Setter("cancel_change", "change", {"queued": ALL}, more=_dismissal, who=GUARDIAN),
    Setter("set_venue", "venue roles", {"venues": ALL}, loosened.venue, _venue),
    Setter(
        "set_governor",
        "governor",
        {"governor": ALL},
        loosened.always,
        _stored("governor"),
    ),
    Setter(
        "set_guardian",
        "guardian",
        {"guardian": ALL},
        loosened.guardian,
        _stored("guardian"),
    ),
    Setter("set_delay", "delay", {"delay": ALL}, loosened.delay, _delay),
)
ASSETS = (
    Setter(
        "pause_asset",
        "asset",
        {"curve": bits(169, 1)},
        more=_bit("curve", 169, True),
        who=GUARDIAN,
    ),
    Setter(
        "unpause_asset",
        "asset",
        {"curve": bits(169, 1)},
        more=_bit("curve", 169, False),
    ),
    Setter(
        "resume",
        "asset",
        {"curve": bits(168, 1)},
        loosened.always,
        _bit("curve", 168, False),
    ),
    Setter(
        "set_curve",
        "asset base slope_low slope_high optimal reserve_share",
        {"curve": bits(0, 168), **_POOL},
        loosened.curve,
        cuts=(venue_cuts.LOAD_ACCRUED,),
    ),
    Setter(
        "set_asset_risk",
        "asset weight factor base_imf base_mmf imf_factor mmf_factor maker taker",
        {"risk": ALL, "quote": bits(0, 64)},
        loosened.asset,
        _weight,
    ),
    Setter(
        "set_caps",
        "asset supply_cap borrow_cap",
        {"curve": bits(176, 80)},
        loosened.caps,
    ),
    Setter(
        "set_guards",
        "asset max_utilisation threshold throttle_share outflow_share outflow_floor",
        {"guards": bits(0, 96)},
        loosened.guards,
    ),
    Setter(
        "ramp_weight",
        "asset",
        {"quote": bits(40, 24), "risk": bits(200, 32)},
        who=ANYONE,
        theories=(Loose, Integers),
    ),
    Setter(
        "list_asset",
        "asset token base slope_low slope_high optimal reserve_share weight factor "
        "base_imf base_mmf imf_factor mmf_factor maker taker",
        {
            "curve": ALL,
            "risk": ALL,
            "quote": bits(0, 64),
            "guards": ALL,
            "token": ALL,
            "pool_index": ALL,
        },
        loosened.always,
        _new_asset,
    ),
)
MARKETS = (
    Setter(
        "pause_market",
        "market",
        {"market_risk": bits(232, 1)},
        more=_bit("market_risk", 232, True),
        who=GUARDIAN,
    ),
    Setter(
        "unpause_market",
        "market",
        {"market_risk": bits(232, 1)},
        more=_bit("market_risk", 232, False),
    ),
    Setter(
        "set_market_risk",
        "market base_imf base_mmf imf_factor mmf_factor maker taker",
        {"market_risk": bits(0, 176)},
        loosened.market,
    ),
    Setter(
        "set_fund_cap", "market cap", {"market_fund": bits(0, 32)}, loosened.fund_cap
    ),
    Setter(
        "set_limits",
        "market max_open_interest max_position min_lots open_interest_factor reference "
        "max_scale",
        {"market_limits": ALL},
        loosened.limits,
    ),
    Setter(
        "set_cull",
        "market credit_cap account_threshold system_threshold",
        {"market_cull": ALL},
        loosened.cull,
    ),
    Setter(
        "list_market",
        "market underlying lot_exponent interval base_imf base_mmf imf_factor "
        "mmf_factor maker taker cap",
        {
            "market_risk": ALL,
            "market_fund": ALL,
            "market_funding": ALL,
            "market_quote": ALL,
            "market_limits": ALL,
        },
        loosened.always,
        _new_market,
    ),
)


def _step(setter: Setter) -> Step:
    return Step(
        f"step.governance.{setter.function}",
        "",
        CODE,
        setter.function,
        tuple(setter.arguments.split()),
        governs(setter),
        (),
        theories=setter.theories,
        cuts=(SETTLE, *setter.cuts) if setter.looser else setter.cuts,
        keeps_refusals=False,
    )


PROOFS = (
    Step(
        "step.governance.settle",
        "Under a delay what loosens was announced as long before, and not much longer; "
        "an announcement is used up.",
        CODE,
        "GovernanceCode._settle",
        ("change", "is_loosening"),
        settles,
        (
            Mutant(
                CODE,
                "    if is_loosening and delay != 0:",
                "    if is_loosening and delay > 3600:",
            ),
            Mutant(CODE, "    state.queued[change] = 0\n\n\n", "    pass\n\n\n"),
            Mutant(
                "contracts/modules/delays.vy",
                "assert ready_at <= block.timestamp, errors",
                "assert queued_at <= block.timestamp, errors",
            ),
        ),
        keeps_refusals=False,
        serves=("I43",),
    ),
    Family(
        "step.governance.powers",
        "The governor alone gives powers and announces what loosens, which under a "
        "delay waits for it; nothing else is written.",
        tuple(map(_step, POWERS)),
        (
            Mutant(CODE, "delay < state.delay)", "delay > state.delay)"),
            Mutant(
                CODE,
                "    if change == _DISMISSAL:\n        self._require_governor()\n",
                "",
            ),
            Mutant(
                CODE,
                "    stored: uint256 = roles\n",
                "    stored: uint256 = roles | (old & 1)\n",
            ),
        ),
        ("I13", "I14", "I43"),
    ),
    Family(
        "step.governance.assets",
        "The governor alone sets an asset's parameters, each in its own bits; what "
        "loosens was announced; nothing else is written.",
        tuple(map(_step, ASSETS)),
        (
            Mutant(
                CODE, "word | ((old >> 168) << 168)", "word | ((old >> 169) << 169)"
            ),
            Mutant(CODE, "(old & (2**176 - 1)) | word", "word | (old & (2**168 - 1))"),
            Mutant(
                CODE,
                "slice(msg.data, 0, 100)), loosening._is_looser_caps(old, word)",
                "slice(msg.data, 0, 68)), loosening._is_looser_caps(old, word)",
            ),
        ),
        ("I13", "I14", "I43"),
    ),
    Family(
        "step.governance.markets",
        "The governor alone sets a market's parameters, each in its own bits; what "
        "loosens was announced; nothing else is written.",
        tuple(map(_step, MARKETS)),
        (
            Mutant(CODE, "((old >> 32) << 32) | word\n", "word\n"),
            Mutant(
                CODE,
                "governor()\n    old: uint256 = state.market_risk[market]",
                "guardian()\n    old: uint256 = state.market_risk[market]",
            ),
            Mutant(
                "contracts/modules/loosening.vy",
                "        or self._rises(old, new, 128, 64)\n",
                "",
            ),
        ),
        ("I13", "I14", "I43"),
    ),
)
