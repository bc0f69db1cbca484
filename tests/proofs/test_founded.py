"""Whether what is cut out of an equality has a proof behind it."""

from dataclasses import replace

import pytest

from specs import fixed_point, weights
from specs.fixed_point import RAY, WAD
from specs.interest_rate import Curve
from tests.proofs.catalogue import collect
from tests.proofs.equality import Equality
from tests.proofs.exposed import Exposed
from tests.proofs.founded import unfounded
from tests.proofs.shared import RATE, as_they_are

UP = "fixed_point._mul_div_up"
EXAMPLES = {
    RATE.function: [
        (Curve(base, low, high, optimal, 0), utilisation)
        for base, low, high in ((0, 0, 0), (1, 2 * RAY, 3 * RAY), (RAY, 0, RAY))
        for optimal in (1, WAD // 2, WAD - 1)
        for utilisation in (0, WAD // 3, WAD // 2, WAD)
    ],
}
"""Arguments of functions that the contract takes otherwise than the specification."""


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
        assert said_of(user, others) == [f"{user.identity}: {lacking.subject}"]


def test_a_cut_that_names_no_proof_is_noticed(user):
    bare = replace(user, shares=(), cuts=(user.cuts[0]._replace(rests_on=()),))
    assert unfounded([bare]) == [f"{user.identity}: {user.cuts[0].function}"]


@pytest.mark.parametrize(
    ("reference", "is_noticed"),
    [(weights.compute_weight, True), (fixed_point.mul_div_up, False)],
)
def test_a_proof_of_another_function_is_noticed(reference, is_noticed, user):
    up = next(each for each in user.shares if each.function == UP)
    alone = replace(user, shares=(up,), cuts=(up.cut,))
    proof = replace(behind(up.rests_on), reference=reference)
    said = f"{user.identity}: {up.function} is not mul_div_up"
    assert unfounded([alone, proof]) == ([said] if is_noticed else [])


def test_what_takes_other_arguments_is_the_same_on_examples():
    shares = {
        each.function: each
        for proof in collect()
        if isinstance(proof, Exposed)
        for each in proof.shares
        if each.flatten is not as_they_are
    }
    assert shares.keys() == EXAMPLES.keys()
    for name, each in shares.items():
        proof = behind(each.rests_on)
        assert isinstance(proof, Equality)
        for arguments in EXAMPLES[name]:
            flat = each.flatten(*arguments)
            assert proof.reference(*flat) == each.original(*arguments)
