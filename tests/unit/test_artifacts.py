"""Compilation in process, its cache, and the one ABI of the one address."""

import multiprocessing
from uuid import uuid4

import pytest

from keeper import artifacts
from keeper.chain.revm import RevmChain
from keeper.errors import UserError
from tests.helpers.toy import MODULE, write_toy


@pytest.fixture
def cache(monkeypatch, tmp_path):
    monkeypatch.setattr(artifacts, "CACHE", tmp_path / "cache")
    return tmp_path / "cache"


@pytest.fixture
def root(tmp_path):
    return write_toy(tmp_path / "contracts")


def function(name, *types):
    return {
        "type": "function",
        "name": name,
        "inputs": [{"name": "x", "type": kind} for kind in types],
        "outputs": [],
        "stateMutability": "view",
    }


def test_runtime_size_is_what_is_deployed(root):
    chain = RevmChain(source_root=root)
    toy = chain.deploy("0x" + "11" * 20, "Toy", 9)
    compiled = artifacts.artifact("Toy", root)
    assert compiled.runtime_size == len(chain.code(toy.address))
    assert compiled.runtime_size == len(compiled.runtime) + 32


def test_artifact_says_where_everything_is(root):
    compiled = artifacts.artifact("Toy", root)
    assert compiled.layout["storage_layout"]["value"]["slot"] == 0
    assert "seen" in compiled.layout["transient_storage_layout"]
    assert "set(uint256)" in compiled.method_identifiers


def test_what_is_read_back_equals_what_was_compiled(cache, root):
    first = artifacts.artifact("Toy", root)
    artifacts._artifact.cache_clear()
    assert artifacts.artifact("Toy", root) == first
    assert len(list(cache.glob("*.json"))) == 1


def test_changed_module_is_compiled_anew(cache, root, tmp_path):
    before = artifacts.artifact("Toy", root)
    other = write_toy(tmp_path / "mutant")
    (other / "modules" / "bound.vy").write_text(
        MODULE.replace("LIMIT = limit", "LIMIT = limit + 1")
    )
    assert artifacts.artifact("Toy", other).bytecode != before.bytecode


def test_file_that_is_not_imported_changes_nothing(cache, root, tmp_path):
    artifacts.artifact("Toy", root)
    other = write_toy(tmp_path / "copy")
    (other / "Unrelated.vy").write_text("# pragma version 0.4.3\n")
    artifacts.artifact("Toy", other)
    assert len(list(cache.glob("*.json"))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "from .modules import bound\n",
        "from .modules import bound as limits\n",
        "import modules.bound as limits\n",
        "from .modules import (\n    other,\n    bound,\n)\n",
        "from .modules import \\\n    other, \\\n    bound\n",
        "x: uint256; import bound\n",
    ],
)
def test_file_may_be_imported_in_many_ways(root, text):
    user = root / "User.vy"
    user.write_text(text)
    before = artifacts._fingerprint(user, root)
    (root / "modules" / "bound.vy").write_text(MODULE + "\n")
    assert artifacts._fingerprint(user, root) != before


def test_file_that_is_only_spoken_of_changes_nothing(root):
    user = root / "User.vy"
    user.write_text("# bound\nbound: uint256\n")
    before = artifacts._fingerprint(user, root)
    (root / "modules" / "bound.vy").write_text(MODULE + "\n")
    assert artifacts._fingerprint(user, root) == before


def compile_toy(root):
    return artifacts.artifact("Toy", root).bytecode


def test_processes_share_one_compilation(cache, root):
    with (root / "Toy.vy").open("a") as source:
        source.write(f"# {uuid4()}\n")
    with multiprocessing.get_context("fork").Pool(4) as pool:
        found = pool.map(compile_toy, [root] * 4)
    assert len(set(found)) == 1
    assert [path.suffix for path in cache.iterdir() if path.suffix != ".lock"] == [
        ".json"
    ]


def test_warnings_of_the_compiler_are_kept(root):
    (root / "Old.vy").write_text(
        "# pragma version 0.4.3\nenum Side:\n    BUY\n    SELL\n"
    )
    assert any("enum" in text for text in artifacts.artifact("Old", root).warnings)
    assert artifacts.artifact("Toy", root).warnings == []


def test_unknown_contract_is_named(root):
    with pytest.raises(UserError, match=r"no contract Nothing; there are \['Toy'\]"):
        artifacts.artifact("Nothing", root)


def test_contract_that_is_there_twice_is_refused(root):
    (root / "modules" / "Toy.vy").write_text("")
    with pytest.raises(UserError, match="more than one contract Toy"):
        artifacts.artifact("Toy", root)


def test_bodies_share_one_abi():
    constructor = {"type": "constructor", "inputs": []}
    event = {"type": "event", "name": "E", "inputs": [], "anonymous": False}
    entry = [constructor, {"type": "fallback"}, event, function("a")]
    body = [constructor, {"type": "fallback"}, event, function("b")]
    merged = artifacts.merge_abis({"Entry": entry, "Body": body})
    assert list(merged) == [*entry, function("b")]


def test_same_function_in_two_bodies_is_refused():
    abis = {"Entry": [function("a", "uint256")], "Body": [function("a", "uint256")]}
    with pytest.raises(ValueError, match=r"Body: a\(uint256\) collides with Entry: a"):
        artifacts.merge_abis(abis)


def test_same_selector_by_accident_is_refused():
    first, second = (
        function("collate_propagate_storage", "bytes16"),
        function("burn", "uint256"),
    )
    with pytest.raises(ValueError, match="collides with Entry: collate"):
        artifacts.merge_abis({"Entry": [first], "Body": [second]})


def test_tuples_are_written_out_in_signatures():
    entry = function("f", "tuple[2]", "address")
    entry["inputs"][0]["components"] = [{"name": "y", "type": "int8"}]
    assert artifacts.signature_of(entry) == "f((int8)[2],address)"
