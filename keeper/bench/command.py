"""What `ape run bench` does, once its options are read."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from keeper.artifacts import ROOT
from keeper.bench import profile
from keeper.bench.book import trade_on_book
from keeper.bench.node import bench_chain
from keeper.bench.operations import BY_NAME
from keeper.bench.scene import Scene
from keeper.bench.story import Gas, tell
from keeper.bench.table import rows_of, show, write
from keeper.chain.ape import ApeDevChain
from keeper.errors import UserError

_PATIENCE: Final = 900  # seconds for the node to run a transaction once more


def run(
    output: Path, console: Console, root: Path = ROOT, profiled: Sequence[str] = ()
) -> None:
    """
    Measure, print the table and write the file; print the profiles of some figures.

    Raise `UserError` if anvil is missing, if the file can't be written, or if there is
    no such figure.
    """
    unknown = ", ".join(sorted(set(profiled) - set(BY_NAME)))
    if unknown:
        raise UserError(f"no such operation: {unknown}; there are {', '.join(BY_NAME)}")
    with bench_chain(root) as chain, console.status("deploying") as status:
        scene = Scene(chain)
        status.update("measuring")
        gas = tell(scene, lambda names: console.print(f"measured {names}"))
        traded = trade_on_book(scene)
        console.print(f"measured {', '.join(traded)}")
        gas |= traded
        status.update("profiling")
        show_profiles(gas, profiled, chain, console)
    rows = rows_of(gas)
    show(rows, console)
    write(rows, output)
    console.print(f"written: {output}", highlight=False)


def show_profiles(
    gas: Gas, profiled: Sequence[str], chain: ApeDevChain, console: Console
) -> None:
    """Print where the gas of some figures goes."""
    from web3 import HTTPProvider

    # Ape's own connection gives up long before a large transaction is run once more.
    node = HTTPProvider(chain.url, request_kwargs={"timeout": _PATIENCE})

    def ask(method: str, arguments: list[Any]) -> Any:
        answer = node.make_request(method, arguments)
        if "result" not in answer:
            raise UserError(f"{method}: {answer.get('error')}")
        return answer["result"]

    names = {address.lower(): name for address, name in chain.names.items()}
    for name in profiled:
        found = profile.profile(gas[name], ask, names)
        profile.show(name, gas[name], found, console)
