"""The catalogue of invariants says what is checked, and what came of it."""

import json
import re
import shutil

import pytest

from specs.invariants import STATE_INVARIANTS, TRANSITION_INVARIANTS
from tests.mutants.desk_guards import DESK_GUARDS
from tests.mutants.test_contract_mutants import MUTANTS as CONTRACT_MUTANTS
from tests.mutants.test_oracle_mutants import MUTANTS as ORACLE_MUTANTS
from tests.proofs import invariants, running, table
from tests.proofs.gate import Law
from tests.proofs.invariants import GROUNDS, NUMBERS
from tests.proofs.laws import weights
from tests.proofs.proof import PROJECT, Refuted, in_child
from tests.unit.test_history import EVENTS, SUMMARIES

README = (PROJECT / "specs" / "README.md").read_text()
ENTRIES = json.loads((PROJECT / "proofs.json").read_text())
BY_ID = {entry["id"]: entry for entry in ENTRIES}
ROWS = {
    match[1]: match[0]
    for match in re.finditer(r"^\| (I\d+) \|.*$", README, re.MULTILINE)
}
EXECUTABLE = [
    (number, holds)
    for invariants_ in (STATE_INVARIANTS, TRANSITION_INVARIANTS)
    for number, holds in invariants_.items()
]
PROOFS = [p for p in running.everything().values() if p.layer < invariants.TESTS]
KEYS = (
    "id statement layer tool verdict seconds witness mutants_killed".split()  # noqa: SIM905
)


def test_there_is_an_entry_for_each_invariant_and_then_for_each_proof():
    names = [entry["id"] for entry in ENTRIES]
    assert names[:50] == [*NUMBERS] == [f"I{number}" for number in range(1, 51)]
    ordered = sorted(PROOFS, key=lambda proof: (proof.layer, proof.identity))
    assert names[50:] == [proof.identity for proof in ordered]


def test_every_entry_is_whole():
    for entry in ENTRIES:
        assert [*entry] == KEYS
        assert entry["verdict"] in ("proved", "tested", "open")
        is_open = entry["verdict"] == "open"
        assert bool(entry["witness"]) != is_open
        assert bool(entry["mutants_killed"]) != is_open
        assert (0 if is_open else 1) <= entry["layer"] <= 4
    assert all(entry["verdict"] == "proved" for entry in ENTRIES[50:])


def test_entries_say_what_proofs_state():
    for proof in PROOFS:
        assert BY_ID[proof.identity]["statement"] == proof.statement
    for number in NUMBERS:
        assert BY_ID[number]["statement"] == invariants.statement_of(number)


def test_the_tables_are_written_from_the_entries():
    assert table.with_tables(README, ENTRIES, PROOFS) == README


def test_a_table_that_has_lost_its_place_is_told():
    with pytest.raises(ValueError, match="0 places for the table of mechanisms"):
        table.with_tables(README.replace("end of mech", "end"), ENTRIES, PROOFS)


@pytest.mark.parametrize(("number", "holds"), EXECUTABLE)
def test_a_row_says_what_is_checked(number, holds):
    claim = " ".join(holds.__doc__.split()).removeprefix(f"{number}: ").rstrip(".")
    assert claim in ROWS[number]
    assert f"`{holds.__name__}`" in ROWS[number]


def test_what_is_not_executable_is_not_called_so():
    executable = {number for number, _ in EXECUTABLE}
    assert f"{len(executable)} of 50" in README
    assert {number for number in NUMBERS if number not in executable} <= {*GROUNDS}


def test_what_a_ground_names_is_there():
    assert {*GROUNDS} <= {*NUMBERS}
    names = [proof.identity for proof in PROOFS]
    for number, ground in GROUNDS.items():
        for pattern in ground.proofs:
            assert any(invariants.fnmatchcase(n, pattern) for n in names), pattern
        for name in ground.tests:
            assert len([*(PROJECT / "tests").rglob(name)]) == 1, name
        if ground.because:
            assert invariants.parts_of(number, PROOFS)
            assert not ground.is_open


def test_proofs_serve_invariants_that_there_are():
    for proof in PROOFS:
        assert {*getattr(proof, "serves", ())} <= {*NUMBERS}, proof.identity


def test_faults_are_counted_as_they_are():
    desk = {"QuoteDesk.vy", "modules/quotes.vy", "modules/requests.vy"}
    found = {
        "I31": len(ORACLE_MUTANTS),
        "I46": sum(guard.path in desk for guard in DESK_GUARDS),
        "I49": len(CONTRACT_MUTANTS),
        "I50": 2 * len(EVENTS.keys() - SUMMARIES),
    }
    counted = {number: GROUNDS[number].faults for number in found}
    assert counted == found


def block(mark: str) -> str:
    """Return the code that follows a mark."""
    return re.search(rf"<!-- {mark} -->\n```python\n(.*?)```", README, re.DOTALL)[1]


def test_the_law_of_the_guide_is_one(tmp_path):
    law, line = block("law"), block("mutant")
    assert len((law + line).splitlines()) == 10
    for part in ("specs", "tests/proofs/laws"):
        shutil.copytree(PROJECT / part, tmp_path / part)
    path = tmp_path / "tests" / "proofs" / "laws" / "weights.py"
    source = path.read_text()
    at = source.index("def _mutant(")
    source = f"{source[:at]}{law}\n\n{source[at:]}"
    path.write_text(source.replace("MUTANTS = {\n", f"MUTANTS = {{\n{line}"))
    ((name, mutants),) = eval(f"{{{line}}}", {"_mutant": weights._mutant}).items()
    proof = Law("tests.proofs.laws.weights", name, "", mutants)
    assert in_child(lambda: proof.check(tmp_path)) == ""

    (mutant,) = mutants
    target = tmp_path / mutant.path
    assert target.read_text().count(mutant.old) == 1
    target.write_text(target.read_text().replace(mutant.old, mutant.new))
    with pytest.raises(Refuted, match=name):
        in_child(lambda: proof.check(tmp_path))


def test_readers_are_sent_to_what_there_is():
    for link in re.findall(r"\]\(([^)#]+)", README):
        assert (PROJECT / "specs" / link).exists(), link
    text = (PROJECT / "tests" / "proofs" / "README.md").read_text()
    titles = {
        title.lower().replace(" ", "-")
        for title in re.findall(r"^#+ (.*)$", text, re.M)
    }
    for anchor in re.findall(r"tests/proofs/README\.md#([\w-]+)", README):
        assert anchor in titles
