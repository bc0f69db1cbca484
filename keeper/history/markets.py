"""What venues and keepers did: fills, conversions, prices, realisations."""

from keeper.history.books import Entry, expect, require
from keeper.history.touches import Touched, realise, settle, trade
from specs import clearinghouse as ch
from specs import margin, perpetual, settle_code, virtual_pnl
from specs.accounts import USDC, AccountId, Address
from specs.authority import TRADE_VENUE
from specs.clearinghouse import AssetPrice, Fees, MarkPrice, State
from specs.errors import NotVenue
from specs.fills import split_fees
from specs.fixed_point import WAD, Lots, Seconds, Wad, mul_div_up


def fill_perp(state: State, entry: Entry) -> State:
    """Return the state after a perpetual fill, with what both sides settled."""
    told, market = entry.told, entry.told["market"]
    buyer, seller = AccountId(told["buyer"]), AccountId(told["seller"])
    lots, price = Lots(told["lots"]), Wad(told["price"])
    listed = ch.get_market(state, market)
    touched = Touched(ch.accrue(state, USDC, entry.now))
    touched = trade(touched, market, buyer, lots, price)
    touched = trade(touched, market, seller, -lots, price)
    settle(entry, touched)
    notional = perpetual.compute_notional(lots, listed.lot, price)
    is_buyer = maker_is_buyer(entry, listed.fees, notional)
    venue = venue_of(state)
    return ch.fill_perp(
        state, entry.now, venue, market, buyer, seller, lots, price, is_buyer
    )


def fill_spot(state: State, entry: Entry) -> State:
    """Return the state after a spot fill."""
    told, asset = entry.told, entry.told["asset"]
    buyer, seller = AccountId(told["buyer"]), AccountId(told["seller"])
    amount, price = Wad(told["amount"]), Wad(told["price"])
    cost = Wad(mul_div_up(amount, price, WAD))
    is_buyer = maker_is_buyer(entry, ch.get_asset(state, asset).fees, cost)
    venue = venue_of(state)
    return ch.fill_spot(
        state, entry.now, venue, asset, buyer, seller, amount, price, is_buyer
    )


def maker_is_buyer(entry: Entry, fees: Fees, notional: Wad) -> bool:
    """Return which side made the price, by the fees; either if they are equal."""
    told = entry.told["buyer_fee"], entry.told["seller_fee"]
    for is_buyer in (True, False):
        rates = split_fees(fees, is_buyer)
        if told == tuple(ch.compute_fee(notional, rate) for rate in rates):
            return is_buyer
    require(False, entry.event, "these are nobody's fees")
    return False


def convert(state: State, entry: Entry) -> State:
    """Return the state after a conversion of collateral."""
    told = entry.told
    account, buyer = AccountId(told["account"]), AccountId(told["buyer"])
    amount, price = Wad(told["amount"]), Wad(told["price"])
    venue, asset = venue_of(state), told["asset"]
    return ch.convert(state, entry.now, venue, asset, account, buyer, amount, price)


def venue_of(state: State, role: int = TRADE_VENUE) -> Address:
    """Return a venue that has a role: which of them called is not told."""
    for venue, roles in state.venues.items():
        if roles & role:
            return venue
    raise NotVenue


def realise_batch(state: State, entry: Entry) -> State:
    """Return the state after positions were settled at mark."""
    touched = Touched(ch.accrue(state, USDC, entry.now))
    market = entry.told["market"]
    ch.get_market(state, market)
    for account in entry.told["accounts"]:
        touched = realise(touched, market, AccountId(account))
    return settle(entry, touched)


def accrue(state: State, entry: Entry) -> State:
    """Return the state after interest was booked by a tick or a realisation."""
    state = ch.accrue(state, entry.told["asset"], entry.now)
    pool = state.assets[entry.told["asset"]].pool
    expect(entry.event, lend_index=pool.lend_index, borrow_index=pool.borrow_index)
    return state


def take_price(state: State, entry: Entry) -> State:
    """Return the state after an asset's newer price was taken over."""
    told = entry.told
    price = AssetPrice(
        margin.quantise(told["slow"]),
        margin.quantise(told["fast"]),
        Seconds(told["priced_at"]),
    )
    require(price.time <= entry.now, entry.event, "it is of a later time")
    taken = settle_code.take_price(state, told["asset"], {told["asset"]: price})
    require(taken is not state, entry.event, "it is not newer")
    return taken


def take_mark(state: State, entry: Entry) -> State:
    """Return the state after a market's newer mark was taken over."""
    told, market = entry.told, entry.told["market"]
    mark, fast = Wad(told["mark"]), Wad(told["fast"])
    time = Seconds(told["priced_at"])
    require(time <= entry.now, entry.event, "it is of a later time")
    # The mark's own fast price: as if the index were the mark.
    index = AssetPrice(mark, fast, time, told["variance"])
    indices = {ch.get_market(state, market).underlying: index}
    marks = {market: MarkPrice(mark, told["premium"], time)}
    taken = settle_code.take_mark(state, entry.now, market, indices, marks)
    require(taken is not state, entry.event, "it is not newer")
    funding = taken.markets[market].funding
    expect(entry.event, funding_index=funding.index, funding_rate=funding.rate)
    return taken


def move_cursor(state: State, entry: Entry) -> State:
    """Return the state after a cursor crossed so many entry ticks."""
    market, crossed = entry.told["market"], entry.told["crossed"]
    start = ch.get_market(state, market).cursor
    moved = settle_code.move_cursor(state, market, crossed)
    end = moved.markets[market].cursor
    low, high = sorted((start, end))
    entries = {
        virtual_pnl.get_entry_price(position)
        for account in state.accounts.values()
        if (position := account.positions.get(market)) and position.entry is not None
    }
    passed = sum(low <= price < high for price in entries)
    expect(entry.event, price=end, crossed=passed)
    return moved
