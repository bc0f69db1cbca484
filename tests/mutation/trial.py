"""
What a mutant goes through until something notices it: the cheapest first.

The compiler, the tests of a harness that has the mutant's function, walks beside the
specification, tests of what deploys a contract that has the mutant, proofs.
"""

import ast
import gc
import importlib
import types
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path

from keeper.artifacts import BODIES, INNER
from tests.mutation import child, killers
from tests.mutation.healthy import Healthy, hash_of
from tests.mutation.operators import Mutant
from tests.mutation.reach import Reach
from tests.mutation.tree import mutated

ROOT = Path(__file__).resolve().parents[2]
WALK, TESTS, PROOFS = 6, 10, 20
"""Processor seconds for each kind of killer, times the effort."""
SOON, NEAREST = 1.5, 2
"""Seconds of walks, and test files, that come before all others."""
THOROUGH = 2
"""The effort from which on proofs are tried, which take long."""
COMPILE = 60
FEW = 2
"""Contracts that are compiled sooner than the tests of a harness are run."""
LIMIT = 24_576
"""Bytes of code that may be deployed."""

ON_STAGE = frozenset((*BODIES, *INNER, "Liquidator"))
"""What walks of the world run into."""


LATE = "not all was tried, for lack of time"


class Done(Exception):
    """A verdict, and what it is due to."""


class Trial:
    """A mutant, and what was done about it."""

    def __init__(self, mutant: Mutant, known: Healthy, effort: float):
        self.mutant, self.known, self.effort = mutant, known, effort
        self.seconds = 0.0
        self.late = ""

    def judge(self) -> tuple[str, str]:
        """Return the verdict and its reason."""
        try:
            self.look()
        except Done as done:
            return done.args
        return "survived", self.late

    def look(self) -> None:
        """Raise `Done` for the first that notices the mutant."""
        raise NotImplementedError

    def run(self, work, limit: float) -> child.Answer:
        """Let a child work on the mutant."""
        with mutated(self.mutant, ROOT):
            answer = child.run(work, limit)
        self.seconds += answer.seconds
        return answer

    def _test(self, files: Iterator[str]) -> None:
        self._try_each((partial(killers.test, [name]) for name in files), TESTS)

    def _prove(self) -> None:
        if self.effort < THOROUGH:
            self.late = LATE
            return
        names = self.known.proofs_of(self.mutant)
        self._try_each((partial(killers.prove, name, ROOT) for name in names), PROOFS)

    def _try_each(self, works: Iterator[Callable], limit: float) -> None:
        """Let one after the other look for the mutant, in so much time together."""
        begun, limit = self.seconds, limit * self.effort
        for work in works:
            left = limit - (self.seconds - begun)
            if left < 1:
                self.late = LATE
                return
            self._try(work, left)

    def _try(self, work, limit: float) -> None:
        """Let something look for the mutant."""
        answer = self.run(lambda: fresh(work), limit)
        if answer.text:
            raise Done("killed", answer.text)
        if answer.text is None and answer.error != "time limit":
            raise Done("killed", answer.error[:200])
        if answer.text is None:
            self.late = LATE


class ContractTrial(Trial):
    """A mutant of a contract."""

    def __init__(self, mutant: Mutant, known: Healthy, effort: float, reach: Reach):
        super().__init__(mutant, known, effort)
        names = reach.of(mutant)
        self.harnesses = [name for name in names if name.endswith("Harness")]
        self.contracts = [name for name in names if not name.endswith("Harness")]

    def look(self) -> None:
        is_first = len(self.contracts) > FEW
        if is_first:
            self._test_harnesses()
        self._compile()
        self._walk(SOON)
        if not is_first:
            self._test_harnesses()
        tests = self.known.tests_for(self.contracts, self.mutant)
        self._test(islice(tests, NEAREST))
        self._walk(WALK * self.effort)
        self._test(tests)
        self._prove()

    def _test_harnesses(self) -> None:
        changed = [name for name in self.harnesses if self._differs(name)]
        if changed:
            self._test(self.known.tests_of(changed, self.mutant))

    def _compile(self) -> None:
        changed = [name for name in self.contracts if self._differs(name)]
        if not changed:
            if not self.contracts:
                raise Done("equivalent", "compiled into no deployable contract")
            raise Done("equivalent", f"same bytecode: {', '.join(self.contracts)}")
        self.contracts = changed

    def _differs(self, name: str) -> bool:
        """Compile a contract; tell whether its code is another one."""
        answer = self.run(lambda: compiled(name), COMPILE)
        if answer.text is None:
            raise Done("stillborn", f"{name}: {answer.error[:120]}")
        size, digest = answer.text.split()
        if int(size) > LIMIT and not name.endswith("Harness"):
            raise Done("stillborn", f"{name}: {size} bytes are too many to deploy")
        return digest != self.known.codes[name]

    def _walk(self, limit: float) -> None:
        if ON_STAGE & set(self.contracts):
            kinds = ("world", "orders", "book")
        elif "OrderBook" in self.contracts:
            kinds = ("book",)
        else:
            return
        self._try(partial(killers.walk, kinds), limit)


class SpecificationTrial(Trial):
    """A mutant of the specification, noticed by what the contracts do instead."""

    def look(self) -> None:
        path = ROOT / self.mutant.path
        healthy = path.read_text()
        try:
            changed = _code(self.mutant.apply(healthy)) != _code(healthy)
        except SyntaxError as error:
            raise Done("stillborn", str(error)) from error
        if not changed:
            raise Done("equivalent", "same code")
        answer = self.run(lambda: _load(path.stem), COMPILE)
        if answer.text is None:
            raise Done("stillborn", answer.error[:120])
        kinds = "world", "orders", "book"
        self._try(partial(killers.walk, kinds), WALK * self.effort)
        self._test(self.known.tests_of_specification(self.mutant))
        self._prove()


def _load(name: str) -> str:
    importlib.import_module(f"specs.{name}")
    return ""


def _code(text: str) -> list:
    """Return what the interpreter makes of a source, without where it is from."""
    return _plain(compile(ast.parse(text), "", "exec"))


def _plain(code: types.CodeType) -> list:
    constants = [
        _plain(each) if isinstance(each, types.CodeType) else (type(each), each)
        for each in code.co_consts
    ]
    return [code.co_code, code.co_names, code.co_varnames, constants]


def compiled(name: str) -> str:
    """Return the size of a contract's code, and a hash of it."""
    from keeper import artifacts
    from tests.helpers import harness

    # A child has enough memory, and the collector takes a third of the time.
    gc.disable()
    forget()
    is_harness = name.endswith("Harness")
    root = harness.source_root() if is_harness else artifacts.CONTRACTS
    found = artifacts.artifact(name, root)
    return f"{found.runtime_size} {hash_of(found)}"


def fresh(work) -> str:
    """Do some work that finds nothing remembered of other sources."""
    forget()
    return work()


def forget() -> None:
    from keeper import artifacts

    artifacts._artifact.cache_clear()
    artifacts._clearinghouse_abi.cache_clear()
