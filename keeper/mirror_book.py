"""
The order book as its storage has it.

What is stored twice has to agree: sizes of levels with the orders that rest there, best
prices and the index with the levels, slots in use with the orders, and every list with
itself, forwards and backwards. `Mismatch` says where it does not.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from keeper.artifacts import artifact
from keeper.mirror import Storage, slot_of
from keeper.mirror_ticks import Mismatch, unpacker
from specs import instruments, packing
from specs.accounts import AccountId, Address
from specs.book_state import Book, Order, OrderId, State, Told, Volume
from specs.fixed_point import WAD, Lots, Seconds, Wad
from specs.listings import Listing
from specs.packing import Field, Word
from specs.price_index import UNIT

LISTING: Word = {
    "tick": Field(0, 40, unit=UNIT),
    "lot_exponent": Field(40, 8),
    "min_lots": Field(48, 32),
    "impact": Field(80, 32, unit=WAD),
    "max_spread": Field(112, 20),
}
ORDER: Word = {
    "lots": Field(184, 72),
    "generation": Field(144, 40),
    "next": Field(104, 40),
    "previous": Field(64, 40),
    "expiry": Field(32, 32),
    "number": Field(8, 24),
    "code": Field(2, 6),
    "is_buy": Field(1, 1),
    "is_reduce_only": Field(0, 1),
}
MAKER: Word = {"maker": Field(32, 32), "used": Field(0, 32)}
TOP: Word = {
    "bid": Field(232, 24),
    "ask": Field(208, 24),
    "last": Field(184, 24),
    "mid": Field(120, 64, unit=UNIT),
    "told_at": Field(88, 32),
    "volume": Field(32, 56),
    "traded_at": Field(0, 32),
}
LEVEL: Word = {
    "lots": Field(168, 88),
    "firm": Field(80, 88),
    "head": Field(40, 40),
    "tail": Field(0, 40),
}
LAYERS = 3
"""Of the index of prices, each of 256 bits for a word."""

Fields = Mapping[str, int]

unpack_order, unpack_level, unpack_maker = map(unpacker, (ORDER, LEVEL, MAKER))


@dataclass(frozen=True)
class Reader:
    """The storage of one book."""

    chain: Storage
    address: str
    slots: Mapping[tuple[str, str], int]

    def word(self, module: str, name: str, *keys: int) -> int:
        """Return a word of a module's variable."""
        slot = slot_of(self.slots[module, name], *keys)
        return self.chain.storage(self.address, slot)

    def order(self, reference: int) -> Fields:
        """Return the fields of a slot."""
        return unpack_order(self.word("order_slots", "words", reference))

    def level(self, code: int, number: int) -> Fields:
        """Return the fields of a price."""
        key = code << 24 | number
        return unpack_level(self.word("price_levels", "levels", key))

    def account(self, reference: int) -> AccountId:
        """Return whose slot a reference is to."""
        maker = reference & 2**32 - 1
        return AccountId(self.word("order_slots", "accounts", maker))


def reader_of(chain: Storage, address: str) -> Reader:
    """Return a reader of the book at `address`."""
    layout = artifact("OrderBook").layout["storage_layout"]
    slots = {
        (module, name): entry["slot"]
        for module, entries in layout.items()
        if "slot" not in entries
        for name, entry in entries.items()
    }
    return Reader(chain, address, slots)


def read_book(reader: Reader, governor: Address, listed: Sequence[int]) -> State:
    """Return all that the book remembers of these instruments and of all makers."""
    books: dict[int, Book] = {}
    orders: dict[OrderId, Order] = {}
    mids: dict[int, Told] = {}
    for instrument in listed:
        code = instruments.get_code(instrument)
        word = reader.word("listings", "words", code)
        if word == 0:
            continue
        top = packing.unpack(reader.word("price_levels", "tops", code), TOP)
        resting = read_orders(reader, code)
        orders.update(resting)
        books[instrument] = read_one(to_listing(word), top, resting)
        if top["told_at"]:
            mids[instrument] = Told(Wad(top["mid"]), Seconds(top["told_at"]))
    makers = read_makers(reader)
    return State(
        governor=governor,
        address=Address(int(reader.address, 16)),
        books=books,
        orders=orders,
        makers=makers,
        generations=read_generations(reader, makers, orders),
        mids=mids,
    )


def to_listing(word: int) -> Listing:
    """Return the listing in a word."""
    fields = packing.unpack(word, LISTING)
    return Listing(
        tick=Wad(fields["tick"]),
        lot=Wad(10 ** fields["lot_exponent"]),
        min_lots=Lots(fields["min_lots"]),
        impact=Wad(fields["impact"]),
        max_spread=fields["max_spread"],
    )


def read_one(listing: Listing, top: Fields, resting: Mapping[OrderId, Order]) -> Book:
    """Return a book; raise `Mismatch` unless best prices are those of its orders."""
    bids = [name for name, order in resting.items() if order.is_buy]
    asks = [name for name, order in resting.items() if not order.is_buy]
    bids.sort(key=lambda name: -resting[name].number)
    asks.sort(key=lambda name: resting[name].number)
    best = {
        "bid": resting[bids[0]].number if bids else 0,
        "ask": resting[asks[0]].number if asks else 0,
    }
    for side, number in best.items():
        if top[side] != number:
            raise Mismatch(f"best {side} is {number}, stored is {top[side]}")
    volume = Volume(Lots(top["volume"]), Seconds(top["traded_at"]))
    return Book(listing, tuple(bids), tuple(asks), top["last"], volume)


def read_orders(reader: Reader, code: int) -> dict[OrderId, Order]:
    """Return what rests in an instrument, each price's orders in their priority."""
    found: dict[OrderId, Order] = {}
    for number in read_prices(reader, code):
        level = reader.level(code, number)
        queue = list(read_queue(reader, level))
        lots = sum(fields["lots"] for _, fields in queue)
        firm = sum(fields["lots"] for _, fields in queue if not fields["expiry"])
        if (lots, firm) != (level["lots"], level["firm"]):
            raise Mismatch(f"{lots} lots, {firm} firm at {number}, stored: {level}")
        for reference, fields in queue:
            if (fields["code"], fields["number"]) != (code, number):
                raise Mismatch(f"an order at {number} says {fields}")
            name = OrderId(fields["generation"] << 40 | reference)
            found[name] = to_order(reader.account(reference), fields)
    return found


def to_order(account: AccountId, fields: Fields) -> Order:
    """Return the order in a slot."""
    return Order(
        account=account,
        instrument=instruments.get_instrument(fields["code"]),
        is_buy=fields["is_buy"] != 0,
        lots=Lots(fields["lots"]),
        number=fields["number"],
        is_reduce_only=fields["is_reduce_only"] != 0,
        expiry=Seconds(fields["expiry"]),
    )


def read_queue(reader: Reader, level: Fields) -> Iterator[tuple[int, Fields]]:
    """Yield the slots of a price, first to last, with their fields."""
    reference, previous = level["head"], None
    while True:
        fields = reader.order(reference)
        if fields["lots"] == 0:
            raise Mismatch(f"an order that is gone is listed: {reference:#x}")
        if previous is not None and fields["previous"] != previous:
            raise Mismatch(f"{reference:#x} is not behind {previous:#x}")
        yield reference, fields
        if reference == level["tail"]:
            return
        reference, previous = fields["next"], reference


def read_prices(reader: Reader, code: int) -> list[int]:
    """Return the prices that the index has, ascending."""
    numbers = [0]
    for layer in range(LAYERS):
        found = []
        for number in numbers:
            key = code << 18 | layer << 16 | number
            bits = reader.word("price_levels", "index", key)
            if bits == 0 and layer > 0:
                raise Mismatch(f"the index has nothing below {number} in layer {layer}")
            found += [number << 8 | bit for bit in bits_of(bits)]
        numbers = found
    return numbers


def bits_of(word: int) -> Iterator[int]:
    """Yield the places of the bits that are set, ascending: mostly one or two."""
    while word:
        lowest = word & -word
        yield lowest.bit_length() - 1
        word -= lowest


def read_makers(reader: Reader) -> tuple[AccountId, ...]:
    """Return all accounts that ever had an order resting, in their order."""
    count = reader.word("order_slots", "count")
    makers = tuple(
        AccountId(reader.word("order_slots", "accounts", maker))
        for maker in range(1, count + 1)
    )
    for number, account in enumerate(makers, 1):
        word = reader.word("order_slots", "makers", account)
        if unpack_maker(word)["maker"] != number:
            raise Mismatch(f"maker {number} is another one's number")
    return makers


def read_generations(
    reader: Reader,
    makers: Sequence[AccountId],
    orders: Mapping[OrderId, Order],
) -> dict[tuple[AccountId, int], int]:
    """Return how many orders ever rested in each slot that was used."""
    found = {}
    for maker, account in enumerate(makers, 1):
        word = reader.word("order_slots", "makers", account)
        used = unpack_maker(word)["used"]
        for slot in range(32):
            fields = reader.order(slot << 32 | maker)
            generation = fields["generation"]
            name = OrderId(generation << 40 | slot << 32 | maker)
            if (name in orders) != (used >> slot & 1 == 1):
                raise Mismatch(f"slot {slot} of maker {maker} is {fields}")
            if generation:
                found[account, slot] = generation
    return found
