"""Module functions, made callable: `tests/harness/*.vy`, deployed on an EVM."""

import shutil
import tempfile
from functools import cache
from pathlib import Path

from keeper.artifacts import CONTRACTS, ROOT
from keeper.chain.interface import Refused
from keeper.chain.revm import RevmChain
from specs.errors import Revert

HARNESS = ROOT / "tests" / "harness"
SENDER = "0x" + "11" * 20

_kept = []


@cache
def source_root():
    """Return a folder in which the harnesses find the modules that they import."""
    folder = tempfile.TemporaryDirectory(prefix="harness-")
    _kept.append(folder)
    root = Path(folder.name)
    for part in ("modules", "interfaces"):
        shutil.copytree(CONTRACTS / part, root / "contracts" / part)
    shutil.copytree(HARNESS, root / "harness")
    return root


class Harness:
    """One deployed harness."""

    def __init__(self, name):
        self.chain = RevmChain(source_root=source_root())
        self.contract = self.chain.deploy(SENDER, name)

    def __call__(self, method, *arguments):
        return self.chain.call(self.contract, method, *arguments)

    def send(self, method, *arguments):
        return self.chain.send(SENDER, self.contract, method, *arguments).result

    def reason(self, method, *arguments):
        """Return why a call reverts; None if it does not."""
        try:
            self(method, *arguments)
        except Refused as refused:
            return refused.reason
        return None


@cache
def deploy(name):
    """Return the harness `name`, deployed once."""
    return Harness(name)


def outcome(function, *arguments):
    """Return what a function of the specification returns, or why it refuses."""
    try:
        return function(*arguments)
    except Revert as refused:
        return refused.reason
