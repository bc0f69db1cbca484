"""Mutants: what operators make, what the sample draws, what the table says."""

import time
from dataclasses import replace

import pytest

from tests.mutation import catalogue, child, imports, killers, trial
from tests.mutation.catalogue import ROOT, Stratum, code_hash, collect, strata
from tests.mutation.crew import Draw
from tests.mutation.healthy import Healthy
from tests.mutation.operators import find_mutants
from tests.mutation.record import Record, Result
from tests.mutation.shelf import Shelf
from tests.mutation.source import read

VYPER = '''\
# A comment: 1 + 1 == 2.
from . import fixed_point as fp

MOST: constant(uint256) = 2**128 - 1
DAY: constant(uint256) = 86_400

struct Pool:
    cash: uint256

@internal
def _take(pool: Pool, steps: DynArray[uint256, 8], amount: uint256) -> uint256:
    """
    @notice Take 1 + 1, min(2, 3).
    """
    assert amount < pool.cash, "1 < 2"
    if amount == 0:
        return 0
    self._require_open(7)
    left: DynArray[uint256, 5] = []
    money_market._accrue(0)
    for i: uint256 in range(len(steps), bound=9):
        self.total += min(steps[i], fp._mul_div_up(amount, DAY, MOST)) >> 64
    self.cash -= amount
    return amount if not self.halted else 0
'''


def changes(text, path="contracts/modules/toy.vy"):
    return {(m.operator, m.old, m.new) for m in find_mutants(path, text)}


def changes_of(line, head="def _f(x: uint256):\n"):
    return changes(f"{head}    {line}\n")


@pytest.mark.parametrize(
    "change",
    [
        ("arithmetic", "128", "127"),
        ("arithmetic", "86_400", "86401"),
        ("arithmetic", ">>", "<<"),
        ("arithmetic", "64", "65"),
        ("arithmetic", "+=", "-="),
        ("comparison", "<", "<="),
        ("comparison", "==", "!="),
        ("comparison", "min", "max"),
        ("comparison", "amount == 0", "True"),
        ("comparison", "not self.halted", "True"),
        ("comparison", "not self.halted", "False"),
        ("comparison", "not", ""),
        ("check", "amount == 0", "False"),
        ("check", 'assert amount < pool.cash, "1 < 2"', "pass"),
        ("check", "self._require_open(7)", "pass"),
        ("accrual", "money_market._accrue(0)", "pass"),
        ("update", "self.cash -= amount", "pass"),
        ("rounding", "_mul_div_up", "_mul_div_down"),
    ],
)
def test_operators_make(change):
    assert change in changes(VYPER)


def test_comments_texts_types_and_bounds_stay():
    text = VYPER.splitlines()
    changed = {text[mutant.line - 1].strip() for mutant in find_mutants("x.vy", VYPER)}
    for line in (
        "# A comment: 1 + 1 == 2.",
        "from . import fixed_point as fp",
        "@notice Take 1 + 1, min(2, 3).",
        "left: DynArray[uint256, 5] = []",
        "for i: uint256 in range(len(steps), bound=9):",
    ):
        assert line in VYPER
        assert line not in changed
    assert not any(old in ("2", "8", "9") for _, old, _ in changes(VYPER))


def test_load_of_an_accrued_pool_is_one_of_a_stored_one():
    found = changes_of("pool: Pool = money_market._load_accrued(asset)")
    assert ("accrual", "_load_accrued", "_load") in found


def test_statements_that_depend_on_one_another_are_swapped():
    accrued = "self._accrue(a)\n    self.total += b"
    swapped = "self.total += b\n    self._accrue(a)"
    assert ("order", accrued, swapped) in changes_of(accrued)
    for apart in (
        "x: uint256 = 1\n    y: uint256 = x",
        "x: uint256 = self._f()\n    self.total = x",
        "assert self.a, A\n    assert self.b, B",
    ):
        assert all(operator != "order" for operator, *_ in changes_of(apart))


def test_in_a_view_no_call_comes_too_soon():
    calls = "vault._token(a)\n    self.total += self._load(a)"
    found = changes_of(calls, "@internal\ndef _f(a: uint256):\n")
    assert any(operator == "order" for operator, *_ in found)
    found = changes_of(calls, "@internal\n@view\ndef _f(a: uint256):\n")
    assert all(operator != "order" for operator, *_ in found)


def test_fields_of_a_record_are_apart_from_one_another():
    for second, is_swapped in (("pool.lends = 1", False), ("pool.cash += 1", True)):
        found = changes_of(f"pool.cash = a\n    {second}")
        assert any(operator == "order" for operator, *_ in found) == is_swapped


def test_a_number_that_is_replaced_before_it_is_read_stays():
    text = "x: uint256 = 0\n    x, self.y = self._f()"
    assert ("arithmetic", "0", "1") not in changes_of(text)
    text = "x: uint256 = 0\n    x, self.y = self._f(x)"
    assert ("arithmetic", "0", "1") in changes_of(text)


def test_python_is_read_as_well():
    found = changes_of("if left < 0:\n        raise Revert('1 + 1')")
    assert ("check", "left < 0", "False") in found
    assert ("comparison", "<", "<=") in found
    assert not any(old == "+" for _, old, _ in found)


def test_a_mutant_keeps_its_id_where_others_change():
    before = {(m.operator, m.old, m.new): m.id for m in find_mutants("x.vy", VYPER)}
    edited = VYPER.replace("# A comment", "# Another\n# one").replace("86_400", "3")
    after = {(m.operator, m.old, m.new): m.id for m in find_mutants("x.vy", edited)}
    assert before["comparison", "min", "max"] == after["comparison", "min", "max"]
    assert set(before.values()) - set(after.values()) == {
        before["arithmetic", "86_400", "86401"]
    }


def test_every_mutant_has_an_id_and_changes_its_place_only():
    found = collect()
    assert len({mutant.id for mutant in found}) == len(found)
    texts = {mutant.path: (ROOT / mutant.path).read_text() for mutant in found}
    for mutant in found:
        text = texts[mutant.path]
        changed = mutant.apply(text)
        assert changed != text
        assert len(changed) - len(text) == len(mutant.new) - len(mutant.old)
    with pytest.raises(ValueError, match="no longer"):
        replace(found[0], start=found[0].start + 1).apply(texts[found[0].path])


def test_no_mutant_is_in_a_comment_or_a_docstring():
    for mutant in collect():
        healthy = (ROOT / mutant.path).read_text()
        assert read(mutant.apply(healthy)).code != read(healthy).code
        if mutant.path.endswith("fixed_point.vy"):
            break


def test_comments_do_not_change_what_a_file_says():
    text = VYPER.replace("# A comment: 1 + 1 == 2.", "#").replace("@notice Take", "No")
    assert read(text).code == read(VYPER).code
    assert read(VYPER.replace("min(", "max(")).code != read(VYPER).code


# The sample


def test_the_sample_has_every_module_and_operator():
    found = {stratum.mutants[0].stratum for stratum in strata("modules")}
    assert found == {mutant.stratum for mutant in catalogue.of_group("modules")}
    assert sum(stratum.quota for stratum in strata("modules")) >= 300


def test_what_is_no_mutant_is_replaced_by_the_next():
    mutants = find_mutants("x.vy", VYPER)
    stratum = Stratum(mutants, 3)
    first = stratum.drawn(())
    assert len(first) == 3
    second = stratum.drawn({first[1].id})
    assert second[:3] == first
    assert len(second) == 4
    assert len(stratum.drawn({mutant.id for mutant in mutants})) == len(mutants)


def test_the_order_of_a_draw_does_not_depend_on_other_mutants():
    mutants = find_mutants("x.vy", VYPER)
    fewer = [mutant for mutant in mutants if mutant.operator != "check"]
    whole = [m for m in Stratum(mutants, 9).mutants if m.operator != "check"]
    assert Stratum(fewer, 9).mutants == whole


# What is remembered


def result(verdict, number=0, by="a test"):
    mutant = catalogue.of_group("modules")[number]
    return Result(mutant.id, code_hash(mutant.path), verdict, by, 1.0)


def test_results_outlive_a_torn_line(tmp_path):
    record = Record(tmp_path / "results.jsonl")
    record.add(result("killed"))
    with record.path.open("a") as file:
        file.write('{"id": "contr')
    record = Record(record.path)
    record.add(result("survived", 1))
    found = Record(record.path).results
    assert [each.verdict for each in found.values()] == ["killed", "survived"]


def test_results_count_for_the_code_that_they_are_of(tmp_path):
    record = Record(tmp_path / "results.jsonl")
    record.add(replace(result("killed"), code="0" * 16))
    assert Record(record.path).results == {}
    record.adopt([result("survived")])
    assert len(record.results) == 1


def test_a_draw_goes_on_where_it_was(tmp_path):
    record = Record(tmp_path / "results.jsonl")
    mutants = catalogue.of_group("modules")[:4]
    draw = Draw([Stratum(mutants, 2)], record)
    first, second = draw.next(), draw.next()
    assert draw.next() is None
    record.add(Result(first.id, code_hash(first.path), "stillborn", "", 1.0))
    third = draw.next()
    assert third not in (first, second, None)
    assert draw.progress() == (1, 3)
    again = Draw([Stratum(mutants, 2)], Record(record.path))
    assert [again.next(), again.next(), again.next()] == [second, third, None]


# The specification


def mutant_of(path, old, new):
    found = find_mutants(path, (ROOT / path).read_text())
    return next(m for m in found if (m.old, m.new) == (old, new))


@pytest.mark.parametrize(
    ("path", "old", "new", "missing"),
    [
        ("specs/ledger.py", "mul_div_up", "mul_div_down", "mul_div_down"),
        ("specs/bankruptcy.py", "mul_div_up", "mul_div_down", ""),
        *[
            ("specs/price_oracle.py", f"compute_{a}", f"compute_{b}", f"compute_{b}")
            for a, b in (("index_down", "index_up"), ("variance_up", "variance_down"))
        ],
        ("specs/ledger.py", "min", "max", ""),
        ("specs/mark_price.py", "+", "-", ""),
    ],
)
def test_a_name_that_nobody_defines_is_found(path, old, new, missing):
    mutant = mutant_of(path, old, new)
    assert trial._load(mutant, (ROOT / path).read_text()) == missing


def test_a_test_is_the_nearer_the_fewer_imports_it_needs():
    def nearness(text, module="order_slots"):
        return imports.nearness(ROOT, text, module)

    assert nearness("from specs import order_slots") == 3
    assert nearness("from specs.order_slots import find_slot") == 3
    assert nearness("from specs import order_queue") == 2
    assert nearness("from specs.errors import Revert\nimport specs") == 0


# Children


def test_what_any_change_of_code_fails_looks_for_no_mutants(tmp_path):
    known = Healthy(ROOT, tmp_path, {}, Shelf(tmp_path, tmp_path))
    for mutant in (of("contracts/modules/decay.vy"), of("specs/decay.py")):
        found = {*known.tests_for(["mutation"], mutant), *known.texts}
        assert "tests/unit/test_decay.py" in found
        for word in ("mutation", "bench", "snapshots"):
            assert not [name for name in found if f"/test_{word}" in name]


def of(path):
    return next(mutant for mutant in collect() if mutant.path == path)


def test_a_child_answers():
    answer = child.run(lambda: "found", 5)
    assert (answer.text, answer.error) == ("found", "")


def test_a_child_that_fails_says_why():
    answer = child.run(lambda: str(1 // 0), 5)
    assert answer.text is None
    assert answer.error.startswith("ZeroDivisionError")


def test_a_child_has_so_much_time():
    def spin():
        while True:
            pass

    begun = time.monotonic()
    answer = child.run(spin, 0.1)
    assert (answer.text, answer.error) == (None, "time limit")
    assert time.monotonic() - begun < 30


@pytest.mark.parametrize(("claim", "found"), [("1 == 1", ""), ("1 == 2", "test_it")])
def test_a_test_that_fails_is_named(tmp_path, claim, found):
    path = tmp_path / "test_toy.py"
    path.write_text(f"def test_it():\n    assert {claim}\n")
    answer = child.run(lambda: killers.test([str(path)]), 30)
    assert answer.error == ""
    assert answer.text.endswith(found)
    assert bool(answer.text) == bool(found)
