"""Perpetual positions: value, cost, and trades that neither make nor lose a unit."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from specs.errors import AmountTooLarge
from specs.fixed_point import WAD
from specs.packing import POSITION, RISK, pack
from specs.perpetual import (
    MAX_LOTS,
    Position,
    compute_cost,
    compute_notional,
    compute_opening,
    compute_value,
    is_reduction,
    trade,
)
from tests.helpers import harness as harnesses
from tests.helpers.numbers import attempt, is_same_or_refused, within

LOTS = within(-MAX_LOTS, MAX_LOTS)
BASES = within(-(2**126), 2**126)
LOT_SIZES = st.integers(0, 18).map(lambda exponent: 10**exponent)
PRICES = within(1, (2**80 - 1) * 10**6)
INDEXES = within(-(2**120), 2**120)
ANY = within(-(2**255), 2**255 - 1)
LOT = WAD // 1000


@pytest.fixture(scope="module")
def module():
    return harnesses.deploy("PerpetualHarness")


def trade_on(module, position, lots, lot, price, index):
    return module("trade", position.lots, position.basis, lots, lot, price, index)


def flatten(traded):
    return traded.position.lots, traded.position.basis, traded.gain


@pytest.mark.parametrize(
    ("lots", "basis", "price", "index", "value"),
    [
        (0, 0, WAD, 0, 0),
        (0, -7, WAD, 0, 7),
        (1000, 0, 5, 0, 5),
        (-1000, 0, 5, 0, -5),
        (1, 0, 1999, 0, 1),
        (-1, 0, 1999, 0, -2),
        (1, 0, 0, 1999, -2),
        (-1, 0, 0, 1999, 1),
        (1, 0, 1, -1999, 2),
        (2000, 30, 20, 5, 0),
        (2000, 31, 20, 5, -1),
    ],
)
def test_value(module, lots, basis, price, index, value):
    assert compute_value(Position(lots, basis), LOT, price, index) == value
    assert module("compute_value", lots, basis, LOT, price, index) == value


@pytest.mark.parametrize(
    ("lots", "price", "index", "cost"),
    [
        (0, WAD, 0, 0),
        (1, 1999, 0, 2),
        (-1, 1999, 0, -1),
        (1, 0, 1999, -1),
        (-1, 0, 1999, 2),
        (1, 1000, 0, 1),
        (1, 1001, 0, 2),
    ],
)
def test_cost(module, lots, price, index, cost):
    assert compute_cost(lots, LOT, price, index) == cost
    assert module("compute_cost", lots, LOT, price, index) == cost


@pytest.mark.parametrize(
    ("lots", "price", "notional"),
    [(0, 9, 0), (1, 1000, 1), (1, 1001, 2), (-1, 1001, 2), (-1000, 7, 7)],
)
def test_notional(module, lots, price, notional):
    assert compute_notional(lots, LOT, price) == notional
    assert module("compute_notional", lots, LOT, price) == notional


@pytest.mark.parametrize(
    ("held", "lots", "opening", "reduces"),
    [
        (0, 5, 5, False),
        (0, -5, -5, False),
        (3, 5, 5, False),
        (-3, -5, -5, False),
        (5, -3, 0, True),
        (5, -5, 0, True),
        (5, -6, -1, False),
        (-5, 3, 0, True),
        (-5, 5, 0, True),
        (-5, 6, 1, False),
        (5, 0, 0, False),
        (0, 0, 0, False),
    ],
)
def test_opening_and_reduction(module, held, lots, opening, reduces):
    assert compute_opening(held, lots) == opening
    assert module("compute_opening", held, lots) == opening
    assert is_reduction(held, lots) == reduces
    assert module("is_reduction", held, lots) == reduces


@pytest.mark.parametrize(
    ("position", "lots", "price", "after"),
    [
        (Position(), 1000, 50, (1000, 50, 0)),
        (Position(1000, 50), 1000, 70, (2000, 120, 0)),
        (Position(2000, 100), -1000, 70, (1000, 30, 20)),
        (Position(2000, 100), -2000, 40, (0, 20, -20)),
        (Position(2000, 100), -3000, 60, (-1000, -80, 20)),
        (Position(-2000, -100), 1000, 40, (-1000, -60, 10)),
        (Position(3000, 100), -1000, 40, (2000, 60, 6)),
    ],
)
def test_trade(module, position, lots, price, after):
    assert flatten(trade(position, lots, LOT, price, 0)) == after
    assert trade_on(module, position, lots, LOT, price, 0) == after


@given(lots=LOTS, basis=BASES, lot=LOT_SIZES, price=PRICES, index=INDEXES)
def test_value_and_cost_are_as_specified(module, lots, basis, lot, price, index):
    expected = compute_value(Position(lots, basis), lot, price, index)
    assert module("compute_value", lots, basis, lot, price, index) == expected
    expected = compute_cost(lots, lot, price, index)
    assert module("compute_cost", lots, lot, price, index) == expected
    expected = compute_notional(lots, lot, price)
    assert module("compute_notional", lots, lot, price) == expected


@given(held=ANY, lots=ANY)
def test_opening_is_as_specified(module, held, lots):
    if is_reduction(held, lots) or abs(held + lots) < 2**255:
        arguments = (held, lots)
        expected = compute_opening(held, lots)
        assert is_same_or_refused(module, "compute_opening", arguments, expected)
        assert is_same_or_refused(
            module, "is_reduction", arguments, is_reduction(held, lots)
        )


@given(held=LOTS, lots=LOTS, basis=BASES, lot=LOT_SIZES, price=PRICES, index=INDEXES)
def test_trade_is_as_specified(module, held, lots, basis, lot, price, index):
    position = Position(held, basis)
    expected = flatten(trade(position, lots, lot, price, index))
    assert trade_on(module, position, lots, lot, price, index) == expected


@given(lots=within(1, MAX_LOTS), lot=LOT_SIZES, price=PRICES, index=INDEXES, held=LOTS)
def test_a_fill_leaves_the_fund_at_most_one_unit(module, lots, lot, price, index, held):
    costs = [
        trade_on(module, Position(held, 0), side, lot, price, index)[1]
        for side in (lots, -lots)
    ]
    assert 0 <= sum(costs) <= 1


@given(held=LOTS, basis=BASES, lot=LOT_SIZES, price=PRICES, index=INDEXES)
def test_closing_realises_the_whole_value(module, held, basis, lot, price, index):
    assume(held != 0)
    position = Position(held, basis)
    value = module("compute_value", held, basis, lot, price, index)
    lots, claim, gain = trade_on(module, position, -held, lot, price, index)
    assert lots == 0
    assert gain == -claim == value


@given(
    held=ANY, basis=ANY, lots=ANY, lot=within(0, 2**256 - 1), price=within(0, 2**255)
)
def test_trade_is_never_wrong(module, held, basis, lots, lot, price):
    expected = attempt(
        lambda: flatten(trade(Position(held, basis), lots, lot, price, 1))
    )
    arguments = (held, basis, lots, lot, price, 1)
    assert is_same_or_refused(module, "trade", arguments, expected)


@given(
    lots=within(-(2**63), 2**63 - 1),
    basis=within(-(2**127), 2**127 - 1),
    epoch=within(0, 2**24 - 1),
    entry=within(0, 2**24 - 1),
)
def test_positions_are_stored_as_specified(module, lots, basis, epoch, entry):
    fields = {"lots": lots, "basis": basis, "epoch": epoch, "entry": entry}
    word = pack(fields, POSITION)
    assert module("pack", lots, basis) == word - (epoch << 24) - entry
    assert module("epoch", word) == epoch
    assert module("lots", word) == lots
    assert module("basis", word) == basis
    assert module("entry", word) == entry


@given(
    lots=within(-(2**63), 2**63 - 1),
    met=within(0, 2**23 - 1),
    epochs=within(0, 2**23 - 1),
    is_paused=within(0, 1),
)
def test_a_position_with_lots_is_behind_until_it_has_met_all_epochs(
    module, lots, met, epochs, is_paused
):
    risk = pack({**dict.fromkeys(RISK, 1), "epochs": epochs}, RISK)
    risk -= (1 - is_paused) << 232
    fields = {"lots": lots, "basis": -1, "epoch": met, "entry": 2**24 - 1}
    assert module("epochs", risk) == epochs
    is_behind = lots != 0 and met != epochs
    assert module("is_behind", pack(fields, POSITION), risk) == is_behind


@pytest.mark.parametrize(
    ("lots", "basis"), [(2**63, 0), (-(2**63) - 1, 0), (0, 2**127), (0, -(2**127) - 1)]
)
def test_positions_that_do_not_fit_are_refused(module, lots, basis):
    assert module.reason("pack", lots, basis) == AmountTooLarge.reason


@pytest.mark.parametrize("exponent", [0, 1, 17, 18])
def test_a_lot_is_a_power_of_ten(module, exponent):
    others = dict.fromkeys(RISK, 1)
    word = pack({**others, "lot_exponent": exponent}, RISK)
    assert module("lot", word) == 10**exponent
