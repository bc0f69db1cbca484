"""The table of results: `score.json`, and whether it is that of the sources."""

import json
from collections import Counter
from pathlib import Path

from tests.mutation.catalogue import GROUPS, strata
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

ARGUED = "argued in equivalents.py"


def judged(result: Result) -> Result:
    """Return a result, equivalent if a survivor is argued to be no fault."""
    if result.verdict == SURVIVED and result.id in EQUIVALENTS:
        fields = {**vars(result), "verdict": EQUIVALENT, "by": ARGUED}
        return Result(**fields)
    return result


def sample(
    group: str, record: Record, everything: bool = False
) -> list[tuple[Mutant, Result | None]]:
    """Return the sample of a group, or all of it, with what is known of each."""
    skipped = {r.id for r in record.results.values() if r.verdict in SKIPPED}
    return [
        (mutant, record.results.get(mutant.id))
        for stratum in strata(group, everything)
        for mutant in stratum.drawn(skipped)
    ]


def table(record: Record, everything: bool = False) -> dict:
    """Return what `score.json` says, or the same of more than the sample."""
    mutants, summary = [], {}
    for group in GROUPS:
        drawn = sample(group, record, everything)
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


def read_summary(path: Path = SCORE) -> dict:
    """Return the counts that the committed table begins with."""
    return json.loads(path.read_text())["summary"] if path.exists() else {}
