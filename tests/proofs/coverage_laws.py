"""
Which functions of the specification the laws are about, and which not, and why.

A function is *held* if a proof of layer 1 has a mutant in it: a fault that the proof
refutes. Of the others some decide nothing: they compute, compare and branch on nothing.
Some are steps, which take the whole state: layers 3 and 4 are about these. Whatever is
left has to be in ``EXCLUDED``, with the reason that it has no law.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.proofs.catalogue import collect
from tests.proofs.proof import PROJECT

WHOLE: Final = {"State", "World", "Surroundings"}
"""Types that stand for all that a contract remembers, or for all that it asks."""

_DECISIONS: Final = (
    ast.BinOp,
    ast.BoolOp,
    ast.Compare,
    ast.If,
    ast.IfExp,
    ast.Match,
    ast.UnaryOp,
    ast.While,
)
_CHOICES: Final = {"abs", "all", "any", "divmod", "len", "max", "min", "sorted", "sum"}


@dataclass(frozen=True)
class Function:
    """A function of the specification, and where it stands."""

    module: str
    name: str
    first: int
    last: int
    is_step: bool
    is_plain: bool

    @property
    def identity(self) -> str:
        """Return its name with that of its module."""
        return f"{self.module}.{self.name}"


def find_functions(project: Path = PROJECT) -> list[Function]:
    """Return every function of the modules of ``specs/``, private ones too."""
    found = []
    for path in sorted((project / "specs").glob("[!_]*.py")):
        for part in _functions_in(ast.parse(path.read_text())):
            first, last = part.lineno, part.end_lineno or part.lineno
            found.append(
                Function(
                    path.stem, part.name, first, last, _is_step(part), _is_plain(part)
                )
            )
    return found


def find_held() -> set[str]:
    """Return the names of the functions in which a proof of layer 1 has a mutant."""
    places: dict[str, list[int]] = {}
    for proof in collect():
        if proof.layer != 1:
            continue
        for mutant in proof.mutants:
            text = (PROJECT / mutant.path).read_text()
            line = text[: text.index(mutant.old)].count("\n") + 1
            span = mutant.old.count("\n")
            places.setdefault(mutant.path, []).extend(range(line, line + span + 1))
    return {
        function.identity
        for function in find_functions()
        if any(
            function.first <= line <= function.last
            for line in places.get(f"specs/{function.module}.py", ())
        )
    }


def find_gaps(
    functions: list[Function], held: set[str], excluded: Mapping[str, str]
) -> list[str]:
    """Return what has neither a law nor a reason, and each entry that is stale."""
    gaps = []
    for function in functions:
        is_open = not (function.is_plain or function.is_step)
        if is_open and function.identity not in held | excluded.keys():
            gaps.append(f"{function.identity}: neither law nor reason")
    known = {function.identity: function for function in functions}
    for name in excluded:
        if name not in known:
            gaps.append(f"{name}: there is none")
        elif name in held:
            gaps.append(f"{name}: excluded, and has a law")
        elif known[name].is_plain or known[name].is_step:
            gaps.append(f"{name}: excluded, and needs no reason")
    return gaps


def _functions_in(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    for part in tree.body:
        if isinstance(part, ast.FunctionDef):
            yield part
        elif isinstance(part, ast.ClassDef):
            yield from (each for each in part.body if isinstance(each, ast.FunctionDef))


def _is_step(function: ast.FunctionDef) -> bool:
    """Tell whether a function takes the whole state."""
    notes = (each.annotation for each in function.args.args if each.annotation)
    return any(
        ast.unparse(note).rpartition(".")[2].removesuffix(" | None") in WHOLE
        for note in notes
    )


def _is_plain(function: ast.FunctionDef) -> bool:
    """Tell whether a function computes, compares and chooses nothing."""
    for part in function.body:
        for each in ast.walk(part):
            if isinstance(each, _DECISIONS):
                return False
            if isinstance(each, ast.Call) and isinstance(each.func, ast.Name):
                name = each.func.id
                if name in _CHOICES or "mul_div" in name or "sqrt" in name:
                    return False
    return True


_SERIES = "a sum over a series of mids: its terms have laws, and I29 is tested"
_MEANS = "composed of what has laws: `approach`, `limit`, `take_average`"
_LOOP = "a loop over reports of any number: its parts have laws"
_VIEW = "a view: what it returns is stored, or computed by what has laws"
_HASH = "bytes to be hashed: compared with eth_account in test_signatures.py"
_ROOTS = (
    "square roots: `a_scale_grows_with_volatility` and its neighbours are of its parts"
)
_SUM = "a sum over legs: margins and the bisection around it have lemmas"

EXCLUDED: Final[Mapping[str, str]] = {
    "backstop.heals": _SUM,
    "book_basis.compute_integral": _SERIES,
    "book_basis.compute_stored_integral": _SERIES,
    "book_basis.take_average": _SERIES,
    "mark_price.update": _MEANS,
    "price_oracle.compute_fast_prices": _LOOP,
    "price_views.get_band": _VIEW,
    "price_views.get_feed": _VIEW,
    "price_views.get_mark": _VIEW,
    "price_views.get_spot_band": _VIEW,
    "reports.check_content": _LOOP,
    "reports.get_quotes": _LOOP,
    "settle_code.compute_scales": _ROOTS,
    "signatures.compute_digest": _HASH,
    "signatures.compute_struct_hash": _HASH,
    "signatures.encode_word": _HASH,
    "slices.compute_end": _SUM,
    "slices.heals": _SUM,
    "state.get_ordered_markets": _VIEW,
    "volatility.compute_variance_up": "a mean by a decay: that and returns have laws",
    "world.add_dust": "of the tests' world, not of the protocol",
}
"""Functions without a law, each with the reason."""
