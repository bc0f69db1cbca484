"""
What a mutant goes through until something notices it: the cheapest first.

The compiler, the tests of a harness that has the mutant's function, walks beside the
specification, tests of what deploys a contract that has the mutant, proofs.
"""

import ast
import builtins
import importlib
import keyword
import re
import types
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path

from keeper.artifacts import BODIES, INNER
from tests.mutation import child, killers
from tests.mutation.healthy import Healthy
from tests.mutation.operators import Mutant
from tests.mutation.reach import Reach
from tests.mutation.shelf import Shelf
from tests.mutation.tree import mutated

ROOT = Path(__file__).resolve().parents[2]
WALK, TESTS, PROOFS = 6, 10, 20
"""Processor seconds for each kind of killer, times the effort."""
SEEDS = 400
"""Walks of each kind, at most."""
SOON, NEAREST = 6, 2
"""Walks, and test files, that come before all others."""
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
        found = ((partial(self.known.test, name), name) for name in files)
        self._try_each(found, self.known.passes, TESTS)

    def _prove(self, most: int | None = None) -> None:
        if self.effort < THOROUGH:
            self.late = LATE
            return
        names = islice(self.known.proofs_of(self.mutant), most)
        found = ((partial(killers.prove, name, ROOT), name) for name in names)
        self._try_each(found, self.known.holds, PROOFS)

    def _try_each(
        self,
        works: Iterator[tuple[Callable, str]],
        is_healthy: Callable[[str], bool],
        limit: float,
    ) -> None:
        """
        Let one after the other look for the mutant, in so much time together.

        What fails without the mutant as well has noticed nothing.
        """
        begun, limit = self.seconds, limit * self.effort
        for work, name in works:
            left = limit - (self.seconds - begun)
            if left < 1:
                self.late = LATE
                return
            try:
                self._try(work, left)
            except Done:
                if is_healthy(name):
                    raise

    def _try(self, work, limit: float) -> None:
        """Let something look for the mutant."""
        answer = self.run(work, limit)
        if answer.text:
            raise Done("killed", answer.text)
        if answer.text is None and answer.error != "time limit":
            raise Done("killed", answer.error[:200])
        if answer.text is None:
            self.late = LATE


def _compile(name: str, begin: int, shelf: Shelf) -> str:
    from tests.mutation.compiler import compile_mutant

    return compile_mutant(name, begin, shelf)


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
        self._walk(0, SOON)
        # A survivor that is tried again: what is stated of its function is asked first.
        if self.effort >= THOROUGH:
            self._prove(2)
        if not is_first:
            self._test_harnesses()
        tests = self.known.tests_for(self.contracts, self.mutant)
        self._test(islice(tests, NEAREST))
        self._walk(SOON, SEEDS)
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
        begin, healthy = self.known.codes[name].split()
        shelf = self.known.shelf
        answer = self.run(partial(_compile, name, int(begin), shelf), COMPILE)
        if answer.text is None:
            raise RuntimeError(f"{self.mutant.id}, {name}: {answer.error}")
        if answer.text[0] == "!":
            raise Done("stillborn", f"{name}: {answer.text[2:].split(':')[0]}")
        size, digest = answer.text.split()
        if int(size) > LIMIT and not name.endswith("Harness"):
            raise Done("stillborn", f"{name}: {size} bytes are too many to deploy")
        return digest != healthy

    def _walk(self, first: int, end: int) -> None:
        if ON_STAGE & set(self.contracts):
            kinds = ("world", "orders", "book")
        elif "OrderBook" in self.contracts:
            kinds = ("book",)
        else:
            return
        self._try(partial(killers.walk, kinds, first, end), WALK * self.effort)


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
        answer = self.run(partial(_load, self.mutant, healthy), COMPILE)
        if answer.text is None:
            raise Done("stillborn", answer.error[:120])
        if answer.text:
            raise Done("stillborn", f"there is no {answer.text}")
        kinds = "world", "orders", "book"
        self._try(partial(killers.walk, kinds, 0, SEEDS), WALK * self.effort)
        self._test(self.known.tests_of_specification(self.mutant))
        self._prove()


def _load(mutant: Mutant, healthy: str) -> str:
    """
    Load a mutated module of the specification; return the name that the mutant uses and
    nobody has defined, which a compiler would refuse.
    """
    module = importlib.import_module(mutant.path.removesuffix(".py").replace("/", "."))
    name = mutant.new
    if not name.isidentifier() or keyword.iskeyword(name) or hasattr(builtins, name):
        return ""
    before = re.search(r"(\w+)\.$", healthy[: mutant.start])
    owner = getattr(module, before[1], None) if before else module
    return "" if owner is None or hasattr(owner, name) else name


def _code(text: str) -> list:
    """Return what the interpreter makes of a source, without where it is from."""
    return _plain(compile(ast.parse(text), "", "exec"))


def _plain(code: types.CodeType) -> list:
    constants = [
        _plain(each) if isinstance(each, types.CodeType) else (type(each), each)
        for each in code.co_consts
    ]
    return [code.co_code, code.co_names, code.co_varnames, constants]
