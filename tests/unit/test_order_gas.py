"""
Gas of a clearing: what a maker costs, how much there has to be before one is tried, and
that too little of it never passes an order over.

Gas is read off an engine on which every slot is cold, as it is for a transaction.
"""

import re
from functools import cache

import pytest

from keeper import mirror
from keeper.artifacts import CONTRACTS
from keeper.chain.revm import GAS_LIMIT
from specs.accounts import USDC
from specs.accounts import compute_account as account_of
from specs.fixed_point import WAD
from specs.instruments import MAX_LISTED, SPOT
from specs.state import BY_ASSET, BY_MARKET
from tests.helpers import worlds
from tests.helpers.cold import ColdChain
from tests.helpers.deployers import address_of, curve_fields, fields
from tests.helpers.protocol import calldata, deploy_protocol
from tests.helpers.worlds import BOOK, GOVERNOR, VENUE

ASSETS, MARKETS = range(1, MAX_LISTED), range(MAX_LISTED)
ENTRIES = 8
"""Positions, and assets other than USDC, that an account may have."""

OWED = ENTRIES
"""The asset that the account of everything owes."""

PRICE, STEP = 128 * WAD, 10**13
HEAVY, LIGHT, OTHER, PLAIN = (account_of(0xE0 + n << 96, 0) for n in range(4))
CROWD = [account_of(0xF0 + n << 96, 0) for n in range(16)]
"""Accounts that have USDC, a position and orders, as most makers do."""

NEAR = range(512 * 37, 512 * 38)
"""Entry ticks around the price."""

PURSE = 10**30
"""Token units of 18 decimals."""

PARTIES = HEAVY, LIGHT, PLAIN

(FLOOR,) = (
    int(found.replace("_", ""))
    for found in re.findall(
        r"MAKER_GAS: constant\(uint256\) = (\S+)",
        (CONTRACTS / "modules" / "makers.vy").read_text(),
    )
)


class Full:
    """
    A deployment with all that can be listed, one account that has all that one may
    have, and two that have only what a fill takes.
    """

    def __init__(self):
        self.made = made = deploy_protocol()
        self.vault = made.contracts["Clearinghouse"].address
        self.list_all()
        self.publish()
        for account in (HEAVY, LIGHT, OTHER):
            self.deposit(account, USDC, 10**7)
        for asset in ASSETS[: ENTRIES - 1]:
            self.deposit(HEAVY, asset, 100)
        for asset in ASSETS[:ENTRIES]:
            self.deposit(OTHER, asset, 1_000)
        for market in MARKETS[:ENTRIES]:
            self.fill(market, 100)
        self.send(VENUE, "fill_spot", OWED, OTHER, HEAVY, WAD, PRICE, True)
        for market in MARKETS:
            self.send(BOOK, "reserve", market, HEAVY, True, 300)
            self.send(BOOK, "reserve", market, HEAVY, False, 300)
        for asset in ASSETS:
            self.send(BOOK, "reserve", SPOT + asset, HEAVY, True, WAD)
            self.send(BOOK, "reserve", SPOT + asset, HEAVY, False, WAD)
        self.send(BOOK, "reserve", 0, LIGHT, False, 300)
        for account in (*CROWD, PLAIN):
            self.deposit(account, USDC, 10**5)
            self.fill(0, 50, account)
            if account != PLAIN:
                self.deposit(account, ASSETS[1], 10)
                self.send(BOOK, "reserve", 0, account, False, 300)
                self.send(BOOK, "reserve", SPOT + ASSETS[1], account, False, WAD)
        self.made.wait(10)
        self.publish()

    def send(self, caller, method, *arguments):
        return self.made.send(caller, "Clearinghouse", method, *arguments)

    def deposit(self, account, asset, amount):
        owner, tokens = account >> 96, amount * 10 ** worlds.DECIMALS.get(asset, 18)
        token = self.made.tokens[asset]
        sender = address_of(owner)
        self.made.chain.send(sender, token, "mint", sender, PURSE)
        self.made.chain.send(sender, token, "approve", self.vault, PURSE)
        self.send(owner, "deposit", account, asset, tokens)

    def fill(self, market, lots, buyer=HEAVY):
        """Let an account buy."""
        self.send(VENUE, "fill_perp", market, buyer, OTHER, lots, PRICE, True)

    def list_all(self):
        made, records = self.made, [fields(worlds.FEES)]
        for asset in ASSETS:
            if asset in worlds.ASSETS:
                continue
            made.deploy("MockToken", f"Token {asset}", f"T{asset}", 18)
            made.tokens[asset] = made.contracts.pop("MockToken")
            made.govern(
                "list_asset",
                asset,
                made.tokens[asset].address,
                curve_fields(worlds.CURVE),
                fields(worlds.HAIRCUTS[worlds.ETH]),
                fields(worlds.REQUIREMENTS[worlds.ETH]),
                *records,
            )
        for market in MARKETS:
            if market not in worlds.MARKETS:
                requirement = fields(worlds.PERPETUALS[0])
                where = market, max(1, market), worlds.LOT_EXPONENTS[0], worlds.INTERVAL
                made.govern("list_market", *where, requirement, *records, 10**21)

    def publish(self):
        made = self.made
        for asset in ASSETS:
            made.send(GOVERNOR, "MockPrices", "set_feed", asset, PRICE, PRICE)
        for market in MARKETS:
            made.send(GOVERNOR, "MockPrices", "set_mark", market, PRICE, 0)
        for market in MARKETS:
            assets = [max(1, market)]
            self.send(GOVERNOR, "tick", assets, [market], 10)

    def cold(self):
        """Return the same code and storage where gas is that of cold slots."""
        chain, made = self.made.chain, self.made
        reader = mirror.reader_of(chain, "Clearinghouse", self.vault)
        slots = {mirror.slot_of(reader.slots[n], *keys) for n, *keys in self.keys()}
        found = {slot: chain.storage(self.vault, slot) for slot in slots}
        storage = {self.vault: {slot: word for slot, word in found.items() if word}}
        addresses = [contract.address for contract in made.contracts.values()]
        codes = {address: chain.code(address) for address in addresses}
        return ColdChain(chain.block().timestamp, codes, storage)

    def keys(self):
        """Yield the name and keys of every word that a clearing may ask for."""
        yield from (("funds",), ("virtuals",))
        yield "venues", int(address_of(BOOK), 16)
        for number in MARKETS:
            yield from ((name, number) for name in (*BY_ASSET, *BY_MARKET))
            yield from (("tick_map", number, key) for key in range(257))
        for number in MARKETS[:ENTRIES]:
            for name in ("tick_growth", "tick_size"):
                yield from ((name, number, tick) for tick in NEAR)
        for account in (HEAVY, LIGHT, OTHER, PLAIN, *CROWD):
            yield "headers", account
            for name in ("balances", "positions", "snapshots"):
                yield from ((name, account, number) for number in MARKETS)
            yield from (("orders", account, code) for code in range(2 * MAX_LISTED))

    def gas(self, *clearing):
        """Return the gas of a clearing that finds every slot cold."""
        data = calldata("Clearinghouse", "clear", clearing)
        return self.cold().send(address_of(BOOK), self.vault, data)

    def clear(self, gas, *clearing):
        """Return what a clearing with so much gas tells and leaves, if it can."""
        evm, data = self.made.chain._evm, calldata("Clearinghouse", "clear", clearing)
        with self.made.undone():
            try:
                told = evm.message_call(address_of(BOOK), self.vault, data, gas=gas)
            except RuntimeError:
                return None
            finally:
                evm.reset_transient_storage()
            return told, self.state()

    def state(self):
        """Return what the parties have, and the pools."""
        reader = mirror.reader_of(self.made.chain, "Clearinghouse", self.vault)
        asset = OWED
        return [
            reader.word(name, *keys)
            for name, *keys in (
                *(("balances", who, a) for who in PARTIES for a in (USDC, asset)),
                *(("positions", who, 0) for who in PARTIES),
                *(("orders", who, code) for who in PARTIES for code in (0, asset + 32)),
                *(
                    (name, a)
                    for name in ("pool_total", "guards")
                    for a in (USDC, asset)
                ),
            )
        ]


@cache
def full():
    return Full()


# What a clearing asks most of: the maker's health before and after, its debts and all.
DEAREST = {
    "a perpetual that reduces": (0, OTHER, True, [(HEAVY, 50, PRICE - STEP, False)]),
    "a perpetual turned over": (0, OTHER, True, [(HEAVY, 150, PRICE - STEP, False)]),
    "a perpetual that grows": (0, OTHER, False, [(HEAVY, 50, PRICE + STEP, False)]),
    "spot that repays": (SPOT + OWED, OTHER, False, [(HEAVY, WAD // 2, PRICE, False)]),
    "spot that is sold": (SPOT + 1, OTHER, True, [(HEAVY, WAD // 2, PRICE, False)]),
}


@pytest.mark.parametrize("name", DEAREST)
def test_there_is_gas_for_a_maker_of_everything(name):
    """Of what there is before a try, its calls get all but a 64th, three deep."""
    assert full().gas(*DEAREST[name]) < FLOOR * 9 // 10 * 63**3 // 64**3


@pytest.mark.parametrize(
    ("instrument", "size", "is_level", "most"),
    [
        (0, 10, False, 155_000),
        (0, 10, True, 200_000),
        (SPOT + ASSETS[1], WAD // 10, False, 110_000),
    ],
    ids=["a level's", "a level", "spot"],
)
def test_what_one_more_maker_costs(instrument, size, is_level, most):
    def gas(count):
        makings = [
            (who, size, PRICE + is_level * n * STEP, False)
            for n, who in enumerate(CROWD[:count])
        ]
        return full().gas(instrument, PLAIN, True, makings)

    assert 0.8 * most < (gas(12) - gas(2)) / 10 < most


BORROWING = SPOT + OWED, PLAIN, False, [(HEAVY, WAD // 2, PRICE, False)]
SWEPT = {
    "a perpetual": (0, PLAIN, False, [(HEAVY, 50, PRICE, False)]),
    "two makers": (
        0,
        PLAIN,
        True,
        [(LIGHT, 10, PRICE, False), (HEAVY, 50, PRICE, False)],
    ),
    "a taker who borrows": BORROWING,
}


def sweep(made, clearing, steps=250):
    """Expect that a clearing with less gas fails, or does what it does with plenty."""
    whole = made.clear(GAS_LIMIT, *clearing)
    assert whole is not None
    outcomes = [
        made.clear(gas, *clearing)
        for gas in range(60_000, 2 * FLOOR, 2 * FLOOR // steps)
    ]
    assert None in outcomes
    assert whole in outcomes
    assert [outcome for outcome in outcomes if outcome not in (None, whole)] == []


@pytest.mark.parametrize("name", SWEPT)
def test_too_little_gas_passes_nobody_over(name):
    sweep(full(), SWEPT[name])


def test_too_little_gas_is_told():
    made = full().made
    data = calldata("Clearinghouse", "clear", SWEPT["a perpetual"])
    send, vault = made.chain._evm.message_call, made.contracts["Clearinghouse"].address
    with made.undone(), pytest.raises(RuntimeError) as caught:
        send(address_of(BOOK), vault, data, gas=FLOOR)
    made.chain._evm.reset_transient_storage()
    assert b"not enough gas".hex() in str(caught.value)
