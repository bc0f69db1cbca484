"""
Layer 3 of resting orders: what margin counts of them moves by what is placed and gone.

Who may count and release, that the header has a bit for each instrument with any, and
that margin is judged after the last write.
"""

from collections.abc import Callable

import z3

from tests.proofs.lifter.integers import Integers
from tests.proofs.lifter.linear import Linear
from tests.proofs.lifter.terms import Term, build, constant
from tests.proofs.proof import Mutant
from tests.proofs.steps import venue_cuts, venues
from tests.proofs.steps.bodies import MAKER_CODE, ORDER_CODE
from tests.proofs.steps.fields import field
from tests.proofs.steps.pools import low
from tests.proofs.summary import Call, Facts, Summary
from tests.proofs.transition import Step, Transition

_ORDERS = "contracts/modules/open_orders.vy"
_ADD, _REMOVE = "open_orders._add", "open_orders._remove"
_NAMES = ("account", "code", "is_buy", "size")


def _writes_orders(at: Callable[..., Term], words: dict[str, Term]) -> list[Term]:
    account = words["account"]
    return [at("orders", account, words["code"]), at("headers", account)]


def _sides(call: Call, word: Term) -> tuple[z3.ArithRef, z3.ArithRef]:
    return call.number(build("shr", constant(128), word)), call.number(low(128, word))


def _moves(sign: int) -> Callable[[Call], Facts]:
    def facts(call: Call) -> Facts:
        account, code = call.term("account"), call.term("code")
        bids, asks = _sides(call, call.word_before("orders", account, code))
        new_bids, new_asks = _sides(call, call.word_after("orders", account, code))
        is_buy, size = call.argument("is_buy") != 0, call.argument("size")
        moved = sign * size
        return [
            ("bids move by the size", new_bids == bids + z3.If(is_buy, moved, 0)),
            ("asks move by the size", new_asks == asks + z3.If(is_buy, 0, moved)),
        ]

    return facts


PLACED = Summary(
    _ADD,
    _NAMES,
    "What margin counts of one side grows by exactly the size, the other side stays.",
    _moves(1),
    (Mutant(_ORDERS, "        asks += size\n", "        bids += size\n"),),
    _writes_orders,
    theories=(Integers,),
    serves=("I13", "I17"),
)
GONE = Summary(
    _REMOVE,
    _NAMES,
    "What margin counts of one side falls by exactly the size, the other side stays.",
    _moves(-1),
    (Mutant(_ORDERS, "        bids -= size\n", "        bids -= min(size, asks)\n"),),
    _writes_orders,
    theories=(Integers,),
    serves=("I13", "I17"),
)


def the_header_names_orders(step: Transition, *words: Term) -> None:
    """Show I17's half of a header: a bit is set where anything rests, and no other."""
    if not step.succeeds:
        return
    account, code = words[:2]
    bit = step.word(build("shl", build("add", constant(64), code), constant(1)))
    before, after = step.before("headers", account), step.after("headers", account)
    old, new = (
        step.before("orders", account, code),
        step.after("orders", account, code),
    )
    # An invariant, with which an account that has no header begins.
    step.assume(z3.ULT(step.word(code), 64), (before & bit != 0) == (old != 0))
    step.holds((after & bit != 0) == (new != 0), "the bit names what rests")
    step.holds(after & ~bit == before & ~bit, "no other bit changes")


def _code_of(step: Transition, instrument: Term) -> Term:
    (found,) = venues.calls_of(step, "instruments._code")[:1]
    step.holds(venues.same(step, found.arguments[0], instrument), "of the instrument")
    return found.results[0]


def reserves(step: Transition, instrument: Term, *words: Term) -> None:
    """Show who counts an order, of what, and that margin is judged last, I11, I17."""
    account, is_buy, size = words
    venues.has_role(step, venues.BOOKS)
    venues.is_users(step, account)
    code = _code_of(step, instrument)
    venues.was_called(step, _ADD, (account, code, is_buy, size))
    step.writes_within(step.at("orders", account, code), step.at("headers", account))
    health = venues.judged_last(step, account)
    covered = venues.calls_of(step, "OrderCode._is_covered")
    step.holds(z3.BoolVal(len(covered) == 1), "the worst case is looked at")
    before, after = (
        step.before("orders", account, code),
        step.after("orders", account, code),
    )
    asked = [step.word(word) for word in covered[0].arguments]
    step.holds(asked[2] == before, "of the orders before")
    step.holds(asked[3] == after, "and of those that are left")
    step.holds(asked[0] == step.word(account), "of the account")
    is_covered = step.lifted.truth(covered[0].results[0])
    allowed = z3.If(
        is_covered, z3.Not(venues.is_liquidatable(health)), venues.has_margin(health)
    )
    step.holds(allowed, "with margin, or without need of more")


def releases(step: Transition, instrument: Term, *words: Term) -> None:
    """Show who lets orders go, and that nothing else is written, I14, I17."""
    account, is_buy, size = words
    venues.has_role(step, venues.BOOKS | venues.RELEASES)
    code = _code_of(step, instrument)
    venues.was_called(step, _REMOVE, (account, code, is_buy, size))
    step.writes_within(step.at("orders", account, code), step.at("headers", account))


def covers(step: Transition, *words: Term) -> None:
    """Show of a perpetual what `_is_covered` says: no worse in the worst case."""
    account, market, old, new = words
    (lots,) = venues.calls_of(step, "deleveraging._effective_lots")
    step.holds(venues.same(step, lots.arguments[0], market), "of the market")
    step.holds(venues.same(step, lots.arguments[1], account), "of the account")
    held = venues.signed(step, lots.results[0])

    def worst(word: Term) -> z3.ArithRef:
        bids, asks = step.word(field(word, 128, 128)), step.word(field(word, 0, 128))
        found = _size(held)
        for left in (held + bids, held - asks):
            found = z3.If(_size(left) > found, _size(left), found)
        return found

    says = step.lifted.truth(step.trace.words[0])
    step.holds(says == (worst(old) == worst(new)), "whether the worst case stays")


def _size(number: z3.ArithRef) -> z3.ArithRef:
    return z3.If(number < 0, -number, number)


_CODE = venue_cuts.view("instruments._code", 1)
_LISTED = venue_cuts.view("tradables._require_listed", 0)

PROOFS = (
    PLACED.proved_in(ORDER_CODE),
    GONE.proved_in(ORDER_CODE, b"", MAKER_CODE),
    *(
        Step(
            f"step.open_orders.{name}_header",
            "The header has the bit of an instrument as long as anything rests in it, "
            "and no other bit changes.",
            ORDER_CODE,
            f"open_orders._{name}",
            _NAMES,
            the_header_names_orders,
            (
                Mutant(
                    _ORDERS,
                    "    if (old == 0) != (word == 0):\n",
                    "    if (old == 0) != (bids == 0):\n",
                ),
            ),
            example=lambda step, _, code, *rest: [step.word(code) == 33],
            keeps_refusals=False,
            serves=("I17", "I18"),
        )
        for name in ("add", "remove")
    ),
    Step(
        "step.order_code.reserve",
        "An order book counts an order of a user by its size, in the account's words; "
        "after that the account has initial margin, or is no worse in the worst "
        "case and not below maintenance margin.",
        ORDER_CODE,
        "reserve",
        ("instrument", "account", "is_buy", "size"),
        venues.if_it_succeeds(reserves),
        (
            Mutant(
                ORDER_CODE,
                "    accounts._require_user(account)\n    tradables._require_listed(",
                "    tradables._require_listed(",
            ),
            Mutant(
                ORDER_CODE,
                "assert not margin._is_liquidatable(found), errors",
                "assert margin._is_liquidatable(found) or True, errors",
            ),
        ),
        theories=(Linear, Integers),
        cuts=(
            PLACED.cut,
            _CODE,
            _LISTED,
            venue_cuts.view("OrderCode._is_covered", 1, 1),
        ),
        keeps_refusals=False,
        serves=("I11", "I13", "I14", "I17"),
    ),
    Step(
        "step.order_code.release",
        "A book that has the role or had it lets go what it says of an account's "
        "orders; nothing else is written.",
        ORDER_CODE,
        "release",
        ("instrument", "account", "is_buy", "size"),
        venues.if_it_succeeds(releases),
        (
            Mutant(
                ORDER_CODE,
                "state.venues[msg.sender] & (ORDER_VENUE | RELEASE_VENUE) != 0",
                "state.venues[msg.sender] != 0",
            ),
        ),
        theories=(Linear, Integers),
        cuts=(GONE.cut, _CODE, _LISTED),
        keeps_refusals=False,
        serves=("I13", "I14", "I17"),
    ),
    Step(
        "step.order_code.is_covered",
        "More orders for a perpetual are covered if the largest position that one side "
        "could leave is the same.",
        ORDER_CODE,
        "OrderCode._is_covered",
        ("account", "instrument", "old", "new"),
        venues.if_it_succeeds(covers),
        (
            Mutant(
                _ORDERS,
                "sold: int256 = held - convert(",
                "sold: int256 = held + convert(",
            ),
        ),
        cases=tuple({"instrument": market} for market in (0, 31)),
        theories=(Linear, Integers),
        cuts=(venue_cuts.view("deleveraging._effective_lots", 1),),
        keeps_refusals=False,
        serves=("I11", "I17"),
    ),
)
