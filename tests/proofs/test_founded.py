"""Whether what is cut out of an equality has a proof behind it."""

import random
from types import SimpleNamespace

import pytest
import z3

from specs import guards
from specs.fixed_point import RAY, WAD
from specs.interest_rate import Curve
from specs.margin import PRICE_UNIT as UNIT
from specs.requirements import Haircut, Requirement
from tests.proofs.bytecode import range_of
from tests.proofs.catalogue import collect
from tests.proofs.equalities.guards import FOLLOW, changed
from tests.proofs.equality import Equality
from tests.proofs.exposed import Exposed
from tests.proofs.exposing import expose
from tests.proofs.founded import unfounded
from tests.proofs.lifter.entries import Asked
from tests.proofs.lifter.storage import initial
from tests.proofs.lifter.terms import constant, variable
from tests.proofs.proof import PROJECT

UP = "fixed_point._mul_div_up"
_MARGIN, _BOUND = "requirements._compute_margin", "book_basis._within"
_REQUIREMENTS = [
    (Requirement(*fields), notional)
    for fields in ((0, 0, 0, 0), (20_000, 10_000, 0, 10**9), (1, 2, 10**10, 3))
    for notional in (0, 1, 9 * WAD, 10**30)
]
_HAIRCUTS = [Haircut(*fields) for fields in ((0, 0), (950_000, 10**12), (1, 7))]
EXAMPLES = {
    ("interest_rate._compute_rate", "compute_rate"): [
        (Curve(base, low, high, optimal, 0), utilisation)
        for base, low, high in ((0, 0, 0), (1, 2 * RAY, 3 * RAY), (RAY, 0, RAY))
        for optimal in (1, WAD // 2, WAD - 1)
        for utilisation in (0, WAD // 3, WAD // 2, WAD)
    ],
    (_MARGIN, "compute_initial_margin"): _REQUIREMENTS,
    (_MARGIN, "compute_maintenance_margin"): _REQUIREMENTS,
    ("requirements._compute_weight", "compute_weight"): [
        (Haircut(weight, factor), held)
        for weight, factor in ((0, 0), (950_000, 0), (950_000, 10**12), (1, 7))
        for held in (0, 1, WAD, 10**30)
    ],
    (_BOUND, "limit"): [
        (distance * UNIT, slow * UNIT, bound)
        for distance in (-(10**9), -1, 0, 7, 10**12)
        for slow in (0, 1, 999, 10**12)
        for bound in (0, 3, 50_000)
    ],
    ("grid._price", "get_price"): [(tick,) for tick in (0, 1, 511, 512, 600, 29_183)],
    ("open_orders._counted", "compute_counted"): [
        (held, price, haircut)
        for held in (0, 1, WAD, 10**30)
        for price in (0, 7, 3 * WAD)
        for haircut in _HAIRCUTS
    ],
    ("open_orders._bid_loss", "compute_bid_loss"): [
        (bids, held, owed, low, 2 * WAD, haircut)
        for bids in (0, 1, WAD)
        for held, owed in ((0, 0), (7, 0), (0, 2 * WAD), (WAD, WAD // 2))
        for low in (0, WAD)
        for haircut in _HAIRCUTS
    ],
}
"""Arguments of functions that the contract takes otherwise than the specification."""
IN_UNITS = {_BOUND}
"""Of these the contract has prices in units, which the specification has in wei."""


def behind(name):
    return next(proof for proof in collect() if proof.identity == name)


def said_of(user, proofs):
    found = unfounded([user, *proofs])
    return [text for text in found if text.startswith(f"{user.identity}: ")]


@pytest.fixture
def user():
    """An equality that shares a quotient, and maybe more, with the specification."""
    proofs = [proof for proof in collect() if isinstance(proof, Exposed)]
    return next(p for p in proofs if UP in (each.function for each in p.shares))


def test_a_cut_of_an_equality_without_its_proof_is_noticed(user):
    parts = {name for cut in user.cuts for name in cut.rests_on}
    proofs = [proof for proof in collect() if proof.identity in parts]
    assert said_of(user, proofs) == []
    for lacking in proofs:
        others = [proof for proof in proofs if proof is not lacking]
        said = said_of(user, others)
        assert {*said} == {f"{user.identity}: {lacking.subject}"}


def test_a_cut_of_an_equality_that_names_no_proof_leaves_every_word_open():
    """What is equal whatever a function returns is equal for the one that there is."""
    for proof in collect():
        open_cuts = [c for c in getattr(proof, "cuts", ()) if not c.rests_on]
        if not isinstance(proof, Exposed) or not open_cuts:
            continue
        entries = expose(*proof.function.split("."), PROJECT)["entries"]
        for cut in open_cuts:
            entry = entries[cut.function]
            given = [variable(f"x{i}") for i in range(len(entry.arguments))]
            answer = cut.answer(Asked("it", given, initial, {}))
            said = [*answer.facts, *answer.needs, *answer.writes]
            assert said == []
            for word, kind in zip(answer.results, entry.results, strict=True):
                low, high = range_of(kind)
                assert word.operation in ("variable", "answer"), cut.function
                assert word.arguments[1] <= low, cut.function
                assert word.arguments[2] >= high, cut.function


def test_a_shared_function_is_the_one_that_its_proof_is_about():
    shares = {
        (each.function, each.original.__name__): each
        for proof in collect()
        if isinstance(proof, Exposed)
        for each in proof.shares
    }
    for name, each in shares.items():
        proof = behind(each.rests_on)
        assert isinstance(proof, Equality)
        if proof.reference is each.original:
            continue
        for arguments in EXAMPLES[name]:
            expected = each.original(*arguments)
            flat = each.flatten(*arguments)
            if each.function in IN_UNITS:
                *prices, bound = arguments
                flat, expected = (*(p // UNIT for p in prices), bound), expected / UNIT
            assert proof.reference(*flat) == expected, (name, arguments)


def test_what_is_said_of_a_word_whose_average_moves_is_true():
    source = random.Random(0)
    for _ in range(200):
        now, held = source.getrandbits(32), source.getrandbits(128)
        word = source.getrandbits(256) & ~(2**32 - 1 << 152)
        word |= source.randint(0, now) << 152
        moved = changed(word, lambda found, h=held, n=now: guards.follow(found, h, n))
        said = FOLLOW.answer(
            Asked("it", [constant(n) for n in (word, held, now)], initial, {})
        )

        def value(term, result=said.results[0], moved=moved):
            return z3.IntVal(moved if term is result else term.arguments[0])

        for fact in (*said.facts, *said.needs):
            assert z3.is_true(z3.simplify(fact(SimpleNamespace(value=value))))
