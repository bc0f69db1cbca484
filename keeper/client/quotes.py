"""Trading by signed quotes: asked for, signed, taken, crossed and cancelled."""

import secrets
from collections.abc import Callable
from dataclasses import astuple, dataclass
from decimal import Decimal
from typing import Any, Final

from keeper.chain.interface import Receipt
from keeper.client.holder import Holder
from keeper.client.units import Number, count, to_decimal
from keeper.signing import sign_digest
from specs.accounts import AccountId
from specs.fixed_point import Seconds, Wad
from specs.quotes import ANYONE, Quote, compute_domain, compute_quote_digest

GOOD_FOR: Final = 30
"""Seconds for which a quote is good unless another expiry is named."""


@dataclass(frozen=True)
class SignedQuote:
    """A quote that its account's owner or operator has signed: hand it to takers."""

    quote: Quote
    signature: bytes


class Quotes(Holder):
    """Sizes are in whole units, prices in USDC; instruments by name."""

    def quote(
        self,
        name: str,
        *,
        is_buy: bool,
        size: Number,
        price: Number,
        min_size: Number | None = None,
        expiry: int | None = None,
        nonce: int | None = None,
        counterparty: AccountId = ANYONE,
    ) -> SignedQuote:
        """
        Sign a quote, which nobody hears of until it is handed over.

        It fills once, in full or down to ``min_size``, until ``expiry``, seconds since
        1970, or for ``GOOD_FOR`` seconds; by ``counterparty`` or by anyone.
        """
        instrument = self.link.listings.instrument(name)
        until = self.link.chain.block().timestamp + GOOD_FOR
        made = Quote(
            account=self.id,
            instrument=instrument.number,
            is_buy=is_buy,
            size=instrument.to_quoted(size),
            min_size=instrument.to_quoted(size if min_size is None else min_size),
            price=Wad(count(price, to_decimal(1), f"price of {name}")),
            nonce=secrets.randbits(64) if nonce is None else nonce,
            expiry=Seconds(until if expiry is None else expiry),
            counterparty=counterparty,
        )
        return SignedQuote(made, self.sign_digest(compute_quote_digest, made))

    def sign_digest(self, compute: Callable[[bytes, Any], bytes], quote: Any) -> bytes:
        """Return the signature of what a quote says to this desk on this chain."""
        desk = self.link.deployment.quote_desk.address
        domain = compute_domain(self.link.chain.chain_id, desk)
        return sign_digest(self.signer, compute(domain, quote))

    def take(self, offer: SignedQuote, size: Number | None = None) -> Receipt:
        """Fill somebody's quote at its price, all of it unless a size is named."""
        instrument = self.link.listings.named(offer.quote.instrument)
        units = offer.quote.size if size is None else instrument.to_quoted(size)
        words = astuple(offer.quote), offer.signature, self.id, units
        return self.send(self.link.deployment.quote_desk, "take", *words)

    def cross(self, maker: SignedQuote, taker: SignedQuote) -> Receipt:
        """Fill two quotes with one another, at the maker's price."""
        words = [
            part
            for each in (maker, taker)
            for part in (astuple(each.quote), each.signature)
        ]
        return self.send(self.link.deployment.quote_desk, "cross", *words)

    def cancel_quote(self, offer: SignedQuote | int) -> Receipt:
        """Have a quote, or a nonce, never fill."""
        nonce = offer if isinstance(offer, int) else offer.quote.nonce
        return self.send(self.link.deployment.quote_desk, "cancel", self.id, nonce)

    def quoted_size(self, offer: SignedQuote) -> Decimal:
        """Return the most that a quote fills."""
        instrument = self.link.listings.named(offer.quote.instrument)
        return instrument.from_quoted(offer.quote.size)
