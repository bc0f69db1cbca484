"""
What is kept as text in `tests/snapshots/`, so that a change of it is reviewed.

Run as a module, which `make snapshot` does, it writes all of it again.
"""

import json
from importlib.metadata import version

from eth_utils.crypto import keccak

from keeper.artifacts import (
    BODIES,
    EVM_VERSION,
    INNER,
    ROOT,
    artifact,
    clearinghouse_abi,
    contract_names,
    signature_of,
)
from keeper.bench.sizes import LIMIT
from keeper.chain.ape import connected
from keeper.chain.ape_test import ApeTestChain
from keeper.cli import hush
from tests.helpers.story import tell

FOLDER = ROOT / "tests" / "snapshots"

COMPILER = version("vyper")
DEPLOYABLES = [name for name in contract_names() if not name.startswith("Mock")]


def head(subject):
    """Return the first line of a snapshot."""
    return f"# vyper {COMPILER}, {EVM_VERSION}: {subject}\n"


def selectors():
    """Return the selector of every function, by deployable."""
    lines = []
    for name in DEPLOYABLES:
        lines.append(f"\n{name}\n")
        lines += sorted(
            f"  {keccak(text=signature_of(entry))[:4].hex()} {signature_of(entry)}\n"
            for entry in artifact(name).abi
            if entry["type"] == "function"
        )
    return head("selectors of every function") + "".join(lines)


def storage_layout():
    """Return the slot of every variable, by deployable; the bodies share one."""
    shared = [name for name in DEPLOYABLES if name not in (*BODIES[1:], *INNER)]
    lines = []
    for name in shared:
        layout = artifact(name).layout
        lines.append(f"\n{name}\n")
        for kind in ("storage_layout", "transient_storage_layout"):
            word = kind.split("_")[0]
            slots = sorted(places(layout.get(kind, {})))
            lines += [f"  {word} {slot:2} {path}\n" for slot, path in slots]
    return head("slot of every variable") + "".join(lines)


def places(layout, path=""):
    """Yield slot and path, by way of the modules, of every variable of a layout."""
    for name, entry in layout.items():
        if "slot" in entry:
            yield entry["slot"], f"{path}{name}: {entry['type']}"
        else:
            yield from places(entry, f"{path}{name}.")


def sizes():
    """Return the runtime size of every deployable in bytes."""
    title = head(f"runtime bytes, limit {LIMIT:,}, and what is left")
    lines = []
    for name in DEPLOYABLES:
        size = artifact(name).runtime_size
        lines.append(f"{name:16} {size:6,} {LIMIT - size:6,}\n")
    return title + "".join(lines)


def published_abi():
    """Return the one ABI of the Clearinghouse's address."""
    return json.dumps(list(clearinghouse_abi()), indent=1) + "\n"


def gas():
    """Return the gas of each step of the story, by the test provider's receipts."""
    hush()
    with connected("ethereum:local:test") as provider, ApeTestChain(provider) as chain:
        receipts = tell(chain).receipts
    lines = [f"{name:16} {each.gas_used:9,}\n" for name, each in receipts.items()]
    title = head("gas of one story, by receipts of Ape's test provider")
    return title + "".join(lines)


STATIC = {
    "selectors.txt": selectors,
    "storage_layout.txt": storage_layout,
    "sizes.txt": sizes,
    "Clearinghouse.abi.json": published_abi,
}
GAS = "gas.txt"


def write(name, text):
    """Write a snapshot; return whether it changed."""
    path = FOLDER / name
    FOLDER.mkdir(exist_ok=True)
    old = path.read_text() if path.exists() else ""
    path.write_text(text)
    return text != old


def complaint(name, text):
    """Return one line if a snapshot is not as it was kept, else an empty one."""
    path = FOLDER / name
    if path.exists() and path.read_text() == text:
        return ""
    where = path.relative_to(ROOT)
    return (
        f"{where} is out of date: `make snapshot` rewrites it, then review and commit"
    )


def main():
    """Write every snapshot, and say which ones changed."""
    for name, make in {**STATIC, GAS: gas}.items():
        is_changed = write(name, make())
        print(f"tests/snapshots/{name}: {'changed' if is_changed else 'as it was'}")


if __name__ == "__main__":
    main()
