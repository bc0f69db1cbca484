"""That each function which rounds or decides has a law, or a reason to have none."""

from tests.proofs import catalogue, coverage_laws, gate
from tests.proofs.coverage_laws import EXCLUDED, Function, find_gaps

PURE = Function("margin", "is_due", 1, 2, is_step=False, is_plain=False)
PLAIN = Function("margin", "get_low", 1, 2, is_step=False, is_plain=True)
STEP = Function("margin", "assess", 1, 2, is_step=True, is_plain=False)


def test_every_function_has_a_law_or_a_reason():
    functions = coverage_laws.find_functions()
    assert find_gaps(functions, coverage_laws.find_held(), EXCLUDED) == []
    assert all(EXCLUDED.values())


def test_a_function_without_either_is_a_gap():
    assert find_gaps([PURE], set(), {}) == ["margin.is_due: neither law nor reason"]
    assert find_gaps([PURE, PLAIN, STEP], {"margin.is_due"}, {}) == []
    assert find_gaps([PURE], set(), {"margin.is_due": "a reason"}) == []


def test_an_entry_that_is_stale_is_a_gap():
    entry = {"margin.is_due": "a reason"}
    assert find_gaps([PURE], {"margin.is_due"}, entry)
    assert find_gaps([], set(), entry)
    assert find_gaps([PLAIN], set(), {"margin.get_low": "a reason"})
    assert find_gaps([STEP], set(), {"margin.assess": "a reason"})


def test_what_decides_is_told_from_what_does_not():
    found = {each.identity: each for each in coverage_laws.find_functions()}
    assert found["state.get_market"].is_step
    assert found["state.accrue"].is_step
    assert found["accounts.get_balance"].is_plain
    for name in ("perpetual._times", "margin.get_low", "weights.compute_weight"):
        assert not found[name].is_plain
        assert not found[name].is_step


def test_every_proof_of_layer_1_serves_invariants_that_there_are():
    known = {f"I{number}" for number in range(1, 51)}
    for proof in catalogue.collect():
        if proof.layer == 1:
            assert proof.serves, proof.identity
            assert set(proof.serves) <= known, proof.identity


def is_tagged() -> bool:
    """
    Say nothing in particular.

    Serves: I1, I24.

    post: __return__
    """
    return True


def is_bare() -> bool:
    """Serve nobody."""
    return True


def test_what_a_law_serves_is_read_from_its_docstring():
    assert gate.serves(is_tagged) == ("I1", "I24")
    assert gate.serves(is_bare) == ()
