"""What a profile says of a transaction, of differences, and of what the node told."""

from fractions import Fraction

import pytest
from eth_utils.crypto import keccak
from rich.console import Console

from keeper.artifacts import artifact
from keeper.bench import profile
from keeper.bench.code_map import OUTSIDE, CodeMap, code_map
from keeper.bench.cost import Cost
from keeper.bench.profile import Key, Spent
from keeper.bench.trace import (
    TRACER,
    Change,
    Log,
    Step,
    Touch,
    Trace,
    touch_of,
    trace,
)

TOKEN = "0x" + "0a" * 20
OTHER = "0x" + "0b" * 20
NAMES = {TOKEN: "MockToken"}
OWNER = b"\x07".rjust(32, b"\0")
BALANCES = artifact("MockToken").layout["storage_layout"]["balanceOf"]["slot"]
HASHED = BALANCES.to_bytes(32) + OWNER
SLOT = int.from_bytes(keccak(HASHED))


def touch(op, gas, subject=TOKEN, slot=0, place=1):
    return Touch(op, subject, slot, TOKEN, place, gas)


def told(*touches, more=0, refund=0, calldata=b""):
    """Return a trace of these touches and of other steps that cost ``more``."""
    gas = sum(each.gas for each in touches)
    steps = [Step(TOKEN, 1, gas, len(touches)), Step(TOKEN, 2, more, 5)]
    paid = 21_000 + sum(16 if byte else 4 for byte in calldata) + gas + more
    return Trace(calldata, paid - refund, steps, touches)


def spent(run, kind):
    found = profile.profile_of(run, NAMES)
    rows = {key.what: row for key, row in found.items() if key.kind == kind}
    return {what: (row.gas, row.number) for what, row in rows.items()}


def test_nothing_is_left_over():
    run = told(touch("SLOAD", 2100), touch("LOG1", 800), more=77, refund=500)
    found = profile.profile_of(run, NAMES)
    assert sum(each.gas for each in found.values()) == run.gas_used
    assert found[Key("refund", "")].gas == -500


def test_calldata_is_told_from_the_rest():
    run = told(calldata=b"\0\1\0")
    paid = {"intrinsic": (21_000, 1), "calldata": (24, 3)}
    assert spent(run, "transaction") == paid


def test_a_slot_is_cold_once_and_has_a_name():
    hashing = Touch("KECCAK256", "0x" + HASHED.hex(), 0, TOKEN, 1, 42)
    reads = [touch("SLOAD", gas, slot=SLOT) for gas in (2100, 100)]
    run = told(hashing, *reads, touch("SSTORE", 2900, slot=SLOT))
    name = "MockToken balanceOf[]"
    assert spent(run, "cold slot") == {name: (2000, 1)}
    assert spent(run, "changed slot") == {name: (2800, 1)}
    assert spent(run, "warm slot") == {name: (300, 3)}
    assert spent(run, "hash") == {"mapping": (42, 1)}


@pytest.mark.parametrize(
    ("gas", "kinds"),
    [
        (22_100, {"cold slot": 2100, "filled slot": 19_900, "warm slot": 100}),
        (5_000, {"cold slot": 2100, "changed slot": 2800, "warm slot": 100}),
        (2_200, {"cold slot": 2100, "warm slot": 100}),
    ],
)
def test_a_slot_that_is_written_first(gas, kinds):
    found = profile.profile_of(told(touch("SSTORE", gas)), NAMES)
    slots = {key.kind: row.gas for key, row in found.items() if "slot" in key.kind}
    assert slots == kinds


def test_a_cold_account_is_told_from_its_call():
    run = told(touch("CALL", 2690, OTHER), touch("CALL", 190, OTHER))
    assert spent(run, "cold account") == {OTHER: (2500, 1)}
    assert spent(run, "call") == {OTHER: (380, 2)}


def test_a_precompile_is_never_cold():
    run = told(touch("STATICCALL", 3100, "0x" + "1".rjust(40, "0")))
    assert spent(run, "cold account") == {}


def test_the_rest_is_by_function():
    functions = [code_map("MockToken").function_at(place) for place in range(5_000)]
    place = functions.index("MockToken._move")
    run = Trace(b"", 21_010, [Step(TOKEN, place, 8, 2), Step(OTHER, 0, 2, 1)], [])
    paid = {"MockToken MockToken._move": (8, 2), f"{OTHER} ": (2, 1)}
    assert spent(run, "compute") == paid


def test_functions_follow_one_another():
    found = CodeMap([(10, "a.first"), (20, "b.second")], {3: "outer"})
    places = [0, 3, 10, 19, 20, 99]
    names = [OUTSIDE, "outer", "a.first", "a.first", "b.second", "b.second"]
    assert [found.function_at(place) for place in places] == names


def test_a_difference_has_the_parts_of_both():
    one, all_of_them = Cost(100, {"one": Fraction(1)}), Cost(161, {"all": Fraction(1)})
    further = (all_of_them - one) // 3
    assert further == 20
    assert further.parts == {"all": Fraction(1, 3), "one": Fraction(-1, 3)}
    assert (further - 5).parts == further.parts
    assert (one - one).parts == {"one": 0}


def test_profiles_add_up_with_their_shares():
    key, other = Key("log", "a"), Key("log", "b")
    first = {key: Spent(Fraction(30), Fraction(3))}
    second = first | {other: Spent(Fraction(9), Fraction(1))}
    found = profile.combine(iter([(Fraction(1, 3), second), (Fraction(-1, 3), first)]))
    assert found == {key: (0, 0), other: (3, Fraction(1, 3))}


def test_what_a_node_tells():
    answers = {
        "eth_getTransactionByHash": {"input": "0x0001"},
        "eth_getTransactionReceipt": {
            "gasUsed": "0x5230",
            "logs": [
                {
                    "address": TOKEN.replace("0a", "0A"),
                    "topics": ["0x1"],
                    "data": "0x" + "ab" * 9,
                }
            ],
        },
    }
    traces = {
        TRACER: {
            "steps": {TOKEN: {"7": [2100, 1]}},
            "events": [[0x54, TOKEN, "ff", TOKEN, 7, 2100]],
        },
        "prestateTracer": {
            "pre": {
                TOKEN: {"storage": {"0x1": "0x5", "0x2": "0x6"}},
                OTHER: {"balance": "0x1"},
            },
            "post": {TOKEN: {"storage": {"0x1": "0x7", "0x3": "0x8"}}},
        },
    }

    def ask(method, arguments):
        if method == "debug_traceTransaction":
            return traces[arguments[1]["tracer"]]
        return answers[method]

    found = trace(ask, "0x1")
    assert found == Trace(
        b"\0\1",
        0x5230,
        [Step(TOKEN, 7, 2100, 1)],
        [touch("SLOAD", 2100, slot=255, place=7)],
        [Change(TOKEN, 5, 7), Change(TOKEN, 6, 0), Change(TOKEN, 0, 8)],
        [Log(TOKEN, 1, 9)],
    )
    assert touch_of([0xA2, "", "", TOKEN, 7, 1]).op == "LOG2"


def test_what_is_printed():
    console = Console(record=True, width=80)
    found = profile.profile_of(told(more=40), NAMES)
    profile.show("deposit", Cost(21_040, {}), found, console)
    lines = [line.split() for line in console.export_text().splitlines()]
    assert ["deposit:", "21,040"] in lines
    assert ["transaction", "21,000"] in lines
    assert ["intrinsic", "21,000", "1.0"] in lines
    assert ["compute", "40"] in lines
    assert not any(line[:1] == ["refund"] for line in lines)


def test_an_operation_that_there_is_not(tmp_path):
    from keeper.bench import command
    from keeper.errors import UserError

    with pytest.raises(UserError, match="no such operation: teleport; there are"):
        command.run(tmp_path / "bench.json", Console(), profiled=["teleport"])
