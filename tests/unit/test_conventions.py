"""What is promised of names, files and reasons, whatever they hold."""

import ast
import json
import re
from functools import cache

import pytest
from vyper import ast as vy_ast
from vyper.ast import parse_to_ast

from keeper.artifacts import CONTRACTS, ROOT
from specs import errors

MODULES = sorted(CONTRACTS.glob("modules/*"))
ROOTS = sorted(CONTRACTS.glob("*.*"))
MOCKS = sorted(CONTRACTS.glob("mocks/*"))
INTERFACES = sorted(CONTRACTS.glob("interfaces/*"))
SOURCES = [*ROOTS, *MODULES, *MOCKS, *INTERFACES]
SPECS = sorted(ROOT.glob("specs/*.py"))

# Modules that are about calls, not about numbers, and the specification that each of
# them serves.
CALLING = {
    **{"custody": "clearinghouse", "health": "margin", "positions": "settlement"},
    **dict.fromkeys(("vault", "pool_views", "market_views"), "clearinghouse"),
    **{"guard_views": "guards", "position_views": "clearinghouse", "makers": "makers"},
}
SERVING = {**CALLING, "ledger": "clearinghouse", "tradables": "makers"}

# What a pure function of plain numbers needs; `crypto` is for hashes.
PURE = {
    "collections.abc",
    "contextlib",
    "dataclasses",
    "enum",
    "eth_utils.crypto",
    "fractions",
    "functools",
    "itertools",
    "math",
    "typing",
}


def name_of(path):
    return path.relative_to(ROOT).as_posix()


def each(paths):
    return pytest.mark.parametrize("path", paths, ids=name_of)


@cache
def tree(path):
    return parse_to_ast(path.read_text(), module_path=str(path))


def reasons():
    """Return the constants of `errors.vy` by name."""
    declared = tree(CONTRACTS / "modules" / "errors.vy").get_children(
        vy_ast.VariableDecl
    )
    return {each.target.id: each.value.value for each in declared}


def classes():
    """Return the exception classes of `specs/errors.py` by name."""
    return {
        name: thing
        for name, thing in vars(errors).items()
        if isinstance(thing, type) and issubclass(thing, errors.Revert)
        if thing is not errors.Revert
    }


def imports(path):
    """Return the modules that a Python file imports."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


def test_every_folder_of_contracts_is_one_of_four():
    assert {path.parent for path in CONTRACTS.rglob("*.vy*")} <= {
        CONTRACTS,
        *(CONTRACTS / part for part in ("modules", "mocks", "interfaces")),
    }


@each(ROOTS)
def test_a_deployable_is_in_pascal_case(path):
    assert re.fullmatch(r"([A-Z][a-z0-9]*)+\.vy", path.name)


@each(MODULES)
def test_a_module_is_in_snake_case(path):
    assert re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*\.vy", path.name)


@each(MOCKS)
def test_a_mock_says_so(path):
    assert re.fullmatch(r"Mock([A-Z][a-z0-9]*)+\.vy", path.name)


@each(INTERFACES)
def test_an_interface_begins_with_i(path):
    assert re.fullmatch(r"I([A-Z][a-z0-9]*)+\.vyi", path.name)


@each(MODULES)
def test_a_module_has_a_specification_of_its_name(path):
    name = f"specs/{SERVING.get(path.stem, path.stem)}.py"
    assert (ROOT / name).is_file()
    assert f"@custom:spec {name}\n" in path.read_text()


@each(ROOTS)
def test_a_deployable_names_its_specification(path):
    (name,) = re.findall(r"^@custom:spec (\S+)$", path.read_text(), re.MULTILINE)
    assert (ROOT / name).is_file()


@each(SOURCES)
def test_a_source_has_the_compiler_and_the_licence(path):
    text = path.read_text()
    assert text.startswith("# pragma version 0.4.3\n")
    assert "@license Apache-2.0\n" in text


@each([*ROOTS, *MODULES])
def test_only_a_root_locks(path):
    switch = "off" if path in MODULES else "on"
    assert f"# pragma nonreentrancy {switch}\n" in path.read_text()


@each(MODULES)
def test_a_module_neither_asks_who_calls_nor_calls_out_unless_named(path):
    calls = (vy_ast.ExtCall, vy_ast.StaticCall)
    names = {node.id for node in tree(path).get_descendants(vy_ast.Name)}
    asked = [
        node
        for node in tree(path).get_descendants(vy_ast.Attribute, {"attr": "sender"})
        if isinstance(node.value, vy_ast.Name) and node.value.id == "msg"
    ]
    is_calling = bool(tree(path).get_descendants(calls) or names & {"raw_call", "send"})
    assert is_calling == (path.stem in CALLING)
    assert "selfdestruct" not in names
    assert not asked


@each([*ROOTS, *MODULES])
def test_exports_are_listed_one_by_one(path):
    assert "__interface__" not in path.read_text()


def test_every_reason_has_its_class():
    named = {
        "".join(word.capitalize() for word in name.split("_")): text
        for name, text in reasons().items()
    }
    assert named == {name: each.reason for name, each in classes().items()}


@pytest.mark.parametrize(("name", "text"), reasons().items())
def test_a_reason_is_short_and_lower_case(name, text):
    assert 0 < len(text) <= 32
    assert text == text.lower()


def test_reasons_differ():
    texts = list(reasons().values())
    assert sorted(set(texts)) == sorted(texts)


@pytest.mark.parametrize("name", reasons())
def test_a_reason_is_given_by_some_contract(name):
    used = re.compile(rf"\berrors\.{name}\b")
    assert any(used.search(path.read_text()) for path in [*ROOTS, *MODULES])


@each(SPECS)
def test_a_specification_is_pure(path):
    foreign = {name for name in imports(path) if name.split(".")[0] != "specs"}
    assert foreign <= PURE


@pytest.mark.parametrize("name", ["requirements.lock", "package-lock.json", ".npmrc"])
def test_what_is_installed_has_no_address(name):
    text = (ROOT / name).read_text()
    assert "://" not in text
    assert not re.search(r"--(extra-)?index-url|--find-links|\bregistry=", text)


def test_every_requirement_has_a_version_and_hashes():
    text = (ROOT / "requirements.lock").read_text()
    blocks = [block for block in re.split(r"\n(?=\S)", text) if block[0] != "#"]
    assert len(blocks) > 100
    for block in blocks:
        assert re.match(r"[\w.-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", block, re.DOTALL)


def test_the_lock_is_of_the_pins():
    text = (ROOT / "pyproject.toml").read_text()
    pins = re.findall(r'^ {4}"([\w.-]+==[\w.]+)"', text, re.MULTILINE)
    locked = (ROOT / "requirements.lock").read_text()
    assert len(pins) > 20
    for pin in pins:
        assert re.search(rf"^{re.escape(pin)} ", locked, re.MULTILINE), pin


def test_anvil_is_locked_by_version_and_hash():
    wanted = json.loads((ROOT / "package.json").read_text())["devDependencies"]
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    for name, version in wanted.items():
        assert locked[f"node_modules/{name}"]["version"] == version
        assert locked[f"node_modules/{name}"]["integrity"].startswith("sha512-")
