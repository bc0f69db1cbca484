"""Clearinghouse: what each call logs and refuses, and what happens at the edges."""

import pytest
from eth_abi import encode
from eth_utils.crypto import keccak

from specs.accounts import BACKSTOP_FUND, DEFAULT, RESERVE, USDC, Settings
from specs.accounts import compute_account as account_of
from specs.clearinghouse import (
    BORROW,
    DEPOSIT,
    EVERYTHING,
    LEND,
    REPAY,
    UNLEND,
    WITHDRAW,
    Step,
    get_held,
    get_owed,
)
from specs.fixed_point import WAD
from specs.world import Action
from tests.helpers.deployers import address_of
from tests.helpers.protocol import calldata
from tests.helpers.scenes import AT_WORK
from tests.helpers.worlds import (
    BEAR,
    BTC,
    BULL,
    ETH,
    GOVERNOR,
    GUARDED,
    HEDGER,
    LENDER,
    OPERATOR,
    STRANGER,
    UNLISTED,
    bear,
    bull,
    hedger,
    lender,
    own,
)

MOST = 10**18
"""USDC units in the largest amount that one call may name."""

second = account_of(LENDER, 1)


def result(stage, action):
    """Play an action and return what the contract returned."""
    return stage.play(action).result


# Events

IDLING = Settings(auto_lend=False)
IDLE = [own("set_settings", lender, IDLING), own("deposit", lender, USDC, 10**6)]
EVENTS = [
    (
        own("deposit", lender, BTC, 5),
        "Deposit",
        {"account": lender, "asset": BTC, "payer": LENDER, "amount": 5 * 10**10},
    ),
    (
        Action("deposit", STRANGER, (BACKSTOP_FUND, USDC, 5)),
        "Deposit",
        {
            "account": BACKSTOP_FUND,
            "asset": USDC,
            "payer": STRANGER,
            "amount": 5 * 10**12,
        },
    ),
    (
        own("withdraw", lender, USDC, 7),
        "Withdraw",
        {"account": lender, "asset": USDC, "receiver": LENDER, "amount": 7 * 10**12},
    ),
    (
        own("borrow", hedger, USDC, 7),
        "Borrow",
        {"account": hedger, "asset": USDC, "receiver": HEDGER, "amount": 7 * 10**12},
    ),
    (
        Action("repay", STRANGER, (hedger, USDC, 7)),
        "Repay",
        {"account": hedger, "asset": USDC, "payer": STRANGER, "amount": 7 * 10**12},
    ),
    (
        own("transfer", lender, second, USDC, 7),
        "Transfer",
        {"giver": lender, "taker": second, "asset": USDC, "amount": 7},
    ),
    (
        own("lend", lender, USDC, 7),
        "Lend",
        {"account": lender, "asset": USDC, "amount": 7},
    ),
    (
        own("unlend", lender, USDC, 7),
        "Unlend",
        {"account": lender, "asset": USDC, "amount": 7},
    ),
    (
        own("set_operator", lender, OPERATOR, 3),
        "OperatorSet",
        {"account": lender, "operator": OPERATOR, "rights": 3},
    ),
    (
        own("set_settings", lender, Settings(max_leverage=7)),
        "SettingsSet",
        {"account": lender, "settings": (True, True, True, False, 7)},
    ),
]


@pytest.mark.parametrize(
    ("action", "name", "fields"), EVENTS, ids=lambda x: str(x)[:30]
)
def test_a_call_logs_one_event(stage, action, name, fields):
    for earlier in IDLE:
        stage.play(earlier)
    for role in ("payer", "receiver", "operator"):
        if role in fields:
            fields = fields | {role: stage.made.at(fields[role])}
    assert stage.events(action) == [(name, fields | {"time": stage.world.now})]


# Amounts


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        (own("deposit", lender, USDC, 0), "zero amount"),
        (own("deposit", lender, USDC, MOST + 1), "amount too large"),
        (own("deposit", lender, USDC, EVERYTHING), "amount too large"),
        (own("deposit", lender, UNLISTED, 1), "unknown asset"),
        (own("withdraw", lender, USDC, 0), "zero amount"),
        (own("withdraw", lender, BTC, EVERYTHING), "zero amount"),
        (own("withdraw", lender, USDC, 50_000 * 10**6 + 1), "insufficient balance"),
        (own("withdraw", lender, USDC, EVERYTHING - 1), "amount too large"),
        (own("withdraw", lender, UNLISTED, 1), "unknown asset"),
        (own("borrow", hedger, USDC, 0), "zero amount"),
        (own("borrow", hedger, USDC, EVERYTHING), "amount too large"),
        (own("borrow", hedger, UNLISTED, 1), "unknown asset"),
        (own("repay", hedger, USDC, 0), "zero amount"),
        (own("repay", lender, USDC, 0), "zero amount"),
        (own("repay", lender, USDC, 1), "no debt"),
        (own("repay", lender, UNLISTED, 1), "unknown asset"),
        (own("transfer", lender, second, USDC, 0), "zero amount"),
        (own("transfer", lender, second, USDC, 10**30 + 1), "amount too large"),
        (own("transfer", lender, second, USDC, 50_001 * WAD), "insufficient balance"),
        (own("transfer", lender, second, UNLISTED, 1), "unknown asset"),
        (own("transfer", lender, lender, USDC, 1), "same account"),
        (own("transfer", lender, bear, USDC, 1), "wrong owner"),
        (own("lend", lender, USDC, 0), "zero amount"),
        (own("lend", lender, USDC, 1), "insufficient balance"),
        (own("lend", lender, USDC, 10**30 + 1), "amount too large"),
        (own("unlend", lender, USDC, 0), "zero amount"),
        (own("unlend", lender, USDC, 50_001 * WAD), "insufficient balance"),
        (own("unlend", hedger, USDC, 1), "insufficient balance"),
        (own("unlend", lender, UNLISTED, 1), "unknown asset"),
        (own("set_operator", lender, OPERATOR, 4), "out of bounds"),
        (Action("deposit", STRANGER, (RESERVE, USDC, 1)), "reserved account"),
        (Action("deposit", STRANGER, (BACKSTOP_FUND, ETH, 1)), "reserved account"),
        (Action("deposit", STRANGER, (lender, ETH, 1)), "asset not enabled"),
        (Action("set_settings", 0, (RESERVE, DEFAULT)), "not authorised"),
        (Action("withdraw", 0, (BACKSTOP_FUND, USDC, 1)), "not authorised"),
    ],
    ids=lambda x: x if isinstance(x, str) else x.name,
)
def test_what_makes_no_sense_is_refused(stage, action, reason):
    assert stage.refuse(action) == reason


def test_the_largest_amount_can_be_deposited_and_taken_out(stage):
    stage.play(own("deposit", second, USDC, MOST))
    assert result(stage, own("withdraw", second, USDC, EVERYTHING)) == MOST


@pytest.mark.parametrize(("asset", "scale"), [(USDC, 10**12), (BTC, 10**10), (ETH, 1)])
def test_an_amount_is_in_units_of_its_token(stage, asset, scale):
    (_, logged), *_ = stage.events(own("deposit", lender, asset, 3))
    assert logged["amount"] == 3 * scale


def test_everything_is_all_whole_units(stage):
    stage.play(own("transfer", lender, second, USDC, 2 * 10**12 - 1))
    assert result(stage, own("withdraw", second, USDC, EVERYTHING)) == 1
    assert get_held(stage.world.clearing, second, USDC) == 10**12 - 1
    assert stage.refuse(own("withdraw", second, USDC, EVERYTHING)) == "zero amount"


def test_all_of_a_debt_is_repaid_and_no_more_is_taken(stage):
    stage.play(Action("wait", STRANGER, (40,)))
    owed = get_owed(stage.world.clearing, hedger, USDC, stage.world.now)
    assert owed > 5_000 * WAD
    taken = result(stage, Action("repay", STRANGER, (hedger, USDC, EVERYTHING)))
    assert (taken - 1) * 10**12 < owed <= taken * 10**12
    assert get_owed(stage.world.clearing, hedger, USDC, stage.world.now) == 0
    assert stage.refuse(own("repay", hedger, USDC, 1)) == "no debt"


# At the edge of the pool


@pytest.mark.parametrize("call", ["withdraw", "borrow"])
def test_what_is_lent_out_cannot_leave(lent_out, call):
    account = lender if call == "withdraw" else hedger
    assert lent_out.refuse(own(call, account, USDC, 1)) == "insufficient cash"


@pytest.mark.parametrize("call", ["withdraw", "borrow"])
def test_exactly_the_cash_can_leave(lent_out, call):
    account = lender if call == "withdraw" else hedger
    lent_out.play(own("repay", hedger, USDC, 1_000))
    assert lent_out.refuse(own(call, account, USDC, 1_001)) == "insufficient cash"
    lent_out.play(own(call, account, USDC, 1_000))
    assert lent_out.world.clearing.assets[USDC].pool.cash == 0


def test_idle_tokens_are_never_lent_out(lent_out):
    lent_out.play(own("set_settings", second, IDLING))
    lent_out.play(own("deposit", second, USDC, 500))
    assert lent_out.refuse(own("borrow", hedger, USDC, 1)) == "insufficient cash"
    assert lent_out.refuse(own("unlend", lender, USDC, 1)) == "insufficient cash"
    assert result(lent_out, own("withdraw", second, USDC, EVERYTHING)) == 500


def test_interest_runs_at_full_utilisation(lent_out):
    before = get_held(lent_out.world.clearing, lender, USDC)
    lent_out.play(Action("wait", STRANGER, (365 * 86_400,)))
    lent_out.play(own("repay", hedger, USDC, EVERYTHING))
    assert get_held(lent_out.world.clearing, lender, USDC) > 2 * before


# Margin


def test_no_more_can_be_borrowed_than_margin_allows(stage):
    reason = stage.refuse(own("borrow", hedger, USDC, 37_000 * 10**6))
    assert reason == "below initial margin"
    stage.play(own("borrow", hedger, USDC, 30_000 * 10**6))


def test_a_stale_collateral_counts_for_nothing(stage):
    stage.play(Action("wait", STRANGER, (60,)))
    stage.play(own("borrow", hedger, USDC, 1))
    stage.play(Action("wait", STRANGER, (1,)))
    assert stage.refuse(own("borrow", hedger, USDC, 1)) == "below initial margin"
    assert stage.refuse(own("withdraw", bull, BTC, 1)) == "stale price"


def test_nobody_borrows_while_prices_are_apart(stage):
    apart = ETH, 2_500 * WAD, 2_449 * WAD, 0, 0
    stage.play(Action("wait", STRANGER, (1,)))
    stage.play(Action("publish", STRANGER, apart))
    stage.play(Action("tick", STRANGER, ((ETH,), (), 1)))
    assert stage.refuse(own("borrow", hedger, USDC, 1)) == "prices diverge"
    stage.play(own("deposit", hedger, USDC, 1))


def test_a_lender_leaves_whatever_prices_do(stage):
    stage.play(Action("wait", STRANGER, (10**6,)))
    stage.play(own("withdraw", lender, USDC, 1))


def test_a_position_holds_its_collateral(stage):
    assert stage.refuse(own("withdraw", bull, BTC, 10**8)) == "below initial margin"
    assert (
        stage.refuse(own("transfer", bull, account_of(BULL, 1), BTC, WAD))
        == "below initial margin"
    )


@pytest.mark.parametrize("call", ["lend", "unlend"])
def test_who_has_a_position_arranges_nothing_at_stale_prices(stage, call):
    stage.play(own("set_settings", bull, IDLING))
    stage.play(own("deposit", bull, BTC, 5))
    with stage.at([own(call, bull, BTC, 10**10)]):
        pass
    stage.play(Action("wait", STRANGER, (61,)))
    assert stage.refuse(own(call, bull, BTC, 10**10)) == "stale price"


def test_margin_is_asked_for_before_anything_is_sent(stage):
    """To nobody, which sending would refuse."""
    for name, account in (("withdraw", bull), ("borrow", hedger)):
        call = name, account, BTC, 10**8, address_of(0)
        told = stage.made.reason(account >> 96, "Clearinghouse", *call)
        assert told == "below initial margin"


# Operators


@pytest.mark.parametrize(
    ("rights", "call", "is_allowed"),
    [
        (1, "withdraw", False),
        (2, "withdraw", True),
        (3, "withdraw", True),
        (1, "unlend", True),
        (2, "unlend", False),
        (0, "unlend", False),
    ],
)
def test_an_operator_has_the_rights_it_was_given(stage, rights, call, is_allowed):
    stage.play(own("set_operator", lender, OPERATOR, 3))
    stage.play(own("set_operator", lender, OPERATOR, rights))
    action = Action(call, OPERATOR, (lender, USDC, 1))
    if is_allowed:
        stage.play(action)
    else:
        assert stage.refuse(action) == "not authorised"


def test_a_right_is_for_one_account(stage):
    stage.play(own("set_operator", lender, OPERATOR, 3))
    action = Action("set_settings", OPERATOR, (second, DEFAULT))
    assert stage.refuse(action) == "not authorised"


def test_authorisation_can_be_asked_for(stage):
    stage.play(own("set_operator", lender, OPERATOR, 2))
    ask = stage.made.view
    for actor, right, expected in [
        (LENDER, 1, True),
        (LENDER, 3, True),
        (OPERATOR, 2, True),
        (OPERATOR, 1, False),
        (OPERATOR, 3, False),
        (BEAR, 1, False),
    ]:
        arguments = lender, address_of(actor), right
        assert ask("Clearinghouse", "is_authorised", *arguments) is expected
    nobody = address_of(0)
    assert ask("Clearinghouse", "is_authorised", BACKSTOP_FUND, nobody, 1) is False


# What would be lost


def test_a_deposit_too_small_to_count_is_refused(stage):
    stage.play(own("borrow", lender, ETH, 10**18))
    stage.play(Action("wait", STRANGER, (86_400,)))
    assert stage.refuse(own("deposit", hedger, ETH, 1)) == "zero amount"
    assert stage.refuse(own("repay", lender, ETH, 1)) == "zero amount"
    stage.play(own("deposit", hedger, ETH, 2))


@pytest.mark.parametrize("method", ["withdraw", "borrow"])
@pytest.mark.parametrize("receiver", ["vault", "nobody"])
def test_tokens_are_sent_to_somebody(stage, method, receiver):
    made = stage.made
    vault = made.contracts["Clearinghouse"].address
    target = vault if receiver == "vault" else address_of(0)
    data = calldata("Clearinghouse", method, (lender, USDC, 5, target))
    with made.undone():
        assert made.refusal(LENDER, vault, data) == "wrong receiver"


# Batches


def batch(account, *steps):
    return own("batch", account, tuple(Step(*step) for step in steps))


def test_margin_is_asked_for_once_in_the_end(stage):
    borrowed, secured = (BORROW, ETH, 10**18), (DEPOSIT, USDC, 10**10)
    assert stage.refuse(own("borrow", second, *borrowed[1:])) == "below initial margin"
    assert stage.refuse(batch(second, borrowed)) == "below initial margin"
    stage.play(batch(second, borrowed, secured))
    assert stage.refuse(own("withdraw", second, *secured[1:])) == "below initial margin"
    stage.play(batch(second, (WITHDRAW, *secured[1:]), (REPAY, ETH, EVERYTHING)))
    assert get_owed(stage.world.clearing, second, ETH, stage.world.now) == 0


def test_a_batch_logs_what_its_steps_would(stage):
    for earlier in IDLE:
        stage.play(earlier)
    steps = [
        (DEPOSIT, BTC, 5),
        (WITHDRAW, USDC, 7),
        (BORROW, ETH, 9),
        (REPAY, ETH, EVERYTHING),
        (LEND, USDC, 11),
        (UNLEND, USDC, 13),
    ]
    opened, *logged = stage.events(batch(lender, *steps))
    fields = {"account": lender, "steps": 6, "time": stage.world.now}
    assert opened == ("BatchOpened", fields)
    assert [(name, fields["asset"], fields["amount"]) for name, fields in logged] == [
        ("Deposit", BTC, 5 * 10**10),
        ("Withdraw", USDC, 7 * 10**12),
        ("Borrow", ETH, 9),
        ("Repay", ETH, 10),
        ("Lend", USDC, 11),
        ("Unlend", USDC, 13),
    ]


def test_tokens_of_a_batch_go_where_each_step_says(stage):
    made, vault = stage.made, stage.made.contracts["Clearinghouse"].address
    receiver = address_of(0xCAFE)
    steps = [(WITHDRAW, USDC, 7, receiver), (DEPOSIT, BTC, 5, receiver)]
    data = calldata("Clearinghouse", "batch", (lender, steps))
    with made.undone():
        before = made.chain.call(made.tokens[BTC], "balanceOf", vault)
        assert made.refusal(LENDER, vault, data) is None
        assert made.chain.call(made.tokens[USDC], "balanceOf", receiver) == 7
        assert made.chain.call(made.tokens[BTC], "balanceOf", vault) == before + 5
        lost = [(WITHDRAW, USDC, 7, vault)]
        data = calldata("Clearinghouse", "batch", (lender, lost))
        assert made.refusal(LENDER, vault, data) == "wrong receiver"


@pytest.mark.parametrize(
    ("rights", "kind", "is_allowed"),
    [
        (1, DEPOSIT, True),
        (1, REPAY, True),
        (1, LEND, True),
        (1, UNLEND, True),
        (1, WITHDRAW, False),
        (1, BORROW, False),
        (2, WITHDRAW, True),
        (2, BORROW, True),
        (2, DEPOSIT, False),
        (2, REPAY, False),
        (2, LEND, False),
        (2, UNLEND, False),
    ],
)
def test_a_step_needs_the_right_of_its_kind(stage, rights, kind, is_allowed):
    for earlier in IDLE:
        stage.play(earlier)
    stage.play(own("borrow", lender, ETH, 10))
    stage.play(own("set_operator", lender, OPERATOR, rights))
    asset = ETH if kind == REPAY else USDC
    action = Action("batch", OPERATOR, (lender, (Step(kind, asset, 5),)))
    if is_allowed:
        stage.play(action)
    else:
        assert stage.refuse(action) == "not authorised"


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ([(6, USDC, 1)], "out of bounds"),
        ([(EVERYTHING, USDC, 1)], "out of bounds"),
        ([(DEPOSIT, USDC, 1), (DEPOSIT, USDC, 0)], "zero amount"),
        ([(LEND, USDC, 1)], "insufficient balance"),
        ([(REPAY, USDC, 1)], "no debt"),
        ([(WITHDRAW, UNLISTED, 1)], "unknown asset"),
    ],
)
def test_a_batch_with_a_step_that_fails_does_nothing(stage, steps, reason):
    assert stage.refuse(batch(lender, *steps)) == reason


def test_what_only_brings_in_needs_no_margin(stage):
    stage.play(Action("wait", STRANGER, (61,)))
    assert stage.refuse(batch(hedger, (WITHDRAW, ETH, 1))) == "below initial margin"
    stage.play(batch(hedger, (REPAY, USDC, 10**6), (DEPOSIT, ETH, 1)))


@pytest.mark.parametrize("caller", [STRANGER, OPERATOR, LENDER])
def test_nobody_has_a_batch_of_nothing(stage, caller):
    stage.play(own("set_operator", lender, OPERATOR, 3))
    assert stage.refuse(Action("batch", caller, (lender, ()))) == "zero amount"


def test_nobody_has_a_batch_of_more_than_eight(stage):
    vault = stage.made.contracts["Clearinghouse"].address
    for count, is_accepted in ((8, True), (9, False)):
        steps = [(DEPOSIT, USDC, 1, address_of(0))] * count
        data = encode(
            ["uint256", "(uint256,uint256,uint256,address)[]"], [lender, steps]
        )
        head = keccak(text="batch(uint256,(uint256,uint256,uint256,address)[])")[:4]
        with stage.made.undone():
            assert stage.made.answer(LENDER, vault, head + data)[0] is is_accepted


# Limits of a pool


@pytest.fixture
def guarded(deployed):
    with deployed.at([*AT_WORK, *GUARDED]):
        yield deployed


@pytest.mark.parametrize("settings", [Settings(), IDLING])
def test_supply_ends_at_the_cap(guarded, settings):
    room = 180 * 10**18
    guarded.play(own("set_settings", lender, settings))
    assert guarded.refuse(own("deposit", lender, ETH, room + 1)) == "supply cap reached"
    above = DEPOSIT, ETH, room + 1
    assert guarded.refuse(batch(lender, above)) == "supply cap reached"
    guarded.play(own("deposit", lender, ETH, room))


def test_borrows_end_at_the_cap(guarded):
    above = BORROW, USDC, 15_001 * 10**6
    assert guarded.refuse(own("borrow", hedger, *above[1:])) == "borrow cap reached"
    assert guarded.refuse(batch(hedger, above)) == "borrow cap reached"
    guarded.play(own("withdraw", lender, USDC, 1))


@pytest.mark.parametrize("is_batch", [False, True])
def test_no_more_leaves_within_a_day(guarded, is_batch):
    guarded.play(own("deposit", lender, ETH, 100 * 10**18))
    guarded.play(Action("wait", STRANGER, (86_400,)))
    guarded.play(own("withdraw", lender, ETH, 1))
    most = 36 * 10**18 - 1
    for tokens in (most + 1, most):
        step = WITHDRAW, ETH, tokens
        action = batch(lender, step) if is_batch else own("withdraw", lender, *step[1:])
        if tokens > most:
            assert guarded.refuse(action) == "outflow too large"
        else:
            guarded.play(action)


def lend_out(guarded):
    """Have a tenth of all ETH borrowed, by an account that has far more USDC."""
    guarded.play(own("deposit", second, USDC, 10**11))
    guarded.play(own("borrow", second, ETH, 2 * 10**18))


@pytest.mark.parametrize("is_batch", [False, True])
@pytest.mark.parametrize(
    ("kind", "account", "amount"),
    [
        (BORROW, second, 10**18),
        (UNLEND, hedger, 15 * 10**18),
        (WITHDRAW, hedger, 39 * 10**17),
    ],
)
def test_exposure_takes_no_pool_above_its_utilisation(
    guarded, kind, account, amount, is_batch
):
    lend_out(guarded)
    name = {BORROW: "borrow", UNLEND: "unlend", WITHDRAW: "withdraw"}[kind]
    step = kind, ETH, amount
    action = batch(account, step) if is_batch else own(name, account, *step[1:])
    assert guarded.refuse(action) == "utilisation too high"


@pytest.mark.parametrize("is_batch", [False, True])
@pytest.mark.parametrize("kind", [WITHDRAW, UNLEND])
def test_a_lender_without_exposure_is_held_up_by_no_guard(guarded, kind, is_batch):
    lend_out(guarded)
    guarded.play(own("deposit", lender, ETH, 2 * 10**18))
    guarded.play(own("withdraw", hedger, ETH, 45 * 10**17))
    name = {UNLEND: "unlend", WITHDRAW: "withdraw"}[kind]
    step = kind, ETH, 10**18
    assert guarded.refuse(own(name, hedger, *step[1:])) == "utilisation too high"
    assert guarded.refuse(batch(hedger, step)) == "utilisation too high"
    guarded.play(batch(lender, step) if is_batch else own(name, lender, *step[1:]))


def test_a_batch_is_judged_by_the_exposure_in_the_end(guarded):
    no_window = ETH, 1_200, 500, 10_000, 0, 0
    guarded.play(Action("set_guards", GOVERNOR, no_window))
    lend_out(guarded)
    guarded.play(own("deposit", lender, ETH, 15 * 10**18))
    guarded.play(own("borrow", second, ETH, 13 * 10**17))
    guarded.play(own("withdraw", hedger, ETH, 28 * 10**17))
    taken = WITHDRAW, ETH, 15 * 10**18
    refusal = guarded.refuse(batch(lender, taken, (BORROW, BTC, 1)))
    assert refusal == "utilisation too high"
    guarded.play(batch(lender, taken, (BORROW, BTC, 1), (REPAY, BTC, EVERYTHING)))
