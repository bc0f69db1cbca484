"""
Signed quotes that are offered to the keeper.

A maker signs a quote and hands it over as a file of JSON in a folder. Whoever can write
there may offer anything: a quote binds nobody but who has signed it, and what is not
one is passed over.
"""

import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, astuple, dataclass, fields
from pathlib import Path
from typing import Any, Final, Protocol

from eth_account import Account
from eth_keys.exceptions import BadSignature
from eth_typing import Hash32
from eth_utils.exceptions import ValidationError

from keeper.signing import Signer, sign_digest
from specs.accounts import Address
from specs.quotes import (
    Quote,
    TwoSided,
    compute_quote_digest,
    compute_two_sided_digest,
)
from specs.signatures import MAX_S

MOST: Final = 256
"""Files that are read at once: the first ones by name."""
LARGEST: Final = 4_096
"""Bytes of a file; a quote has fewer."""
KINDS: Final = {"Quote": Quote, "TwoSided": TwoSided}

_log = logging.getLogger("keeper")


@dataclass(frozen=True)
class Offer:
    """A quote and the signature of whoever stands behind it."""

    quote: Quote | TwoSided
    signature: bytes

    @property
    def words(self) -> tuple[Any, ...]:
        """Return what the desk is given: the quote's fields, and the signature."""
        return astuple(self.quote), self.signature


class Offers(Protocol):
    """Something that has been offered quotes."""

    def offered(self) -> Sequence[Offer]:
        """Return them."""
        ...


@dataclass(frozen=True)
class Folder:
    """Offers in the files of a folder, which need not exist."""

    path: Path

    def offered(self) -> Sequence[Offer]:
        """Read every file that ends in `.json` and holds an offer."""
        found = []
        for path in sorted(self.path.glob("*.json"))[:MOST]:
            try:
                with path.open() as file:
                    found.append(load_offer(file.read(LARGEST)))
            except (OSError, ValueError) as error:
                _log.warning("%s: no offer: %s", path, error)
        return found

    def add(self, offer: Offer) -> Path:
        """Write an offer into a file of its own, whole or not at all."""
        self.path.mkdir(parents=True, exist_ok=True)
        name = f"{offer.quote.account:064x}-{offer.quote.nonce}"
        draft = self.path / f"{name}.draft"
        draft.write_text(dump_offer(offer))
        return draft.replace(self.path / f"{name}.json")


def dump_offer(offer: Offer) -> str:
    """Return an offer as JSON, numbers as text: not every reader has large ones."""
    quote = {
        name: value if isinstance(value, bool) else str(value)
        for name, value in asdict(offer.quote).items()
    }
    kind = type(offer.quote).__name__
    return json.dumps(
        {"kind": kind, "quote": quote, "signature": offer.signature.hex()}
    )


def load_offer(text: str) -> Offer:
    """Return the offer that `dump_offer` has written; raise `ValueError`."""
    try:
        found = json.loads(text)
        kind, quote = KINDS[found["kind"]], found["quote"]
        if quote.keys() != {field.name for field in fields(kind)}:
            raise ValueError("other fields than a quote's")
        values = {name: _load(name, value) for name, value in quote.items()}
        signature = bytes.fromhex(found["signature"])
    except (AttributeError, KeyError, RecursionError, TypeError) as error:
        raise ValueError(f"no quote: {error}") from None
    return Offer(kind(**values), signature)


def compute_offer_digest(domain: bytes, quote: Quote | TwoSided) -> bytes:
    """Return what is signed for a quote of either kind."""
    if isinstance(quote, TwoSided):
        return compute_two_sided_digest(domain, quote)
    return compute_quote_digest(domain, quote)


def sign_offer(signer: Signer, domain: bytes, quote: Quote | TwoSided) -> Offer:
    """Return a quote as signed for the desk of a domain."""
    return Offer(quote, sign_digest(signer, compute_offer_digest(domain, quote)))


def find_signer(domain: bytes, offer: Offer) -> Address | None:
    """Return whose key has signed an offer, as the desk sees it; None if nobody's."""
    signature = offer.signature
    if len(signature) != 65 or signature[64] not in (27, 28):
        return None
    if int.from_bytes(signature[32:64], "big") > MAX_S:
        return None
    digest = Hash32(compute_offer_digest(domain, offer.quote))
    try:
        address = Account._recover_hash(digest, signature=signature)
    except (BadSignature, ValidationError):
        return None
    return Address(int(str(address), 16))


def _load(name: str, value: object) -> int | bool:
    """Return the value of a field of a quote; raise `ValueError`."""
    if (name == "is_buy") != isinstance(value, bool):
        raise ValueError(f"{name}: {value!r}")
    if isinstance(value, bool):
        return value
    if not isinstance(value, str) or not value.isdecimal():
        raise ValueError(f"{name}: {value!r}")
    number = int(value)
    if number >= 2**256:
        raise ValueError(f"{name}: more than a word")
    return number
