"""What is said of each function of governance: its words, their bits, what loosens."""

import z3

from specs.bounds import MAX_LISTED, ROLES
from specs.delays import MAX_DELAY
from tests.proofs.lifter.integers import Integers
from tests.proofs.lifter.loose import Loose
from tests.proofs.lifter.terms import Term, build, constant, variable
from tests.proofs.steps import loosened, venue_cuts
from tests.proofs.steps.claims import CALLER
from tests.proofs.steps.fields import ALL, NOW, bits, equal, field, is_zero, less, words
from tests.proofs.steps.governance_claims import (
    ANYONE,
    DISMISSAL,
    GUARDIAN,
    More,
    Setter,
)
from tests.proofs.steps.loosened import Found
from tests.proofs.transition import Transition


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


def _pauses(what: str, word: str, place: int) -> tuple[Setter, Setter]:
    """Return what is said of a pause, which is one bit, and of its end."""
    writes = {word: bits(place, 1)}
    return (
        Setter(
            f"pause_{what}", what, writes, more=_bit(word, place, True), who=GUARDIAN
        ),
        Setter(f"unpause_{what}", what, writes, more=_bit(word, place, False)),
    )


ANNOUNCEMENTS = (
    Setter("queue", "change", {"queued": ALL}, more=_queued),
    Setter("cancel_change", "change", {"queued": ALL}, more=_dismissal, who=GUARDIAN),
)
POWERS = (
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
SWITCHES = (
    *_pauses("asset", "curve", 169),
    *_pauses("market", "market_risk", 232),
    Setter(
        "resume",
        "asset",
        {"curve": bits(168, 1)},
        loosened.always,
        _bit("curve", 168, False),
    ),
)
POOLS = (
    Setter(
        "set_curve",
        "asset base slope_low slope_high optimal reserve_share",
        {"curve": bits(0, 168), **_POOL},
        loosened.curve,
        cuts=(venue_cuts.LOAD_ACCRUED,),
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
)
ASSETS = (
    Setter(
        "set_asset_risk",
        "asset weight factor base_imf base_mmf imf_factor mmf_factor maker taker",
        {"risk": ALL, "quote": bits(0, 64)},
        loosened.asset,
        _weight,
    ),
    Setter(
        "ramp_weight",
        "asset",
        {"quote": bits(40, 24), "risk": bits(200, 32)},
        who=ANYONE,
        theories=(Loose, Integers),
    ),
)
MARKETS = (
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
)
LISTINGS = (
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
