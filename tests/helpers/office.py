"""
The governance body alone, beside the specification.

The body is called directly, on storage that was written from a state of the
specification; so any state can be governed, reachable or not. That calls arrive there
through the one address, with their calldata, is shown elsewhere.
"""

from dataclasses import fields, is_dataclass

import pytest
from eth_abi import encode
from eth_utils.crypto import keccak

from keeper.artifacts import artifact, signature_of, type_of
from keeper.chain.codec import Codec, checksum
from keeper.chain.interface import Refused
from keeper.chain.revm import RevmChain
from keeper.mirror import slot_of, slots_of
from specs import governance, guardian, packing
from specs.errors import Revert
from specs.interest_rate import Curve
from tests.helpers.worlds import GENESIS

BODY = "GovernanceCode"
DEPLOYER = "0x" + "d0" * 20
VAULT = 10**30
"""Tokens of each asset that the body has."""

BY_ASSET = {
    "pool_index": packing.POOL_INDEX,
    "pool_total": packing.POOL_TOTAL,
    "pool_cash": packing.POOL_CASH,
    "curve": packing.CURVE,
    "quote": packing.QUOTE,
    "risk": packing.ASSET_RISK,
    "guards": packing.GUARDS,
}
BY_MARKET = {
    "market_quote": packing.MARK,
    "market_risk": packing.RISK,
    "market_funding": packing.FUNDING,
    "market_fund": packing.FUND,
    "market_limits": packing.LIMITS,
    "market_cull": packing.CULL,
}


class Office:
    """The body and the specification, which are made to do the same."""

    def __init__(self):
        """Deploy the body."""
        self.chain = RevmChain(GENESIS)
        self.body = self.chain.deploy_raw(DEPLOYER, artifact(BODY).bytecode)
        self.codec = Codec(artifact(BODY).abi)
        self.slots = slots_of(artifact(BODY).layout["storage_layout"])
        self.home = self.chain.snapshot()

    def token_of(self, asset, decimals):
        """Return an asset's token, of which the body has plenty."""
        token = self.tokens.get((asset, decimals))
        if token is None:
            token = self.chain.deploy(DEPLOYER, "MockToken", "", "", decimals)
            self.chain.send(DEPLOYER, token, "mint", self.body, VAULT)
            self.tokens[asset, decimals] = token
        return token

    def open(self, state, now=GENESIS + 10**8):
        """Begin with a state at a time; what was before is forgotten."""
        self.chain.revert(self.home)
        self.home = self.chain.snapshot()
        self.state, self.now, self.tokens = state, now, {}
        self.chain.advance_to(now)
        for key, word in self.words(state).items():
            self.chain._evm.insert_account_storage(self.body, self.slot(key), word)
        return self

    def wait(self, seconds):
        """Let time pass."""
        self.now += seconds
        self.chain.advance_to(self.now)

    def play(self, caller, name, *arguments):
        """Make a call in both, expect equal states, and return its events."""
        before = self.words(self.state)
        self.state = self.compute(caller, name, arguments)
        self.send(caller, name, arguments)
        self.compare(before)
        return self.events()

    def events(self):
        """Return the body's events of the last call: names and values."""
        logs = [log for log in self.chain._evm.result.logs if log.address == self.body]
        kinds = [self.codec.logs[log.data[0][0]] for log in logs]
        return [
            (kind.name, dict(kind.decode(*log.data)))
            for kind, log in zip(kinds, logs, strict=True)
        ]

    def refuse(self, caller, name, *arguments):
        """Expect both to refuse a call for one reason, which is returned."""
        with pytest.raises(Revert) as expected:
            self.compute(caller, name, arguments)
        with pytest.raises(Refused) as found:
            self.send(caller, name, arguments)
        assert found.value.reason == expected.value.reason
        self.compare(self.words(self.state))
        return found.value.reason

    def compute(self, caller, name, arguments):
        """Return the specification's state after a call."""
        transition = getattr(governance, name, None) or getattr(guardian, name)
        return transition(self.state, self.now, caller, *arguments)

    def send(self, caller, name, arguments):
        """Make a call of the body."""
        data = self.calldata((name, *arguments))
        self.chain.send_raw(address_of(caller), self.body, data)

    def compare(self, before):
        """Expect every word that is there, or was, to be what the state says."""
        words = self.words(self.state)
        found = {
            key: self.chain.storage(self.body, self.slot(key)) for key in before | words
        }
        assert {key: word for key, word in found.items() if word} == words

    def slot(self, key):
        """Return where a word is, by its variable and keys."""
        name, *keys = key
        return slot_of(self.slots[name], *keys)

    def words(self, state):
        """Return what is stored of a state, by variable and key; zeros left out."""
        words = {
            ("governor",): state.governor,
            ("guardian",): state.guardian,
            ("delay",): state.delay,
        }
        for venue, roles in state.venues.items():
            words["venues", venue] = roles
        for change, at in state.queued.items():
            words["queued", int.from_bytes(self.hash(change))] = at
        for asset, listed in state.assets.items():
            token = int(self.token_of(asset, listed.decimals).address, 16)
            words["token", asset] = token | listed.decimals << 160 | 1 << 168
            for name, layout in BY_ASSET.items():
                words[name, asset] = packing.pack(asset_fields(listed), layout)
        for market, listed in state.markets.items():
            for name, layout in BY_MARKET.items():
                words[name, market] = packing.pack(market_fields(listed), layout)
        return {key: word for key, word in words.items() if word}

    def hash(self, change):
        """Return the key under which a change is queued on chain."""
        return keccak(self.calldata(change))

    def calldata(self, change):
        """Return the calldata of a call, by its name and arguments."""
        name, *arguments = change
        if name in ("queue", "cancel_change"):
            arguments = [self.hash(arguments[0])]
        if name == "list_asset":
            arguments[1] = int(self.token_of(*arguments[:2]).address, 16)
        entry = entry_of(name)
        types = [type_of(item) for item in entry["inputs"]]
        values = [
            address_of(value) if kind == "address" else value
            for kind, value in zip(types, map(encoded, arguments), strict=True)
        ]
        return keccak(text=signature_of(entry))[:4] + encode(types, values)


def entry_of(name):
    """Return a function of the body in its ABI."""
    functions = (each for each in artifact(BODY).abi if each["type"] == "function")
    (entry,) = (entry for entry in functions if entry["name"] == name)
    return entry


def address_of(number):
    """Return an address of the specification as the chain writes it."""
    return checksum(f"0x{number:040x}")


def encoded(argument):
    """Return an argument of the specification as the interface takes it."""
    if isinstance(argument, Curve):
        rates = argument.base, argument.slope_low, argument.slope_high
        ratios = argument.optimal, argument.reserve_share
        return (*(rate // 10**9 for rate in rates), *(x // 10**12 for x in ratios))
    return tuple(vars(argument).values()) if is_dataclass(argument) else argument


def asset_fields(listed):
    """Return every field of an asset's words."""
    pool = listed.pool
    records = pool, pool.curve, pool.guards, listed.quote, listed.requirement
    return merge(listed, *records, listed.haircut, listed.fees)


def market_fields(listed):
    """Return every field of a market's words."""
    records = listed.requirement, listed.fees, listed.funding, listed.fund
    return merge(listed, *records, listed.quote, listed.limits, listed.cull) | {
        "open_interest_imf": listed.scales.open_interest_imf,
        "mmf_scale": listed.scales.mmf,
        "imf_scale": listed.scales.imf,
        "lot_exponent": len(str(listed.lot)) - 1,
        "is_listed": 1,
        "spread": 0,
        "epochs": len(listed.epochs),
    }


def merge(*records):
    """Return the plain numbers in several records, by name."""
    return {
        field.name: int(value)
        for record in records
        for field in fields(record)
        if isinstance(value := getattr(record, field.name), int)
    }
