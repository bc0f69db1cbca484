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
from specs import nonces, quote_desk
from specs.accounts import TRADE, compute_account
from specs.errors import Revert
from specs.fixed_point import WAD
from specs.quote_desk import Signature, State, Surroundings
from specs.quotes import SPOT, Quote, compute_domain, compute_quote_digest

ADMIN = "0x" + "ad" * 20


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


def sign_quote(key: Key, chain_id: int, desk: str, quote: Quote) -> bytes:
    """Return the signature of a quote for the desk at an address."""
    return key.sign(compute_quote_digest(compute_domain(chain_id, desk), quote))


@dataclass(frozen=True)
class Signed:
    """A quote, its signature, and who the specification is told stands behind it."""

    quote: Quote
    data: bytes
    signature: Signature


class World:
    """
    A desk beside stand-ins, and the specification's idea of all of them.

    `step` takes a transition in both and compares: results, refusals, events, fills
    and every word of nonces.
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
        self.state = State()
        self.operators: set[tuple[int, int]] = set()
        self.bands: dict[int, tuple[int, int]] = {}
        self.fills: list[quote_desk.Fill] = []
        self.conversions: list[quote_desk.Conversion] = []
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

    def sign(self, quote: Quote, role: str | None = None) -> Signed:
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

    def around(self) -> Surroundings:
        """Return what the specification is told."""
        return Surroundings(self.now, self._may_trade, self._band)

    # Transitions

    def cross(self, maker: Signed, taker: Signed) -> int:
        """Fill two quotes with one another; anyone relays."""
        sender = key_of("relayer").address

        def expected() -> tuple[int, dict[str, Any]]:
            self.state, fill = quote_desk.cross(
                self.state,
                self.around(),
                maker.quote,
                maker.signature,
                taker.quote,
                taker.signature,
            )
            log = self._filled(fill, maker.quote, taker.quote.account, sender)
            return fill.size, log | {"taker_nonce": taker.quote.nonce}

        arguments = []
        for side in (maker, taker):
            arguments += [astuple(side.quote), side.data]
        return self._step(expected, sender, "cross", *arguments)

    def take(self, caller: str, maker: Signed, account: int, size: int) -> int:
        """Fill a quote for an account."""
        sender, number = key_of(caller).address, key_of(caller).number

        def expected() -> tuple[int, dict[str, Any]]:
            around, signature = self.around(), maker.signature
            self.state, fill = quote_desk.take(
                self.state, around, number, maker.quote, signature, account, size
            )
            return fill.size, self._filled(fill, maker.quote, account, sender)

        quote = astuple(maker.quote)
        return self._step(expected, sender, "take", quote, maker.data, account, size)

    def convert(self, maker: Signed, account: int, amount: int) -> int:
        """Convert an account's collateral by a quote; anyone relays."""
        sender = key_of("relayer").address

        def expected() -> tuple[int, dict[str, Any]]:
            around, quote = self.around(), maker.quote
            self.state, sale = quote_desk.convert(
                self.state, around, quote, maker.signature, account, amount
            )
            if self.is_refusing:
                raise Unfunded
            self.conversions.append(sale)
            return amount, {
                "maker": quote.account,
                "account": account,
                "asset": sale.asset,
                "amount": amount,
                "price": quote.price,
                "maker_nonce": quote.nonce,
                "caller": sender,
                "timestamp": self.now,
            }

        quote = astuple(maker.quote)
        return self._step(
            expected, sender, "convert", quote, maker.data, account, amount
        )

    def cancel(self, caller: str, account: int, nonce: int) -> None:
        """Use up a nonce."""
        sender, number = key_of(caller).address, key_of(caller).number

        def expected() -> tuple[None, dict[str, Any]]:
            around = self.around()
            self.state = quote_desk.cancel(self.state, around, number, account, nonce)
            return None, self._cancelled(
                account, nonce // 256, 1 << nonce % 256, sender
            )

        self._step(expected, sender, "cancel", account, nonce)

    def cancel_word(self, caller: str, account: int, word: int, mask: int) -> None:
        """Use up the nonces of a mask."""
        sender, number = key_of(caller).address, key_of(caller).number

        def expected() -> tuple[None, dict[str, Any]]:
            self.state = quote_desk.cancel_word(
                self.state, self.around(), number, account, word, mask
            )
            return None, self._cancelled(account, word, mask, sender)

        self._step(expected, sender, "cancel_word", account, word, mask)

    def check(self) -> None:
        """Compare every word of nonces and every fill."""
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

    def view(self, method: str, *arguments: Any) -> Any:
        """Return what a view of the desk says."""
        return self.chain.call(self.desk, method, *arguments)

    def _step(self, expected: Any, sender: str, method: str, *arguments: Any) -> Any:
        before, done = self.state, (len(self.fills), len(self.conversions))
        try:
            result, log = expected()
        except Revert as revert:
            refusal = revert
        else:
            receipt = self.chain.send(sender, self.desk, method, *arguments)
            assert receipt.result == result
            (event,) = receipt.events
            assert event.name == method.split("_")[0].capitalize()
            assert event.arguments == log
            self.check()
            return result
        self.state = before
        del self.fills[done[0] :], self.conversions[done[1] :]
        with pytest.raises(Refused) as caught:
            self.chain.send(sender, self.desk, method, *arguments)
        assert caught.value.reason == refusal.reason
        self.check()
        raise refusal

    def _filled(
        self, fill: quote_desk.Fill, maker: Quote, taker: int, caller: str
    ) -> dict[str, Any]:
        """Apply the fill to the stand-in and return what has to be logged."""
        if self.is_refusing:
            raise Unfunded
        self.fills.append(fill)
        return {
            "maker": maker.account,
            "taker": taker,
            "instrument": maker.instrument,
            "is_maker_buying": maker.is_buy,
            "size": fill.size,
            "price": maker.price,
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

    def _band(self, instrument: int) -> tuple[int, int]:
        if instrument not in self.bands:
            raise NoPrice
        return self.bands[instrument]
