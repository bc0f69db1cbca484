"""Accounts that sign digests, whoever keeps their keys."""

from typing import Protocol, runtime_checkable

from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_typing import Hash32
from eth_utils.crypto import keccak


class _Signature(Protocol):
    def encode_rsv(self) -> bytes: ...


@runtime_checkable
class ApeSigner(Protocol):
    """What is used of an account of Ape that signs a digest as it is."""

    @property
    def address(self) -> str:
        """Return the account's address."""
        ...

    def sign_raw_msghash(self, msghash: bytes) -> _Signature | None:
        """Return the signature, None if the user declines."""
        ...


Signer = LocalAccount | ApeSigner


def local_account(label: str) -> LocalAccount:
    """
    Return the account called `label`, for chains in this process or on this machine.

    Anyone can compute its key: it must never hold anything on a public network.
    """
    account: LocalAccount = Account.from_key(keccak(text=f"rucksack local {label}"))
    return account


def sign_digest(signer: Signer, digest: bytes) -> bytes:
    """Return r, s and v (27 or 28) of a 32-byte digest; raise `PermissionError`."""
    if isinstance(signer, LocalAccount):
        return bytes(signer.unsafe_sign_hash(Hash32(digest)).signature)
    from eth_pydantic_types import HexBytes

    signature = signer.sign_raw_msghash(HexBytes(digest))
    if signature is None:
        raise PermissionError(f"{signer.address} declined to sign")
    return bytes(signature.encode_rsv())
