"""
Ape's in-process test provider as a local chain that keeps time like pyrevm's.

Blocks are built one transaction at a time on the provider's own backend, which Ape
itself does not offer: it mines a block for each transaction, and a block's timestamp
has to be later than its parent's, so that a busy second could not be replayed. The
chain that the provider had is put aside until `close`.
"""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

from keeper.artifacts import CONTRACTS, artifact
from keeper.chain.ape import ENDOWMENT
from keeper.chain.codec import checksum, codec_of, decode_events, decode_revert, encode
from keeper.chain.interface import Block, Contract, Receipt, Refused
from keeper.chain.revm import GAS_LIMIT, GENESIS
from keeper.errors import UserError

if TYPE_CHECKING:
    from ape.api import ProviderAPI
    from eth_account.signers.local import LocalAccount

# A block holds whatever is sent in its second: its limit must never be what counts.
_BLOCK_GAS_LIMIT: Final = 2**50


class ApeTestChain:
    """A `LocalChain` on the backend of Ape's test provider; a context manager."""

    def __init__(
        self,
        provider: ProviderAPI,
        start: int = GENESIS,
        source_root: Path = CONTRACTS,
        chain_id: int | None = None,
    ) -> None:
        """
        Begin with an empty state and block 1 open at the time `start`.

        The chain has the provider's id, or the one that is given.
        """
        if provider.name != "test":
            raise UserError(
                f"{provider.name} builds no blocks to order; use ethereum:local:test"
            )
        self._backend: Any = provider.evm_backend
        self._before = self._backend.chain
        self._backend.chain = _new_chain(self._backend, start - 1)
        self._chain_id = int(provider.chain_id) if chain_id is None else chain_id
        self._backend.chain.chain_id = self._chain_id
        self._source_root = source_root
        self._names: dict[str, str] = {}
        self._accounts: dict[str, LocalAccount] = {}
        self._read: tuple[Any, Any] = (None, None)
        self._open(start)

    def __enter__(self) -> ApeTestChain:
        """Return the chain itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Give the provider its own chain back."""
        self.close()

    def close(self) -> None:
        """Give the provider its own chain back."""
        self._backend.chain = self._before

    @property
    def chain_id(self) -> int:
        """Return the chain's id."""
        return self._chain_id

    def block(self) -> Block:
        """Return the open block."""
        header = self._chain.header
        return Block(int(header.block_number), int(header.timestamp))

    def advance_to(self, timestamp: int) -> Block:
        """Open the next block, at `timestamp` or one second after the last."""
        last = self.block()
        self._backend.mine_blocks(1)
        self._open(max(timestamp, last.timestamp + 1))
        return self.block()

    def unlock(self, account: LocalAccount) -> str:
        """Let the chain send for `account`, and pay for its gas."""
        self._accounts[account.address] = account
        state = self._chain.get_vm().state
        state.set_balance(bytes.fromhex(account.address[2:]), ENDOWMENT)
        state.persist()
        self._chain.header = self._chain.header.copy(state_root=state.state_root)
        return account.address

    def at(self, name: str, address: str) -> Contract:
        """Return the contract `name` at `address`."""
        self._names[checksum(address)] = name
        return Contract(name, checksum(address))

    def call(
        self, contract: Contract, method: str, *arguments: Any, block: int | None = None
    ) -> Any:
        """Return what a view says in the open block."""
        if block not in (None, self.block().number):
            raise ValueError(f"block {block} is over")
        found = codec_of(contract.name, self._source_root).method(method, arguments)
        state = self._chain.get_vm().state
        computation = state.apply_transaction(
            self._spoofed(contract.address, found.encode(arguments))
        )
        return found.decode(_output(computation))

    def send(
        self, sender: str, contract: Contract, method: str, *arguments: Any
    ) -> Receipt:
        """Apply a signed transaction to the open block."""
        found = codec_of(contract.name, self._source_root).method(method, arguments)
        computation, hash_, gas = self._send(
            sender, contract.address, found.encode(arguments)
        )
        logs = [
            (checksum(address), [topic.to_bytes(32) for topic in topics], data)
            for address, topics, data in computation.get_log_entries()
        ]
        events = decode_events(logs, self._names, self._source_root)
        result = found.decode(computation.output)
        return Receipt(hash_, self.block(), gas, events, result)

    def deploy(self, sender: str, name: str, *arguments: Any) -> Contract:
        """Deploy the contract `name` in the open block."""
        types = codec_of(name, self._source_root).constructor
        code = artifact(name, self._source_root).bytecode + encode(types, arguments)
        computation, _, _ = self._send(sender, "", code)
        return self.at(name, checksum(computation.msg.storage_address))

    def storage(self, address: str, slot: int) -> int:
        """Return one word of storage."""
        return int(self._state().get_storage(bytes.fromhex(address[2:]), slot))

    def code(self, address: str) -> bytes:
        """Return the code at `address`."""
        return bytes(self._state().get_code(bytes.fromhex(address[2:])))

    @property
    def _chain(self) -> Any:
        return self._backend.chain

    def _state(self) -> Any:
        """Return the present state, to read from only: made once, it remembers."""
        header, state = self._read
        if header is not self._chain.header:
            header, state = self._chain.header, self._chain.get_vm().state
            self._read = header, state
        return state

    def _open(self, timestamp: int) -> None:
        self._chain.header = self._chain.header.copy(timestamp=timestamp)

    def _send(self, sender: str, to: str, data: bytes) -> tuple[Any, str, int]:
        """Return computation, hash and gas; a refused transaction is taken back."""
        if sender not in self._accounts:
            raise UserError(f"no key for {sender}; unlock it first")
        before = self._chain.header
        nonce = self._chain.get_vm().state.get_nonce(bytes.fromhex(sender[2:]))
        signed = self._accounts[sender].sign_transaction(
            self._fields(to, data) | {"nonce": nonce}
        )
        decoder = self._chain.get_vm().get_transaction_builder()
        transaction = decoder.decode(bytes(signed.raw_transaction))
        _, _, computation = self._chain.apply_transaction(transaction)
        if computation.is_error:
            self._chain.header = before
            _output(computation)
        gas = int(self._chain.header.gas_used - before.gas_used)
        return computation, "0x" + transaction.hash.hex(), gas

    def _fields(self, to: str, data: bytes) -> dict[str, Any]:
        return {
            "chainId": self._chain_id,
            "to": to,
            "data": data,
            "gas": GAS_LIMIT,
            "maxFeePerGas": int(self._chain.header.base_fee_per_gas),
            "maxPriorityFeePerGas": 0,
        }

    def _spoofed(self, to: str, data: bytes) -> Any:
        """Return an unsigned transaction of nobody."""
        from eth.vm.spoof import SpoofTransaction

        unsigned = self._chain.create_unsigned_transaction(
            nonce=0,
            gas_price=int(self._chain.header.base_fee_per_gas),
            gas=GAS_LIMIT,
            to=bytes.fromhex(to[2:]),
            value=0,
            data=data,
        )
        return SpoofTransaction(unsigned, from_=bytes(20))


def _new_chain(backend: Any, timestamp: int) -> Any:
    """Return an empty chain with the provider's accounts, begun at `timestamp`."""
    from eth_tester.backends.pyevm.main import (  # type: ignore[import-untyped]
        get_default_genesis_params,
        setup_tester_chain,
    )

    genesis = get_default_genesis_params(
        {"timestamp": timestamp, "gas_limit": _BLOCK_GAS_LIMIT}
    )
    nobody = {bytes(20): {"balance": ENDOWMENT, "nonce": 0, "code": b"", "storage": {}}}
    state = {**backend.genesis_state, **nobody}
    return setup_tester_chain(genesis, state)[1]


def _output(computation: Any) -> bytes:
    """Return what a computation returned; raise `Refused` if it reverted."""
    if computation.is_error:
        output = bytes(computation.output)
        name = type(computation.error).__name__
        raise Refused(decode_revert(output) if name == "Revert" else name)
    return bytes(computation.output)
