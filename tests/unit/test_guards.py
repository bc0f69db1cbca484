"""Guards of a pool: caps, throttle and outflow window, as specified."""

from dataclasses import asdict, astuple, replace
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from keeper.chain.codec import codec_of
from keeper.chain.interface import Refused
from specs import guards as spec
from specs.errors import (
    AmountTooLarge,
    BorrowCapReached,
    OutflowTooLarge,
    SupplyCapReached,
    UtilisationTooHigh,
)
from specs.fixed_point import BPS, PPM, WAD
from specs.guards import (
    AVERAGE_UNIT,
    MAX_AVERAGE,
    OPEN,
    THROTTLE_STEP,
    WINDOW,
    Guards,
    check_outflow,
    check_utilisation,
    compute_outflow,
    follow,
)
from specs.packing import CURVE, GUARDS, pack, unpack
from tests.helpers import harness as harnesses
from tests.helpers.harness import outcome
from tests.helpers.numbers import within

START = 1_700_000_000
HIGHEST = 2**96
BP = WAD // BPS

AMOUNTS = within(0, HIGHEST)
UTILISATIONS = st.one_of(
    within(0, WAD), st.integers(0, BPS).map(lambda x: x * BP), st.integers(0, 9)
)
WAITS = st.one_of(
    st.sampled_from([0, 1, 59, 60, 61, WINDOW - 1, WINDOW, WINDOW + 1]),
    st.integers(0, 2 * WINDOW),
)
SHARES = st.one_of(st.sampled_from([0, 1, BPS - 1, BPS]), st.integers(0, BPS))


@pytest.fixture(scope="module")
def module():
    return harnesses.deploy("GuardsHarness")


@st.composite
def any_guards(draw):
    """Return guards as governance may set them, in any state."""
    threshold, highest = sorted((draw(SHARES), draw(SHARES)))
    return Guards(
        average=draw(within(0, 2**72 - 1)) * AVERAGE_UNIT,
        averaged_at=START - draw(st.one_of(WAITS, st.just(START))),
        admissible=draw(within(0, PPM)),
        step=draw(st.sampled_from([0, START // 60 - 1, START // 60, START // 60 + 1])),
        max_utilisation=highest,
        threshold=threshold,
        throttle_share=draw(SHARES),
        outflow_share=draw(SHARES),
        outflow_floor=draw(within(0, 2**32 - 1)) * WAD,
    )


def throttled(share=1_000, threshold=8_000, highest=9_500):
    return replace(
        OPEN, throttle_share=share, threshold=threshold, max_utilisation=highest
    )


def limited(share=2_000, floor=0, average=0, at=0):
    return replace(
        OPEN,
        outflow_share=share,
        outflow_floor=floor * WAD,
        average=average,
        averaged_at=at,
    )


def to_word(guards):
    return pack(asdict(guards), GUARDS)


def outcome_on_chain(module, method, guards, *arguments):
    """Return what the contract makes of packed guards, or why it refuses."""
    try:
        return Guards(**unpack(module(method, to_word(guards), *arguments), GUARDS))
    except Refused as refused:
        return refused.reason


def agree(module, method, guards, *arguments):
    """Return the outcome, the same in specification and contract."""
    expected = outcome(getattr(spec, method), guards, *arguments)
    assert outcome_on_chain(module, method, guards, *arguments) == expected
    return expected


# Caps


@pytest.mark.parametrize(
    ("before", "after", "cap", "is_refused"),
    [
        (0, 5 * WAD, 5, False),
        (0, 5 * WAD + 1, 5, True),
        (5 * WAD, 5 * WAD + 1, 5, True),
        (5 * WAD + 1, 5 * WAD + 1, 5, False),
        (9 * WAD, 8 * WAD, 5, False),
        (8 * WAD, 9 * WAD, 5, True),
        (0, HIGHEST, 0, False),
        (0, (2**40 - 1) * WAD, 2**40 - 1, False),
        (0, (2**40 - 1) * WAD + 1, 2**40 - 1, True),
    ],
)
def test_caps_refuse_what_is_above_and_grows(module, before, after, cap, is_refused):
    supply, borrow = caps(module, before, after, cap)
    assert supply == (SupplyCapReached.reason if is_refused else None)
    assert borrow == (BorrowCapReached.reason if is_refused else None)


@given(before=AMOUNTS, after=AMOUNTS, cap=within(0, 2**40 - 1))
def test_caps_are_as_specified(module, before, after, cap):
    caps(module, before, after, cap)


def caps(module, before, after, cap):
    """Return why each cap refuses; the other one is far away on chain."""
    found = []
    for name, other in (("supply", "borrow"), ("borrow", "supply")):
        values = dict.fromkeys(CURVE, 0) | {f"{name}_cap": cap * WAD}
        word = pack(values | {f"{other}_cap": (2**40 - 1) * WAD}, CURVE)
        method = f"require_{name}_cap"
        reason = outcome(getattr(spec, method), before, after, cap * WAD)
        assert module.reason(method, word, before, after) == reason
        found.append(reason)
    return found


# Utilisation


def test_open_guards_guard_nothing(module):
    assert module("open_guards") == to_word(OPEN)
    assert agree(module, "check_utilisation", OPEN, 0, WAD, START) == OPEN
    assert agree(module, "check_outflow", OPEN, HIGHEST, 0, START) == OPEN


@pytest.mark.parametrize(
    ("before", "after", "is_refused"),
    [
        (0, 8_000 * BP, False),
        (0, 8_150 * BP, False),
        (0, 8_150 * BP + 1, True),
        (8_500 * BP, 8_600 * BP, False),
        (8_500 * BP, 8_600 * BP + 1, True),
        (9_500 * BP, 9_500 * BP + 1, True),
        (9_900 * BP, 9_900 * BP, False),
        (WAD, 9_600 * BP, False),
    ],
)
def test_throttle_admits_a_share_of_the_room(module, before, after, is_refused):
    found = agree(module, "check_utilisation", throttled(), before, after, START)
    assert (found == UtilisationTooHigh.reason) == is_refused


def test_without_throttle_there_is_the_maximum(module):
    guards = throttled(share=BPS)
    for after in (8_001 * BP, 9_500 * BP):
        assert agree(module, "check_utilisation", guards, 0, after, START) == guards
    found = agree(module, "check_utilisation", guards, 0, 9_500 * BP + 1, START)
    assert found == UtilisationTooHigh.reason


def test_admissible_utilisation_rounds_down(module):
    guards = throttled(share=1, threshold=8_001)
    # 80.01 % and a ten thousandth of the 14.99 % that are left: 80.0114990 %.
    found = agree(module, "check_utilisation", guards, 0, 800_114 * 10**12, START)
    assert found.admissible == 800_114
    found = agree(module, "check_utilisation", guards, 0, 800_114 * 10**12 + 1, START)
    assert found == UtilisationTooHigh.reason


def test_a_step_is_settled_by_its_first_rise_above_the_threshold(module):
    first = START // 60 * 60
    guards = throttled()
    for before, after in ((9_000, 8_999), (0, 8_000), (9_000, 9_000)):
        arguments = (before * BP, after * BP, first)
        assert agree(module, "check_utilisation", guards, *arguments) == guards
    settled = agree(module, "check_utilisation", guards, 0, 8_001 * BP, first)
    assert (settled.step, settled.admissible) == (first // 60, 815_000)
    late = (8_400 * BP, 8_401 * BP)
    found = agree(module, "check_utilisation", settled, *late, first + 59)
    assert found == UtilisationTooHigh.reason
    found = agree(module, "check_utilisation", settled, *late, first + 60)
    assert (found.step, found.admissible) == (first // 60 + 1, 851_000)


@given(idle=st.integers(1, 10**6), before=UTILISATIONS)
def test_idle_steps_are_not_saved_up(idle, before):
    used = check_utilisation(throttled(), 0, 8_001 * BP, START)
    after = max(before, 8_000 * BP) + 1
    soon = outcome(check_utilisation, used, before, after, START + 60)
    late = outcome(check_utilisation, used, before, after, START + 60 * idle)
    if isinstance(soon, Guards):
        assert late.admissible == soon.admissible
    else:
        assert late == soon


@given(guards=any_guards(), low=UTILISATIONS, high=UTILISATIONS)
def test_lowering_utilisation_first_raises_nothing(guards, low, high):
    highest = guards.max_utilisation * BP
    low, high = sorted((min(low, highest), min(high, highest)))
    assert spec.compute_admissible(guards, low) <= spec.compute_admissible(guards, high)


@given(
    guards=any_guards(),
    before=UTILISATIONS,
    after=UTILISATIONS,
    wait=st.integers(0, 120),
)
def test_utilisation_is_guarded_as_specified(module, guards, before, after, wait):
    now = START + wait
    found = agree(module, "check_utilisation", guards, before, after, now)
    if isinstance(found, Guards):
        assert check_utilisation(found, before, after, now) == found


@given(guards=any_guards(), before=UTILISATIONS, after=UTILISATIONS, less=UTILISATIONS)
def test_what_is_admitted_is_admitted_for_less(guards, before, after, less):
    after, less = max(after, less), min(after, less)
    if isinstance(outcome(check_utilisation, guards, before, after, START), Guards):
        found = outcome(check_utilisation, guards, before, less, START)
        assert isinstance(found, Guards)


@given(
    guards=any_guards(),
    moves=st.lists(st.tuples(st.integers(0, 3), UTILISATIONS, WAITS), max_size=12),
)
def test_a_step_ends_no_higher_than_its_share(module, guards, moves):
    """Whatever falls or rises unguarded in between."""
    guards, now, utilisation, tops = replace(guards, step=0), START, 0, {}
    for kind, target, wait in moves:
        now += wait % 90
        if kind == 0:
            utilisation = target
            continue
        after = highest_admitted(guards, utilisation, now) if kind == 1 else target
        found = agree(module, "check_utilisation", guards, utilisation, after, now)
        if not isinstance(found, Guards):
            continue
        if after > max(utilisation, guards.threshold * BP):
            assert after <= tops.setdefault(now // 60, top_of_step(guards, utilisation))
        guards, utilisation = found, after


def top_of_step(guards, utilisation):
    """Return a share of the room above utilisation and threshold, exactly."""
    highest = guards.max_utilisation * BP
    start = max(guards.threshold * BP, utilisation)
    return start + (highest - start) * Fraction(guards.throttle_share, BPS)


def highest_admitted(guards, utilisation, now):
    """Return the highest utilisation that a guarded call may bring about."""
    highest = guards.max_utilisation * BP
    if guards.throttle_share == BPS or utilisation >= highest:
        return highest
    if guards.step == now // 60:
        return guards.admissible * 10**12
    return spec.compute_admissible(guards, utilisation) * 10**12


@given(
    share=st.integers(1, BPS - 1),
    first=st.integers(0, 9_500).map(lambda x: x * BP),
    waits=st.lists(st.integers(0, 90), min_size=1, max_size=30),
)
@example(share=1_000, first=0, waits=[1] + [60] * 20)
def test_n_steps_leave_their_share_of_the_room(share, first, waits):
    """Who always takes all that is admitted gets no further; and gets that far."""
    guards, now, utilisation, steps = throttled(share), START + 59, first, set()
    for wait in waits:
        now += wait
        after = highest_admitted(guards, utilisation, now)
        if after > max(utilisation, 8_000 * BP):
            guards = check_utilisation(guards, utilisation, after, now)
            utilisation = after
        steps.add(now // 60)
    room = 9_500 * BP - max(first, 8_000 * BP)
    least = room * Fraction(BPS - share, BPS) ** len(steps)
    left = 9_500 * BP - max(utilisation, 8_000 * BP)
    assert least <= left <= least + len(steps) * 10**12
    assert len(steps) <= -(-sum(waits) // THROTTLE_STEP) + 1


# Outflow


@pytest.mark.parametrize(
    ("guards", "after", "is_refused"),
    [
        (limited(), 80 * WAD, False),
        (limited(), 80 * WAD - 1, True),
        (limited(floor=19), 80 * WAD, False),
        (limited(floor=21), 79 * WAD, False),
        (limited(floor=21), 79 * WAD - 1, True),
        (limited(floor=101), 0, False),
        (limited(share=BPS), 0, False),
        (limited(share=0), 0, False),
    ],
)
def test_outflow_is_a_share_or_the_floor(module, guards, after, is_refused):
    found = agree(module, "check_outflow", guards, 100 * WAD, after, START)
    assert (found == OutflowTooLarge.reason) == is_refused
    if guards.outflow_share == 0:
        assert found == guards


def test_outflow_is_exact_to_the_wei(module):
    average = 6 * AVERAGE_UNIT
    guards = limited(share=1, average=average, at=START)
    assert compute_outflow(guards) * BPS == average
    for less, is_refused in ((0, False), (1, True)):
        after = average - average // BPS - less
        found = agree(module, "check_outflow", guards, 9 * WAD, after, START)
        assert (found == OutflowTooLarge.reason) == is_refused


@pytest.mark.parametrize(
    ("held", "wait", "average"),
    [
        (0, WINDOW // 4, 75 * WAD),
        (0, WINDOW, 0),
        (0, WINDOW + 1, 0),
        (200 * WAD, WINDOW // 2, 150 * WAD),
        (200 * WAD, 3 * WINDOW, 200 * WAD),
        (10**30, 0, 100 * WAD),
        (0, 0, 100 * WAD),
        (1, WINDOW, AVERAGE_UNIT),
        (MAX_AVERAGE + 1, WINDOW, MAX_AVERAGE),
        (2**128, WINDOW // 2, MAX_AVERAGE),
    ],
)
def test_average_follows_what_is_held(module, held, wait, average):
    guards = limited(average=100 * WAD, at=START)
    found = agree(module, "follow", guards, held, START + wait)
    assert found == replace(guards, average=average, averaged_at=START + wait)


def test_the_first_average_is_what_is_held(module):
    found = agree(module, "check_outflow", limited(), 7 * WAD, 7 * WAD, START)
    assert (found.average, found.averaged_at) == (7 * WAD, START)


@given(guards=any_guards(), held=AMOUNTS, after=AMOUNTS, wait=WAITS)
def test_outflow_is_guarded_as_specified(module, guards, held, after, wait):
    now = START + wait
    arguments = (held, min(held, after), now)
    found = agree(module, "check_outflow", guards, *arguments)
    if isinstance(found, Guards):
        assert check_outflow(found, *arguments) == found
        more = outcome(check_outflow, guards, held, held, now)
        assert more == found


@given(guards=any_guards(), held=AMOUNTS, wait=WAITS)
def test_average_is_exact_but_for_rounding_up(module, guards, held, wait):
    found = agree(module, "follow", guards, held, START + wait)
    elapsed = min(START + wait - guards.averaged_at, WINDOW)
    exact = guards.average + (held - guards.average) * Fraction(elapsed, WINDOW)
    assert min(exact, MAX_AVERAGE) <= found.average < exact + AVERAGE_UNIT
    assert replace(found, average=0, averaged_at=0) == replace(
        guards, average=0, averaged_at=0
    )


@given(guards=any_guards(), step=WAITS, wait=st.integers(0, WINDOW), held=AMOUNTS)
def test_moving_more_often_only_slows_the_average(guards, step, wait, held):
    now = START + wait
    between = START + min(step, wait)
    guards = follow(guards, held, START)
    old = guards.average
    once = follow(guards, held, now).average
    twice = follow(follow(guards, held, between), held, now).average
    if held <= old:
        assert once <= twice <= old
    else:
        assert old <= twice <= once + 2 * AVERAGE_UNIT


@given(
    guards=any_guards(),
    deposits=st.lists(st.tuples(st.integers(0, WINDOW), AMOUNTS), max_size=6),
    held=AMOUNTS,
)
def test_average_is_no_lower_than_the_mean_over_time(guards, deposits, held):
    guards = replace(guards, averaged_at=START)
    now, held_by_time = START, []
    for wait, amount in deposits:
        held_by_time += [(held, wait)]
        now, held = now + wait, held + amount
    left, mean = WINDOW, Fraction(0)
    for amount, wait in reversed(held_by_time):
        mean += Fraction(amount * min(wait, left), WINDOW)
        left -= min(wait, left)
    mean += Fraction(guards.average * left, WINDOW)
    assert follow(guards, held, now).average >= min(mean, MAX_AVERAGE)


# What may leave in all


def lowest_left(guards, held, now):
    """Return the least that a withdrawal may leave, at least nothing."""
    moved = follow(guards, held, now)
    return max(0, moved.average - compute_outflow(moved))


MOVES = st.tuples(
    st.one_of(st.just(0), st.just(WINDOW), st.integers(0, WINDOW)),
    st.one_of(st.just(0), st.integers(0, 10**24)),
    st.one_of(st.just(1), st.fractions(0, 1, max_denominator=8)),
)


@given(
    share=st.integers(1, BPS),
    floor=st.one_of(st.just(0), st.integers(0, 2_000_000)),
    held=st.integers(0, 10**24),
    idle=WAITS,
    moves=st.lists(MOVES, min_size=1, max_size=12),
)
@example(5_000, 0, 10**24, WINDOW, [(0, 0, 1), (WINDOW, 0, 1)])
@example(5_000, 0, 10**24, WINDOW, [(0, 0, 1), (WINDOW // 2, 0, 1)] * 2)
@example(2_000, 600_000, 10**24, 0, [(0, 0, 1), (WINDOW, 0, 1)])
def test_net_outflow_is_bounded(share, floor, held, idle, moves):
    """A withdrawal takes all or a part of what it may; each starts a window."""
    guards, now = limited(share, floor, 10**23, START), START + idle
    seen = []
    for wait, deposit, part in moves:
        now, held = now + wait, held + deposit
        least = min(held, lowest_left(guards, held, now))
        left = held - int((held - least) * part)
        found = outcome(check_outflow, guards, held, left, now)
        if not isinstance(found, Guards):
            continue
        guards, before, held = found, held, left
        seen.append((now, before, guards.average, compute_outflow(guards)))
        for then, held_then, average, missing in seen:
            if now - then <= WINDOW:
                most = missing * (1 + Fraction(now - then, WINDOW))
                assert held >= average - most
                assert held_then - held <= max(0, held_then - average) + 2 * missing


@pytest.mark.parametrize("share", [1, 1_000, 5_000, 9_999, BPS])
def test_the_bound_is_reached_by_both_ends_of_a_window(module, share):
    held = first = 10**24
    guards = limited(share)
    for now in (START, START + WINDOW):
        left = lowest_left(guards, held, now)
        found = agree(module, "check_outflow", guards, held, left, now)
        if left > 0:
            refused = agree(module, "check_outflow", guards, held, left - 1, now)
            assert refused == OutflowTooLarge.reason
        guards, held = found, left
    exact = first * Fraction(share * (2 * BPS - share), BPS**2)
    assert exact - 2 * AVERAGE_UNIT <= first - held <= exact


@given(deposit=st.integers(0, 10**30))
def test_a_flash_deposit_admits_nothing_more(module, deposit):
    held = 100 * WAD
    guards = check_outflow(limited(), held, 80 * WAD, START)
    arguments = (80 * WAD + deposit, 80 * WAD - 1, START)
    found = agree(module, "check_outflow", guards, *arguments)
    assert found == OutflowTooLarge.reason


@given(deposit=st.integers(1, 10**30), idle=WAITS)
def test_a_deposit_admits_no_more_than_itself(deposit, idle):
    """Together with it no more may leave than it and what could leave without it."""
    guards, now = limited(average=100 * WAD, at=START), START + idle
    alone = lowest_left(guards, 100 * WAD, now)
    assert lowest_left(guards, 100 * WAD + deposit, now) >= alone


@pytest.mark.parametrize("quarters", [0, 1, 2, 4])
def test_a_deposit_taken_out_at_once_uses_up_outflow(module, quarters):
    """As much as its time in the window, and that comes back; followed, it is none."""
    held, deposit = 100 * WAD, 10 * WAD
    guards = limited(average=held, at=START)
    now = START + quarters * WINDOW // 4
    arguments = (held + deposit, held, now)
    after = agree(module, "check_outflow", guards, *arguments)
    assert after.average == held + deposit * quarters // 4
    taken = deposit * quarters // 4 * 8_000 // BPS
    assert lowest_left(after, held, now) == 80 * WAD + taken
    half = lowest_left(after, held, now + WINDOW // 2)
    assert half == 80 * WAD + taken // 2
    assert lowest_left(after, held, now + WINDOW) == 80 * WAD
    followed = agree(module, "follow", guards, held, now)
    assert check_outflow(followed, *arguments) == followed


def test_the_rest_can_leave_by_the_floor(module):
    """With a floor all can leave in time; without, a share of it stays."""
    for floor, days in ((10, 15), (0, None)):
        guards, held, now, day = limited(floor=floor), 1_000 * WAD, START, 0
        while held and day < 20:
            left = lowest_left(guards, held, now)
            guards = agree(module, "check_outflow", guards, held, left, now)
            held, now, day = left, now + WINDOW, day + 1
        assert (held == 0) == (days is not None)


# Storage


def writes(module, method, *arguments):
    """Return whether a call writes to storage: then it fails where none may."""
    codec = codec_of("GuardsHarness", harnesses.source_root())
    data = codec.method(method, arguments).encode(arguments)
    return not module("succeeds_statically", data)


def test_guards_are_remembered_for_their_asset(module):
    now = module.chain.block().timestamp
    both = replace(throttled(), outflow_share=2_000)
    module.send("set_guards", 3, to_word(both))
    module.send("set_guards", 4, to_word(OPEN))
    module.send("guard_utilisation", 3, 0, 8_100 * BP)
    throttle = check_utilisation(both, 0, 8_100 * BP, now)
    assert module("get_guards", 3) == to_word(throttle) != to_word(both)
    module.send("guard_outflow", 3, 100 * WAD, 90 * WAD)
    outflow = check_outflow(throttle, 100 * WAD, 90 * WAD, now)
    assert module("get_guards", 3) == to_word(outflow) != to_word(throttle)
    assert astuple(outflow)[:4] == (100 * WAD, now, 815_000, now // 60)
    for method, arguments, error in (
        ("guard_utilisation", (8_100 * BP, 8_200 * BP), UtilisationTooHigh),
        ("guard_outflow", (90 * WAD, 79 * WAD), OutflowTooLarge),
    ):
        assert module.reason(method, 3, *arguments) == error.reason
        assert module.reason(method, 4, *arguments) is None


def test_nothing_is_written_where_nothing_changes(module):
    both = replace(throttled(), outflow_share=2_000)
    rise = ("guard_utilisation", 0, 8_100 * BP)
    leave = ("guard_outflow", 100 * WAD, 90 * WAD)
    module.send("set_guards", 5, to_word(OPEN))
    module.send("set_guards", 6, to_word(both))
    for method, *arguments in (rise, leave):
        assert not writes(module, method, 5, *arguments)
        assert writes(module, method, 6, *arguments)
        module.send(method, 6, *arguments)
        assert not writes(module, method, 6, *arguments)
    assert not writes(module, "guard_utilisation", 6, WAD, 9_900 * BP)


def test_times_beyond_their_fields_are_refused(module):
    word = to_word(replace(throttled(), outflow_share=2_000))
    for method, end in (("check_outflow", 2**32), ("check_utilisation", 60 * 2**32)):
        arguments = (8_001 * BP - 1, 8_001 * BP)
        assert module.reason(method, word, *arguments, end - 1) is None
        assert module.reason(method, word, *arguments, end) == AmountTooLarge.reason
