"""Lens: what a pool's guards admit, and when an announced change may be made."""

from random import Random

import pytest

from keeper.artifacts import artifact
from keeper.mirror import slot_of, slots_of
from specs import clearinghouse as ch
from specs import (
    delays,
    governance,
    guards,
    money_market,
    packing,
)
from specs.accounts import USDC
from specs.errors import OutflowTooLarge, Revert, UtilisationTooHigh
from specs.fixed_point import BPS, PPM, WAD
from specs.packing import pack
from specs.world import Action
from tests.helpers.lens import SCENES, look
from tests.helpers.scenes import AT_WORK
from tests.helpers.worlds import (
    ASSETS,
    ETH,
    GOVERNOR,
    STRANGER,
    bull,
    own,
)


@pytest.mark.parametrize("asset", ASSETS)
def test_guards(seen, asset):
    state, now = seen.world.clearing, seen.world.now
    pool = ch.accrue(state, asset, now).assets[asset].pool
    word, told = pool.guards, look(seen, "guards", asset)
    names = "max_utilisation", "threshold", "throttle_share", "outflow_share"
    for name in (*names, "outflow_floor"):
        assert getattr(told, name) == getattr(word, name), name
    used = money_market.get_utilisation(pool, ch.get_surplus(state, asset))
    assert told.utilisation == used
    check_guards(word, told, pool.cash + pool.idle, now)


def check_guards(word, told, held, now):
    """Expect that a call may end where the Lens says, and not one step beyond."""
    used, admissible = told.utilisation, told.admissible
    assert admissible >= used
    guards.check_utilisation(word, used, admissible, now)
    with pytest.raises(UtilisationTooHigh):
        guards.check_utilisation(word, used, admissible + 1, now)

    assert told.average == guards.follow(word, held, now).average
    assert 0 <= told.room <= held
    if told.room > 0:
        guards.check_outflow(word, held, held - told.room, now)
    if told.room < held:
        with pytest.raises(OutflowTooLarge):
            guards.check_outflow(word, held, held - told.room - 1, now)


def any_guards(r, used, held, now):
    """Return guards in any state, many of them near what is used and held."""
    bounds = [
        0,
        BPS,
        r.randrange(BPS + 1),
        min(BPS, used * BPS // WAD + r.randrange(2)),
    ]
    threshold, highest = sorted(r.choices(bounds, k=2))
    average = held * r.choice([0, 1, 2, r.randrange(10**4)]) // r.randrange(1, 10**4)
    return guards.Guards(
        average=average // guards.AVERAGE_UNIT * guards.AVERAGE_UNIT,
        averaged_at=now - r.choice([0, 60, 3_600, guards.WINDOW, now]),
        admissible=r.choice([0, PPM, r.randrange(PPM), used * PPM // WAD + 1]),
        step=now // guards.THROTTLE_STEP - r.randrange(2),
        max_utilisation=highest,
        threshold=threshold,
        throttle_share=r.choice([0, BPS, r.randrange(BPS)]),
        outflow_share=r.choice([0, BPS, r.randrange(BPS)]),
        outflow_floor=r.choice([0, 1, r.randrange(2**32)]) * WAD,
    )


@pytest.mark.parametrize("asset", [USDC, ETH])
def test_what_any_guards_admit(deployed, asset):
    vault = deployed.made.contracts["Clearinghouse"].address
    base = slots_of(artifact("Clearinghouse").layout["storage_layout"])["guards"]
    r = Random(asset)
    with deployed.at(SCENES["later"]):
        pool, now = deployed.world.clearing.assets[asset].pool, deployed.world.now
        held = pool.cash + pool.idle
        used = look(deployed, "guards", asset).utilisation
        assert used > 0
        for _ in range(300):
            word = any_guards(r, used, held, now)
            packed = pack(vars(word), packing.GUARDS)
            deployed.made.chain._evm.insert_account_storage(
                vault, slot_of(base, asset), packed
            )
            check_guards(word, look(deployed, "guards", asset), held, now)


@pytest.mark.parametrize("is_first", [True, False])
def test_a_call_may_end_where_the_lens_says(deployed, is_first):
    share = 2_000, 500, 5_000, 0, 0
    guarded = [*AT_WORK, Action("set_guards", GOVERNOR, (ETH, *share))]
    if not is_first:
        guarded.append(own("borrow", bull, ETH, 2 * 10**18))
    with deployed.at([*guarded]):
        told = look(deployed, "guards", ETH)
        lent = deployed.world.clearing.assets[ETH].pool.lends
        owed = told.utilisation * lent // WAD
        more = told.admissible * lent // WAD - owed
        assert more > 0
        # So much makes a wei of utilisation.
        too_much = own("borrow", bull, ETH, more + lent // WAD)
        assert deployed.refuse(too_much) == "utilisation too high"
        deployed.play(own("borrow", bull, ETH, more))


def may_be_made(state, change, now):
    """Return whether a change that loosens may be made."""
    try:
        governance.settle(state, now, change, True)
    except Revert:
        return False
    return True


def test_what_was_announced(deployed):
    change = "set_fund_cap", 0, 10**6 * WAD
    digest = deployed.twin.hash(change)
    assert look(deployed, "change", digest) == (0, 0, 0, True)
    queued = Action("queue", GOVERNOR, (change,))
    with deployed.at([queued]):
        at = deployed.world.now
        expected = at, at, at + delays.WINDOW, True
        assert look(deployed, "change", digest) == expected
        deployed.play(Action("wait", STRANGER, (delays.WINDOW + 1,)))
        assert look(deployed, "change", digest) == expected

    with deployed.at([Action("set_delay", GOVERNOR, (3_600,)), queued]):
        at = deployed.world.now
        times = at, at + 3_600, at + 3_600 + delays.WINDOW
        assert look(deployed, "change", bytes(32)) == (0, 0, 0, False)
        assert look(deployed, "change", digest) == (*times, False)
        for seconds, is_ready in (
            (3_599, False),
            (1, True),
            (delays.WINDOW, True),
            (1, False),
        ):
            deployed.play(Action("wait", STRANGER, (seconds,)))
            assert look(deployed, "change", digest) == (*times, is_ready)
            state, now = deployed.world.clearing, deployed.world.now
            assert may_be_made(state, change, now) is is_ready
