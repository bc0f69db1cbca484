"""The catalogue of invariants says what the functions check, and nothing else."""

import re
from pathlib import Path

import pytest

from specs.invariants import STATE_INVARIANTS, TRANSITION_INVARIANTS

README = (Path(__file__).parents[2] / "specs" / "README.md").read_text()
ROWS = {
    match[1]: match[0]
    for match in re.finditer(r"^\| (I\d+) \|.*$", README, re.MULTILINE)
}
EXECUTABLE = [
    (number, holds)
    for invariants in (STATE_INVARIANTS, TRANSITION_INVARIANTS)
    for number, holds in invariants.items()
]


def test_there_is_a_row_for_each_number():
    assert list(ROWS) == [f"I{number}" for number in range(1, 51)]


@pytest.mark.parametrize(("number", "holds"), EXECUTABLE)
def test_a_row_says_what_is_checked(number, holds):
    claim = " ".join(holds.__doc__.split()).removeprefix(f"{number}: ").rstrip(".")
    assert claim in ROWS[number]
    assert f"`{holds.__name__}`" in ROWS[number]


def test_what_is_not_executable_is_not_called_so():
    executable = {number for number, _ in EXECUTABLE}
    assert {n for n, row in ROWS.items() if "executable: " in row} == executable
    assert f"{len(executable)} of 50" in README
