"""Two keepers at one liquidation: nothing is done twice, and both go on."""

from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keeper.job import KNOWN
from keeper.jobs.flag import Flag
from keeper.jobs.liquidate import Liquidate
from keeper.jobs.reduce import Reduce
from keeper.jobs.sweep import Sweep
from keeper.runner import Runner
from specs import clearinghouse as ch
from specs import errors
from specs.accounts import BACKSTOP_FUND, USDC, compute_account, get_position
from specs.fixed_point import WAD, mul_div_up
from specs.pacing import SLICES
from tests.helpers.keepers import (
    BEYOND,
    DUE,
    FALLEN,
    HELD,
    KEEPERS,
    REWARDED,
    open_contracts,
    open_spec,
)
from tests.helpers.worlds import PLEDGED, bear, bull, publish

NAMES = ("flag", "reduce", "liquidate", "sweep")

orders = st.lists(st.booleans(), max_size=40)
"""Who comes next, as long as both have something left to send."""


@dataclass
class One:
    """A job that sends one call, whatever there is to be seen."""

    call: object
    name: str
    interval: int = 10
    passes: int = 1

    def read(self, chain, block):
        return None

    def decide(self, snapshot):
        return [self.call]


class Race:
    """Two keepers, each with its own key, account and metrics, on one chain."""

    def __init__(self, scene):
        self.scene = scene
        self.jobs, self.runners = [], []
        for keeper, reward in zip(KEEPERS, REWARDED, strict=True):
            watch, liquidator = scene.watch, scene.liquidator
            jobs = (
                Flag(watch),
                Reduce(watch, liquidator, tuple(HELD), reward, keeper),
                Liquidate(watch, liquidator, scene.book),
                Sweep(watch),
            )
            self.jobs.append(dict(zip(NAMES, jobs, strict=True)))
            self.runners.append(Runner(scene.chain, jobs, scene.address(keeper)))

    def run(self, name, order=()):
        """
        Have both work a job off the same view, their calls in some order; return what
        became of them: keeper, arguments, and the refusal if it was refused.
        """
        chain = self.scene.chain
        snapshots = [each[name].read(chain, chain.block()) for each in self.jobs]
        assert snapshots[0] == snapshots[1]
        left = [
            list(each[name].decide(seen))
            for each, seen in zip(self.jobs, snapshots, strict=True)
        ]
        done, order = [], list(order)
        while any(left):
            first = order.pop(0) if order and all(left) else not left[0]
            call = left[first].pop(0)
            (outcome,) = self.runners[first].work(One(call, name))
            done.append((int(first), call.arguments, outcome.refusal))
        return done

    def survive(self):
        """Expect that neither was surprised, or met what it does not expect."""
        for runner in self.runners:
            assert runner.metrics.surprises == 0
            assert not runner.metrics.refusals


@pytest.fixture(scope="module", params=["specification", "contracts"])
def open_scene(request):
    """How to open a chain at which some actions were played."""
    return {"specification": open_spec, "contracts": open_contracts}[request.param]


def lots(scene, account=bull):
    """Return what an account has in each market."""
    held = scene.world.clearing.accounts[account]
    return {market: get_position(held, market).lots for market in HELD}


def test_of_two_slices_in_a_second_the_later_one_is_refused(open_scene):
    with open_scene(DUE) as scene:
        race = Race(scene)
        race.run("flag")
        done = race.run("reduce", [False, True, True, False])
        refusals = [(keeper, leg[1], refusal) for keeper, leg, refusal in done]
        late = errors.NothingDue.reason
        assert refusals == [(0, 1, None), (1, 1, late), (1, 0, None), (0, 0, late)]
        assert lots(scene) == {m: held * 9 // 10 for m, held in HELD.items()}
        # Each has earned on the leg at which it was first, and on no other.
        clearing = scene.world.clearing
        earned = [ch.get_held(clearing, reward, USDC) for reward in REWARDED]
        assert all(amount > 0 for amount in earned)
        race.survive()
        lost = [runner.metrics.lost_races for runner in race.runners]
        assert lost == [{late: 1}, {late: 1}]


def test_a_flag_is_noted_once(open_scene):
    with open_scene(DUE) as scene:
        race = Race(scene)
        assert [refusal for _, _, refusal in race.run("flag")] == [None, None]
        noted = scene.world.clearing.accounts[bull].distress
        assert noted.flagged_at == scene.chain.block().timestamp
        scene.wait(1)
        assert race.run("flag") == []
        assert scene.world.clearing.accounts[bull].distress == noted
        race.survive()


def test_an_account_is_taken_over_once(open_scene):
    with open_scene([*PLEDGED, *BEYOND]) as scene:
        race = Race(scene)
        before = lots(scene)
        (first, second) = race.run("liquidate", [True])
        assert first == (1, (bull,), None)
        assert second == (0, (bull,), errors.NotLiquidatable.reason)
        assert sum(lots(scene).values()) < sum(before.values())
        assert race.run("liquidate") == []
        race.survive()


def test_what_an_epoch_closes_is_closed_once(open_scene):
    with open_scene(BEYOND) as scene:
        race = Race(scene)
        race.run("liquidate")
        done = race.run("sweep", [False, True, False, True])
        assert [refusal for _, _, refusal in done] == [None] * 4
        assert lots(scene, bear) == {m: -n for m, n in lots(scene).items()} != HELD
        assert race.run("sweep") == []
        race.survive()


def compute_allowed(held, due, market, scene):
    """Return what so many slices of a leg may close: a tenth each, or 1,000 USDC."""
    listed = scene.world.clearing.markets[market]
    worth = listed.lot * listed.quote.slow // WAD
    return max(-(-held * due // SLICES), mul_div_up(1_000 * WAD, 1, worth))


@given(
    st.lists(
        st.tuples(st.integers(1, 12), st.sampled_from(["reduce", "flag"]), orders),
        min_size=1,
        max_size=12,
    )
)
def test_two_keepers_close_no_more_than_one_slice_a_second(open_scene, rounds):
    with open_scene(DUE) as scene:
        race = Race(scene)
        sliced_at = {}
        for seconds, name, order in rounds:
            before, now = lots(scene), scene.chain.block().timestamp
            done = race.run(name, order)
            if name == "reduce":
                legs = [words[1] for _, words, refusal in done if refusal is None]
                # A leg is reduced once a second, whoever is first.
                assert len(legs) == len(set(legs))
                for leg in legs:
                    age = now - sliced_at.get(leg, now - 1)
                    due = 1 if age > 60 else min(10, age)
                    closed = before[leg] - lots(scene)[leg]
                    assert 0 < closed <= compute_allowed(before[leg], due, leg, scene)
                    sliced_at[leg] = now
                untouched = HELD.keys() - legs
                assert all(lots(scene)[leg] == before[leg] for leg in untouched)
            # Prices stay fresh, or the bids would not be filled.
            scene.play(*publish(FALLEN))
            scene.wait(seconds)
        race.survive()


def test_two_keepers_earn_together_what_one_earns_alone(open_scene):
    earned = []
    for order in ([False] * 4, [True, False] * 2):
        with open_scene(DUE) as scene:
            race = Race(scene)
            for _ in range(4):
                race.run("reduce", order)
                scene.wait(1)
            clearing = scene.world.clearing
            both = [ch.get_held(clearing, reward, USDC) for reward in REWARDED]
            earned.append((sum(both), ch.get_held(clearing, BACKSTOP_FUND, USDC)))
    assert earned[0] == earned[1]
    assert earned[0][0] > WAD


def test_a_refusal_that_is_not_expected_is_counted_apart(open_scene):
    with open_scene(DUE) as scene:
        race = Race(scene)
        chain = scene.chain
        job = replace(race.jobs[0]["reduce"], reward=compute_account(bull >> 96, 1))
        first, *_ = job.decide(job.read(chain, chain.block()))
        call = replace(first, arguments=(*first.arguments[:2], job.reward))
        (outcome,) = race.runners[0].work(One(call, "reduce"))
        assert outcome.refusal == errors.SameOwner.reason
        assert outcome.refusal in KNOWN
        assert race.runners[0].metrics.refusals == {errors.SameOwner.reason: 1}
        assert not race.runners[0].metrics.lost_races
