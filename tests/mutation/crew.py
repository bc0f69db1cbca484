"""Workers, and which mutant each of them tries next."""

import contextlib
import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import asdict
from typing import IO

from tests.mutation import child
from tests.mutation.catalogue import Stratum, code_hash
from tests.mutation.operators import Mutant
from tests.mutation.record import CACHE, SKIPPED, Record, Result
from tests.mutation.tree import copy_project

NICENESS = 10


def _enlist() -> None:
    os.nice(NICENESS)
    child.end_with_parent()


class Worker:
    """A process in a copy of the project of its own."""

    def __init__(self, number: int, kind: str, effort: float):
        self.kind = kind
        self.tree = copy_project(str(number))
        self.log = (CACHE / f"worker-{number}.log").open("w")
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-W",
                "ignore",
                "-m",
                "tests.mutation.worker",
                kind,
                str(effort),
            ],
            cwd=self.tree,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            text=True,
            env={**os.environ, "PYTHONPATH": str(self.tree)},
            preexec_fn=_enlist,
            # An interrupt is for the parent, which then ends its workers.
            start_new_session=True,
        )

    def answer(self) -> dict:
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"a worker has died: see {self.log.name}")
        return json.loads(line)

    def ask(self, mutant: Mutant) -> Result:
        """Have a mutant tried."""
        self.process.stdin.write(f"{json.dumps(asdict(mutant))}\n")
        self.process.stdin.flush()
        found = self.answer()
        return Result(
            mutant.id,
            code_hash(mutant.path),
            found["verdict"],
            found["by"],
            found["seconds"],
        )

    def end(self) -> None:
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        self.process.terminate()
        self.process.wait()
        self.log.close()


def kind_of(mutant: Mutant) -> str:
    """Return what a worker has to have loaded for a mutant."""
    return "specs" if mutant.path.startswith("specs/") else "contracts"


class Draw:
    """Mutants of strata, as many as these are to have, replaced where they are none."""

    def __init__(self, strata: list[Stratum], record: Record):
        self.strata, self.record = strata, record
        self.running: set[str] = set()

    def next(self) -> Mutant | None:
        """Return a mutant to be tried that nobody tries, None if there is none now."""
        for stratum in self.strata:
            for mutant in stratum.drawn(self.skipped):
                is_known = self.record.verdict(mutant) is not None
                if not is_known and mutant.id not in self.running:
                    self.running.add(mutant.id)
                    return mutant
        return None

    @property
    def skipped(self) -> set[str]:
        return {r.id for r in self.record.results.values() if r.verdict in SKIPPED}

    def progress(self) -> tuple[int, int]:
        """Return how many of the sample have a verdict, and how many there are."""
        done = total = 0
        for stratum in self.strata:
            drawn = stratum.drawn(self.skipped)
            total += len(drawn)
            done += sum(self.record.verdict(mutant) is not None for mutant in drawn)
        return done, total


def _lock() -> IO[str]:
    """Keep others away from the copies, until the file is closed."""
    CACHE.mkdir(parents=True, exist_ok=True)
    file = (CACHE / "lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SystemExit("somebody else tries mutants here") from None
    return file


def try_all(draw: Draw, jobs: int, effort: float = 1) -> Iterator[Result]:
    """Yield what becomes of mutants, as long as there are any."""
    workers: dict[int, Worker] = {}
    pool, running = ThreadPoolExecutor(jobs), {}
    lock = _lock()
    try:
        while True:
            while len(running) < jobs and (mutant := draw.next()):
                place = min(set(range(jobs)) - set(running.values()))
                worker = workers.get(place)
                kind = kind_of(mutant)
                if worker is None or worker.kind != kind:
                    if worker:
                        worker.end()
                    worker = workers[place] = Worker(place, kind, effort)
                    worker.answer()
                running[pool.submit(worker.ask, mutant)] = place
            if not running:
                return
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                del running[future]
                result = future.result()
                draw.record.add(result)
                draw.running.discard(result.id)
                yield result
    finally:
        for worker in workers.values():
            worker.end()
        pool.shutdown(wait=False, cancel_futures=True)
        lock.close()
