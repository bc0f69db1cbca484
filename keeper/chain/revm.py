"""
An EVM in this process: fast, with snapshots, and not to be asked about gas.

Any address can send; there are no keys, fees or nonces. A snapshot can be reverted
to once, newest first.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from eth_account.signers.local import LocalAccount
from pyrevm import EVM, BlockEnv, CfgEnv, Env

from keeper.artifacts import CONTRACTS, artifact
from keeper.chain.codec import checksum, codec_of, decode_events, decode_revert, encode
from keeper.chain.interface import Block, Contract, Event, Receipt, Refused

CHAIN_ID: Final = 1337
GENESIS: Final = 1_700_000_000
GAS_LIMIT: Final = 30_000_000  # of a transaction

_REVERT: Final = re.compile(r"Revert \{ gas_used: \d+, output: 0x([0-9a-f]*) \}")
_NOBODY: Final = "0x" + "00" * 20
_PADDING: Final = 33  # zero bytes that the engine appends to code


@dataclass(frozen=True)
class Snapshot:
    """A state of the chain to return to, once."""

    checkpoint: Any
    block: Block


class RevmChain:
    """A local chain on pyrevm: `LocalChain`, and snapshots."""

    def __init__(
        self,
        start: int = GENESIS,
        source_root: Path = CONTRACTS,
        chain_id: int = CHAIN_ID,
    ) -> None:
        """Begin with an empty state and block 1 open at the time `start`."""
        self._evm = EVM(Env(cfg=CfgEnv(chain_id=chain_id)), spec_id="CANCUN")
        self._source_root = source_root
        self._names: dict[str, str] = {}
        self._chain_id = chain_id
        self._open(Block(1, start))

    @property
    def chain_id(self) -> int:
        """Return the chain's id."""
        return self._chain_id

    def block(self) -> Block:
        """Return the open block."""
        return self._block

    def advance_to(self, timestamp: int) -> Block:
        """Open the next block, at `timestamp` or one second after the last."""
        last = self._block
        self._open(Block(last.number + 1, max(timestamp, last.timestamp + 1)))
        return self._block

    def at(self, name: str, address: str) -> Contract:
        """Return the contract `name` at `address`."""
        self._names[checksum(address)] = name
        return Contract(name, checksum(address))

    def call(
        self, contract: Contract, method: str, *arguments: Any, block: int | None = None
    ) -> Any:
        """Return what a function says in the open block, changing nothing."""
        if block not in (None, self._block.number):
            raise ValueError(f"block {block} is over")
        found = codec_of(contract.name, self._source_root).method(method, arguments)
        data = found.encode(arguments)
        if found.is_view:
            return found.decode(self._message(_NOBODY, contract.address, data, True))
        before = self._evm.snapshot()
        try:
            return found.decode(self.send_raw(_NOBODY, contract.address, data))
        finally:
            self._evm.revert(before)

    def send(
        self, sender: str, contract: Contract, method: str, *arguments: Any
    ) -> Receipt:
        """Apply a transaction to the open block."""
        found = codec_of(contract.name, self._source_root).method(method, arguments)
        output = self.send_raw(sender, contract.address, found.encode(arguments))
        events = self._events()
        return Receipt(None, self._block, None, events, found.decode(output))

    def post(
        self, sender: str, contract: Contract, method: str, *arguments: Any
    ) -> None:
        """Apply a transaction of whose events and result nobody asks: it is faster."""
        found = codec_of(contract.name, self._source_root).method(method, arguments)
        self.send_raw(sender, contract.address, found.encode(arguments))

    def send_raw(self, sender: str, address: str, data: bytes) -> bytes:
        """Apply a transaction with this calldata; return what it returned."""
        try:
            return self._message(sender, address, data, False)
        finally:
            # The engine sees all messages as one transaction.
            self._evm.reset_transient_storage()

    def deploy(self, sender: str, name: str, *arguments: Any) -> Contract:
        """Deploy the contract `name` in the open block."""
        compiled = artifact(name, self._source_root)
        types = codec_of(name, self._source_root).constructor
        return self.at(
            name, self.deploy_raw(sender, compiled.bytecode + encode(types, arguments))
        )

    def deploy_raw(self, sender: str, code: bytes) -> str:
        """Deploy this code with its arguments appended; return the address."""
        try:
            return checksum(self._evm.deploy(sender, code))
        except RuntimeError as error:
            raise _refusal(error) from None
        finally:
            self._evm.reset_transient_storage()

    def storage(self, address: str, slot: int) -> int:
        """Return one word of storage."""
        return self._evm.storage(address, slot)

    def code(self, address: str) -> bytes:
        """Return the code at `address`."""
        code = self._evm.get_code(address)
        return code[:-_PADDING] if code else b""

    def unlock(self, account: LocalAccount) -> str:
        """Return the account's address; any address can send here."""
        return account.address

    def snapshot(self) -> Snapshot:
        """Return the present state, to be reverted to at most once."""
        return Snapshot(self._evm.snapshot(), self._block)

    def revert(self, snapshot: Snapshot) -> None:
        """Return to `snapshot`; later snapshots are lost."""
        self._evm.revert(snapshot.checkpoint)
        self._open(snapshot.block)

    def _open(self, block: Block) -> None:
        self._block = block
        self._evm.set_block_env(
            BlockEnv(number=block.number, timestamp=block.timestamp)
        )

    def _message(self, sender: str, address: str, data: bytes, static: bool) -> bytes:
        try:
            return self._evm.message_call(
                sender, address, data, gas=GAS_LIMIT, is_static=static
            )
        except RuntimeError as error:
            raise _refusal(error) from None

    def _events(self) -> Sequence[Event]:
        result = self._evm.result
        found = result.logs if result else []
        logs = [(checksum(log.address), *log.data) for log in found]
        return decode_events(logs, self._names, self._source_root)


def _refusal(error: RuntimeError) -> Exception:
    """Return the refusal that the engine's text reports, or the error itself."""
    text = str(error)
    found = _REVERT.search(text)
    if found:
        return Refused(decode_revert(bytes.fromhex(found[1])))
    if text.startswith("Halt"):
        return Refused(text[:80])
    return error
