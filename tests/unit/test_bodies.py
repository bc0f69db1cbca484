"""Code bodies behind one address: one layout, one lock, and every function arrives."""

import pytest
from eth_abi import decode, encode
from eth_utils.crypto import keccak

from keeper.artifacts import (
    BODIES,
    CONTRACTS,
    INNER,
    UNROUTED,
    abi_of,
    artifact,
    signature_of,
    type_of,
)
from keeper.chain.revm import RevmChain
from keeper.mirror import slots_of
from specs.fixed_point import WAD
from tests.helpers.calls import ACCOUNT, OWNER, arrange
from tests.helpers.deployers import address_of
from tests.helpers.protocol import (
    DEPLOYABLES,
    deploy_protocol,
    exchange,
    functions_of,
    mutate,
    routed_of,
)
from tests.helpers.worlds import BOOK, BTC, GOVERNOR, STRANGER, open_world
from tests.stateful.twin import Twin

FRONT, *OTHERS = BODIES
UNKNOWN = "unknown function"
ANSWERING = 10
"""Bytes of code that answers every call with one number."""
PASSED_ON = 21 * 32
"""Bytes of a body's answer that reach who asked, at most."""

MAKINGS = 16
"""How long a list may be that a body answers."""

# What each body says first to a stranger who sends zeros.
FIRST_REFUSALS = {
    "fill_perp": "not a venue",
    "fill_spot": "not a venue",
    "convert": "not a venue",
    **dict.fromkeys(("reserve", "release", "clear", "clear_conversion"), "not a venue"),
    **dict.fromkeys(("clear_slice", "open_slice", "close_slice"), "not a venue"),
    "flag": "reserved account",
    "reducible": None,
    "tick": "zero amount",
    "realise": "stale price",
    "open_takeover": "not a venue",
    "take_over": "not a venue",
    "deleverage": "not a venue",
    "close_takeover": "not a venue",
    "list_asset": "not the governor",
    "list_market": "not the governor",
    "set_curve": "not the governor",
    "set_asset_risk": "not the governor",
    "set_market_risk": "not the governor",
    "set_fund_cap": "not the governor",
    "set_venue": "not the governor",
    "set_governor": "not the governor",
    "transfer": "not authorised",
    "lend": "not authorised",
    "unlend": "not authorised",
    "set_operator": "not authorised",
    "bind": "not authorised",
    "give_notice": "not authorised",
    "set_settings": "not authorised",
    "batch": "zero amount",
    "deposit_with_permit": "zero amount",
    "ramp_weight": "without supply cap",
    "cancel_change": "not the guardian",
    "pause_asset": "not the guardian",
    "pause_market": "not the guardian",
    "unpause_asset": "not the governor",
    "unpause_market": "not the governor",
    "resume": "not the governor",
    "queue": "not the governor",
    "set_guardian": "not the governor",
    "set_delay": "not the governor",
    "set_caps": "not the governor",
    "set_guards": "not the governor",
    "set_limits": "not the governor",
    "set_cull": "not the governor",
    "withdraw_reserve": "not the governor",
    **dict.fromkeys(
        (
            "assess",
            "conversion_of",
            "can_flag",
            "position_of",
            "slice_end",
            "guardian",
            "delay",
            "queued",
            "guards",
        )
    ),
}
ROUTED = [(body, entry) for body in OTHERS for entry in routed_of(body)]
PRIVATE = [
    (body, entry)
    for body in (*OTHERS, *INNER)
    for entry in functions_of(body)
    if entry["name"] in UNROUTED
]

(CLEAR,) = (entry for _, entry in ROUTED if entry["name"] == "clear")


@pytest.fixture(scope="module")
def made():
    return deploy_protocol()


def selector_of(entry):
    return keccak(text=signature_of(entry))[:4]


def zeros(entry):
    """Return calldata of a function with every argument zero or empty."""
    types = [type_of(item) for item in entry["inputs"]]
    return selector_of(entry) + encode(types, [zero_of(kind) for kind in types])


def zero_of(kind):
    """Return the zero of an ABI type."""
    if kind.endswith("[]"):
        return []
    if kind.startswith("("):
        return tuple(zero_of(part) for part in kind[1:-1].split(","))
    if kind.startswith("bytes"):
        return bytes(int(kind.removeprefix("bytes") or 0))
    return {"address": address_of(0), "bool": False}.get(kind, 0)


def layouts(*mutants):
    """Return storage and transient storage layouts of all bodies, by name."""
    bodies = {name: artifact(name) for name in (*BODIES, *INNER)}
    bodies |= {mutant.name: mutant for mutant in mutants}
    kinds = {"storage_layout": bodies.keys(), "transient_storage_layout": BODIES}
    return {
        kind: {name: slots_of(bodies[name].layout[kind]) for name in names}
        for kind, names in kinds.items()
    }


def disagreements(*mutants):
    """Return the bodies whose layouts are not the Clearinghouse's."""
    return {
        name
        for bodies in layouts(*mutants).values()
        for name, slots in bodies.items()
        if slots != bodies[FRONT]
    }


def route(front):
    """Return the body at which each function of a body arrives, by name."""
    chain, sender = RevmChain(), address_of(GOVERNOR)
    codes = [answering(chain, number) for number in range(1, len(BODIES))]
    arguments = encode(["address"] * len(BODIES), [sender, *codes])
    address = chain.deploy_raw(sender, front.bytecode + arguments)
    return {
        entry["name"]: BODIES[
            int.from_bytes(chain.send_raw(sender, address, zeros(entry)), "big")
        ]
        for _, entry in ROUTED
    }


def answering(chain, number):
    """Deploy code that answers `number` whatever it is called with."""
    code = bytes([0x60, number, 0x60, 0, 0x52, 0x60, 32, 0x60, 0, 0xF3])
    deploy = bytes([0x69, *code, 0x60, 0, 0x52, 0x60, ANSWERING, 0x60, 22, 0xF3])
    return chain.deploy_raw(address_of(GOVERNOR), deploy)


# Layout


def test_all_bodies_have_one_layout():
    assert disagreements() == set()


def test_the_layout_is_the_state_and_a_lock():
    text = (CONTRACTS / "modules" / "state.vy").read_text()
    for kind, bodies in layouts().items():
        for name in set(bodies[FRONT]) - {"$.nonreentrant_key"}:
            declared = f"{name}: transient(" if "transient" in kind else f"{name}: "
            assert f"\n{declared}" in text
    slots = layouts()["transient_storage_layout"][FRONT]
    assert slots["$.nonreentrant_key"] == 0
    assert len(set(slots.values())) == len(slots)


@pytest.mark.parametrize("name", INNER)
def test_an_inner_body_has_no_lock_and_remembers_nothing(name):
    """It runs under another one's lock, whose slot it would not share."""
    assert not TRANSIENT & set(opcodes(artifact(name).runtime))
    for name in ("OrderCode", "ForcedCode", "SliceCode"):
        assert set(opcodes(artifact(name).runtime)) >= TRANSIENT


TRANSIENT = {0x5C, 0x5D}
"""To load and to store what a transaction forgets."""


def opcodes(code):
    """Yield the operations of code, and of the data behind it as if it were code."""
    place = 0
    while place < len(code):
        yield code[place]
        is_push = 0x60 <= code[place] <= 0x7F
        place += code[place] - 0x5E if is_push else 1


def test_a_body_with_a_variable_of_its_own_is_found(tmp_path):
    line = "initializes: accounts"
    mutant = mutate(tmp_path, "GovernanceCode", line, f"odd: uint256\n{line}")
    assert disagreements(mutant) == {"GovernanceCode"}


def test_a_body_without_the_lock_is_found(tmp_path):
    old, new = "nonreentrancy on", "nonreentrancy off"
    mutant = mutate(tmp_path, "SettleCode", old, new)
    assert disagreements(mutant) == {"SettleCode"}


# Routing


def test_every_function_arrives_at_its_body():
    assert route(artifact(FRONT)) == {entry["name"]: body for body, entry in ROUTED}


def test_a_missing_route_is_found(tmp_path):
    line = '"realise(uint256,uint256[])"'
    mutant = mutate(tmp_path, FRONT, line, '"forgotten()"')
    assert route(mutant)["realise"] == "GovernanceCode"


@pytest.mark.parametrize("entry", [e for _, e in ROUTED], ids=signature_of)
def test_the_body_answers_through_the_one_address(made, entry):
    vault = made.contracts[FRONT].address
    with made.undone():
        reason = made.refusal(STRANGER, vault, zeros(entry))
    assert reason == FIRST_REFUSALS[entry["name"]]
    assert reason != UNKNOWN


def test_every_routed_function_has_a_first_refusal():
    assert {entry["name"] for _, entry in ROUTED} == set(FIRST_REFUSALS)


def test_no_two_functions_have_one_selector():
    entries = [e for body in (*BODIES, *INNER) for e in functions_of(body)]
    assert len({selector_of(entry) for entry in entries}) == len(entries)


def test_what_a_body_returns_fits_what_is_passed_on():
    for _, entry in [*ROUTED, *PRIVATE]:
        types = [type_of(item) for item in entry["outputs"]]
        kinds = [word for kind in types for word in kind.strip("()").split(",")]
        assert sum(size_of(kind) for kind in kinds) <= PASSED_ON


def size_of(kind):
    """Return the bytes of an answer that one value of a type may take."""
    words = {"uint256[]": 2 + MAKINGS, "string": 3}
    words |= dict.fromkeys(("uint256", "int256", "bool", "address"), 1)
    return 32 * words[kind]


def test_the_longest_answer_arrives():
    """As many sizes as there may be, and a reason."""
    made = deploy_protocol()
    arrange(made)
    data = selector_of(CLEAR) + encode(
        [type_of(item) for item in CLEAR["inputs"]],
        [0, ACCOUNT, True, MAKINGS * [(ACCOUNT, 1, 60_000 * WAD, False)]],
    )
    made.govern("pause_market", 0)
    is_accepted, told = made.answer(BOOK, made.contracts[FRONT].address, data)
    assert is_accepted
    assert len(told) == PASSED_ON
    assert decode(["uint256[]", "string"], told) == ((0,) * MAKINGS, "paused")


@pytest.mark.parametrize(
    ("name", "constant", "size"),
    [
        ("Clearinghouse", "MAX_ANSWER", "21 * 32"),
        ("modules/health", "_MAX_ANSWER", 512),
    ],
)
def test_so_much_is_passed_on(name, constant, size):
    line = f"\n{constant}: constant(uint256) = {size}\n"
    assert line in (CONTRACTS / f"{name}.vy").read_text()


# What the bodies have for one another


def test_the_published_abi_has_all_that_is_passed_on_and_no_more():
    published = {each["name"] for each in abi_of(FRONT) if each["type"] == "function"}
    own = {entry["name"] for entry in functions_of(FRONT)}
    assert published == own | {entry["name"] for _, entry in ROUTED}
    assert {entry["name"] for _, entry in PRIVATE} == UNROUTED


@pytest.mark.parametrize("entry", [e for _, e in PRIVATE], ids=signature_of)
def test_what_is_for_other_bodies_is_not_passed_on(made, entry):
    vault = made.contracts[FRONT].address
    assert made.refusal(GOVERNOR, vault, zeros(entry)) == UNKNOWN


def test_a_route_to_what_is_for_other_bodies_is_found(tmp_path):
    line = '"assess(uint256)"'
    made = deploy_protocol()
    exchange(made, mutate(tmp_path, FRONT, line, '"assess_unlocked(uint256)"'))
    (entry,) = (each for _, each in PRIVATE if each["name"] == "assess_unlocked")
    assert made.refusal(GOVERNOR, made.contracts[FRONT].address, zeros(entry)) is None


def test_the_margin_body_alone_knows_empty_accounts():
    made = deploy_protocol()
    arrange(made)
    alone, home = (made.contracts[name].address for name in ("MarginCode", FRONT))
    asked = {
        entry["name"]: selector_of(entry) + encode(["uint256"], [ACCOUNT])
        for entry in functions_of("MarginCode")
        if entry["name"].startswith("assess")
    }
    assert set(asked) == {"assess", "assess_unlocked"}
    is_accepted, told = made.answer(STRANGER, home, asked["assess"])
    assert is_accepted
    assert any(told)
    for data in asked.values():
        assert made.answer(STRANGER, alone, data) == (True, bytes(len(told)))


# What would move the account's position, were it not for the empty storage.
UNLOCKED = {
    "trade_unlocked": (0, ACCOUNT, -1_000, 61_000 * WAD),
    "realise_unlocked": (0, [ACCOUNT]),
    "touch_unlocked": (0, ACCOUNT),
    "meet_unlocked": (0, ACCOUNT),
    "assess_unlocked": (ACCOUNT,),
    "make_perp_unlocked": (0, ACCOUNT, False, 1_000, 61_000 * WAD),
    "take_perp_unlocked": (0, ACCOUNT, False, 1_000, 61_000 * WAD),
    "make_spot_unlocked": (BTC, ACCOUNT, False, 10**15, 60_000 * WAD),
    "sell_unlocked": (BTC, ACCOUNT, ACCOUNT + 1, 10**15, 60_000 * WAD),
    "fund_unlocked": (BTC, ACCOUNT, 10**15),
}
REFUSED = {
    "trade_unlocked",
    "make_perp_unlocked",
    "take_perp_unlocked",
    "make_spot_unlocked",
    "sell_unlocked",
    "fund_unlocked",
}


@pytest.mark.parametrize(("body", "entry"), PRIVATE, ids=str)
def test_what_is_for_other_bodies_moves_nothing_when_called_directly(body, entry):
    made = deploy_protocol()
    arrange(made)
    twin, arguments = Twin(made), UNLOCKED[entry["name"]]
    before = twin.read(open_world()).clearing
    assert before.accounts[ACCOUNT].positions[0].lots == 1_000
    types = [type_of(item) for item in entry["inputs"]]
    data = selector_of(entry) + encode(types, arguments)
    for caller in (STRANGER, GOVERNOR, OWNER):
        is_accepted, told = made.answer(caller, made.contracts[body].address, data)
        assert is_accepted == (entry["name"] not in REFUSED)
        assert not any(told)
        assert made.refusal(caller, made.contracts[FRONT].address, data) == UNKNOWN
    assert twin.read(open_world()).clearing == before


# What is not there


@pytest.mark.parametrize(
    "data", ["", "00", "b6b55f", "deadbeef", "deadbeef" + "00" * 64]
)
def test_an_unknown_function_is_refused(made, data):
    vault = made.contracts[FRONT].address
    assert made.refusal(GOVERNOR, vault, bytes.fromhex(data)) == UNKNOWN


@pytest.mark.parametrize("name", DEPLOYABLES)
def test_ether_is_refused(made, name):
    address = made.contracts[name].address
    own = [entry for body in BODIES for entry in functions_of(body)]
    entries = own if name == FRONT else functions_of(name)
    for data in [b"", *(zeros(entry) for entry in entries)]:
        assert made.refusal(STRANGER, address, data, value=1) is not None
    assert made.chain._evm.get_balance(address) == 0
