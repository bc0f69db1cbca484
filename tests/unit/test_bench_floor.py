"""What the floor of a transaction, and of a difference, counts and does not."""

from fractions import Fraction

import pytest

from keeper.bench import floor
from keeper.bench.cost import Cost
from keeper.bench.trace import Change, Log, Step, Touch, Trace

OURS = "0x" + "0c" * 20
BODY = "0x" + "0b" * 20
TOKEN = "0x" + "0a" * 20
NAMES = {OURS: "Clearinghouse", BODY: "TradeCode", TOKEN: "MockToken"}
SIGNATURE, IDENTITY = ("0x" + number.rjust(40, "0") for number in "14")


def touch(op, gas, subject=OURS, slot=0):
    return Touch(op, subject, slot, OURS, 1, gas)


def parts(*touches, calldata=b"", changes=(), logs=(), steps=()):
    run = Trace(calldata, 10**6, steps, touches, changes, logs)
    found = floor.floor_of(run, NAMES)
    assert tuple(found) == floor.PARTS
    return found


def part(name, *touches, **told):
    return parts(*touches, **told)[name]


def test_nothing_but_a_transaction():
    assert sum(parts().values()) == 21_000
    assert part("transaction", calldata=b"\0\1\0") == 21_000 + 4 + 16 + 4


def test_arithmetic_counts_nothing():
    assert sum(parts(steps=[Step(OURS, 1, 5_000, 9)]).values()) == 21_000


def test_a_slot_counts_once():
    reads = [touch("SLOAD", gas, slot=7) for gas in (2_100, 100, 100)]
    assert part("reads", *reads, touch("SSTORE", 2_900, slot=7)) == 2_100
    assert part("reads", touch("SLOAD", 2_100), touch("SLOAD", 2_100, BODY)) == 4_200
    assert part("reads", touch("SSTORE", 5_000)) == 2_100


@pytest.mark.parametrize(
    ("before", "after", "gas"), [(5, 6, 2_900), (0, 6, 20_000), (5, 0, -1_900)]
)
def test_a_slot_that_changed_is_written_once(before, after, gas):
    writes = [touch("SSTORE", gas) for gas in (5_000, 100, 2_900)]
    assert part("writes", *writes, changes=[Change(OURS, before, after)]) == gas


def test_a_slot_that_is_as_before_is_not_written():
    assert part("writes", touch("SSTORE", 5_000), touch("SSTORE", 100)) == 0


def test_an_account_is_cold_once():
    calls = touch("DELEGATECALL", 2_650, BODY), touch("DELEGATECALL", 150, BODY)
    assert part("accounts", *calls) == 2_600
    assert part("accounts", touch("CALL", 150, BODY)) == 0
    assert part("accounts", *calls, touch("STATICCALL", 2_600, TOKEN)) == 5_200


def test_a_signature_is_recovered_each_time():
    recovered = touch("STATICCALL", 3_103, SIGNATURE)
    assert part("precompiles", recovered, recovered) == 6_200
    assert part("accounts", recovered) == 0


def test_a_precompile_without_a_price_is_said():
    with pytest.raises(ValueError, match="no price for the precompile"):
        parts(touch("STATICCALL", 118, IDENTITY))


def test_logs_count_by_topics_and_bytes():
    logs = [Log(OURS, 3, 64), Log(OURS, 1, 0)]
    assert part("logs", logs=logs) == 4 * 375 + 8 * 64 + 2 * 375


def test_all_of_the_token_is_its_own():
    told = parts(
        touch("SLOAD", 2_100, TOKEN),
        touch("SSTORE", 5_000, TOKEN, 1),
        changes=[Change(TOKEN, 5, 6)],
        logs=[Log(TOKEN, 3, 32)],
        steps=[Step(TOKEN, 1, 7_100, 2), Step(TOKEN, 2, 44, 1), Step(OURS, 1, 9, 1)],
    )
    assert told["token"] == 7_144
    assert (told["reads"], told["writes"], told["logs"]) == (0, 0, 0)


def test_the_floor_of_a_difference_is_one():
    runs = {
        "one": Trace(b"", 0, [], [touch("SLOAD", 2_100)]),
        "all": Trace(b"\1", 0, [], [touch("SLOAD", 2_100, slot=n) for n in range(4)]),
    }
    one, all_of_them = (Cost(0, {name: Fraction(1)}) for name in runs)
    found = floor.floor((all_of_them - one) // 3, runs.__getitem__, NAMES)
    nothing = dict.fromkeys(floor.PARTS, 0)
    assert found == nothing | {"transaction": 5, "reads": 2_100}
