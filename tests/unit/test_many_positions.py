"""
Ten thousand positions inside a tick set cost a tick and a touch what ten cost.

Gas is read off an engine on which every slot is cold, as it is for a transaction. So
many positions are not filled one by one: they are written as fills write them, which is
compared with fills word by word.
"""

from collections import Counter
from dataclasses import dataclass, replace

import pytest
from pyrevm import AccountInfo

from keeper import mirror
from keeper.artifacts import artifact
from keeper.chain.codec import codec_of
from keeper.chain.revm import RevmChain
from keeper.mirror_ticks import HALF, read_growth
from specs import grid, packing, perpetual, virtual_pnl
from specs.accounts import BACKSTOP_FUND, RESERVE, USDC, AccountId, Address
from specs.accounts import compute_account as account_of
from specs.margin import PRICE_UNIT
from specs.state import BY_ASSET, BY_MARKET
from specs.weights import WEIGHT_ONE
from tests.helpers import worlds
from tests.helpers.cold import ColdChain
from tests.helpers.deployers import address_of, deploy_world, fields
from tests.helpers.worlds import BTC, ETH, GOVERNOR, HEDGER, LENDER, STRANGER, VENUE

MARKET = 0
UNIT = 10 ** (worlds.LOT_EXPONENTS[MARKET] - 12)
"""What one lot gains by one price unit, wei."""

MIDDLE = grid.tick_up(worlds.PRICES[BTC] // PRICE_UNIT)
START = grid.get_price(MIDDLE)
WAY = 6
"""Entry ticks from the mark to where it goes."""

TARGET = grid.get_price(MIDDLE + WAY)
CROWD = [Address(0xC0000 + number << 96) for number in range(10_000)]
WIDTH = 1_000
"""Entry ticks of the crowd, half of them below the mark."""

LOTS = 7
HOUR = 3_600
TOUCHED = account_of(worlds.BULL, 0)

MAPS_BY_ACCOUNT = "positions", "snapshots"
MAPS_BY_TICK = "tick_size", "tick_growth"
SUMMARY = 256
"""The word of the bitmap that has the bits of the others."""

BASE, COLD, WRITTEN = 21_000, 2_100, 2_900
"""Gas of a transaction, of a slot's first reading and of changing a slot once read."""

PAGE = 128
"""Ticks that the Lens tells at once."""


@dataclass(frozen=True)
class Fill:
    """Two accounts' positions, opened at the price of a tick."""

    buyer: AccountId
    seller: AccountId
    tick: int


def fills_of(count, ticks):
    """Return fills among so many accounts of the crowd, at these ticks in turn."""
    accounts = [account_of(owner, 0) for owner in CROWD[:count]]
    pairs = zip(accounts[::2], accounts[1::2], strict=True)
    return [
        Fill(buyer, seller, ticks[number % len(ticks)])
        for number, (buyer, seller) in enumerate(pairs)
    ]


CROSSED = [MIDDLE + number for number in range(WAY)]
FEW = fills_of(10, CROSSED[:-1])
SCATTERED = fills_of(
    16, [n * 256 + more for n in (64, 65, 80, 113) for more in (0, 255)]
)
MANY = fills_of(len(CROWD), [MIDDLE - WIDTH // 2 + n for n in range(WIDTH)])
RESIDENTS = [
    Fill(TOUCHED, account_of(worlds.BEAR, 0), MIDDLE + 3),
    *(
        Fill(account_of(LENDER, 0), account_of(HEDGER, 0), MIDDLE + WAY + more)
        for more in (0, 1)
    ),
]
"""Filled for good: who is touched, and where it enters then."""


def opened(listed, lots, tick):
    """Return the position that a fill at the price of a tick opens."""
    price, index = grid.get_price(tick) * PRICE_UNIT, listed.funding.index
    position = perpetual.trade(perpetual.FLAT, lots, listed.lot, price, index).position
    entry = virtual_pnl.compute_entry(position, listed.lot, index)
    return replace(position, entry=entry)


def count(sums, cursor, position):
    """Count a position among winners or losers."""
    price = grid.get_price(position.entry)
    is_winner = (cursor > price) == (position.lots > 0)
    name, sign = ("winners", 1) if is_winner else ("losers", -1)
    sums[f"{name}_lots"] += sign * position.lots
    sums[f"{name}_cost"] -= sign * position.lots * price


class Copy:
    """A chain with the contracts' code and storage, to be written to."""

    def __init__(self, deployment, chain, keys):
        """Copy what the keys say out of a chain, and the code of the deployment's."""
        self.deployment, self.keys = deployment, set(keys)
        self.chain = RevmChain(chain.block().timestamp)
        self.vault = deployment.contracts["Clearinghouse"].address
        self.prices = deployment.contracts["MockPrices"].address
        self.reader = mirror.reader_of(self.chain, "Clearinghouse", self.vault)
        for contract in deployment.contracts.values():
            info = AccountInfo(code=deployment.chain.code(contract.address))
            self.chain._evm.insert_account_info(contract.address, info)
        read = chain.storage
        for key in keys:
            slot = self.slot(key)
            self.chain._evm.insert_account_storage(
                self.vault, slot, read(self.vault, slot)
            )
        for slot in price_slots():
            value = read(self.prices, slot)
            self.chain._evm.insert_account_storage(self.prices, slot, value)

    def slot(self, key):
        name, *keys = key
        return mirror.slot_of(self.reader.slots[name], *keys)

    def word(self, *key):
        return self.chain.storage(self.vault, self.slot(key))

    def write(self, word, *key):
        """Write a word before the first transaction."""
        assert key in self.keys
        self.chain._evm.insert_account_storage(self.vault, self.slot(key), word)

    def again(self):
        """Return a copy as it is now."""
        return Copy(self.deployment, self.chain, self.keys)

    def cold(self):
        """Return the same code and storage where gas is that of cold slots."""
        read = self.chain.storage
        storage = {
            self.vault: {self.slot(key): self.word(*key) for key in self.keys},
            self.prices: {slot: read(self.prices, slot) for slot in price_slots()},
        }
        addresses = [each.address for each in self.deployment.contracts.values()]
        codes = {each: self.deployment.chain.code(each) for each in addresses}
        return ColdChain(self.chain.block().timestamp, codes, storage)

    def send(self, caller, method, *arguments):
        """Send a transaction."""
        data = calldata(method, arguments)
        self.chain.send_raw(address_of(caller), self.vault, data)

    def state(self, accounts=()):
        """Return what the storage says, its sums compared with the positions."""
        names = {*OTHERS, *accounts}
        scope = mirror.Scope((USDC, BTC, ETH), worlds.MARKETS, sorted(names))
        return mirror.read_clearing(self.reader, scope)

    def enter(self, fills):
        """Write what these fills write, without a fee and in the tick's second."""
        state = self.state()
        growth = read_growth(self.reader, MARKET, state.assets[USDC].pool)
        sums, sizes = Counter(), Counter()
        for fill in fills:
            for account, lots in ((fill.buyer, LOTS), (fill.seller, -LOTS)):
                position = opened(state.markets[MARKET], lots, fill.tick)
                self.place(growth, account, position)
                count(sums, growth.price, position)
                sizes[position.entry] += LOTS * (2**64 if lots > 0 else 1)
        for tick, size in sizes.items():
            word = self.word("tick_size", MARKET, tick)
            self.write(word + size, "tick_size", MARKET, tick)
            for key, bit in ((tick >> 8, tick & 255), (SUMMARY, tick >> 8)):
                bits = self.word("tick_map", MARKET, key) | 1 << bit
                self.write(bits, "tick_map", MARKET, key)
        self.add_sums(growth.price, sums, LOTS * len(fills))

    def place(self, growth, account, position):
        """Write one position, and the growth that it has seen."""
        fields = {
            "lots": position.lots,
            "basis": position.basis,
            "epoch": position.epoch,
            "entry": position.entry + 1,
        }
        word = packing.pack(fields, packing.POSITION)
        self.write(word, "positions", account, MARKET)
        other = self.word("tick_growth", MARKET, position.entry)
        lend, borrow = growth.at(position.entry, other, position.lots > 0)
        seen = lend % HALF * HALF + borrow % HALF
        self.write(seen, "snapshots", account, MARKET)
        header = self.word("headers", account)
        self.write(header | (MARKET + 1) << 128, "headers", account)

    def add_sums(self, cursor, sums, open_interest):
        """Write the sums over winners and losers, and what follows from them."""
        gains = {}
        for word, layout, name in (
            ("market_winners", packing.WINNERS, "winners"),
            ("market_size", packing.SIZE, "losers"),
        ):
            fields = packing.unpack(self.word(word, MARKET), layout)
            for field in (f"{name}_lots", f"{name}_cost"):
                fields[field] += sums[field]
            if name == "losers":
                fields["open_interest"] += open_interest
            self.write(packing.pack(fields, layout), word, MARKET)
            gain = cursor * fields[f"{name}_lots"] + fields[f"{name}_cost"]
            gains[name] = gain * UNIT
        self.write(packing.pack(gains, packing.VIRTUALS), "virtuals")
        fund = packing.unpack(self.word("market_fund", MARKET), packing.FUND)
        fund["spread"] = gains["losers"] - gains["winners"]
        self.write(packing.pack(fund, packing.FUND), "market_fund", MARKET)
        funds = packing.unpack(self.word("funds"), packing.FUNDS)
        funds["virtual"] = max(0, fund["balance"] + fund["spread"])
        self.write(packing.pack(funds, packing.FUNDS), "funds")


def calldata(method, arguments):
    """Return what is sent to the vault."""
    return codec_of("Clearinghouse").method(method, arguments).encode(arguments)


OTHERS = (
    RESERVE,
    BACKSTOP_FUND,
    *(account_of(owner, 0) for owner in worlds.OWNERS),
)
"""Accounts that have deposits or debts."""


def price_slots():
    """Yield the slots of the mock's feeds, variances and marks."""
    layout = mirror.slots_of(artifact("MockPrices").layout["storage_layout"])
    for name, size in (("feeds", 3), ("variances", 1), ("marks", 3)):
        for number in (MARKET, BTC, ETH):
            first = mirror.slot_of(layout[name], number)
            yield from range(first, first + size)


def parties_of(fills):
    """Return both sides of all fills."""
    return [name for fill in fills for name in (fill.buyer, fill.seller)]


def keys_of(fills):
    """Return every word that these fills, a tick or a touch reads or writes."""
    accounts = {*OTHERS, *parties_of(fills)}
    # Funding is in the price of an entry, which rounds against either side.
    near = {fill.tick for fill in [*fills, *RESIDENTS]}
    ticks = {tick + more for tick in near for more in (-1, 0, 1)}
    words = {SUMMARY, *(tick >> 8 for tick in ticks)}
    return [
        *(("governor",), ("funds",), ("virtuals",)),
        *((name, asset) for name in BY_ASSET for asset in worlds.ASSETS),
        *((name, market) for name in BY_MARKET for market in worlds.MARKETS),
        *(("headers", name) for name in accounts),
        *(("balances", name, asset) for name in accounts for asset in (USDC, ETH)),
        *((word, name, MARKET) for word in MAPS_BY_ACCOUNT for name in accounts),
        *((word, MARKET, tick) for word in MAPS_BY_TICK for tick in ticks),
        *(("tick_map", MARKET, number) for number in words),
    ]


def set_price(made, units):
    """Tell the mock a price of BTC and of its market, in price units."""
    price = units * PRICE_UNIT
    made.send(STRANGER, "MockPrices", "set_feed", BTC, price, price)
    made.send(STRANGER, "MockPrices", "set_mark", MARKET, price, 0)


def fill(made, fills):
    """Have the venue fill all of them, at their ticks' own prices."""
    for each in fills:
        price = grid.get_price(each.tick) * PRICE_UNIT
        parties = MARKET, each.buyer, each.seller, LOTS, price, True
        made.send(VENUE, "Clearinghouse", "fill_perp", *parties)


def deposit(made, owner, asset, whole):
    """Give an owner tokens, and deposit them."""
    token, vault = made.tokens[asset], made.contracts["Clearinghouse"].address
    tokens = whole * 10 ** worlds.DECIMALS[asset]
    for method, whom in (("mint", address_of(owner)), ("approve", vault)):
        made.chain.send(address_of(owner), token, method, whom, tokens)
    made.send(owner, "Clearinghouse", "deposit", account_of(owner, 0), asset, tokens)


@pytest.fixture(scope="module")
def made():
    """Return a deployment at work, without fees, in the second of a tick."""
    made = deploy_world()
    free = fields(worlds.PERPETUALS[MARKET]), (0, 0)
    made.send(GOVERNOR, "Clearinghouse", "set_market_risk", MARKET, *free)
    price = worlds.PRICES[ETH]
    made.send(STRANGER, "MockPrices", "set_feed", ETH, price, price)
    set_price(made, START)
    made.send(STRANGER, "Clearinghouse", "tick", [BTC, ETH], [MARKET], 1)
    for owner in (LENDER, worlds.BULL, worlds.BEAR, *CROWD[:10]):
        deposit(made, owner, USDC, 20_000)
    deposit(made, HEDGER, ETH, 20)
    debt = account_of(HEDGER, 0), USDC, 5_000 * 10**6, address_of(HEDGER)
    made.send(HEDGER, "Clearinghouse", "borrow", *debt)
    # A while in which interest accrues, so that growth begins at no round number.
    made.chain.advance_to(worlds.GENESIS + HOUR)
    for units in (grid.get_price(MIDDLE + WAY), START):
        made.chain.advance_to(made.chain.block().timestamp + HOUR)
        made.send(STRANGER, "MockPrices", "set_feed", ETH, price, price)
        set_price(made, units)
        made.send(STRANGER, "Clearinghouse", "tick", [BTC, ETH], [MARKET], 64)
        if units != START:
            fill(made, RESIDENTS)
    return made


@pytest.fixture(scope="module")
def crowds(made):
    """Return chains with few and with many positions, and a price that has moved."""
    before = made.chain.snapshot()
    made.chain.advance_to(made.chain.block().timestamp + HOUR)
    set_price(made, TARGET)
    found = []
    for fills in (FEW, MANY):
        copy = Copy(made, made.chain, keys_of(fills))
        copy.enter(fills)
        found.append(copy.again())
    made.chain.revert(before)
    return found


TICK = STRANGER, "tick", [BTC], [MARKET], 64
"""Has the market's cursor move to its mark."""

TOUCH = worlds.BULL, "realise", MARKET, [TOUCHED]
"""Has one account realised by its owner."""


@pytest.fixture(scope="module")
def gas(crowds):
    """Return what a tick and a touch after it cost, beside few and beside many."""
    found = []
    for copy in crowds:
        chain = copy.cold()
        found.append([spend(chain, copy.vault, *sent) for sent in (TICK, TOUCH)])
    return found


def spend(chain, vault, caller, method, *arguments):
    """Return the gas of a transaction to the vault."""
    return chain.send(address_of(caller), vault, calldata(method, arguments))


def test_positions_are_written_as_fills_write_them(made):
    copy = Copy(made, made.chain, keys_of(FEW))
    copy.enter(FEW)
    before = made.chain.snapshot()
    fill(made, FEW)
    filled = Copy(made, made.chain, keys_of(FEW))
    made.chain.revert(before)
    differing = [key for key in filled.keys if filled.word(*key) != copy.word(*key)]
    assert differing == []
    growths = {copy.word("snapshots", each.buyer, MARKET) for each in FEW}
    assert len(growths) == len(FEW)


def test_gas_is_that_of_cold_slots(crowds):
    chain = crowds[0].cold()
    first, again = (spend(chain, crowds[0].vault, *TICK) for _ in range(2))
    # Nothing is left to write, but every word of the market is read once more.
    assert again > BASE + COLD * len(BY_MARKET)
    assert first > again + WRITTEN * WAY


def test_a_tick_costs_the_same_for_ten_and_ten_thousand(crowds, gas):
    few, many = (tick for tick, _ in gas)
    assert near(few, many)
    for before in crowds:
        copy = before.again()
        copy.send(*TICK)
        assert copy.word("market_cursor", MARKET) >> 176 == TARGET
        crossed = [
            key
            for key in copy.keys
            if key[0] == "tick_growth" and copy.word(*key) != before.word(*key)
        ]
        assert sorted(number for _, _, number in crossed) == CROSSED


def test_a_touch_costs_the_same_for_ten_and_ten_thousand(crowds, gas):
    few, many = (touch for _, touch in gas)
    assert near(few, many)
    for copy in crowds:
        ticked = copy.again()
        ticked.send(*TICK)
        touched = ticked.again()
        touched.send(*TOUCH)
        word = touched.word("positions", TOUCHED, MARKET)
        assert word != ticked.word("positions", TOUCHED, MARKET)


def entries_of(copy):
    """Return lots by entry tick, longs and shorts, as the positions have them."""
    longs, shorts = Counter(), Counter()
    for key in copy.keys:
        if key[0] == "positions":
            found = packing.unpack(copy.word(*key), packing.POSITION)
            if found["entry"] != 0:
                side = longs if found["lots"] > 0 else shorts
                side[found["entry"] - 1] += abs(found["lots"])
    return [
        (tick, grid.get_price(tick) * PRICE_UNIT, longs[tick], shorts[tick])
        for tick in sorted(longs.keys() | shorts.keys())
    ]


def pages_of(copy, first):
    """Return the Lens's pages of entry ticks from `first` on."""
    lens = copy.chain.deploy(address_of(STRANGER), "Lens", copy.vault)
    pages = []
    while not pages or len(pages[-1]) == PAGE:
        page = list(copy.chain.call(lens, "ticks", MARKET, first))
        assert all(tick.number >= first for tick in page)
        first = page[-1].number + 1 if page else first
        pages.append(page)
    return pages


def test_the_lens_tells_a_thousand_entry_ticks_in_pages(crowds):
    copy = crowds[1].again()
    expected = entries_of(copy)
    assert len(expected) >= WIDTH
    assert len({tick >> 8 for tick, *_ in expected}) > 3
    for skipped in (0, 1, 500):
        pages = pages_of(copy, expected[skipped][0])
        assert [tick for page in pages for tick in page] == expected[skipped:]
        assert {len(page) for page in pages[:-1]} == {PAGE}


def test_after_the_last_full_page_comes_an_empty_one(crowds):
    copy = crowds[1].again()
    expected = entries_of(copy)[-PAGE:]
    assert pages_of(copy, expected[0][0]) == [expected, []]


def test_the_lens_finds_ticks_far_apart(made):
    copy = Copy(made, made.chain, keys_of(SCATTERED))
    copy.enter(SCATTERED)
    expected = entries_of(copy)
    assert len({tick >> 8 for tick, *_ in expected}) > 6
    assert {0, 255} <= {tick & 255 for tick, *_ in expected}
    for first in {0, *(tick + more for tick, *_ in expected for more in (0, 1))}:
        (page,) = pages_of(copy, first)
        assert page == [each for each in expected if each[0] >= first]


def near(one, other):
    """Return whether two figures of gas are within a thousandth of each other."""
    return abs(one - other) * 1_000 <= min(one, other)


def test_pending_interest_of_all_is_what_the_pool_has_booked(crowds):
    copy = crowds[1].again()
    accounts = parties_of(MANY)
    before = copy.state(accounts)
    copy.send(*TICK)
    after = copy.state(accounts)
    old, new = before.assets[USDC].pool, after.assets[USDC].pool
    assert all(account.positions for account in map(after.accounts.get, accounts))
    assert new.lend_index > old.lend_index

    # One accrual: lends rounded up and borrows down, each by less than a unit.
    minted = new.reserve - old.reserve
    earned = (new.lends - old.lends - minted) * WEIGHT_ONE
    earned -= total(after, "pending_lend") - total(before, "pending_lend")
    owed = total(after, "pending_borrow") - total(before, "pending_borrow")
    owed -= (new.borrows - old.borrows) * WEIGHT_ONE
    assert 0 <= earned < WEIGHT_ONE
    assert 0 <= owed < WEIGHT_ONE


def total(state, name):
    """Return a sum of pending interest over all accounts."""
    return sum(
        getattr(account.positions[MARKET], name)
        for account in state.accounts.values()
        if MARKET in account.positions
    )
