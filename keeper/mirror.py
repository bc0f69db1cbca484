"""
The chain's storage, read back as the specification's state.

A `Mirror` knows which assets, markets, accounts, operators and venues to look for and
reads every word that the protocol keeps of them, whatever lists and totals say: where
these do not match what they stand for, `Mismatch` is raised. What is read can be
compared with the specification's state to the last integer, and the invariants of
`specs.invariants` hold of it or not.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Protocol

from eth_utils.crypto import keccak

from keeper.artifacts import artifact
from keeper.mirror_epochs import check_pending, read_epochs
from keeper.mirror_ticks import Mismatch, check_ticks, with_pending
from specs import accounts as acc
from specs import clearinghouse as ch
from specs import liquidator, nonces, pacing, packing, perpetual, providers
from specs import state as words
from specs.accounts import USDC, Account, AccountId, Address, Settings
from specs.distress import Distress
from specs.fixed_point import Lots, Ray, Seconds, Wad
from specs.funding import Funding
from specs.guards import Guards
from specs.instruments import SPOT, get_code, get_instrument
from specs.interest_rate import Curve
from specs.liquidity_fund import Fund
from specs.margin import Quote
from specs.money_market import EMPTY, Balance, Pool
from specs.open_orders import OpenOrders
from specs.packing import Word
from specs.perpetual import Position
from specs.requirements import Haircut, Requirement, Scales
from specs.state import Change, Cull, Limits

Fields = Mapping[str, int]


class Storage(Protocol):
    """Where words are read from: any chain of `keeper.chain`."""

    def storage(self, address: str, slot: int) -> int:
        """Return one word of storage."""
        ...


@lru_cache(maxsize=2**18)
def slot_of(base: int, *keys: int) -> int:
    """Return the slot of an entry of a map, or of a map of maps, at slot `base`."""
    slot = base
    for key in keys:
        slot = int.from_bytes(
            keccak(slot.to_bytes(32, "big") + key.to_bytes(32, "big")), "big"
        )
    return slot


@lru_cache(maxsize=2**16)
def row_of(base: int, key: int, numbers: tuple[int, ...]) -> tuple[int, ...]:
    """Return the slots that the map of maps at `base` has under `key` and numbers."""
    return tuple(slot_of(base, key, number) for number in numbers)


def slots_of(layout: Mapping[str, Any]) -> Mapping[str, int]:
    """Return the slot of every variable of a compiler's storage layout, by name."""
    found: dict[str, int] = {}
    for name, entry in layout.items():
        if "slot" in entry:
            found[name] = entry["slot"]
        else:
            found.update(slots_of(entry))
    return found


@dataclass(frozen=True)
class Scope:
    """What to look for: the storage has no lists of all that there is."""

    assets: Sequence[int]
    markets: Sequence[int]
    accounts: Sequence[AccountId]
    operators: Sequence[Address] = ()
    venues: Sequence[Address] = ()
    changes: Mapping[Change, int] = field(default_factory=dict)
    """Changes that may be queued, with the hashes of their calldata."""


class Words(Protocol):
    """One contract's words, by the names of its variables."""

    def word(self, name: str, *keys: int) -> int:
        """Return a word of a variable."""
        ...

    def words(self, names: Iterable[str], key: int) -> tuple[int, ...]:
        """Return the words that several variables have under one key."""
        ...

    def row(self, name: str, key: int, numbers: tuple[int, ...]) -> tuple[int, ...]:
        """Return the words that a variable has under one key and several numbers."""
        ...


@dataclass(frozen=True)
class Reader:
    """One contract's storage."""

    chain: Storage
    address: str
    slots: Mapping[str, int]

    def word(self, name: str, *keys: int) -> int:
        """Return a word of a variable."""
        return self.chain.storage(self.address, slot_of(self.slots[name], *keys))

    def words(self, names: Iterable[str], key: int) -> tuple[int, ...]:
        """Return the words that several variables have under one key."""
        return tuple([self.word(name, key) for name in names])

    def row(self, name: str, key: int, numbers: tuple[int, ...]) -> tuple[int, ...]:
        """Return the words that a variable has under one key and several numbers."""
        storage, address = self.chain.storage, self.address
        slots = row_of(self.slots[name], key, numbers)
        return tuple([storage(address, slot) for slot in slots])


def reader_of(chain: Storage, name: str, address: str) -> Reader:
    """Return a reader of the contract `name` at `address`."""
    layout = artifact(name).layout["storage_layout"]
    return Reader(chain, address, slots_of(layout))


def read_clearing(reader: Words, scope: Scope) -> ch.State:
    """
    Return the state behind the Clearinghouse's address.

    Accounts that have nothing are left out. `custody` is what cash and idle balances
    stand for, rounded down to whole token units: compare it with the vault's tokens.
    """
    assets = {
        number: asset
        for number in scope.assets
        if (asset := read_asset(reader, number)) is not None
    }
    markets = {
        number: market
        for number in scope.markets
        if (market := read_market(reader, number)) is not None
    }
    accounts: Mapping[AccountId, Account] = {
        account: held
        for account in scope.accounts
        if (held := read_account(reader, scope, account)) != acc.NEW
    }
    check_ticks(reader, accounts, markets)
    if USDC in assets:
        accounts = with_pending(reader, accounts, markets, assets[USDC].pool)
    return ch.State(
        governor=Address(reader.word("governor")),
        guardian=Address(reader.word("guardian")),
        delay=Seconds(reader.word("delay")),
        queued={
            change: Seconds(time)
            for change, digest in scope.changes.items()
            if (time := reader.word("queued", digest))
        },
        venues=nonzero((venue, reader.word("venues", venue)) for venue in scope.venues),
        assets=assets,
        markets=markets,
        accounts=accounts,
        operators=nonzero(
            ((account, operator), rights)
            for account in scope.accounts
            for operator, rights in read_row(
                reader, "operators", account, scope.operators
            )
        ),
    )


def nonzero(entries: Iterator[tuple[Any, int]]) -> dict[Any, int]:
    """Return the entries of a map that are there."""
    return {key: value for key, value in entries if value}


def read_row(
    reader: Words, name: str, key: int, numbers: Sequence[int]
) -> Iterator[tuple[int, int]]:
    """Return the numbers, each with the word that a variable has under it."""
    numbers = tuple(numbers)
    return zip(numbers, reader.row(name, key, numbers), strict=True)


def unpack_all(
    formats: Mapping[str, Word], found: tuple[int, ...]
) -> Mapping[str, Fields]:
    """Return the fields of the words that several variables have, by name."""
    return {
        name: packing.unpack(word, layout)
        for (name, layout), word in zip(formats.items(), found, strict=True)
    }


def read_asset(reader: Words, asset: int) -> ch.Asset | None:
    """Return an asset, or None if it is not listed."""
    return to_asset(reader.words(words.BY_ASSET, asset))


# Most words are as they were when last read: what they say is remembered.
@lru_cache(maxsize=2**12)
def to_asset(found: tuple[int, ...]) -> ch.Asset | None:
    """Return the asset in its words, or None if it is not listed."""
    fields = unpack_all(words.BY_ASSET, found)
    if not fields["token"]["is_listed"]:
        return None
    decimals = fields["token"]["decimals"]
    pool = to_pool(fields)
    return ch.Asset(
        decimals=decimals,
        pool=pool,
        quote=to_quote(fields["quote"]),
        haircut=Haircut(fields["quote"]["weight"], fields["quote"]["factor"]),
        requirement=to_requirement(fields["risk"]),
        fees=ch.Fees(fields["risk"]["maker"], fields["risk"]["taker"]),
        custody=int((pool.cash + pool.idle) // 10 ** (18 - decimals)),
        target_weight=fields["risk"]["target_weight"],
        ramped_at=Seconds(fields["risk"]["ramped_at"]),
    )


def to_pool(fields: Mapping[str, Fields]) -> Pool:
    """Return the pool that an asset's words describe."""
    index, total, cash = fields["pool_index"], fields["pool_total"], fields["pool_cash"]
    curve = fields["curve"]
    return Pool(
        lend_index=Ray(index["lend_index"]),
        borrow_index=Ray(index["borrow_index"]),
        accrued_at=Seconds(index["accrued_at"]),
        lends=total["lends"],
        borrows=total["borrows"],
        cash=Wad(cash["cash"]),
        reserve=cash["reserve"],
        idle=Wad(fields["pool_idle"]["idle"]),
        is_halted=curve["is_halted"] != 0,
        curve=Curve(
            base=Ray(curve["base"]),
            slope_low=Ray(curve["slope_low"]),
            slope_high=Ray(curve["slope_high"]),
            optimal=Wad(curve["optimal"]),
            reserve_share=Wad(curve["reserve_share"]),
        ),
        is_paused=curve["is_paused"] != 0,
        supply_cap=Wad(curve["supply_cap"]),
        borrow_cap=Wad(curve["borrow_cap"]),
        guards=to_guards(fields["guards"]),
    )


def to_guards(fields: Fields) -> Guards:
    """Return the guards in a word."""
    return Guards(
        average=Wad(fields["average"]),
        averaged_at=Seconds(fields["averaged_at"]),
        admissible=fields["admissible"],
        step=fields["step"],
        max_utilisation=fields["max_utilisation"],
        threshold=fields["threshold"],
        throttle_share=fields["throttle_share"],
        outflow_share=fields["outflow_share"],
        outflow_floor=Wad(fields["outflow_floor"]),
    )


def to_quote(fields: Fields) -> Quote:
    """Return the prices in a word."""
    return Quote(Wad(fields["slow"]), Wad(fields["fast"]), Seconds(fields["time"]))


def to_requirement(fields: Fields) -> Requirement:
    """Return the margin requirement in a word."""
    return Requirement(
        fields["base_imf"],
        fields["base_mmf"],
        fields["imf_factor"],
        fields["mmf_factor"],
    )


def read_market(reader: Words, market: int) -> ch.Market | None:
    """Return a market, or None if it is not listed."""
    listed = to_market(reader.words(words.BY_MARKET, market))
    if listed is None:
        return None
    held = reader.word("positions", acc.INVENTORY, market)
    epochs = read_epochs(reader, market)
    listed = replace(listed, epochs=epochs, inventory=to_inventory(held))
    check_pending(reader, market, listed)
    return listed


def to_inventory(word: int) -> Position:
    """Return what is held in a word that may be empty."""
    return to_position(word) if word else perpetual.FLAT


@lru_cache(maxsize=2**12)
def to_market(found: tuple[int, ...]) -> ch.Market | None:
    """Return the market in its words, or None if it is not listed."""
    fields = unpack_all(words.BY_MARKET, found)
    risk, flow, premium = (
        fields["market_risk"],
        fields["market_funding"],
        fields["market_premium"],
    )
    mark, limits, cull = (
        fields["market_quote"],
        fields["market_limits"],
        fields["market_cull"],
    )
    if not risk["is_listed"]:
        return None
    return ch.Market(
        underlying=risk["underlying"],
        lot=Wad(10 ** risk["lot_exponent"]),
        quote=to_quote(fields["market_quote"]),
        requirement=to_requirement(risk),
        fees=ch.Fees(risk["maker"], risk["taker"]),
        interval=Seconds(risk["interval"]),
        funding=Funding(
            index=flow["index"],
            rate=flow["rate"],
            premium=premium["premium"],
            premium_time=premium["premium_time"],
            interval_started_at=Seconds(flow["interval_started_at"]),
            updated_at=Seconds(flow["updated_at"]),
        ),
        fund=Fund(fields["market_fund"]["balance"], Wad(fields["market_fund"]["cap"])),
        open_interest=Lots(fields["market_size"]["open_interest"]),
        cursor=Wad(fields["market_cursor"]["price"]),
        scales=Scales(
            imf=mark["imf_scale"],
            mmf=mark["mmf_scale"],
            open_interest_imf=mark["open_interest_imf"],
        ),
        limits=Limits(
            max_open_interest=Lots(limits["max_open_interest"]),
            max_position=Lots(limits["max_position"]),
            min_lots=Lots(limits["min_lots"]),
            open_interest_factor=limits["open_interest_factor"],
            reference=limits["reference"],
            max_scale=limits["max_scale"],
        ),
        cull=Cull(
            credit_cap=Wad(cull["credit_cap"]),
            account_threshold=Wad(cull["account_threshold"]),
            system_threshold=Wad(cull["system_threshold"]),
        ),
        is_paused=risk["is_paused"] != 0,
    )


def read_account(reader: Words, scope: Scope, account: AccountId) -> Account:
    """Return an account; raise `Mismatch` unless its header lists what it has."""
    balances = read_row(reader, "balances", account, sorted(scope.assets))
    positions = read_row(reader, "positions", account, sorted(scope.markets))
    header = reader.word("headers", account)
    ordered = packing.get_field(header, words.BY_ACCOUNT["headers"]["orders"])
    instruments = [*scope.markets, *(SPOT + each for each in scope.assets)]
    codes = sorted(get_code(each) for each in instruments) if ordered else []
    orders = read_row(reader, "orders", account, codes)
    noted = reader.word("distress", account)
    rows = tuple(balances), tuple(positions), tuple(orders)
    return to_account(account, header, noted, *rows)


Row = tuple[tuple[int, int], ...]
"""Numbers, each with its word."""


@lru_cache(maxsize=2**14)
def to_account(
    account: AccountId, word: int, noted: int, had: Row, held: Row, resting: Row
) -> Account:
    """
    Return the account in its words: its header, what is noted of its liquidation, and
    those of its balances, its positions and its orders.
    """
    header = packing.unpack(word, words.BY_ACCOUNT["headers"])
    balances = {asset: to_balance(found) for asset, found in had if found}
    positions = {market: to_position(found) for market, found in held if found}
    orders = {
        get_instrument(code): to_orders(found) for code, found in resting if found
    }
    bits = sum(1 << get_code(instrument) for instrument in orders)
    if bits != header["orders"]:
        message = (
            f"account {account:#x}: has orders {bits:#x}, says {header['orders']:#x}"
        )
        raise Mismatch(message)
    lists = {
        "assets": tuple(asset for asset in balances if asset != USDC),
        "markets": tuple(positions),
    }
    for name, numbers in lists.items():
        if packing.pack_list(numbers) != header[name]:
            listed = packing.unpack_list(header[name])
            message = f"account {account:#x}: has {name} {numbers}, lists {listed}"
            raise Mismatch(message)
    settings = Settings(
        auto_lend=header["is_idling"] == 0,
        auto_repay=header["is_not_repaying"] == 0,
        auto_borrow_settlements=header["is_not_borrowing"] == 0,
        auto_realize=header["is_realising"] != 0,
        max_leverage=header["max_leverage"],
    )
    released = Seconds(header["release_at"])
    times = packing.unpack(noted, words.BY_ACCOUNT["distress"])
    distress = Distress(Seconds(times["flagged_at"]), Seconds(times["sliced_at"]))
    return Account(balances, positions, orders, settings, distress, released)


def to_balance(word: int) -> Balance:
    """Return the balance in a word."""
    fields = packing.unpack(word, packing.BALANCE)
    balance = Balance(fields["scaled"], Wad(fields["idle"]))
    if balance == EMPTY:
        raise Mismatch("an empty balance is stored")
    return balance


def to_orders(word: int) -> OpenOrders:
    """Return what rests in an instrument, in a word."""
    fields = packing.unpack(word, packing.OPEN_ORDERS)
    return OpenOrders(fields["bids"], fields["asks"])


def to_position(word: int) -> Position:
    """Return the position in a word."""
    fields = packing.unpack(word, packing.POSITION)
    entry = fields["entry"] - 1 if fields["entry"] else None
    position = Position(
        Lots(fields["lots"]), fields["basis"], entry, epoch=fields["epoch"]
    )
    if position == perpetual.FLAT:
        raise Mismatch("an empty position is stored")
    return position


def read_liquidator(
    reader: Reader, accounts: Sequence[AccountId] = (), instruments: Sequence[int] = ()
) -> liquidator.State:
    """
    Return the Liquidator's providers, in their order, and what it remembers of slices
    of these accounts and instruments.
    """
    base = reader.slots["_order"]
    count = reader.chain.storage(reader.address, base)
    order = (
        AccountId(reader.chain.storage(reader.address, base + 1 + place))
        for place in range(count)
    )
    return liquidator.State(
        address=Address(int(reader.address, 16)),
        providers={account: read_provider(reader, account) for account in order},
        paces={
            (account, instrument): read_pace(word)
            for account in accounts
            for instrument in instruments
            if (word := reader.word("pace", account, instrument))
        },
        failed_at={
            account: Seconds(time)
            for account in accounts
            if (time := reader.word("failed_at", account))
        },
    )


def read_pace(word: int) -> pacing.Pace:
    """Return what is remembered of a leg's slices."""
    fields = packing.unpack(word, pacing.PACE)
    return pacing.Pace(
        sliced_at=Seconds(fields["sliced_at"]),
        failed_at=Seconds(fields["failed_at"]),
        failures=fields["failures"],
    )


def read_provider(reader: Reader, account: AccountId) -> providers.Provider:
    """Return one provider."""
    formats = providers.WORDS
    fields = unpack_all(formats, reader.words(formats, account))
    capacity, caps, usage = fields["capacity"], fields["caps"], fields["usage"]
    results = fields["_results"]
    return providers.Provider(
        pledge=providers.Pledge(
            per_minute=Wad(capacity["per_minute"]),
            per_hour=Wad(capacity["per_hour"]),
            max_position=Wad(caps["max_position"]),
            max_loss=Wad(caps["max_loss"]),
        ),
        used_at=Seconds(usage["used_at"]),
        minute_used=Wad(usage["minute_used"]),
        hour_used=Wad(usage["hour_used"]),
        equity=fields["_equity"]["equity"],
        results=providers.Results(
            taken=Wad(results["taken"]),
            earned=Wad(results["earned"]),
            count=results["count"],
        ),
    )


def read_nonces(
    reader: Reader, accounts: Sequence[AccountId], word_numbers: Sequence[int]
) -> nonces.Nonces:
    """Return the nonces used in these words of these accounts."""
    used: set[tuple[AccountId, int]] = set()
    for account in accounts:
        for number in word_numbers:
            word = reader.word("nonce_words", account, number)
            first = number * nonces.WORD_BITS
            used |= {
                (account, first + bit)
                for bit in range(nonces.WORD_BITS)
                if word >> bit & 1
            }
    return frozenset(used)
