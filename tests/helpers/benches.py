"""The benchmark's acts on Ape's test provider, and what is said if a figure moved."""

import json
from contextlib import contextmanager

from keeper.artifacts import ROOT
from keeper.bench.acts import perform
from keeper.bench.command import sizes_beside
from keeper.bench.node import CHAIN_ID, INTERVAL, START
from keeper.chain.ape import connected
from keeper.chain.ape_test import ApeTestChain
from keeper.cli import hush

FIGURES = ROOT / "bench.json"
SIZES = sizes_beside(FIGURES)

MOST = 6
"""Figures that are named in a message."""


class SteadyChain(ApeTestChain):
    """As the benchmark's anvil: a transaction is a block, so long after the last."""

    def send(self, sender, contract, method, *arguments):
        """Send in a block of its own."""
        self._wait()
        return super().send(sender, contract, method, *arguments)

    def deploy(self, sender, name, *arguments):
        """Deploy in a block of its own."""
        self._wait()
        return super().deploy(sender, name, *arguments)

    def _wait(self):
        self.advance_to(self.block().timestamp + INTERVAL)


@contextmanager
def steady_chain():
    """Give an empty chain under the conditions of the measurement."""
    hush()
    with (
        connected("ethereum:local:test") as provider,
        SteadyChain(provider, START, chain_id=CHAIN_ID) as chain,
    ):
        yield chain


def measure(act):
    """Return the gas of an act's rows."""
    with steady_chain() as chain:
        return perform(act, chain)


def kept(path=FIGURES):
    """Return what a file of the repository says."""
    return json.loads(path.read_text())


def complaint(found, rows, path=FIGURES):
    """
    Return two lines if figures are not as they were kept, else an empty string.

    Names are in the order of what was found; ``rows`` are the kept figures by name.
    """
    moved = [
        f"{name} {rows.get(name, 0):,} -> {found.get(name, 0):,} "
        f"({found.get(name, 0) - rows.get(name, 0):+,})"
        for name in (found | rows)
        if found.get(name) != rows.get(name)
    ]
    if not moved:
        return ""
    more = f" and {len(moved) - MOST} more" if len(moved) > MOST else ""
    return (
        f"{path.name}: {', '.join(moved[:MOST])}{more}\n"
        f"to accept, `make bench` rewrites it; then review and commit"
    )
