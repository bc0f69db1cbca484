"""Who may call what: every external function of every deployable, for every role."""

import pytest

from keeper.artifacts import abi_of
from specs.accounts import USDC
from specs.fixed_point import WAD
from tests.helpers.calls import ACCOUNT, ROLES, SOMEONE, arrange, calls_of
from tests.helpers.protocol import (
    BODIES,
    DEPLOYABLES,
    calldata,
    deploy_protocol,
    exchange,
    mutate,
    routed_of,
)
from tests.helpers.worlds import ETH, open_world
from tests.stateful.twin import Twin

ANYONE = set(ROLES)
OWNER = {"owner"}
GOVERNOR = {"governor"}
GUARDIAN = {"guardian", "governor"}
VENUE = {"trade venue"}
LIQUIDATION = {"liquidation venue"}
BOOK = {"book"}
TRADE = {"owner", "trading operator"}
WITHDRAW = {"owner", "withdrawing operator"}

# Who may call it, what the others are told, and what those who may are told about
# these arguments: None where the call succeeds.
RESTRICTED = {
    "Clearinghouse": {
        "deposit": (TRADE, "asset not enabled", None),
        "withdraw": (WITHDRAW, "not authorised", None),
        "borrow": (WITHDRAW, "not authorised", None),
        "transfer": (WITHDRAW, "not authorised", None),
        "lend": (TRADE, "not authorised", None),
        "unlend": (TRADE, "not authorised", None),
        "set_operator": (OWNER, "not authorised", None),
        "bind": (OWNER, "not authorised", None),
        "give_notice": (OWNER, "not authorised", None),
        "deposit_with_permit": (TRADE, "asset not enabled", None),
        "batch": (TRADE, "not authorised", None),
        "set_settings": (TRADE, "not authorised", None),
        "fill_perp": (VENUE, "not a venue", None),
        "fill_spot": (VENUE, "not a venue", None),
        "convert": (VENUE, "not a venue", "not convertible"),
        "clear_slice": (BOOK, "not a venue", "no slice open"),
        "open_slice": (LIQUIDATION, "not a venue", "not liquidatable"),
        "close_slice": (LIQUIDATION, "not a venue", "no slice open"),
        "reserve": (BOOK, "not a venue", None),
        "release": (BOOK, "not a venue", None),
        "clear": (BOOK, "not a venue", None),
        "clear_conversion": (BOOK, "not a venue", "wrong collateral"),
        "open_takeover": (LIQUIDATION, "not a venue", "not liquidatable"),
        "take_over": (LIQUIDATION, "not a venue", "no takeover open"),
        "deleverage": (LIQUIDATION, "not a venue", "no takeover open"),
        "close_takeover": (LIQUIDATION, "not a venue", "no takeover open"),
        "list_asset": (GOVERNOR, "not the governor", None),
        "list_market": (GOVERNOR, "not the governor", None),
        "set_curve": (GOVERNOR, "not the governor", None),
        "set_asset_risk": (GOVERNOR, "not the governor", None),
        "set_market_risk": (GOVERNOR, "not the governor", None),
        "queue": (GOVERNOR, "not the governor", None),
        "cancel_change": (GUARDIAN, "not the guardian", None),
        "pause_asset": (GUARDIAN, "not the guardian", None),
        "pause_market": (GUARDIAN, "not the guardian", None),
        "unpause_asset": (GOVERNOR, "not the governor", None),
        "unpause_market": (GOVERNOR, "not the governor", None),
        "resume": (GOVERNOR, "not the governor", None),
        "withdraw_reserve": (GOVERNOR, "not the governor", None),
        "set_delay": (GOVERNOR, "not the governor", None),
        "set_guardian": (GOVERNOR, "not the governor", None),
        "set_caps": (GOVERNOR, "not the governor", None),
        "set_guards": (GOVERNOR, "not the governor", None),
        "set_limits": (GOVERNOR, "not the governor", None),
        "set_cull": (GOVERNOR, "not the governor", None),
        "set_fund_cap": (GOVERNOR, "not the governor", None),
        "set_venue": (GOVERNOR, "not the governor", None),
        "set_governor": (GOVERNOR, "not the governor", None),
    },
    "PriceOracle": {
        "observe": (BOOK, "not the book", None),
        "list_asset": (GOVERNOR, "not the governor", None),
        "list_market": (GOVERNOR, "not the governor", None),
        "set_book": (GOVERNOR, "not the governor", None),
        "set_publisher": (GOVERNOR, "not the governor", None),
        "set_threshold": (GOVERNOR, "not the governor", None),
    },
    "QuoteDesk": {
        "take": (TRADE, "not authorised", "bad signature"),
        "take_two_sided": (TRADE, "not authorised", "bad signature"),
        "request": (TRADE, "not authorised", None),
        "refresh": (TRADE, "not authorised", None),
        "accept": (TRADE, "not authorised", "bad signature"),
        "cancel_request": (TRADE, "not authorised", None),
        "cancel": (TRADE, "not authorised", None),
        "cancel_word": (TRADE, "not authorised", None),
    },
    "OrderBook": {
        "list_instrument": (GOVERNOR, "not the governor", None),
        "place": (TRADE, "not authorised", "price out of band"),
        "cancel_all": (TRADE, "not authorised", None),
    },
    "BookLens": {},
    "Liquidator": {
        "pledge": (OWNER, "not authorised", None),
        "unpledge": (OWNER, "not authorised", "bound"),
        "reduce": (ANYONE - OWNER, "same owner", "not liquidatable"),
    },
    "Lens": {},
    "Timelock": {
        "schedule": (GOVERNOR, "not the proposer", None),
        "cancel": (GOVERNOR, "not the proposer", None),
    },
}

# What anyone may call and thereby change something.
OPEN = {
    "Clearinghouse": {
        **dict.fromkeys(("repay", "tick", "realise", "ramp_weight")),
        "flag": "not liquidatable",
    },
    "PriceOracle": {"publish": "too few reports"},
    "QuoteDesk": {
        "cross": "bad signature",
        "convert": "bad signature",
        "convert_two_sided": "bad signature",
        "answer": "bad signature",
        "request_conversion": "not convertible",
    },
    "Liquidator": {"liquidate": "not liquidatable", "drop": None},
    "OrderBook": {
        **dict.fromkeys(("refresh", "cancel", "liquidate")),
        "convert": "unknown instrument",
    },
    "Timelock": {"execute": None},
}

# A code body called directly meets its own storage: empty, and nobody's. Without an
# index there is no interest to divide.
DIRECT = {
    "realise": "unknown market",
    **dict.fromkeys(("tick", "conversion_of", "flag"), ""),
    "reducible": "unknown market",
    **dict.fromkeys(("assess", "can_flag", "guardian", "delay", "queued", "guards")),
    "position_of": None,
    "slice_end": None,
    "ramp_weight": "unknown asset",
    "deposit_with_permit": "unknown asset",
}

# Who owns an account can be told from its number, even there.
DIRECT_TO_OWNER = {
    "transfer": "unknown asset",
    "lend": "unknown asset",
    "unlend": "unknown asset",
    "set_operator": None,
    "bind": None,
    "give_notice": "not bound",
    "batch": "unknown asset",
    "set_settings": None,
}


class Matrix:
    """The deployment, and one call of every function."""

    def __init__(self):
        self.made = deploy_protocol()
        arrange(self.made)
        self.calls = calls_of(self.made)

    def call(self, name, method, role, address=None):
        """Return why a role's call is refused, and undo it."""
        data = calldata(name, method, self.calls[name][method])
        target = address or self.made.contracts[name].address
        return self.refusal(role, target, data)

    def call_with(self, role, method, *arguments):
        """Return why a role's call of the Clearinghouse is refused, and undo it."""
        data = calldata("Clearinghouse", method, arguments)
        return self.refusal(role, self.made.contracts["Clearinghouse"].address, data)

    def refusal(self, role, target, data):
        with self.made.undone():
            return self.made.refusal(ROLES[role], target, data)


@pytest.fixture(scope="module")
def matrix():
    return Matrix()


def functions():
    """Yield the contracts' names and functions; the bodies' are the front's."""
    for name in set(DEPLOYABLES) - set(BODIES):
        for entry in abi_of(name):
            if entry["type"] == "function":
                yield name, entry["name"], entry["stateMutability"]


def rows():
    """Yield contract, function, who may, what others hear, what those who may hear."""
    for name, method, kind in functions():
        if method in RESTRICTED[name]:
            yield name, method, *RESTRICTED[name][method]
        elif method in OPEN.get(name, ()):
            yield name, method, ANYONE, None, OPEN[name][method]
        elif kind in ("view", "pure"):
            yield name, method, ANYONE, None, None
        else:
            raise LookupError(f"{name}.{method}: nobody says who may call it")


def test_every_function_has_a_row_and_every_row_a_function():
    named = {(name, method) for name, method, _ in functions()}
    assert {(name, method) for name, method, *_ in rows()} == named
    for table in (RESTRICTED, OPEN):
        assert {(name, method) for name in table for method in table[name]} <= named
    assert {*RESTRICTED, *BODIES} == set(DEPLOYABLES)


def test_every_function_has_its_arguments(matrix):
    called = {(name, method) for name in matrix.calls for method in matrix.calls[name]}
    assert called == {(name, method) for name, method, _ in functions()}


def violations(matrix):
    """Return what calls are told that the table says otherwise."""
    return {
        (name, method, role): told
        for name, method, allowed, denial, outcome in rows()
        for role in ROLES
        if (told := matrix.call(name, method, role))
        != (outcome if role in allowed else denial)
    }


def test_everybody_may_do_what_the_table_says_and_no_more(matrix):
    assert violations(matrix) == {}


STEPS = {
    "deposit": ((0, USDC, 10**6), TRADE),
    "withdraw": ((1, USDC, 10**6), WITHDRAW),
    "borrow": ((2, ETH, 10**15), WITHDRAW),
    "repay": ((3, ETH, 10), TRADE),
    "lend": ((4, USDC, WAD), TRADE),
    "unlend": ((5, USDC, WAD), TRADE),
}


@pytest.mark.parametrize(("step", "allowed"), STEPS.values(), ids=STEPS)
def test_a_step_of_a_batch_needs_the_right_of_its_own_call(matrix, step, allowed):
    allowing = (0, USDC, 10**6), step
    for role in ROLES:
        for steps in ([step], allowing):
            steps = [(*each, SOMEONE) for each in steps]
            told = matrix.call_with(role, "batch", ACCOUNT, steps)
            may = role in (allowed if len(steps) == 1 else allowed & TRADE)
            assert told == (None if may else "not authorised")


def test_a_missing_check_is_found(tmp_path):
    line = "    self._require_governor()\n    assert roles"
    matrix = Matrix()
    exchange(matrix.made, mutate(tmp_path, "GovernanceCode", line, "    assert roles"))
    found = violations(matrix)
    strangers = set(ROLES) - GOVERNOR
    assert found == {("Clearinghouse", "set_venue", role): None for role in strangers}


def test_a_denied_call_leaves_every_word_as_it_was(matrix):
    made, calls = matrix.made, matrix.calls
    before = read(made)
    denied = 0
    for name, method, allowed, denial, _ in rows():
        data = calldata(name, method, calls[name][method])
        for role in set(ROLES) - allowed:
            target = made.contracts[name].address
            assert made.refusal(ROLES[role], target, data) == denial
            denied += 1
    assert denied > 200
    assert read(made) == before


def read(made):
    """Return all that the mirror reads of the Clearinghouse and the Liquidator."""
    world = Twin(made).read(open_world())
    return world.clearing, world.liquidator, world.tokens


@pytest.mark.parametrize("body", BODIES)
def test_a_body_obeys_nobody_who_calls_it_directly(matrix, body):
    before = read(matrix.made)
    for entry in routed_of(body):
        method = entry["name"]
        restricted = RESTRICTED["Clearinghouse"].get(method)
        denial = DIRECT[method] if method in DIRECT else restricted[1]
        for role in ROLES:
            address = matrix.made.contracts[body].address
            told = matrix.call("Clearinghouse", method, role, address)
            owned = DIRECT_TO_OWNER if role == "owner" else {}
            assert told == owned.get(method, denial)
    assert read(matrix.made) == before
