"""What the order book had counted, taken back and filled."""

from keeper.chain.interface import Event
from keeper.history import slices
from keeper.history.books import Entry, expect, require
from keeper.history.markets import venue_of
from keeper.history.touches import Touched, settle, settle_nothing, trade
from specs import clearinghouse as ch
from specs import instruments, order_code, perpetual
from specs.accounts import USDC, AccountId, Address
from specs.authority import ORDER_VENUE, RELEASE_VENUE
from specs.clearinghouse import State
from specs.fixed_point import WAD, Lots, Wad, mul_div_down, mul_div_up
from specs.maker_code import make_perp, make_spot
from specs.spot_side import exchange, fund_side


def reserve(state: State, entry: Entry) -> State:
    """Return the state after an order came to rest."""
    return order_code.reserve(state, entry.now, *order_of(state, entry, ORDER_VENUE))


def release(state: State, entry: Entry) -> State:
    """Return the state after an order went unfilled."""
    roles = ORDER_VENUE | RELEASE_VENUE
    return order_code.release(state, entry.now, *order_of(state, entry, roles))


def order_of(
    state: State, entry: Entry, role: int
) -> tuple[Address, int, AccountId, bool, int]:
    """Return the arguments of a call that counts orders."""
    told, venue = entry.told, venue_of(state, role)
    account = AccountId(told["account"])
    return venue, told["instrument"], account, told["is_buy"], told["size"]


def fill(state: State, entry: Entry) -> State:
    """
    Return the state after one side of a fill, or after both if it is one of spot. A
    taker is judged after its last fill, of which nothing tells: so it is not here, nor
    is an account that is converted.
    """
    booked_at = ch.get_asset(state, USDC).pool.accrued_at
    require(booked_at == entry.now, entry.event, "interest is not booked")
    if instruments.is_spot(entry.told["instrument"]):
        settle_nothing(entry)
        return fill_spot(state, entry)
    return fill_perp(state, entry)


def fill_perp(state: State, entry: Entry) -> State:
    """Return the state after one side traded, with what it settled."""
    told, market = entry.told, entry.told["instrument"]
    account, is_buy = AccountId(told["account"]), told["is_buy"]
    lots, price = Lots(told["size"]), Wad(told["price"])
    listed = ch.get_market(state, market)
    notional = perpetual.compute_notional(lots, listed.lot, price)
    rate = listed.fees.maker if told["is_maker"] else listed.fees.taker
    fee = ch.compute_fee(notional, rate)
    expect(entry.event, fee=fee)
    signed = lots if is_buy else -lots
    traded = settle(entry, trade(Touched(state), market, account, signed, price))
    if told["is_maker"]:
        return make_perp(state, entry.now, market, account, is_buy, lots, price)
    return ch.charge(traded, account, fee)


def fill_spot(state: State, entry: Entry) -> State:
    """Return the state after both sides of spot exchanged, as both tell."""
    told, now = entry.told, entry.now
    require(told["is_maker"], entry.event, "there is no maker")
    (taken,) = entry.parts
    is_buy, price, size = told["is_buy"], Wad(told["price"]), Wad(told["size"])
    asset, maker = instruments.get_asset(told["instrument"]), AccountId(told["account"])
    fees = ch.get_asset(state, asset).fees
    cost = Wad(mul_div_up(size, price, WAD))
    expect(entry.event, fee=ch.compute_fee(cost, fees.maker))
    if taken.name == "Converted":
        require(is_buy, entry.event, "it buys nothing")
        state = make_spot(state, now, asset, maker, is_buy, size, price)
        return sell(state, entry, taken)
    if taken.name == "SliceFill":
        expect(taken, maker=maker, size=size, price=price, time=now)
        state = make_spot(state, now, asset, maker, is_buy, size, price)
        return slices.fill_spot(state, taken)
    require_same(entry.event, taken)
    expect(taken, fee=ch.compute_fee(cost, fees.taker))
    taker = AccountId(taken.arguments["account"])
    of_taker = asset, taker, not is_buy, size, price, fees.taker
    state = fund_side(state, now, *of_taker)
    state = make_spot(state, now, asset, maker, is_buy, size, price)
    return exchange(state, *of_taker)


def sell(state: State, entry: Entry, sold: Event) -> State:
    """Return the state after an account's collateral went to a maker, for its debt."""
    told = entry.told
    asset, size = instruments.get_asset(told["instrument"]), Wad(told["size"])
    expect(sold, asset=asset, buyer=told["account"], amount=size)
    expect(sold, price=told["price"], time=entry.now)
    account = AccountId(sold.arguments["account"])
    proceeds = Wad(mul_div_down(size, told["price"], WAD))
    state = ch.debit(state, account, asset, size)
    return ch.pay_debt(state, account, USDC, proceeds)


def require_same(made: Event, taken: Event) -> None:
    """Refuse a taker's side that is not of a maker's fill."""
    require(taken.name == made.name, taken, "it is no side of a fill")
    names = ("instrument", "size", "price", "time")
    expect(taken, **{name: made.arguments[name] for name in names})
    expect(taken, is_maker=False, is_buy=not made.arguments["is_buy"])
