"""
Gas of transactions that find every slot cold, as they do on a chain.

The fast engine sees all messages, and what was written before them, as one transaction,
so that its gas is that of warm slots. This one is slow, and charges each transaction
for what that transaction touches first.
"""

from collections.abc import Mapping

from eth.chains.base import MiningChain
from eth.db.atomic import AtomicDB
from eth.vm.forks.cancun import CancunVM
from eth.vm.spoof import SpoofTransaction

GAS_LIMIT = 30_000_000
REFUNDED = 5
"""At most one part in so many of the gas is given back (EIP-3529)."""

_CHAIN = MiningChain.configure("Cold", vm_configuration=((0, CancunVM),))


class ColdChain:
    """A chain in whose first block all code and storage is given."""

    def __init__(
        self,
        timestamp: int,
        codes: Mapping[str, bytes],
        storage: Mapping[str, Mapping[int, int]],
    ) -> None:
        """Begin with code and storage by address, in a block of this time."""
        accounts = {
            _bytes(address): {
                "balance": 0,
                "nonce": 1,
                "code": code,
                "storage": dict(storage.get(address, {})),
            }
            for address, code in codes.items()
        }
        header = {
            "difficulty": 0,
            "gas_limit": 2 * GAS_LIMIT,  # the next block has about as much
            "timestamp": timestamp,
            "base_fee_per_gas": 0,
        }
        chain = _CHAIN.from_genesis(AtomicDB(), header, accounts)
        first = chain.get_vm().get_header()
        self._vm = chain.get_vm(first.copy(timestamp=timestamp, base_fee_per_gas=0))

    def send(self, caller: str, to: str, data: bytes) -> int:
        """Apply a transaction; return the gas that it uses."""
        sender = _bytes(caller)
        unsigned = self._vm.create_unsigned_transaction(
            nonce=self._vm.state.get_nonce(sender),
            gas_price=0,
            gas=GAS_LIMIT,
            to=_bytes(to),
            value=0,
            data=data,
        )
        self._vm.state.lock_changes()
        transaction = SpoofTransaction(unsigned, from_=sender)
        computation = self._vm.state.apply_transaction(transaction)
        computation.raise_if_error()
        used: int = GAS_LIMIT - computation.get_gas_remaining()
        return used - min(computation.get_gas_refund(), used // REFUNDED)

    def storage(self, address: str, slot: int) -> int:
        """Return one word of storage."""
        return self._vm.state.get_storage(_bytes(address), slot)


def _bytes(address: str) -> bytes:
    return bytes.fromhex(address.removeprefix("0x"))
