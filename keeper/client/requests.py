"""Asking for quotes, and answering: two-sided quotes, requests, who accepts them."""

import secrets
from dataclasses import astuple, dataclass
from typing import Final

from keeper.chain.interface import Receipt
from keeper.client.quotes import GOOD_FOR, Quotes
from keeper.client.results import Request
from keeper.client.units import Number, count, to_decimal
from keeper.errors import UserError
from specs.accounts import AccountId
from specs.fixed_point import Seconds, Wad
from specs.quotes import ANYONE, TwoSided, compute_two_sided_digest
from specs.requests import BUY, EITHER, SELL

SIDES: Final = {"buy": BUY, "sell": SELL, "either": EITHER}
"""What a request may be for; of ``either`` makers are not told which."""


@dataclass(frozen=True)
class SignedPair:
    """A bid and an ask under one signature, of which one fills."""

    quote: TwoSided
    signature: bytes


@dataclass(frozen=True)
class Answer:
    """A quote for a request, and whether it filled at once."""

    offer: SignedPair
    is_filled: bool


class Requests(Quotes):
    """Sizes are in whole units, prices in USDC; instruments by name."""

    def quote_both(
        self,
        name: str,
        *,
        size: Number,
        bid: Number | None = None,
        ask: Number | None = None,
        min_size: Number | None = None,
        expiry: int | None = None,
        nonce: int | None = None,
        counterparty: AccountId = ANYONE,
        request: int = 0,
    ) -> SignedPair:
        """
        Sign a bid and an ask, or one of them, for anyone or for one request's account.

        It fills once, one side of it; for a request in full, else down to
        ``min_size``, until ``expiry`` or for ``GOOD_FOR`` seconds.
        """
        instrument = self.link.listings.instrument(name)
        until = self.link.chain.block().timestamp + GOOD_FOR
        made = TwoSided(
            account=self.id,
            instrument=instrument.number,
            bid=to_price(name, bid),
            ask=to_price(name, ask),
            size=instrument.to_quoted(size),
            min_size=instrument.to_quoted(size if min_size is None else min_size),
            nonce=secrets.randbits(64) if nonce is None else nonce,
            expiry=Seconds(until if expiry is None else expiry),
            counterparty=counterparty,
            request=request,
        )
        return SignedPair(made, self.sign_digest(compute_two_sided_digest, made))

    def take_side(
        self, offer: SignedPair, size: Number | None = None, *, is_buy: bool
    ) -> Receipt:
        """Buy at the ask of a pair, or sell at its bid: all, unless a size is named."""
        instrument = self.link.listings.named(offer.quote.instrument)
        units = offer.quote.size if size is None else instrument.to_quoted(size)
        words = astuple(offer.quote), offer.signature, self.id, units, is_buy
        return self.send(self.link.deployment.quote_desk, "take_two_sided", *words)

    def request(
        self,
        name: str,
        size: Number,
        side: str = "either",
        *,
        limit: Number | None = None,
        is_immediate: bool = False,
        expiry: int | None = None,
        counterparty: AccountId = ANYONE,
    ) -> int:
        """
        Ask for quotes, to buy, sell or do either; return the request's id.

        ``limit`` is the worst price accepted. One that is immediate needs it, and is
        filled by the first answer that suits; of any other one is accepted. It is open
        until ``expiry``, or for ``GOOD_FOR`` seconds.
        """
        instrument = self.link.listings.instrument(name)
        until = self.link.chain.block().timestamp + GOOD_FOR
        words = (
            self.id,
            instrument.number,
            instrument.to_quoted(size),
            pick_side(side),
            to_price(name, limit),
            is_immediate,
            until if expiry is None else expiry,
            counterparty,
        )
        desk = self.link.deployment.quote_desk
        told = self.send(desk, "request", *words).event("Requested")
        return int(told.arguments["id"])

    def look_up(self, request: int) -> Request:
        """Return what a request that stands asks for."""
        desk = self.link.deployment.quote_desk
        found = self.link.call(desk, "request_of", request)
        instrument = self.link.listings.named(found.instrument)
        return Request(
            account=found.account,
            instrument=instrument.name,
            size=instrument.from_quoted(found.size),
            side=next(name for name, side in SIDES.items() if side == found.side),
            limit=to_decimal(found.limit) if found.limit else None,
            is_immediate=found.is_immediate,
            expiry=found.expiry,
            counterparty=found.counterparty,
        )

    def answer(
        self,
        request: int,
        *,
        bid: Number | None = None,
        ask: Number | None = None,
        nonce: int | None = None,
    ) -> Answer:
        """Quote all of a request, at once if it is immediate, else to be accepted."""
        asked = self.look_up(request)
        offer = self.quote_both(
            asked.instrument,
            size=asked.size,
            bid=bid,
            ask=ask,
            expiry=asked.expiry,
            nonce=nonce,
            counterparty=asked.account,
            request=request,
        )
        words = request, astuple(offer.quote), offer.signature
        receipt = self.send(self.link.deployment.quote_desk, "answer", *words)
        filled = [each for each in receipt.events if each.name == "RequestFilled"]
        return Answer(offer, bool(filled))

    def accept(self, request: int, offer: SignedPair, *, is_buy: bool) -> Receipt:
        """Fill a request of the account with a quote for it."""
        words = request, astuple(offer.quote), offer.signature, is_buy
        return self.send(self.link.deployment.quote_desk, "accept", *words)

    def refresh(
        self, request: int, *, limit: Number | None = None, expiry: int | None = None
    ) -> Receipt:
        """Ask again with another limit, and for another ``GOOD_FOR`` seconds or so."""
        name = self.look_up(request).instrument
        until = self.link.chain.block().timestamp + GOOD_FOR
        words = request, to_price(name, limit), until if expiry is None else expiry
        return self.send(self.link.deployment.quote_desk, "refresh", *words)

    def cancel_request(self, request: int) -> Receipt:
        """Withdraw a request."""
        return self.send(self.link.deployment.quote_desk, "cancel_request", request)


def to_price(name: str, price: Number | None) -> Wad:
    """Return a price in WAD USDC; 0 for none."""
    if price is None:
        return Wad(0)
    return Wad(count(price, to_decimal(1), f"price of {name}"))


def pick_side(side: str) -> int:
    """Return the side called so; raise `UserError` for any other."""
    if side not in SIDES:
        raise UserError(f"no side {side!r}; there are {', '.join(SIDES)}")
    return SIDES[side]
