"""No function of a contract that only reads is forgotten by layer 2."""

from tests.proofs import coverage_books, coverage_money
from tests.proofs.coverage_bytecode import (
    LEFT_OUT,
    PARTS,
    find_functions,
    find_proved,
)
from tests.proofs.coverage_reasons import Reason
from tests.proofs.proof import PROJECT


def test_every_function_is_proved_or_left_out_for_a_reason():
    assert find_functions() - find_proved() - set(LEFT_OUT) - set(PARTS) == set()


def test_what_is_proved_exists():
    assert find_proved() - find_functions() == set()


def test_what_is_left_out_exists_and_is_not_proved():
    assert set(LEFT_OUT) - find_functions() == set()
    assert set(LEFT_OUT) & find_proved() == set()


def test_what_is_run_through_exists_and_what_runs_through_it_is_proved():
    assert set(PARTS) - find_functions() == set()
    assert set(PARTS) & find_proved() == set()
    assert set(PARTS.values()) - find_proved() == set()


def test_no_function_is_in_two_tables():
    tables = (
        coverage_money.LEFT_OUT,
        coverage_money.PARTS,
        coverage_books.LEFT_OUT,
        coverage_books.PARTS,
    )
    assert sum(map(len, tables)) == len({name for table in tables for name in table})


def test_each_reason_is_given_and_told_in_the_guide():
    assert {*LEFT_OUT.values()} == {*Reason}
    guide = (PROJECT / "specs" / "README.md").read_text()
    assert [r.name for r in Reason if f"| `{r.name}` |" not in guide] == []
