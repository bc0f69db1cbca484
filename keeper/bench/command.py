"""What `ape run bench` does, once its options are read."""

from pathlib import Path

from rich.console import Console

from keeper.artifacts import ROOT
from keeper.bench.book import trade_on_book
from keeper.bench.node import bench_chain
from keeper.bench.scene import Scene
from keeper.bench.story import tell
from keeper.bench.table import rows_of, show, write


def run(output: Path, console: Console, root: Path = ROOT) -> None:
    """
    Measure, print the table and write the file.

    Raise `UserError` if anvil is missing or the file can't be written.
    """
    with bench_chain(root) as chain, console.status("deploying") as status:
        scene = Scene(chain)
        status.update("measuring")
        gas = tell(scene, lambda names: console.print(f"measured {names}"))
        traded = trade_on_book(scene)
        console.print(f"measured {', '.join(traded)}")
        gas |= traded
    rows = rows_of(gas)
    show(rows, console)
    write(rows, output)
    console.print(f"written: {output}", highlight=False)
