"""A walk in bulk finds the first action after which anything differs."""

import pytest

from specs import world
from tests.helpers import dishonest
from tests.stateful import bulk
from tests.stateful.bulk import Differs, count_transactions, open_twin, walk_beside

SEED, STEPS = 3, 120


@pytest.fixture(scope="module")
def twin():
    return open_twin()


def find(twin, steps, interval):
    with pytest.raises(Differs) as caught:
        walk_beside(twin, SEED, steps, interval)
    return caught.value


def test_walk_counts_what_it_met(twin):
    actions = []
    bulk.wander(SEED, STEPS, lambda at, action: actions.append(action) or at)
    met = walk_beside(twin, SEED, STEPS)
    assert met.total() == len(actions)
    assert count_transactions(met) == sum(
        count for name, count in met.items() if not name.startswith("wait")
    )
    assert walk_beside(twin, SEED, STEPS, 1) == met


def test_first_difference_of_storage_is_found(twin, monkeypatch):
    monkeypatch.setitem(world.TRANSITIONS, "deposit", dishonest.deposit)
    first = find(twin, STEPS, 1)
    assert first.action.name == "deposit"
    assert any(line.startswith("clearing.assets[") for line in first.found)
    assert any(".pool.reserve: " in line for line in first.found)
    # At a checkpoint, and at the end of a walk that has none.
    for interval in (50, 10 * STEPS):
        found = find(twin, STEPS, interval)
        assert (found.step, found.action) == (first.step, first.action)
        assert found.found == first.found


def test_text_names_seed_step_and_action(twin, monkeypatch):
    monkeypatch.setitem(world.TRANSITIONS, "deposit", dishonest.deposit)
    found = find(twin, STEPS, 50)
    assert f"seed {SEED}, step {found.step}, Action(name='deposit'" in str(found)
    assert str(found).endswith(found.found[-1])


def test_different_refusal_is_found(twin, monkeypatch):
    monkeypatch.setitem(world.TRANSITIONS, "repay", dishonest.refuse)
    found = find(twin, 10 * STEPS, 250)
    assert found.action.name == "repay"
    assert found.found[0].startswith("specification: pool halted, contract: ")


def test_difference_in_storage_comes_before_the_refusal_it_leads_to(twin, monkeypatch):
    monkeypatch.setitem(world.TRANSITIONS, "deposit", dishonest.deposit)
    first = find(twin, STEPS, 1)
    monkeypatch.setitem(world.TRANSITIONS, "fill_perp", dishonest.refuse)
    later = find(twin, STEPS, 10 * STEPS)
    assert (later.step, later.action) == (first.step, first.action)


def test_error_that_is_no_refusal_is_found(twin, monkeypatch):
    monkeypatch.setitem(world.TRANSITIONS, "transfer", dishonest.fail)
    found = find(twin, 10 * STEPS, 50)
    assert found.action.name == "transfer"
    assert found.found == ["ZeroDivisionError: of nothing"]


def test_difference_that_does_not_come_again_is_told(twin, monkeypatch):
    answers = iter(["a reason of the moon"])
    send = twin.send
    monkeypatch.setattr(twin, "send", lambda *call: next(answers, None) or send(*call))
    found = find(twin, STEPS, 50)
    assert found.step == 1
    assert "a reason of the moon" in found.found[0]
    assert found.found[-1].startswith("not found again")


def test_contradiction_in_the_storage_is_found(twin, monkeypatch):
    def contradict(world):
        raise bulk.Mismatch("two words")

    monkeypatch.setattr(twin, "read", contradict)
    assert find(twin, STEPS, 50).found == ["two words"]
