"""The tables of ``specs/README.md``, written from ``proofs.json``."""

import re
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.proofs import catalogue, invariants, report, walks
from tests.proofs.proof import PROJECT, Proof
from tests.proofs.report import Entry

README = PROJECT / "specs" / "README.md"
COMMITTED = PROJECT / "proofs.json"

_KINDS = {1: ("law", "laws"), 2: ("equality", "equalities"), 3: ("step", "steps")}


def rewrite(readme: Path = README, committed: Path = COMMITTED) -> int:
    """Write the tables into the text; end with 1 if there is nothing to write."""
    entries = report.read(committed)
    if not entries:
        print(f"no {committed.name}: make prove ARGS=--accept", file=sys.stderr)
        return 1
    old = readme.read_text()
    new = with_tables(old, entries, catalogue.collect())
    if new != old:
        readme.write_text(new)
    print(f"{readme.relative_to(PROJECT)}: {'written' if new != old else 'as it was'}")
    return 0


def with_tables(text: str, entries: Sequence[Entry], proofs: Sequence[Proof]) -> str:
    """Return a text with what stands between the marks written anew."""
    by_id = {entry["id"]: entry for entry in entries}
    tables = {
        "invariants": _invariants(by_id, proofs),
        "mechanisms": _mechanisms(entries),
        "totals": _totals(by_id),
    }
    for name, lines in tables.items():
        begin, end = f"<!-- {name}: make prove-table -->", f"<!-- end of {name} -->"
        block = "\n".join([begin, "", *lines, "", end])
        pattern = re.escape(begin) + ".*?" + re.escape(end)
        text, count = re.subn(pattern, lambda _: block, text, flags=re.DOTALL)  # noqa: B023
        if count != 1:
            raise ValueError(f"{count} places for the table of {name}")
    return text


def _totals(entries: Mapping[str, Entry]) -> list[str]:
    """Return a sentence with how many invariants have which verdict."""
    found = defaultdict(list)
    for number in invariants.NUMBERS:
        found[entries[number]["verdict"]].append(number)
    said = [
        f"{len(numbers)} {verdict} ({', '.join(numbers)})"
        if verdict != "tested"
        else f"{len(numbers)} {verdict}"
        for verdict, numbers in sorted(found.items())
    ]
    return [f"Of {len(invariants.NUMBERS)} invariants: {'; '.join(said)}."]


# Invariants


def _invariants(entries: Mapping[str, Entry], proofs: Sequence[Proof]) -> list[str]:
    head = ["id", "what holds", "verdict", "layer, tool", "rests on", "mutants"]
    rows = [
        [
            number,
            entries[number]["statement"],
            entries[number]["verdict"],
            _layer(entries[number]),
            _rests_on(number, proofs),
            _mutants(number, proofs),
        ]
        for number in invariants.NUMBERS
    ]
    return _table(head, rows)


def _layer(entry: Entry) -> str:
    return f"{entry['layer']}, {entry['tool']}" if entry["layer"] else ""


def _rests_on(number: str, proofs: Sequence[Proof]) -> str:
    """Return the functions, tests and proofs of an invariant, and what is assumed."""
    ground = invariants.ground_of(number)
    names = [f"`{f.__name__}`" for f in walks.functions_of(number)]
    tests = [f"`{name}`" for name in ground.tests]
    parts = invariants.parts_of(number, proofs)
    said = [", ".join(names), ", ".join(tests), _count(parts), ground.because]
    if ground.assuming:
        said.append(f"but: {ground.assuming}")
    return "; ".join(text for text in said if text)


def _count(parts: Sequence[Proof]) -> str:
    """Return how many proofs of each kind there are of each mechanism."""
    kinds: dict[int, Counter] = defaultdict(Counter)
    for proof in parts:
        kinds[proof.layer][mechanism_of(proof.identity)] += 1
    said = []
    for layer, counts in sorted(kinds.items()):
        one, many = _KINDS[layer]
        total = sum(counts.values())
        names = ", ".join(f"`{name}` {count}" for name, count in sorted(counts.items()))
        said.append(f"{total} {one if total == 1 else many} ({names})")
    return ", ".join(said)


def _mutants(number: str, proofs: Sequence[Proof]) -> str:
    """Return where the mistakes are that have to be noticed."""
    ground = invariants.ground_of(number)
    places = dict.fromkeys(f"`{fault.place}`" for fault in walks.faults_of(number))
    said = [*places]
    if ground.faults:
        said.append(f"{ground.faults} by tests: {ground.faults_in}")
    in_proofs = sum(len(p.mutants) for p in invariants.parts_of(number, proofs))
    if in_proofs:
        said.append(f"{in_proofs} of its proofs")
    return ", ".join(said)


# Mechanisms


def mechanism_of(identity: str) -> str:
    """Return the mechanism that a proof is about."""
    first, second, *_ = identity.split(".")
    return second if first in ("bytecode", "step") else first


def _mechanisms(entries: Sequence[Entry]) -> list[str]:
    counts: dict[str, Counter] = defaultdict(Counter)
    for entry in entries[len(invariants.NUMBERS) :]:
        found = counts[mechanism_of(entry["id"])]
        found[entry["layer"]] += 1
        found["mutants"] += entry["mutants_killed"]
    columns = [1, 2, 3, "mutants"]
    rows = [
        [f"`{name}`", *(str(found[column] or "") for column in columns)]
        for name, found in sorted(counts.items())
    ]
    totals = (sum(found[column] for found in counts.values()) for column in columns)
    rows.append(["all", *map(str, totals)])
    head = ["mechanism", "laws", "equalities", "steps", "mutants refuted"]
    return _table(head, rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return [
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |"
        for line in lines
    ]
