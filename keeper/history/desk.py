"""
What the quote desk remembers, from its events alone.

Every nonce that is used and every request that stands follows from what was logged; an
answer that waits to be accepted changes nothing.
"""

from dataclasses import fields, replace
from typing import Any, Final

from keeper.chain.interface import Event
from specs import nonces, requests
from specs.accounts import Address
from specs.nonces import WORD_BITS
from specs.quote_desk import State
from specs.requests import Request, Requests

TERMS: Final = tuple(each.name for each in fields(Request) if each.name != "asker")


def follow(state: State, event: Event) -> State:
    """Return the desk's state after an event of its own."""
    said = event.arguments
    match event.name:
        case "Cross":
            state = _use(state, said["taker"], said["taker_nonce"])
            return _use(state, said["maker"], said["maker_nonce"])
        case "Take" | "Convert":
            return _use(state, said["maker"], said["maker_nonce"])
        case "RequestFilled":
            state = _use(state, said["maker"], said["maker_nonce"])
            return _close(state, said["id"])
        case "RequestCancelled":
            return _close(state, said["id"])
        case "Cancel":
            words = said["account"], said["word"], said["mask"]
            return replace(state, nonces=nonces.use_word(state.nonces, *words))
        case "Requested":
            return _open(state, said)
        case "Refreshed":
            return _refresh(state, said)
        case "ConversionRequested":
            requested = {**state.requested, said["account"]: said["timestamp"]}
            return replace(state, requested=requested)
    return state


def _use(state: State, account: Any, nonce: int) -> State:
    word, mask = nonce // WORD_BITS, 1 << nonce % WORD_BITS
    used = nonces.use_word(state.nonces, account, word, mask)
    return replace(state, nonces=used)


def _close(state: State, number: int) -> State:
    return replace(state, requests=requests.close(state.requests, number))


def _open(state: State, said: Any) -> State:
    number = said["id"]
    terms = {name: said[name] for name in TERMS}
    asked = Request(**terms, asker=_number(said["asker"]))
    standing = {**state.requests.standing, number: asked}
    return replace(state, requests=Requests(standing, number))


def _refresh(state: State, said: Any) -> State:
    standing = dict(state.requests.standing)
    standing[said["id"]] = replace(
        standing[said["id"]],
        limit=said["limit"],
        expiry=said["expiry"],
        asker=_number(said["asker"]),
    )
    return replace(state, requests=replace(state.requests, standing=standing))


def _number(address: str) -> Address:
    return Address(int(address, 16))
