"""
An anvil for one run: nobody else's, and the same from genesis every time.

Hardfork, start and spacing of the blocks are fixed and gas is free, so that two runs
have the same blocks, and the same gas to the last unit.
"""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from keeper.chain.ape import ApeDevChain
from keeper.devnet import chain_id_at, find_anvil
from keeper.errors import UserError

if TYPE_CHECKING:
    from ape.api import ProviderAPI

HARDFORK: Final = "prague"
START: Final = 1_700_000_000
INTERVAL: Final = 12  # seconds between blocks
CHAIN_ID: Final = 31_337  # part of what is signed, and so of calldata

_PATIENCE: Final = 20  # seconds for anvil to answer


@contextmanager
def bench_chain(root: Path) -> Iterator[ApeDevChain]:
    """
    Start anvil, connect to it, and stop it at the end.

    Every transaction is a block, ``INTERVAL`` after the one before. Raise `UserError`
    if anvil is missing or does not start.
    """
    with running_anvil(root) as url, connected_to(url) as provider:
        # Ape's providers differ in what a development node can do: this one can.
        provider.make_request("anvil_setBlockTimestampInterval", [INTERVAL])
        yield ApeDevChain(provider)


@contextmanager
def running_anvil(root: Path) -> Iterator[str]:
    """Start anvil on a free port and give its address."""
    port = find_port()
    process = subprocess.Popen(
        command(find_anvil(root), port),
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + _PATIENCE
        while chain_id_at(url) is None:
            if process.poll() is not None or time.monotonic() > deadline:
                raise UserError(f"anvil does not answer at {url}; `make anvil` again")
            time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait()


def command(anvil: str, port: int) -> list[str]:
    """Return the command that starts anvil under the conditions of the measurement."""
    options = {
        "--port": port,
        "--chain-id": CHAIN_ID,
        "--hardfork": HARDFORK,
        "--timestamp": START,
        "--block-base-fee-per-gas": 0,
        "--gas-price": 0,
    }
    words = [str(word) for option in options.items() for word in option]
    return [anvil, *words, "--silent"]


def find_port() -> int:
    """Return a port that nobody listens to."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def connected_to(url: str) -> Iterator["ProviderAPI"]:
    """Connect Ape to a running anvil, without a word of it for each transaction."""
    from ape import networks
    from ape.logging import LogLevel, logger

    foundry = networks.ethereum.local.use_provider(
        "foundry", provider_settings={"host": url, "manage_process": False}
    )
    with logger.at_level(LogLevel.ERROR), foundry as provider:
        yield provider
