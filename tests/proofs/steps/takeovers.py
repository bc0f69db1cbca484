"""
Layer 3 of takeovers: what leaves the account comes to the provider, at one discount.

Of LiquidationCode's functions each from its own entry. What a call on the way does to
storage may be anything: who is asked for what, in which order, is what is shown.
"""

import z3

from specs.fixed_point import WAD
from tests.proofs.lifter.storage import initial
from tests.proofs.lifter.terms import Term, build, constant
from tests.proofs.proof import Mutant
from tests.proofs.steps import venues
from tests.proofs.steps.bodies import LIQUIDATION_CODE
from tests.proofs.steps.family import Family
from tests.proofs.steps.fields import NOW, field
from tests.proofs.steps.pools import POOL
from tests.proofs.steps.venue_cuts import anything, view
from tests.proofs.steps.venue_steps import step_of
from tests.proofs.transition import Transition

_BODY = "LiquidationCode"
_USDC, _FUND = constant(0), constant(2)


def hands_over(step: Transition, *words: Term) -> None:
    """Show of `_hand` that the provider gets what is taken, of what is held."""
    account, provider, asset, due, worth = words
    (held,) = venues.calls_of(step, "bankruptcy._held")
    step.holds(venues.same(step, held.arguments[0], account), "of what is held")
    debits = venues.calls_of(step, f"{_BODY}._debit")
    if not debits:
        venues.was_called(step, f"{_BODY}._credit")
        step.writes_within()
        return
    amount = debits[0].arguments[2]
    venues.was_called(step, f"{_BODY}._debit", (account, asset, amount))
    venues.was_called(step, f"{_BODY}._credit", (provider, asset, amount))
    step.writes_within(*venues.forgets(step))
    # Its share, which is less (layers 1 and 2), if less is due than there is.
    is_part = step.word(due) < step.word(worth)
    (part, *_) = venues.calls_of(step, "fixed_point._mul_div_down")
    whole = held.results[0]
    if part.results[0] is amount:
        step.holds(is_part, "less than what is held, if less is due")
        for given, word in zip(part.arguments, (whole, due, worth), strict=True):
            step.holds(venues.same(step, given, word), "its share of what is due")
    else:
        step.holds(z3.Not(is_part), "all that is held, if all is due")
        step.holds(venues.same(step, amount, whole), "and no more than that")


def takes_a_debt(step: Transition, *words: Term) -> None:
    """Show of `_take_debt` that the provider owes what the account did."""
    account, provider, asset, portion = words
    paid = venues.calls_of(step, "money_market._pay_debt")
    if not paid:
        venues.was_called(step, f"{_BODY}._debit")
        step.writes_within()
        step.holds(step.result() == 0, "nothing is worth nothing")
        return
    amount = paid[0].arguments[-1]
    venues.was_called(step, "money_market._pay_debt", (account, asset))
    venues.was_called(step, f"{_BODY}._debit", (provider, asset, amount))
    (owed,) = venues.calls_of(step, "bankruptcy._owed")
    is_part = step.word(portion) <= WAD
    no_more = step.word(amount) <= step.word(owed.results[0])
    step.holds(z3.Implies(is_part, no_more), "no more than is owed")


def takes_all_debts(step: Transition, *words: Term) -> None:
    """Show of `_take_debts` that collateral is handed once for all debts."""
    account, provider, portion = words
    taken = venues.calls_of(step, f"{_BODY}._take_debt")
    total = sum(
        (step.word(c.results[0]) for c in taken[1:]), step.word(taken[0].results[0])
    )
    for cutting in taken:
        given = zip((0, 1, 3), (account, provider, portion), strict=True)
        for at, word in given:
            step.holds(venues.same(step, cutting.arguments[at], word), "of each debt")
    step.holds(venues.same(step, taken[0].arguments[2], _USDC), "USDC first")
    handed = venues.calls_of(step, f"{_BODY}._hand_collateral")
    if not handed:
        step.holds(total == 0, "nothing was taken")
        return
    (call,) = handed
    step.holds(venues.same(step, call.arguments[0], account), "from the account")
    step.holds(venues.same(step, call.arguments[1], provider), "to the provider")
    step.holds(step.word(call.arguments[2]) == total, "for all debts together")
    given, rest = map(step.word, call.results)
    step.holds(step.result(0) == total - rest, "what went, but for what stays owed")
    step.holds(step.result(1) == given + rest - total, "what the provider earns")


def takes_a_position(step: Transition, *words: Term) -> None:
    """Show of `_take_position` that lots go from one to the other, I19, I33, I34."""
    account, provider, market, portion = words
    trades = venues.calls_of(step, "positions._trade")
    if not trades:
        step.writes_within()
        return
    lots = trades[1].arguments[2]
    lost, got = (venues.signed(step, c.arguments[2]) for c in trades)
    step.holds(lost == -got, "what the one loses the other gets")
    held = venues.signed(
        step,
        build("sar", constant(192), initial(step.at("positions", account, market))),
    )
    less = z3.Or(z3.And(got >= 0, got <= held), z3.And(got <= 0, got >= held))
    is_part = step.word(portion) <= WAD
    step.holds(z3.Implies(is_part, less), "no more than is held, of its sign")
    prices = "backstop._compute_account_price", "backstop._compute_provider_price"
    discount = venues.transient(_CODE, "takeover_discount")
    (given,), (taken,) = (venues.calls_of(step, name) for name in prices)
    for cutting in (given, taken):
        step.holds(venues.same(step, cutting.arguments[1], discount), "one discount")
        mark = venues.same(step, cutting.arguments[0], given.arguments[0])
        step.holds(mark, "of one mark")
        is_long = step.lifted.truth(cutting.arguments[2]) == (held > 0)
        step.holds(is_long, "for the side that is held")
    venues.was_called(
        step,
        "positions._trade",
        (market, account, None, given.results[0]),
        (market, provider, lots, taken.results[0]),
    )
    (paid,) = venues.calls_of(step, "settlement._pay")
    apart = venues.calls_of(step, f"{_BODY}._difference")
    step.holds(venues.same(step, paid.arguments[1], apart[0].results[0]), "the rest")
    step.holds(venues.same(step, apart[0].arguments[1], taken.results[0]), "between")
    step.holds(venues.same(step, apart[0].arguments[2], given.results[0]), "the two")
    venues.was_called(
        step, "settlement._change_usdc", (_FUND, *([None] * len(POOL)), paid.results[0])
    )


def is_taken_over(step: Transition, *words: Term) -> None:
    """Show of `take_over` who takes over, how much, and what is judged, I36, I38."""
    provider, portion, most = words
    venues.has_role(step, venues.LIQUIDATES)
    account = venues.transient(_CODE, "takeover_account")
    step.holds(step.word(account) != 0, "a takeover is open")
    step.holds(step.word(portion) <= WAD, "no more than all of it")
    owners = (build("shr", constant(96), a) for a in (provider, account))
    step.holds(z3.Not(venues.same(step, *owners)), "not by its own owner")
    release = field(initial(step.at("headers", provider)), 32, 32)
    step.holds(step.word(release) > step.word(NOW), "by who is bound")
    (limit,) = venues.calls_of(step, f"{_BODY}._limit_portion")
    for given, word in zip(
        limit.arguments, (account, provider, portion, most), strict=True
    ):
        step.holds(venues.same(step, given, word), "within the provider's limits")
    share = limit.results[0]
    debts = venues.calls_of(step, f"{_BODY}._take_debts")
    positions = venues.calls_of(step, f"{_BODY}._take_position")
    if not debts:
        step.holds(step.word(share) == 0, "nothing for a provider without room")
        step.holds(z3.BoolVal(not positions), "no position either")
        return
    venues.was_called(step, f"{_BODY}._take_debts", (account, provider, share))
    expected = [(account, provider, None, share)] * len(positions)
    venues.was_called(step, f"{_BODY}._take_position", *expected)
    health = venues.judged_last(step, provider)
    margin = venues.has_margin(health, is_conservative=True)
    step.holds(margin, "the provider has initial margin")
    (places,) = venues.calls_of(step, f"{_BODY}._has_all_places")
    if len([h for h in venues.healths(step) if h.account is account]) == 2:
        _is_no_worse(step, account)
    else:
        step.holds(step.lifted.truth(places.results[0]), "there is room for all")


def _is_no_worse(step: Transition, account: Term) -> None:
    before, after = (h for h in venues.healths(step) if h.account is account)
    products = (
        venues.signed(step, build("mul", one, other))
        for one, other in (
            (after.words["equity"], before.words["maintenance_margin"]),
            (before.words["equity"], after.words["maintenance_margin"]),
        )
    )
    new, old = products
    is_kept = z3.Or(before.numbers["equity"] <= 0, new >= old)
    step.holds(is_kept, "what is left is no worse")
    venues.judged_last(step, account)


_HELD, _OWED = view("bankruptcy._held", 1), view("bankruptcy._owed", 1)
_PRICE, _LOAD = view("bankruptcy._price", 1), view("money_market._load", len(POOL))
_DEBIT, _CREDIT = anything(f"{_BODY}._debit"), anything(f"{_BODY}._credit")
_SAVE = anything("money_market._save")
_CODE = LIQUIDATION_CODE

PROOFS = (
    Family(
        "step.liquidation_code.take_over",
        "A takeover is by a bound provider of another owner, of a share within its "
        "limits, after which it has initial margin; lots, debts and collateral go from "
        "the account to it unit by unit, none grows or changes its sign, both prices "
        "are one discount's, and collateral is handed once for all debts.",
        (
            step_of(
                "liquidation_code",
                LIQUIDATION_CODE,
                f"{_BODY}._hand",
                "account provider asset due worth",
                hands_over,
                _HELD,
                _PRICE,
                view("fixed_point._mul_div_down", 1),
                _DEBIT,
                _CREDIT,
                mutants=(
                    Mutant(
                        _CODE,
                        "    self._credit(provider, asset, amount)\n",
                        "    self._credit(provider, asset, amount - 1)\n",
                    ),
                ),
            ),
            step_of(
                "liquidation_code",
                LIQUIDATION_CODE,
                f"{_BODY}._take_debt",
                "account provider asset portion",
                takes_a_debt,
                _OWED,
                _PRICE,
                _LOAD,
                view(f"{_BODY}._is_asset_stale", 1, 1),
                view(f"{_BODY}._has_places", 1, 1),
                anything("money_market._pay_debt", len(POOL)),
                _SAVE,
                _DEBIT,
                mutants=(
                    Mutant(
                        _CODE,
                        "    self._debit(provider, asset, amount)\n",
                        "    self._debit(provider, asset, amount - 1)\n",
                    ),
                ),
            ),
            step_of(
                "liquidation_code",
                LIQUIDATION_CODE,
                f"{_BODY}._take_debts",
                "account provider portion",
                takes_all_debts,
                anything(f"{_BODY}._take_debt", 1),
                anything(f"{_BODY}._hand_collateral", 2),
                mutants=(
                    Mutant(_CODE, "return due - rest, handed", "return due, handed"),
                ),
            ),
            step_of(
                "liquidation_code",
                LIQUIDATION_CODE,
                f"{_BODY}._take_position",
                "account provider market portion",
                takes_a_position,
                view(f"{_BODY}._is_taken", 1, 1),
                view("backstop._compute_account_price", 1),
                view("backstop._compute_provider_price", 1),
                view("perpetual._lot", 1),
                view("perpetual._compute_notional", 1),
                view(f"{_BODY}._difference", 1),
                anything("positions._trade"),
                anything("settlement._pay", 1),
                anything("settlement._change_usdc", len(POOL)),
                _LOAD,
                _SAVE,
                mutants=(
                    Mutant(
                        _CODE,
                        "positions._trade(market, provider, lots, taken)",
                        "positions._trade(market, provider, lots, given)",
                    ),
                ),
            ),
            step_of(
                "liquidation_code",
                LIQUIDATION_CODE,
                "take_over",
                "provider portion max_position",
                is_taken_over,
                anything("positions._touch_all"),
                view(f"{_BODY}._limit_portion", 1),
                view(f"{_BODY}._has_all_places", 1, 1),
                anything(f"{_BODY}._take_debts", 2),
                anything(f"{_BODY}._take_position", 2),
                mutants=(
                    Mutant(
                        _CODE,
                        "    assert accounts._is_bound(provider), errors.NOT_BOUND\n",
                        "",
                    ),
                    Mutant(
                        _CODE,
                        "_check_conservative_margin(health._assess(provider))\n    if",
                        "_check_conservative_margin(before)\n    if",
                    ),
                ),
            ),
        ),
        serves=("I14", "I19", "I33", "I34", "I36", "I38"),
    ),
)
