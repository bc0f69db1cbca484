"""The contracts beside the specification: the same calls, and the same storage."""

from dataclasses import is_dataclass, replace

from eth_utils.crypto import keccak

from keeper import mirror
from keeper.artifacts import abi_of, type_of
from keeper.chain.codec import codec_of
from keeper.chain.interface import Refused
from specs.accounts import NEW
from specs.instruments import SPOT
from specs.interest_rate import Curve
from tests.helpers import worlds
from tests.helpers.deployers import address_of, curve_fields, fields, scope_of

TYPES = {
    entry["name"]: tuple(type_of(item) for item in entry["inputs"])
    for entry in abi_of("Clearinghouse")
    if entry["type"] == "function"
}
"""The types of every function's arguments."""

INSTRUMENTS = (*worlds.MARKETS, *(SPOT + asset for asset in worlds.ASSETS))
"""What slices may be of."""


def calldata(name, method, arguments):
    """Return the calldata of a call."""
    return codec_of(name).method(method, arguments).encode(arguments)


class Twin:
    """A deployment on which actions of a world are sent as transactions."""

    def __init__(self, made):
        self.made = made
        self.scope = scope_of(made)
        self.changes = {}
        self.home = made.chain.snapshot()
        self.liquidator = int(made.contracts["Liquidator"].address, 16)
        self.readers = {
            name: mirror.reader_of(made.chain, name, made.contracts[name].address)
            for name in ("Clearinghouse", "Liquidator")
        }

    def rewind(self):
        """Return to the deployment as it was."""
        self.made.chain.revert(self.home)
        self.home = self.made.chain.snapshot()
        self.changes.clear()

    # Sending

    def send(self, world, action):
        """Send `action`; return the reason if it is refused, None otherwise."""
        send = getattr(self, action.name, None) or self.call
        try:
            send(world, action)
        except Refused as refused:
            return refused.reason
        return None

    def call(self, world, action):
        arguments = self.encode(action.name, action.arguments)
        self.made.send(action.caller, "Clearinghouse", action.name, *arguments)

    def encode(self, name, arguments):
        """Return arguments of the specification as the interface takes them."""
        types = TYPES[name]
        return [
            self.encode_one(kind, argument)
            for kind, argument in zip(types, arguments, strict=True)
        ]

    def encode_one(self, kind, argument):
        if kind == "address":
            return self.place(argument)
        if kind == "bytes32":
            return self.hash(argument)
        if isinstance(argument, Curve):
            return curve_fields(argument)
        if is_dataclass(argument):
            return fields(argument)
        return list(argument) if isinstance(argument, tuple) else argument

    def hash(self, change):
        """Return the hash of a change's calldata, and remember the change."""
        name, *arguments = change
        if name not in TYPES:
            return bytes(32)
        data = calldata("Clearinghouse", name, self.encode(name, arguments))
        digest = keccak(data)
        self.changes[change] = int.from_bytes(digest, "big")
        return digest

    def withdraw(self, world, action):
        receiver = address_of(action.caller)
        arguments = *action.arguments, receiver
        self.made.send(action.caller, "Clearinghouse", action.name, *arguments)

    borrow = withdraw

    def batch(self, world, action):
        account, steps = action.arguments
        receiver = address_of(action.caller)
        steps = [(*fields(step), receiver) for step in steps]
        self.made.send(action.caller, "Clearinghouse", "batch", account, steps)

    def place(self, number):
        """Return an address; the liquidator's is where it was deployed."""
        is_liquidator = number == worlds.LIQUIDATOR
        return address_of(self.liquidator if is_liquidator else number)

    def pledge(self, world, action):
        self.made.send(action.caller, "Liquidator", action.name, *action.arguments)

    unpledge = drop = liquidate = reduce = pledge

    def publish(self, world, action):
        asset, *_ = action.arguments
        price = world.asset_prices[asset]
        for method, told in (
            ("set_feed", (price.slow, price.fast)),
            ("set_variance", (price.variance,)),
        ):
            self.made.send(action.caller, "MockPrices", method, asset, *told)
        for market, listed in world.clearing.markets.items():
            if listed.underlying == asset:
                told = world.mark_prices[market]
                arguments = market, told.mark, told.premium
                self.made.send(action.caller, "MockPrices", "set_mark", *arguments)

    def donate(self, world, action):
        asset, tokens = action.arguments
        token, vault = self.made.tokens[asset], self.made.contracts["Clearinghouse"]
        caller = address_of(action.caller)
        self.made.chain.send(caller, token, "mint", vault.address, tokens)

    def wait(self, world, action):
        self.made.chain.advance_to(world.now)

    # Comparing

    def read(self, world):
        """Return `world` as the contracts' storage has it."""
        scope = replace(self.scope, changes=self.changes)
        clearing = mirror.read_clearing(self.readers["Clearinghouse"], scope)
        state = mirror.read_liquidator(
            self.readers["Liquidator"], scope.accounts, INSTRUMENTS
        )
        venues = {self.name(venue): clearing.venues[venue] for venue in clearing.venues}
        operators = {
            (account, self.name(operator)): rights
            for (account, operator), rights in clearing.operators.items()
        }
        return replace(
            world,
            clearing=replace(clearing, venues=venues, operators=operators),
            liquidator=replace(state, address=worlds.LIQUIDATOR),
            tokens={asset: self.count(asset) for asset in self.made.tokens},
        )

    def name(self, address):
        return worlds.LIQUIDATOR if address == self.liquidator else address

    def count(self, asset):
        vault = self.made.contracts["Clearinghouse"].address
        return self.made.chain.call(self.made.tokens[asset], "balanceOf", vault)


def differences(world, found):
    """Return where a world and what the storage says of it differ, as text."""
    parts = [
        *(
            (name, getattr(world.clearing, name), getattr(found.clearing, name))
            for name in ("governor", "guardian", "delay")
        ),
        ("tokens", world.tokens, found.tokens),
        ("providers", world.liquidator, found.liquidator),
        ("book", world.book, found.book),
        ("order", list(world.liquidator.providers), list(found.liquidator.providers)),
    ]
    parts += [
        (f"{name} {key}", expected.get(key), told.get(key))
        for name, expected, told in maps(world.clearing, found.clearing)
        for key in expected.keys() | told.keys()
    ]
    return [f"{name}: {old} != {new}" for name, old, new in parts if old != new]


def maps(expected, found):
    """Yield the maps of two states by name; accounts that have nothing left out."""
    for name in ("venues", "assets", "markets", "operators", "queued"):
        yield name, getattr(expected, name), getattr(found, name)
    used = {name: held for name, held in expected.accounts.items() if held != NEW}
    yield "accounts", used, found.accounts
