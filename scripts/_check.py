"""
Compile every deployable contract: no warning, and less code than the chain allows.

Run by `make check` as `python -m scripts._check`; Ape takes no file that begins with
an underscore for a command.
"""

import sys

from rich.console import Console
from rich.table import Table

from keeper.artifacts import Artifact, artifact, contract_names
from keeper.bench.sizes import LIMIT


def main() -> int:
    """Print a table of runtime sizes, and return 1 if anything is wrong."""
    names = contract_names()
    artifacts = [artifact(name) for name in names]
    console = Console(highlight=False)
    console.print(table(artifacts))
    wrong = [line for each in artifacts for line in complaints(each)]
    if not names:
        wrong = ["there is no contract"]
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


def table(artifacts: list[Artifact]) -> Table:
    """Return the sizes in bytes, the largest contract first."""
    sizes = Table("contract", title=f"runtime size, limit {LIMIT:,}")
    sizes.add_column("bytes", justify="right")
    sizes.add_column("left", justify="right")
    for each in sorted(artifacts, key=lambda each: -each.runtime_size):
        left = LIMIT - each.runtime_size
        sizes.add_row(each.name, f"{each.runtime_size:,}", f"{left:,}")
    return sizes


def complaints(compiled: Artifact) -> list[str]:
    """Return a line for everything that is wrong with one contract."""
    lines = [f"{compiled.name}: warning: {text}" for text in compiled.warnings]
    if compiled.runtime_size >= LIMIT:
        size = f"{compiled.runtime_size:,} bytes"
        lines.append(f"{compiled.name}: {size}, the limit is below {LIMIT:,}")
    return lines


if __name__ == "__main__":
    sys.exit(main())
