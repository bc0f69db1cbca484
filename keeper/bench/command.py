"""What `ape run bench` does, once its options are read."""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from keeper.artifacts import ROOT
from keeper.bench import profile, sizes, table
from keeper.bench.acts import ACTS, Act, perform
from keeper.bench.floor import Parts, floor
from keeper.bench.gas_plot import plot
from keeper.bench.node import bench_chain
from keeper.bench.operations import BY_NAME
from keeper.bench.story import Gas
from keeper.bench.trace import Trace, trace
from keeper.chain.ape import ApeDevChain
from keeper.errors import UserError

_PATIENCE: Final = 900  # seconds for the node to run a transaction once more


def run(
    output: Path,
    console: Console,
    root: Path = ROOT,
    profiled: Sequence[str] = (),
    report: Path | None = None,
) -> None:
    """
    Measure, print tables, write the files; print the profiles of some figures.

    Sizes go beside ``output``, the plot into the folder ``report`` if there is one.
    Raise `UserError` if anvil is missing, if a file can't be written, or if there is
    no such figure.
    """
    unknown = ", ".join(sorted(set(profiled) - set(BY_NAME)))
    if unknown:
        raise UserError(f"no such operation: {unknown}; there are {', '.join(BY_NAME)}")
    gas: Gas = {}
    floors: dict[str, Parts] = {}
    for act in ACTS:
        found, low = measure(act, console, root, profiled)
        gas |= found
        floors |= low
    rows, code = table.rows_of(gas, floors), sizes.sizes()
    table.show(rows, console)
    sizes.show(code, console)
    files = {output: table.json_of(rows), sizes_beside(output): table.json_of(code)}
    if report is not None:
        files[report / "bench.svg"] = plot(rows)
    for path, text in files.items():
        table.write(text, path)
        console.print(f"written: {path}", highlight=False, soft_wrap=True)


def sizes_beside(output: Path) -> Path:
    """Return the file for the sizes: its rows are no operations, so another one."""
    return output.with_name(f"{output.stem}-sizes{output.suffix}")


def measure(
    act: Act, console: Console, root: Path, profiled: Sequence[str]
) -> tuple[Gas, dict[str, Parts]]:
    """Return the figures of one act and their floors, on an anvil of its own."""
    with bench_chain(root) as chain, console.status(act.name) as status:
        gas = perform(act, chain, lambda names: console.print(f"measured {names}"))
        status.update(f"{act.name}: floors")
        look = tracing(chain)
        names = {address.lower(): name for address, name in chain.names.items()}
        for name in profiled:
            if name in gas:
                found = profile.profile(gas[name], look, names)
                profile.show(name, gas[name], found, console)
        return gas, {name: floor(cost, look, names) for name, cost in gas.items()}


def tracing(chain: ApeDevChain) -> Callable[[str], Trace]:
    """Return what has the chain's node run a transaction once more, at most once."""
    from web3 import HTTPProvider

    # Ape's own connection gives up long before a large transaction is run once more.
    node = HTTPProvider(chain.url, request_kwargs={"timeout": _PATIENCE})

    def ask(method: str, arguments: list[Any]) -> Any:
        answer = node.make_request(method, arguments)
        if "result" not in answer:
            raise UserError(f"{method}: {answer.get('error')}")
        return answer["result"]

    return cache(lambda transaction: trace(ask, transaction))
