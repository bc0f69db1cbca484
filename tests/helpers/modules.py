"""A module's internal functions, called through a contract made for the purpose."""

import shutil
from dataclasses import dataclass
from typing import Any

from keeper.artifacts import CONTRACTS
from keeper.chain.interface import Contract
from keeper.chain.revm import CHAIN_ID, RevmChain

DEPLOYER = "0x" + "d0" * 20


@dataclass(frozen=True)
class Handle:
    """A contract whose methods are called as attributes."""

    chain: RevmChain
    contract: Contract
    sender: str = DEPLOYER

    @property
    def address(self) -> str:
        """The contract's address."""
        return self.contract.address

    def __getattr__(self, method: str) -> Any:
        """Return a function that sends `method` and returns what it returned."""

        def call(*arguments: Any) -> Any:
            return self.chain.send(
                self.sender, self.contract, method, *arguments
            ).result

        return call


def deploy_module(folder, name, calls, chain_id=CHAIN_ID):
    """Return a `Handle` of a contract with the externals `calls` around a module."""
    shutil.copytree(CONTRACTS / "modules", folder / "modules")
    shutil.copytree(CONTRACTS / "interfaces", folder / "interfaces")
    lines = ["# pragma version 0.4.3", f"from modules import {name}"]
    (folder / "Around.vy").write_text("\n".join(lines) + "\n" + calls)
    chain = RevmChain(source_root=folder, chain_id=chain_id)
    return Handle(chain, chain.deploy(DEPLOYER, "Around"))
