"""Signed quotes, and a desk beside a stand-in for its Clearinghouse and oracle."""

from dataclasses import astuple, dataclass, replace
from functools import cache
from typing import Any

import pytest
from coincurve import PrivateKey
from eth_utils import to_checksum_address
from eth_utils.crypto import keccak

from keeper.chain.interface import Refused
from keeper.chain.revm import RevmChain
from keeper.history import desk as history
from specs import nonces, quote_desk, requests
from specs.accounts import TRADE, compute_account
from specs.errors import Revert
from specs.fixed_point import WAD
from specs.quote_desk import Signature, State, Surroundings
from specs.quotes import (
    SPOT,
    Quote,
    TwoSided,
    compute_domain,
    compute_quote_digest,
    compute_two_sided_digest,
)

ADMIN = "0x" + "ad" * 20

Outcome = tuple[Any, str, dict[str, Any]]
"""What a transition should return, and the name and fields of what it should log."""


class NoPrice(Revert):
    """What the stand-in for the oracle says of what it has no price of."""

    reason = "no price"


class Unfunded(Revert):
    """What the stand-in for the Clearinghouse refuses a fill with."""

    reason = "below initial margin"


@dataclass(frozen=True)
class Key:
    """A signing key, and the address that goes with it, in both forms."""

    private: PrivateKey

    @property
    def address(self) -> str:
        """The address in checksum form."""
        public = self.private.public_key.format(compressed=False)[1:]
        return to_checksum_address(keccak(public)[-20:])

    @property
    def number(self) -> int:
        """The address as the specification has it."""
        return int(self.address, 16)

    def sign(self, digest: bytes) -> bytes:
        """Return 65 bytes r, s, v."""
        signed = self.private.sign_recoverable(digest, hasher=None)
        return signed[:64] + bytes([signed[64] + 27])


@cache
def key_of(role: str) -> Key:
    """Return the key of a role, the same in every run."""
    return Key(PrivateKey(keccak(text=role)))


def sign_quote(key: Key, chain_id: int, desk: str, quote: Quote | TwoSided) -> bytes:
    """Return the signature of a quote for the desk at an address."""
    domain = compute_domain(chain_id, desk)
    if isinstance(quote, TwoSided):
        return key.sign(compute_two_sided_digest(domain, quote))
    return key.sign(compute_quote_digest(domain, quote))


@dataclass(frozen=True)
class Signed:
    """A quote, its signature, and who the specification is told stands behind it."""

    quote: Any
    data: bytes
    signature: Signature


class World:
    """
    A desk beside stand-ins, and the specification's idea of all of them.

    `step` takes a transition in both and compares: results, refusals, events, fills
    and every word of nonces; and what follows from the events alone (I50).
    """

    def __init__(self) -> None:
        """Open a desk: two traders, an operator who may trade for none, a wallet."""
        self.chain = RevmChain()
        self.host = self.chain.deploy(ADMIN, "MockVenueHost")
        venue = self.host.address
        self.desk = self.chain.deploy(ADMIN, "QuoteDesk", venue, venue)
        keeper = key_of("wallet keeper").address
        self.wallet = self.chain.deploy(ADMIN, "MockWallet", keeper)
        self.accounts = {
            role: compute_account(key_of(role).number, 7) for role in ("maker", "taker")
        }
        self.accounts["wallet"] = compute_account(int(self.wallet.address, 16), 1)
        self.state = self.followed = State()
        self.operators: set[tuple[int, int]] = set()
        self.bands: dict[int, tuple[int, int]] = {}
        self.fills: list[quote_desk.Fill] = []
        self.conversions: list[quote_desk.Conversion] = []
        self.due: dict[int, tuple[int, int]] = {}
        self.is_refusing = False
        for instrument in (3, SPOT + 3):
            self.set_band(instrument, 90 * WAD, 110 * WAD)

    @property
    def now(self) -> int:
        """The time of the open block."""
        return self.chain.block().timestamp

    def quote(self, role: str = "maker", **changes: Any) -> Quote:
        """Return the maker's bid or the taker's ask, with changes."""
        usual = Quote(
            account=self.accounts[role],
            instrument=3,
            is_buy=role != "taker",
            size=100,
            min_size=10,
            price=100 * WAD,
            nonce=0,
            expiry=self.now + 60,
        )
        return replace(usual, **changes)

    def two_sided(self, role: str = "maker", **changes: Any) -> TwoSided:
        """Return a role's bid of 95 and ask of 105, with changes."""
        usual = TwoSided(
            account=self.accounts[role],
            instrument=3,
            bid=95 * WAD,
            ask=105 * WAD,
            size=100,
            min_size=10,
            nonce=0,
            expiry=self.now + 60,
        )
        return replace(usual, **changes)

    def sign(self, quote: Quote | TwoSided, role: str | None = None) -> Signed:
        """Return the quote as signed by the key of a role, the owner's by default."""
        owner = next(
            r
            for r, account in self.accounts.items()
            if account >> 96 == (quote.account >> 96)
        )
        role = role or (owner if owner != "wallet" else "wallet keeper")
        key = key_of(role)
        data = sign_quote(key, self.chain.chain_id, self.desk.address, quote)
        wallet = int(self.wallet.address, 16) if role == "wallet keeper" else None
        return Signed(quote, data, Signature(key.number, wallet))

    def sides(self, maker: Any = (), taker: Any = ()) -> tuple[Signed, Signed]:
        """Return the usual two quotes that cross, with changes, signed."""
        return (
            self.sign(self.quote("maker", **dict(maker))),
            self.sign(self.quote("taker", **dict(taker))),
        )

    # What the stand-ins say

    def set_band(self, instrument: int, low: int, high: int) -> None:
        """Set an instrument's band."""
        is_spot = instrument >= SPOT
        number = instrument - SPOT * is_spot
        self.chain.send(ADMIN, self.host, "set_band", is_spot, number, low, high)
        self.bands[instrument] = (low, high)

    def set_operator(self, role: str, operator: str, rights: int = TRADE) -> None:
        """Give a role rights on another's account."""
        pair = self.accounts[role], key_of(operator).number
        address = key_of(operator).address
        self.chain.send(ADMIN, self.host, "set_operator", pair[0], address, rights)
        (self.operators.add if rights & TRADE else self.operators.discard)(pair)

    def set_refusing(self, is_refusing: bool) -> None:
        """Have fills refused, or not."""
        self.chain.send(ADMIN, self.host, "set_refusing", is_refusing)
        self.is_refusing = is_refusing

    def set_due(self, role: str, asset: int, most: int) -> None:
        """Set what is to be converted of a role's account."""
        self.chain.send(ADMIN, self.host, "set_due", self.accounts[role], asset, most)
        self.due[self.accounts[role]] = asset, most

    def around(self) -> Surroundings:
        """Return what the specification is told."""
        return Surroundings(self.now, self._may_trade, self._band, self._due)

    # Transitions

    def cross(self, maker: Signed, taker: Signed) -> int:
        """Fill two quotes with one another; anyone relays."""
        sender = key_of("relayer").address

        def expected() -> Outcome:
            self.state, fill = quote_desk.cross(
                self.state,
                self.around(),
                maker.quote,
                maker.signature,
                taker.quote,
                taker.signature,
            )
            log = self._filled(fill, maker.quote, taker.quote.account, sender)
            return fill.size, "Cross", log | {"taker_nonce": taker.quote.nonce}

        arguments = []
        for side in (maker, taker):
            arguments += [astuple(side.quote), side.data]
        return self._step(expected, sender, "cross", *arguments)

    def take(self, caller: str, maker: Signed, account: int, size: int) -> int:
        """Fill a quote for an account."""
        arguments = maker.quote, maker.signature, account, size
        return self._take(caller, maker, "take", arguments)

    def take_two_sided(
        self, caller: str, maker: Signed, account: int, size: int, is_buy: bool
    ) -> int:
        """Fill a side of a quote for an account."""
        arguments = maker.quote, maker.signature, account, size, is_buy
        return self._take(caller, maker, "take_two_sided", arguments)

    def convert(self, maker: Signed, account: int, amount: int) -> int:
        """Convert an account's collateral by a quote; anyone relays."""
        return self._convert(maker, account, amount, "convert")

    def convert_two_sided(self, maker: Signed, account: int, amount: int) -> int:
        """Convert an account's collateral by the bid of a quote."""
        return self._convert(maker, account, amount, "convert_two_sided")

    def request(self, caller: str, role: str = "taker", **changes: Any) -> int:
        """Ask for a quote to buy 50 at 105 at most, with changes."""
        sender, number = key_of(caller).address, key_of(caller).number
        terms = {
            "account": self.accounts[role],
            "instrument": 3,
            "size": 50,
            "side": requests.BUY,
            "limit": 105 * WAD,
            "is_immediate": False,
            "expiry": self.now + 60,
            "counterparty": 0,
        } | changes

        def expected() -> Outcome:
            self.state, made = quote_desk.request(
                self.state, self.around(), number, **terms
            )
            log = terms | {"id": made, "asker": sender, "timestamp": self.now}
            return made, "Requested", log

        return self._step(expected, sender, "request", *terms.values())

    def refresh(self, caller: str, number: int, limit: int, expiry: int) -> None:
        """Change a request's limit and expiry."""
        sender, asker = key_of(caller).address, key_of(caller).number

        def expected() -> Outcome:
            self.state = quote_desk.refresh(
                self.state, self.around(), asker, number, limit, expiry
            )
            log = {"id": number, "limit": limit, "expiry": expiry, "asker": sender}
            return None, "Refreshed", log | {"timestamp": self.now}

        self._step(expected, sender, "refresh", number, limit, expiry)

    def cancel_request(self, caller: str, number: int) -> None:
        """Withdraw a request."""
        sender, actor = key_of(caller).address, key_of(caller).number

        def expected() -> Outcome:
            self.state = quote_desk.cancel_request(
                self.state, self.around(), actor, number
            )
            log = {"id": number, "caller": sender, "timestamp": self.now}
            return None, "RequestCancelled", log

        self._step(expected, sender, "cancel_request", number)

    def answer(self, number: int, maker: Signed) -> bool:
        """Answer a request; anyone relays. Return whether it is filled."""
        sender = key_of("relayer").address

        def expected() -> Outcome:
            asked = self.state.requests.standing.get(number)
            self.state, fill = quote_desk.answer(
                self.state, self.around(), number, maker.quote, maker.signature
            )
            if fill is not None:
                return True, *self._request_filled(number, asked, fill, maker, sender)
            log = {
                "id": number,
                "maker": maker.quote.account,
                "quote": astuple(maker.quote),
                "signature": maker.data,
                "caller": sender,
                "timestamp": self.now,
            }
            return False, "Answered", log

        words = number, astuple(maker.quote), maker.data
        return self._step(expected, sender, "answer", *words)

    def accept(self, caller: str, number: int, maker: Signed, is_buy: bool) -> None:
        """Fill a request with a quote."""
        sender, actor = key_of(caller).address, key_of(caller).number

        def expected() -> Outcome:
            asked = self.state.requests.standing.get(number)
            self.state, fill = quote_desk.accept(
                self.state,
                self.around(),
                actor,
                number,
                maker.quote,
                maker.signature,
                is_buy,
            )
            return None, *self._request_filled(number, asked, fill, maker, sender)

        words = number, astuple(maker.quote), maker.data, is_buy
        self._step(expected, sender, "accept", *words)

    def request_conversion(self, account: int) -> tuple[int, int]:
        """Ask makers to buy what is to be converted; anyone may."""
        sender = key_of("relayer").address

        def expected() -> Outcome:
            self.state, (asset, most) = quote_desk.request_conversion(
                self.state, self.around(), account
            )
            log = {"account": account, "asset": asset, "most": most}
            log |= {"caller": sender, "timestamp": self.now}
            return (asset, most), "ConversionRequested", log

        return self._step(expected, sender, "request_conversion", account)

    def cancel(self, caller: str, account: int, nonce: int) -> None:
        """Use up a nonce."""
        sender, number = key_of(caller).address, key_of(caller).number

        def expected() -> Outcome:
            around = self.around()
            self.state = quote_desk.cancel(self.state, around, number, account, nonce)
            mask = 1 << nonce % 256
            return None, "Cancel", self._cancelled(account, nonce // 256, mask, sender)

        self._step(expected, sender, "cancel", account, nonce)

    def cancel_word(self, caller: str, account: int, word: int, mask: int) -> None:
        """Use up the nonces of a mask."""
        sender, number = key_of(caller).address, key_of(caller).number

        def expected() -> Outcome:
            self.state = quote_desk.cancel_word(
                self.state, self.around(), number, account, word, mask
            )
            return None, "Cancel", self._cancelled(account, word, mask, sender)

        self._step(expected, sender, "cancel_word", account, word, mask)

    def check(self) -> None:
        """Compare every word of nonces, every fill and every request."""
        used = {(a, n // 256) for a, n in self.state.nonces}
        for account, word in used | {(a, 0) for a in self.accounts.values()}:
            expected = nonces.compute_word(self.state.nonces, account, word)
            assert self.view("nonce_words", account, word) == expected
        done = {"fill": self.fills, "conversion": self.conversions}
        for name, expected in done.items():
            count = self.chain.call(self.host, f"{name}_count")
            assert count == len(expected)
            if count:
                last = self.chain.call(self.host, f"{name}s", count - 1)
                assert tuple(last) == astuple(expected[-1])
        self.check_requests()

        assert self.followed == self.state

    def check_requests(self) -> None:
        """Compare what is asked for, and that what is closed is unknown."""
        made = self.state.requests
        assert self.view("request_count") == made.count
        for number, asked in made.standing.items():
            *terms, asker = self.view("request_of", number)
            assert (*terms, int(asker, 16)) == astuple(asked)
        for number in {0, made.count, made.count + 1} - made.standing.keys():
            with pytest.raises(Refused, match="unknown request"):
                self.view("request_of", number)
        for account in self.accounts.values():
            count = requests.count_of(made, account)
            assert self.view("standing", account) == count
            requested = self.state.requested.get(account, 0)
            assert self.view("conversion_requested", account) == requested

    def view(self, method: str, *arguments: Any) -> Any:
        """Return what a view of the desk says."""
        return self.chain.call(self.desk, method, *arguments)

    def _step(self, expected: Any, sender: str, method: str, *arguments: Any) -> Any:
        before, done = self.state, (len(self.fills), len(self.conversions))
        try:
            result, name, log = expected()
        except Revert as revert:
            refusal = revert
        else:
            receipt = self.chain.send(sender, self.desk, method, *arguments)
            assert receipt.result == result
            (event,) = receipt.events
            assert event.name == name
            assert event.arguments == log
            self.followed = history.follow(self.followed, event)
            self.check()
            return result
        self.state = before
        del self.fills[done[0] :], self.conversions[done[1] :]
        with pytest.raises(Refused) as caught:
            self.chain.send(sender, self.desk, method, *arguments)
        assert caught.value.reason == refusal.reason
        self.check()
        raise refusal

    def _take(
        self, caller: str, maker: Signed, method: str, arguments: tuple[Any, ...]
    ) -> int:
        sender, number = key_of(caller).address, key_of(caller).number

        def expected() -> Outcome:
            self.state, fill = getattr(quote_desk, method)(
                self.state, self.around(), number, *arguments
            )
            log = self._filled(fill, maker.quote, arguments[2], sender)
            return fill.size, "Take", log

        words = astuple(maker.quote), maker.data, *arguments[2:]
        return self._step(expected, sender, method, *words)

    def _convert(self, maker: Signed, account: int, amount: int, method: str) -> int:
        sender = key_of("relayer").address

        def expected() -> Outcome:
            quote = maker.quote
            self.state, sale = getattr(quote_desk, method)(
                self.state, self.around(), quote, maker.signature, account, amount
            )
            if self.is_refusing:
                raise Unfunded
            self.conversions.append(sale)
            return (
                amount,
                "Convert",
                {
                    "maker": quote.account,
                    "account": account,
                    "asset": sale.asset,
                    "amount": amount,
                    "price": sale.price,
                    "maker_nonce": quote.nonce,
                    "caller": sender,
                    "timestamp": self.now,
                },
            )

        words = astuple(maker.quote), maker.data, account, amount
        return self._step(expected, sender, method, *words)

    def _request_filled(
        self, number: int, asked: Any, fill: Any, maker: Signed, sender: str
    ) -> tuple[str, dict[str, Any]]:
        log = self._filled(fill, maker.quote, asked.account, sender)
        return "RequestFilled", log | {"id": number}

    def _filled(
        self, fill: quote_desk.Fill, maker: Quote | TwoSided, taker: int, caller: str
    ) -> dict[str, Any]:
        """Apply the fill to the stand-in and return what has to be logged."""
        if self.is_refusing:
            raise Unfunded
        self.fills.append(fill)
        return {
            "maker": maker.account,
            "taker": taker,
            "instrument": maker.instrument,
            "is_maker_buying": fill.is_maker_buying,
            "size": fill.size,
            "price": fill.price,
            "maker_nonce": maker.nonce,
            "caller": caller,
            "timestamp": self.now,
        }

    def _cancelled(
        self, account: int, word: int, mask: int, caller: str
    ) -> dict[str, Any]:
        return {
            "account": account,
            "word": word,
            "mask": mask,
            "caller": caller,
            "timestamp": self.now,
        }

    def _may_trade(self, account: int, actor: int) -> bool:
        return account >> 96 == actor or (account, actor) in self.operators

    def _due(self, account: int) -> tuple[int, int]:
        return self.due.get(account, (0, 0))

    def _band(self, instrument: int) -> tuple[int, int]:
        if instrument not in self.bands:
            raise NoPrice
        return self.bands[instrument]
