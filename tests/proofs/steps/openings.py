"""
Layer 3 of how a liquidation begins: when it may, and what it is then about.

What an account has to close is a list; the claims are shown for each length of it.
"""

from dataclasses import replace

import z3

from specs.margin import MAX_PRICE_AGE
from tests.proofs.lifter.entries import Answer, Asked, Cut, unknown
from tests.proofs.lifter.terms import Term, constant
from tests.proofs.proof import Mutant
from tests.proofs.steps import venues
from tests.proofs.steps.bodies import LIQUIDATION_CODE, SLICE_CODE
from tests.proofs.steps.family import Family
from tests.proofs.steps.fields import NOW, field
from tests.proofs.steps.slices import SLICE
from tests.proofs.steps.venue_cuts import anything, view
from tests.proofs.steps.venue_steps import step_of
from tests.proofs.transition import Step, Transition

_MOST = 18
"""Legs that an account may have, USDC and one to spare included."""
_TERMS = (
    "discount",
    "exposure",
    "due",
    "unfunded",
    "deficit",
    "may_deleverage",
    "is_bankrupt",
)


def _legs(count: int) -> Cut:
    """Return a cut of the view that lists an account's legs: so many, each any."""

    def answer(asked: Asked) -> Answer:
        legs = (unknown(asked, i) for i in range(3 * _MOST))
        return Answer([constant(count), *legs])

    return Cut("legs._get", answer, ())


def _has_no_orders(step: Transition, account: Term) -> None:
    (asked,) = venues.calls_of(step, "open_orders._codes")
    step.holds(step.word(asked.results[0]) == 0, "there are no orders on the book")
    header = asked.arguments[0]
    is_header = header.operation == "initial" and header.arguments[0].arguments[1]
    step.holds(z3.BoolVal(is_header is account), "of this account")


def _was_due(step: Transition, found: dict[str, Term]) -> None:
    (asked,) = venues.calls_of(step, "distress._was_due")
    step.holds(step.lifted.truth(asked.results[0]), "it was due in an earlier block")
    priced_at, now = asked.arguments[1:]
    step.holds(venues.same(step, priced_at, found["priced_at"]), "by its prices")
    step.holds(venues.same(step, now, NOW), "or its flag")


def may_be_taken_over(step: Transition, account: Term, is_failed: Term) -> None:
    """Show of `open_takeover` when it may open, I33, I35."""
    venues.has_role(step, venues.LIQUIDATES)
    venues.is_users(step, account)
    (found,) = venues.healths(step)
    step.holds(z3.BoolVal(found.account is account), "the account is judged")
    step.holds(venues.is_due_now(found), "it is due")
    words = found.words
    of_margin = words["equity"], words["maintenance_margin"]
    asked = venues.calls_of(step, "backstop._is_open")
    is_open = [step.lifted.truth(c.results[0]) for c in asked]
    reason = z3.Or(step.word(is_failed) == 1, *is_open)
    step.holds(reason, "below the backstop's margin, or where the book has failed")
    for cutting in asked:
        expected = (*of_margin, words["exposure"])
        for given, word in zip(cutting.arguments, expected, strict=True):
            step.holds(venues.same(step, given, word), "by its health")
    _was_due(step, words)
    _has_no_orders(step, account)


def keeps_the_terms(step: Transition, account: Term, is_failed: Term) -> None:
    """Show of `open_takeover` which terms it finds, and keeps till it ends, I35."""
    (found,) = venues.healths(step)
    words, numbers = found.words, found.numbers
    of_margin = words["equity"], words["maintenance_margin"]
    terms = dict(zip(_TERMS, step.trace.words, strict=True))
    (computed,) = venues.calls_of(step, "backstop._compute_discount")
    (ratio,) = venues.calls_of(step, "backstop._compute_ratio")
    for cutting in (computed, ratio):
        for given, word in zip(cutting.arguments, of_margin, strict=False):
            step.holds(venues.same(step, given, word), "of the health before")
    exposure, left = numbers["exposure"], step.word(terms["exposure"])
    most = z3.If(left > exposure, left, exposure)
    step.holds(step.word(computed.arguments[2]) == most, "and the larger exposure")
    step.holds(venues.same(step, terms["discount"], computed.results[0]), "discount")
    deficit = z3.If(numbers["value"] < 0, -numbers["value"], 0)
    step.holds(step.word(terms["deficit"]) == deficit, "what it owes beyond its value")
    is_low = 4 * numbers["equity"] <= numbers["maintenance_margin"]
    may = step.lifted.truth(terms["may_deleverage"])
    step.holds(may == z3.Or(is_low, numbers["value"] < 0), "who may be deleveraged")
    for name, word in (
        ("account", account),
        ("discount", terms["discount"]),
        ("deficit", terms["deficit"]),
        ("ratio", ratio.results[0]),
        ("may_deleverage", terms["may_deleverage"]),
    ):
        _is_kept(step, LIQUIDATION_CODE, f"takeover_{name}", [word])


def _is_kept(step: Transition, contract: str, name: str, words: list[Term]) -> None:
    """Show what transient words are left."""
    first = venues.transient_slot(contract, name)
    for index, word in enumerate(words):
        place = constant(first + index)
        *_, stored = (w for at, w in step.trace.transient if at is place)
        step.holds(venues.same(step, stored, word), f"{name} is what was found")


def opens_a_slice(step: Transition, account: Term, instrument: Term) -> None:
    """Show of `open_slice` when it may, and what it keeps of it, I33, I34, I35."""
    venues.has_role(step, venues.LIQUIDATES)
    venues.is_users(step, account)
    (found,) = venues.healths(step)
    step.holds(z3.BoolVal(found.account is account), "the account is judged")
    given = [*found.words.values()]
    venues.was_called(step, "SliceCode._require_start", (account, *given))
    _has_no_orders(step, account)
    step.holds(found.numbers["equity"] > 0, "it has equity")
    (quote,) = venues.calls_of(step, "tradables._quote_word")
    step.holds(venues.same(step, quote.arguments[0], instrument), "its price")
    priced_at = step.word(field(quote.results[0], 64, 32))
    step.holds(step.word(NOW) - priced_at <= MAX_PRICE_AGE, "is fresh")
    (computed,) = venues.calls_of(step, "SliceCode._compute_slice")
    expected = (account, instrument, None, *given)
    venues.was_called(step, "SliceCode._compute_slice", expected)
    for one, other in zip(step.trace.words, computed.results, strict=True):
        step.holds(venues.same(step, one, other), "what was computed is returned")
    _is_kept(step, SLICE_CODE, "opened_slice", list(computed.results))


def may_start(step: Transition, account: Term, *health: Term) -> None:
    """Show of `_require_start` when a slice may start or go on, I33."""
    found = venues.judged(step, account, health)
    end = venues.calls_of(step, "slices._compute_end")
    going = venues.calls_of(step, "distress._is_going_on")
    is_late = z3.BoolVal(False)
    if end:
        is_late = z3.And(
            step.lifted.truth(going[0].results[0]),
            found.numbers["equity"] < step.word(end[0].results[0]),
        )
    step.holds(z3.Or(venues.is_due_now(found), is_late), "it is due, or goes on")
    _was_due(step, found.words)
    word = step.word(step.trace.finally_at(step.at("distress", account)))
    for cutting in (*going, *venues.calls_of(step, "distress._was_due")):
        step.holds(step.word(cutting.arguments[0]) == word, "by its own flag")
    step.writes_within()


def _for_each_length(step: Step) -> tuple[Step, ...]:
    """
    Return the claim for each number of legs that an account may have.

    The code is the same for each number, so its mutants are of the claim about one leg
    alone: the others have none.
    """
    return tuple(
        replace(
            step,
            identity=f"{step.identity}.{n}",
            cuts=(*step.cuts, _legs(n)),
            mutants=step.mutants if n == 1 else (),
        )
        for n in range(_MOST + 1)
    )


def _takeover(claim: venues.Claim, *mutants: Mutant) -> tuple[Step, ...]:
    return _for_each_length(
        step_of(
            "openings",
            LIQUIDATION_CODE,
            "open_takeover",
            "account is_book_failed",
            claim,
            _ACCRUE,
            _REALISE,
            _USE_IDLE,
            _CODES,
            _DUE,
            view("backstop._sum", 1),
            view("backstop._compute_fraction", 1),
            view("backstop._compute_discount", 1),
            view("backstop._compute_ratio", 1),
            view("backstop._compute_unfunded", 1),
            view("backstop._is_open", 1, 1),
            view("bankruptcy._is_bankrupt", 1, 1),
            view("bankruptcy._held", 1),
            mutants=mutants,
        )
    )


_ACCRUE, _REALISE = anything("legs._accrue"), anything("legs._realise")
_USE_IDLE = anything("bankruptcy._use_idle")
_CODES = view("open_orders._codes", 1)
_DUE = view("distress._was_due", 1, 1)
_HEALTH = " ".join(f"h{i}" for i in range(11))

PROOFS = (
    Family(
        "step.liquidation_code.open_takeover",
        "A takeover opens on a user's account that is due and was in an earlier block, "
        "below the margin that opens the backstop or where the book has failed it, "
        "with no orders left.",
        _takeover(
            may_be_taken_over,
            Mutant(
                LIQUIDATION_CODE,
                "    self._require_venue()\n    accounts._require_user(account)\n",
                "    accounts._require_user(account)\n",
            ),
            Mutant(
                LIQUIDATION_CODE,
                "    accounts._require_user(account)\n    legs",
                "    legs",
            ),
            Mutant(
                LIQUIDATION_CODE,
                "    assert margin._is_due_now(before), errors.NOT_LIQUIDATABLE\n",
                "    assert margin._is_liquidatable(before), errors.NOT_LIQUIDATABLE\n",
            ),
            Mutant(
                LIQUIDATION_CODE,
                "before.equity, before.maintenance_margin, before.exposure\n",
                "before.value, before.maintenance_margin, before.exposure\n",
            ),
            Mutant(
                LIQUIDATION_CODE,
                "before.priced_at, block.timestamp\n",
                "before.priced_at, block.timestamp + 1\n",
            ),
            Mutant(
                LIQUIDATION_CODE,
                "    assert open_orders._codes(state.headers[account]) == 0, errors",
                "    assert open_orders._codes(state.headers[account]) != 1, errors",
            ),
        ),
        serves=("I14", "I33", "I35", "I39"),
    ),
    Family(
        "step.liquidation_code.keep_terms",
        "A takeover's discount, deficit, ratio and whether its account may be "
        "deleveraged are those of its health when it opened, and are what the "
        "transaction keeps.",
        _takeover(
            keeps_the_terms,
            Mutant(
                LIQUIDATION_CODE,
                "max(before.exposure, terms.exposure)",
                "before.exposure",
            ),
            Mutant(LIQUIDATION_CODE, "max(-before.value, 0)", "max(-before.equity, 0)"),
            Mutant(
                LIQUIDATION_CODE,
                "4 * before.equity <= before.maintenance_margin",
                "4 * before.equity < before.maintenance_margin",
            ),
            Mutant(
                LIQUIDATION_CODE,
                "    state.takeover_discount = terms.discount\n",
                "    state.takeover_discount = terms.due\n",
            ),
            Mutant(
                LIQUIDATION_CODE,
                "    state.takeover_deficit = terms.deficit\n",
                "    state.takeover_deficit = terms.unfunded\n",
            ),
            Mutant(
                LIQUIDATION_CODE,
                "    state.takeover_may_deleverage = terms.may_deleverage\n",
                "    state.takeover_may_deleverage = terms.is_bankrupt\n",
            ),
        ),
        serves=("I14", "I33", "I35", "I39"),
    ),
    Family(
        "step.slice_code.require_start",
        "A slice starts on an account that is due and was in an earlier block, or goes "
        "on where it was sold from lately and is not at its end.",
        _for_each_length(
            step_of(
                "openings",
                SLICE_CODE,
                "SliceCode._require_start",
                f"account {_HEALTH}",
                may_start,
                _DUE,
                view("distress._is_going_on", 1, 1),
                view("slices._compute_end", 1),
                mutants=(
                    Mutant(
                        SLICE_CODE,
                        "    if not margin._is_due_now(found):\n",
                        "    if not margin._is_liquidatable(found):\n",
                    ),
                    Mutant(
                        SLICE_CODE,
                        "        ) and found.equity < convert(",
                        "        ) and found.equity <= convert(",
                    ),
                    Mutant(
                        SLICE_CODE,
                        "        ) and found.equity < convert(",
                        "        ) or found.equity < convert(",
                    ),
                    Mutant(
                        SLICE_CODE,
                        "word, found.priced_at, block.timestamp\n",
                        "word, found.priced_at, block.timestamp + 1\n",
                    ),
                ),
            )
        ),
        serves=("I14", "I33", "I34", "I35"),
    ),
    Family(
        "step.slice_code.open_slice",
        "A slice opens on a user's account that it may start on, with equity, without "
        "orders and at a fresh price; what it may close is what the transaction keeps.",
        (
            step_of(
                "openings",
                SLICE_CODE,
                "open_slice",
                "account instrument",
                opens_a_slice,
                _ACCRUE,
                _REALISE,
                _USE_IDLE,
                _CODES,
                anything("SliceCode._require_start"),
                view("tradables._require_listed", 0),
                view("tradables._quote_word", 1),
                view("SliceCode._compute_slice", len(SLICE)),
                mutants=(
                    Mutant(
                        SLICE_CODE,
                        "venue()\n    accounts._require_user(account)\n    tradables",
                        "venue()\n    tradables",
                    ),
                    Mutant(
                        SLICE_CODE,
                        "    assert not margin._is_stale(quote), errors.STALE_PRICE\n",
                        "",
                    ),
                    Mutant(
                        SLICE_CODE,
                        "    self._require_start(account, found)\n",
                        "    self._require_start(instrument, found)\n",
                    ),
                    Mutant(
                        SLICE_CODE,
                        "    assert open_orders._codes(state.headers[account]) == 0, ",
                        "    assert open_orders._codes(state.headers[account]) != 1, ",
                    ),
                    Mutant(
                        SLICE_CODE,
                        "    assert found.equity > 0, errors.NO_EQUITY\n",
                        "",
                    ),
                    Mutant(
                        SLICE_CODE,
                        "    state.opened_slice = opened\n",
                        "    opened.left += 1\n    state.opened_slice = opened\n",
                    ),
                ),
            ),
        ),
        serves=("I14", "I33", "I34", "I35"),
    ),
)
