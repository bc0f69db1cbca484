"""Words of pools, markets and accounts that may be anything, for the scan of them."""

from dataclasses import dataclass

from hypothesis import strategies as st

from keeper.watch.columns import Columns, pack_row
from keeper.watch.layout import Layout
from keeper.watch.sheet import TICKS, Pages, Sheet
from specs import packing
from specs import state as words
from specs.accounts import INVENTORY, USDC, AccountId
from specs.deleveraging import Epoch, compute_carry, compute_left
from specs.fixed_point import RAY, Wad

NOW = 2_000_000
LAYOUT = Layout((USDC, 1, 2), (0, 1))
TICK = 20_000, 25_000
"""Between which positions enter."""


def spread(bits, least=0):
    """Numbers of up to so many bits, each number of bits as likely as another."""
    return st.integers(0, bits).flatmap(
        lambda top: st.integers(max(least, 2**top // 2), max(least, 2**top - 1))
    )


def signed(bits):
    """The same with either sign, and a bit for it."""
    return st.tuples(st.sampled_from([-1, 1]), spread(bits - 1)).map(
        lambda pair: pair[0] * pair[1]
    )


@dataclass
class Drawn:
    """What was drawn: the pages, and the time."""

    pages: Pages
    now: int = NOW


@st.composite
def pages(draw, most=6):
    """Pages with some accounts, at a time at which some prices are stale."""
    sheet = Sheet(LAYOUT)
    for asset in LAYOUT.assets:
        write(sheet, words.BY_ASSET, asset, draw_asset(draw))
    for market in LAYOUT.markets:
        epochs = draw(st.lists(draw_epoch(), max_size=3))
        write(sheet, words.BY_MARKET, market, draw_market(draw, market, epochs))
        write_epochs(sheet, market, epochs)
    for name in words.PLAIN:
        sheet.words[name,] = 0
    columns = Columns(LAYOUT, capacity=1)
    for number in range(draw(st.integers(1, most))):
        name = AccountId(number + 1 << 96)
        columns.put([name], [pack_row(LAYOUT, draw_row(draw, sheet))])
    return Drawn(Pages(columns, sheet))


def write(sheet, formats, key, told):
    """Write the words of an asset or market; fields that are not told are 0."""
    for name, layout in formats.items():
        fields = {**dict.fromkeys(layout, 0), **told.get(name, {})}
        sheet.words[name, key] = packing.pack(fields, layout)


def draw_time(draw):
    return draw(st.sampled_from([NOW, NOW - 60, NOW - 61, NOW - 1_000, 0]))


def draw_prices(draw):
    slow = draw(spread(70, least=1))
    fast = slow * draw(st.integers(900, 1_100)) // 1_000
    return {"slow": slow * 10**6, "fast": fast * 10**6, "time": draw_time(draw)}


def draw_requirement(draw):
    fractions = st.integers(0, 10**6)
    factors = spread(40)
    return {
        "base_imf": draw(fractions),
        "base_mmf": draw(fractions),
        "imf_factor": draw(factors),
        "mmf_factor": draw(factors),
    }


def draw_asset(draw):
    index = st.integers(RAY // 8, 10 * RAY) | st.integers(RAY, 2**112 - 1)
    return {
        "token": {"is_listed": 1, "decimals": 18},
        "pool_index": {
            "lend_index": draw(index),
            "borrow_index": draw(index),
            "accrued_at": NOW - draw(st.integers(0, 10**6)),
        },
        "pool_total": {"lends": draw(spread(100)), "borrows": draw(spread(100))},
        "pool_cash": {"cash": draw(spread(100)), "reserve": 0},
        "curve": {
            "base": draw(spread(34)) * 10**9,
            "slope_low": draw(spread(34)) * 10**9,
            "slope_high": draw(spread(34)) * 10**9,
            "optimal": draw(st.integers(1, 10**6 - 1)) * 10**12,
        },
        "quote": {
            **draw_prices(draw),
            "weight": draw(st.integers(0, 10**6)),
            "factor": draw(spread(40)),
        },
        "risk": draw_requirement(draw),
    }


@st.composite
def draw_epoch(draw):
    lots = draw(spread(50, least=1))
    interest = lots + draw(spread(50))
    return Epoch(
        is_long=draw(st.booleans()),
        lots=lots,
        open_interest=interest,
        price=Wad(draw(spread(66)) * 10**6),
        funding_index=draw(signed(90)),
        met=draw(st.integers(0, interest)),
    )


def draw_market(draw, number, epochs):
    left = {
        side: sum(compute_left(e) for e in epochs if e.is_long == is_long)
        for side, is_long in (("longs", True), ("shorts", False))
    }
    scales = st.integers(10_000, 65_000)
    weight = draw(st.integers(2**58, 2**63))
    return {
        "market_quote": {
            **draw_prices(draw),
            "mmf_scale": draw(scales),
            "imf_scale": draw(scales),
        },
        "market_risk": {
            **draw_requirement(draw),
            "underlying": number + 1,
            "lot_exponent": draw(st.integers(12, 18)),
            "is_listed": 1,
            "epochs": len(epochs),
        },
        "market_funding": {"index": draw(signed(100))},
        "market_fund": {"balance": draw(signed(90)), "cap": 0},
        "market_growth": {
            "lend": draw(st.integers(0, 2**128 - 1)),
            "borrow": draw(st.integers(0, 2**128 - 1)),
        },
        "market_cursor": {
            "price": draw(spread(66, least=1)) * 10**6,
            "lend_weight": weight,
            "borrow_weight": weight,
        },
        "market_pending": left,
    }


def write_epochs(sheet, market, epochs):
    lots = 0
    for number, epoch in enumerate(epochs, 1):
        left = compute_left(epoch)
        lots += -left if epoch.is_long else left
        terms = {name: int(getattr(epoch, name)) for name in packing.EPOCH_TERMS}
        state = {
            "funding_index": epoch.funding_index,
            "carry": compute_carry(epoch),
            "left": left,
        }
        for name, fields in (("epoch_terms", terms), ("epoch_state", state)):
            layout = words.BY_EPOCH[name]
            sheet.words[name, market, number] = packing.pack(fields, layout)
    held = dict.fromkeys(packing.POSITION, 0) | {"lots": lots}
    sheet.words["positions", INVENTORY, market] = packing.pack(held, packing.POSITION)


def draw_row(draw, sheet):
    """Draw an account's words, with what else is to be known of where it is."""
    row = {}
    for asset in LAYOUT.assets:
        if draw(st.booleans()):
            scaled, idle = draw(signed(110)), draw(st.just(0) | spread(110))
            fields = {"scaled": scaled, "idle": idle}
            row["balances", asset] = packing.pack(fields, packing.BALANCE)
    for market in LAYOUT.markets:
        if draw(st.booleans()):
            row["positions", market] = draw_position(draw, sheet, market, row)
    for code in LAYOUT.codes:
        if draw(st.integers(0, 3)) == 0:
            told = {"bids": draw(spread(50)), "asks": draw(spread(50))}
            row["orders", code] = packing.pack(told, packing.OPEN_ORDERS)
    row = {key: word for key, word in row.items() if word}
    had = {name: [n for v, n in row if v == name] for name, _ in row}
    listed = [asset for asset in had.get("balances", ()) if asset != USDC]
    bits = sum(1 << code for code in had.get("orders", ()))
    fields = dict.fromkeys(packing.HEADER, 0) | {
        "assets": packing.pack_list(tuple(listed)),
        "markets": packing.pack_list(tuple(had.get("positions", ()))),
        "orders": bits,
        "max_leverage": draw(st.integers(0, 255)),
    }
    row["headers", None] = packing.pack(fields, packing.HEADER)
    sliced = draw(st.sampled_from([0, NOW, NOW - 60, NOW - 61]))
    row["distress", None] = sliced
    return row


def draw_position(draw, sheet, market, row):
    """Return a position's word; where it has an entry, it has seen some growth."""
    risk = packing.unpack(sheet.words["market_risk", market], packing.RISK)
    entry = draw(st.just(0) | st.integers(*TICK))
    lots = draw(signed(57) if entry == 0 else signed(57).filter(bool))
    if entry:
        grown = sheet.words.setdefault(
            (TICKS, market, entry - 1), draw(st.integers(0, 2**256 - 1))
        )
        near = draw(st.integers(0, 2**256 - 1)) if draw(st.booleans()) else grown
        row["snapshots", market] = near
    fields = {
        "lots": lots,
        "basis": draw(signed(120)) or 1,
        "epoch": draw(st.integers(0, risk["epochs"])),
        "entry": entry,
    }
    return packing.pack(fields, packing.POSITION)


def example_pages():
    """Pages without accounts: indices of 1, prices of 1,000 and 10 USDC, 5 % margin."""
    sheet = Sheet(LAYOUT)
    requirement = {"base_imf": 10**5, "base_mmf": 5 * 10**4}
    index = {"lend_index": RAY, "borrow_index": RAY, "accrued_at": NOW}
    for asset, price in zip(LAYOUT.assets, (1, 1_000, 10), strict=True):
        quote = {"slow": price * 10**18, "fast": price * 10**18, "time": NOW}
        told = {
            "token": {"is_listed": 1, "decimals": 18},
            "pool_index": index,
            "curve": {"optimal": 8 * 10**17},
            "quote": quote | {"weight": 9 * 10**5},
            "risk": requirement,
        }
        write(sheet, words.BY_ASSET, asset, told)
    for market in LAYOUT.markets:
        scales = {"mmf_scale": 10_000, "imf_scale": 10_000}
        risk = {"is_listed": 1, "lot_exponent": 14, "underlying": market + 1}
        told = {
            "market_quote": {"slow": 10**21, "fast": 10**21, "time": NOW} | scales,
            "market_risk": requirement | risk,
            "market_cursor": {"lend_weight": 2**60, "borrow_weight": 2**60},
        }
        write(sheet, words.BY_MARKET, market, told)
        write_epochs(sheet, market, [])
    for name in words.PLAIN:
        sheet.words[name,] = 0
    return Pages(Columns(LAYOUT), sheet)


def brink_pages(is_due):
    """Pages with an account whose equity is its margin, or a wei less; and which."""
    drawn, name = Drawn(example_pages()), AccountId(7 << 96)
    # Ten of asset 1 count for 9,000 USDC; a debt of x binds 5 % of x.
    owed = 9_000 * 10**18 * 100 // 105 + is_due
    header = dict.fromkeys(packing.HEADER, 0) | {"assets": packing.pack_list((1,))}
    row = {
        ("headers", None): packing.pack(header, packing.HEADER),
        ("balances", USDC): packing.pack({"scaled": -owed, "idle": 0}, packing.BALANCE),
        ("balances", 1): packing.pack(
            {"scaled": 10 * 10**18, "idle": 0}, packing.BALANCE
        ),
    }
    drawn.pages.columns.put([name], [pack_row(LAYOUT, row)])
    return drawn, name
