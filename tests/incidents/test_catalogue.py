"""The table of incidents: all of them, each played where the table says."""

import re
from pathlib import Path

import pytest

import tests.incidents
from tests.mutants.incident_guards import BY_INCIDENT

HERE = Path(tests.incidents.__file__).parent
INCIDENTS = range(1, 31)
ROW = re.compile(r"^\| D(\d+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
TABLE = [(int(n), *rest) for n, *rest in ROW.findall(tests.incidents.__doc__)]
FILES = sorted(
    path for path in HERE.glob("test_*.py") if path.stem != Path(__file__).stem
)


def find_played():
    """Return the files in which each incident has a test, by number."""
    found = {}
    for path in FILES:
        for number in re.findall(r"^def test_d(\d\d)_", path.read_text(), re.MULTILINE):
            found.setdefault(int(number), set()).add(path.stem.removeprefix("test_"))
    return found


PLAYED = find_played()


def test_the_table_has_every_incident_once_and_in_order():
    assert [number for number, *_ in TABLE] == list(INCIDENTS)


@pytest.mark.parametrize(("number", "what", "where"), TABLE)
def test_an_incident_is_played_where_the_table_says_or_has_a_reason(
    number, what, where
):
    assert len(what) > 20
    if where.startswith("none: "):
        assert len(where) > 20
        assert number not in PLAYED
    else:
        assert where == ", ".join(sorted(PLAYED[number]))


@pytest.mark.parametrize("number", PLAYED)
def test_what_is_played_has_a_guard_that_is_weakened(number):
    assert BY_INCIDENT[number]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_test_is_of_an_incident_and_says_what_happened(path):
    text = path.read_text()
    names = re.findall(r"^def (test_\w+)\(", text, re.MULTILINE)
    told = re.findall(r'^def (test_d\d\d_\w+)\([^)]*\):\n    """', text, re.MULTILINE)
    assert names == told
