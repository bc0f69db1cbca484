"""
Any network that Ape can reach, worked with Ape's accounts.

Every transaction is a block of its own or whatever the network makes of it, and gas
is what its receipt says. Encoding and decoding are this package's own, so both
engines agree; connection, signing, gas estimates and confirmations are Ape's.

`ApeDevChain` adds what a development node such as anvil lets one do. A local chain
with several transactions in a block of a chosen time is `keeper.chain.ape_test`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from keeper.artifacts import CONTRACTS, artifact
from keeper.chain.codec import checksum, codec_of, decode_events, decode_revert, encode
from keeper.chain.interface import Block, Contract, Receipt, Refused
from keeper.errors import UserError

if TYPE_CHECKING:
    from ape.api import AccountAPI, ProviderAPI, ReceiptAPI, TransactionAPI
    from eth_account.signers.local import LocalAccount

ENDOWMENT: Final = 10**27  # wei, for gas on a development chain


@contextmanager
def connected(network: str) -> Iterator[ProviderAPI]:
    """
    Connect to an Ape network choice, such as `ethereum:local:foundry`.

    Raise `UserError` if there is no such network or nothing answers.
    """
    from ape import networks
    from ape.exceptions import ApeException, NetworkError

    with ExitStack() as stack:
        try:
            choice = networks.parse_network_choice(network)
            provider = stack.enter_context(choice)
            provider.chain_id  # noqa: B018  asks the node whether it is there
        except NetworkError as error:
            raise UserError(f"no network {network}: {_line(error)}") from None
        except (ApeException, OSError) as error:
            raise _unreachable(network, error) from None
        yield provider


class ApeChain:
    """A `Chain` on an Ape provider, sending from the given accounts."""

    def __init__(
        self,
        provider: ProviderAPI,
        accounts: Sequence[AccountAPI] = (),
        source_root: Path = CONTRACTS,
    ) -> None:
        """Use a connected `provider`; without accounts nothing can be sent."""
        self.provider = provider
        self._accounts = {str(account.address): account for account in accounts}
        self._source_root = source_root
        self._names: dict[str, str] = {}

    @property
    def chain_id(self) -> int:
        """Return the chain's id."""
        with _clear_errors(self.provider.name):
            return int(self.provider.chain_id)

    @property
    def names(self) -> Mapping[str, str]:
        """Return the contracts' names by their addresses."""
        return self._names

    @property
    def url(self) -> str:
        """Return where the node is."""
        return str(self.provider.http_uri)

    def block(self) -> Block:
        """Return the newest block."""
        with _clear_errors(self.provider.name):
            block = self.provider.get_block("latest")
        return Block(int(block.number or 0), int(block.timestamp))

    def at(self, name: str, address: str) -> Contract:
        """Return the contract `name` at `address`."""
        self._names[checksum(address)] = name
        return Contract(name, checksum(address))

    def call(
        self, contract: Contract, method: str, *arguments: Any, block: int | None = None
    ) -> Any:
        """Return what a view says as of `block`."""
        found = codec_of(contract.name, self._source_root).method(method, arguments)
        with _clear_errors(self.provider.name):
            txn = self._transaction(contract.address, found.encode(arguments))
            output = self.provider.send_call(txn, block_id=block)
        return found.decode(bytes(output))

    def send(
        self, sender: str, contract: Contract, method: str, *arguments: Any
    ) -> Receipt:
        """Send a transaction and wait until it is confirmed."""
        found = codec_of(contract.name, self._source_root).method(method, arguments)
        receipt = self._send(sender, contract.address, found.encode(arguments))
        return self._receipt(receipt)

    def rehearse(
        self, sender: str, contract: Contract, method: str, *arguments: Any
    ) -> None:
        """Raise `Refused` if a transaction would revert now; send nothing."""
        found = codec_of(contract.name, self._source_root).method(method, arguments)
        with _clear_errors(self.provider.name):
            txn = self._transaction(contract.address, found.encode(arguments))
            txn.sender = sender
            self.provider.send_call(txn, skip_trace=True)

    def deploy(self, sender: str, name: str, *arguments: Any) -> Contract:
        """Deploy the contract `name`."""
        types = codec_of(name, self._source_root).constructor
        code = artifact(name, self._source_root).bytecode + encode(types, arguments)
        return self.at(name, str(self._send(sender, None, code).contract_address))

    def storage(self, address: str, slot: int) -> int:
        """Return one word of storage."""
        with _clear_errors(self.provider.name):
            return int.from_bytes(self.provider.get_storage(checksum(address), slot))

    def code(self, address: str) -> bytes:
        """Return the code at `address`."""
        with _clear_errors(self.provider.name):
            return bytes(self.provider.get_code(checksum(address)))

    def _transaction(self, receiver: str | None, data: bytes) -> TransactionAPI:
        ecosystem = self.provider.network.ecosystem
        to = {"receiver": receiver} if receiver else {}
        return ecosystem.create_transaction(data=data, chain_id=self.chain_id, **to)

    def _send(self, sender: str, receiver: str | None, data: bytes) -> ReceiptAPI:
        if sender not in self._accounts:
            raise UserError(f"no account for {sender}; import it with `ape accounts`")
        with _clear_errors(self.provider.name):
            return self._accounts[sender].call(self._transaction(receiver, data))

    def _receipt(self, receipt: ReceiptAPI) -> Receipt:
        block = Block(int(receipt.block_number), int(receipt.timestamp))
        logs = [_raw(log) for log in receipt.logs]
        events = decode_events(logs, self._names, self._source_root)
        return Receipt(str(receipt.txn_hash), block, int(receipt.gas_used), events)


class ApeDevChain(ApeChain):
    """A `LocalChain` on a development node; each transaction is its own block."""

    def advance_to(self, timestamp: int) -> Block:
        """Mine an empty block at `timestamp` or one second after the last."""
        with _clear_errors(self.provider.name):
            self.provider.set_timestamp(max(timestamp, self.block().timestamp + 1))
            self.provider.mine()
        return self.block()

    def unlock(self, account: LocalAccount) -> str:
        """Let the node send for `account`, and pay for its gas."""
        from ape import accounts

        address = checksum(account.address)
        with _clear_errors(self.provider.name):
            impersonated = accounts.test_accounts.impersonate_account(address)
            self.provider.set_balance(address, ENDOWMENT)
        self._accounts[address] = impersonated
        return str(address)


@contextmanager
def _clear_errors(network: str) -> Iterator[None]:
    """Turn Ape's exceptions into a refusal or into one line for the user."""
    from ape import exceptions as ape
    from requests.exceptions import RequestException
    from web3.exceptions import Web3Exception

    try:
        yield
    except ape.ContractLogicError as error:
        raise Refused(_reason(error.revert_message)) from None
    except (ape.ProviderNotConnectedError, RequestException, OSError) as error:
        raise _unreachable(network, error) from None
    except (ape.ApeException, Web3Exception) as error:
        raise UserError(f"{network}: {_line(error)}") from None


def _unreachable(network: str, error: Exception) -> UserError:
    return UserError(
        f"cannot reach {network}: {_line(error)}; "
        "start the node or choose another --network"
    )


def _line(error: Exception) -> str:
    """Return what an exception says, as one line of bearable length."""
    return " ".join(str(error).split())[:160].rstrip(".") or type(error).__name__


def _reason(message: object) -> str:
    """Return the contract's own text; Ape has its own for "none given"."""
    text = str(message or "")
    if text.startswith("0x"):
        return decode_revert(bytes.fromhex(text[2:]))
    text = text.removeprefix("execution reverted: ").removeprefix("revert: ")
    return "" if text in ("Transaction failed.", "execution reverted") else text


def _raw(log: Mapping[str, Any]) -> tuple[str, Sequence[bytes], bytes]:
    """Return address, topics and data of a log, whatever form the node gave them."""
    return (
        checksum(log["address"]),
        [_bytes(topic) for topic in log["topics"]],
        _bytes(log["data"]),
    )


def _bytes(value: object) -> bytes:
    if isinstance(value, str):
        return bytes.fromhex(value.removeprefix("0x"))
    if isinstance(value, bytes):
        return bytes(value)
    raise TypeError(f"{value!r} is neither bytes nor hex")
