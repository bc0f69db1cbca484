"""The table of results: `score.json`, and whether it is that of the sources."""

import json
from collections import Counter
from pathlib import Path

from tests.mutation.catalogue import GROUPS, code_hash, group_of, strata
from tests.mutation.equivalents import EQUIVALENTS
from tests.mutation.operators import OPERATORS, Mutant
from tests.mutation.record import (
    EQUIVALENT,
    KILLED,
    SCORE,
    SKIPPED,
    SURVIVED,
    Record,
    Result,
)

LEAST = 0.95
"""Of the modules' sample that something has to notice."""
ARGUED = "argued in equivalents.py"


def judged(result: Result) -> Result:
    """Return a result, equivalent if a survivor is argued to be no fault."""
    if result.verdict == SURVIVED and result.id in EQUIVALENTS:
        fields = {**vars(result), "verdict": EQUIVALENT, "by": ARGUED}
        return Result(**fields)
    return result


def sample(group: str, record: Record) -> list[tuple[Mutant, Result | None]]:
    """Return the sample of a group with what is known of each."""
    skipped = {r.id for r in record.results.values() if r.verdict in SKIPPED}
    return [
        (mutant, record.results.get(mutant.id))
        for stratum in strata(group)
        for mutant in stratum.drawn(skipped)
    ]


def table(record: Record) -> dict:
    """Return what `score.json` says."""
    mutants, summary = [], {}
    for group in GROUPS:
        drawn = sample(group, record)
        found = [(mutant, judged(result)) for mutant, result in drawn if result]
        summary[group] = {
            "sample": len(drawn),
            "tried": len(found),
            **count(result for _, result in found),
            "by_operator": _split(found, lambda mutant: mutant.operator, OPERATORS),
            "by_file": _split(found, lambda mutant: mutant.path),
        }
        mutants += [
            {
                "id": mutant.id,
                "path": mutant.path,
                "operator": mutant.operator,
                "line": mutant.line,
                "old": mutant.old,
                "new": mutant.new,
                "verdict": result.verdict,
                "by": result.by,
                "seconds": result.seconds,
                "code": result.code,
            }
            for mutant, result in found
        ]
    return {"summary": summary, "mutants": mutants}


def count(results) -> dict:
    """Return how many there are of each verdict, and the share that is noticed."""
    found = Counter(result.verdict for result in results)
    tried = found[KILLED] + found[SURVIVED]
    verdicts = {v: found[v] for v in (KILLED, SURVIVED, *SKIPPED)}
    return {**verdicts, "score": round(found[KILLED] / tried, 4) if tried else None}


def _split(found, key, order=None) -> dict:
    keys = order or sorted({key(mutant) for mutant, _ in found})
    return {
        name: count(result for mutant, result in found if key(mutant) == name)
        for name in keys
    }


def write(record: Record, path: Path = SCORE) -> dict:
    """Write `score.json` and return what it says."""
    found = table(record)
    lines = [json.dumps(entry) for entry in found["mutants"]]
    summary = json.dumps(found["summary"], indent=2)
    body = ",\n".join(f"  {line}" for line in lines)
    path.write_text(f'{{\n"summary": {summary},\n"mutants": [\n{body}\n]\n}}\n')
    return found


def read_results(path: Path = SCORE) -> list[Result]:
    """Return the results of the committed table, as they were before any argument."""
    if not path.exists():
        return []
    found = []
    for entry in json.loads(path.read_text())["mutants"]:
        fields = {name: entry[name] for name in ("id", "code", "by", "seconds")}
        argued = entry["by"] == ARGUED
        verdict = SURVIVED if argued else entry["verdict"]
        found.append(Result(verdict=verdict, **fields))
    return found


def find_faults(path: Path = SCORE) -> list[str]:
    """Return why the committed table does not do for the sources as they are."""
    record = Record(Path("/nonexistent"))
    results = read_results(path)
    record.adopt(results)
    faults = []
    for result in results:
        if result.id not in record.results:
            faults.append(f"stale: {result.id}")
    for group in GROUPS:
        drawn = sample(group, record)
        missing = [mutant for mutant, result in drawn if result is None]
        if missing:
            faults.append(f"incomplete: {len(missing)} of {len(drawn)} of {group}")
        found = count(judged(result) for _, result in drawn if result)
        if group == "modules" and (found["score"] or 0) < LEAST:
            faults.append(f"{group}: score {found['score']} is below {LEAST}")
    verdicts = {result.id: result.verdict for result in results}
    for identity in EQUIVALENTS:
        if verdicts.get(identity) != SURVIVED:
            faults.append(f"argued without need: {identity}")
    return faults


def is_current(result: Result) -> bool:
    return code_hash(result.id.split(":")[0]) == result.code


__all__ = ["find_faults", "group_of", "read_results", "table", "write"]
