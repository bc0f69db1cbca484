"""What was closed of accounts on the book, and what the Liquidator noted of it."""

from dataclasses import asdict, replace

from keeper.chain.interface import Event
from keeper.history import epochs
from keeper.history.books import Entry, expect, require
from keeper.history.markets import venue_of
from keeper.history.touches import Touched, realise, settle, trade, use_idle
from specs import clearinghouse as ch
from specs import (
    errors,
    forced_code,
    instruments,
    liquidator,
    margin,
    pacing,
    slice_code,
)
from specs.accounts import AccountId, Address
from specs.authority import LIQUIDATION_VENUE
from specs.clearinghouse import State
from specs.fixed_point import Wad
from specs.liquidation_code import accrue_debts
from specs.packing import pack
from specs.slices import Slice

NOBODY = Address(0)
EXHAUSTED = (errors.NotFilled.reason, errors.PriceOutOfBand.reason)
"""Why a slice was not filled: nothing within its limit was left."""


def flag(state: State, entry: Entry) -> State:
    """Return the state after an account was found due."""
    account = AccountId(entry.told["account"])
    state = slice_code.flag(state, entry.now, NOBODY, account)
    noted = ch.get_account(state, account).distress
    expect(entry.event, flagged_at=noted.flagged_at)
    return state


def open_slice(state: State, entry: Entry) -> State:
    """Return the state after a slice was opened, with what it settled."""
    account, now = AccountId(entry.told["account"]), entry.now
    met, rest = epochs.meet_all(accrue_debts(state, account, now), entry)
    touched = Touched(met)
    for market in sorted(ch.get_account(met, account).positions):
        if not margin.is_stale(met.markets[market].quote, now):
            touched = realise(touched, market, account)
    settle(rest, use_idle(touched, account))
    venue, instrument = venue_of(state, LIQUIDATION_VENUE), entry.told["instrument"]
    state, opened = slice_code.open_slice(state, now, venue, account, instrument)
    expect(
        entry.event,
        is_buy=opened.is_buy,
        held=opened.held,
        most=opened.left,
        limit=opened.limit,
        fee=opened.fee,
        equity=opened.before.equity,
        maintenance_margin=opened.before.maintenance_margin,
        exposure=opened.before.exposure,
    )
    return state


def fill_perp(state: State, entry: Entry) -> State:
    """Return the state after an account's side of a fill for a perpetual."""
    opened, told = get_slice(state, entry.event), entry.told
    market, size, price = told["instrument"], told["size"], Wad(told["price"])
    require(not instruments.is_spot(market), entry.event, "there is no maker")
    lots = size if opened.is_buy else -size
    touched = trade(Touched(state), market, opened.account, lots, price)
    return count(settle(entry, touched), entry.event)


def fill_spot(state: State, event: Event) -> State:
    """Return the state after an account's side of a fill for a spot asset."""
    opened, told = get_slice(state, event), event.arguments
    size, price = told["size"], Wad(told["price"])
    return count(forced_code.take_spot(state, opened, size, price), event)


def get_slice(state: State, event: Event) -> Slice:
    """Return the slice that is open; refuse a fill that is none of it."""
    opened = state.slice
    if opened is None:
        raise errors.NoSlice
    expect(
        event,
        account=opened.account,
        instrument=opened.instrument,
        is_buy=opened.is_buy,
    )
    price = Wad(event.arguments["price"])
    is_beyond = forced_code.is_worse(price, opened.limit, opened.is_buy)
    require(not is_beyond, event, f"it is beyond {opened.limit}")
    require(event.arguments["size"] <= opened.left, event, f"{opened.left} are left")
    return opened


def count(state: State, event: Event) -> State:
    """Return the state with a fill counted in its slice."""
    opened, told = get_slice(state, event), event.arguments
    size, price = told["size"], Wad(told["price"])
    worth = forced_code.compute_worth(state, opened.instrument, size, price)
    done = replace(
        opened,
        left=opened.left - size,
        filled=opened.filled + size,
        notional=Wad(opened.notional + worth),
    )
    return replace(state, slice=done)


def close_slice(state: State, entry: Entry) -> State:
    """Return the state after a slice was closed and its fee paid."""
    reward = AccountId(entry.told["reward"])
    venue = venue_of(state, LIQUIDATION_VENUE)
    state, closed, fee = slice_code.close_slice(state, entry.now, venue, reward)
    expect(
        entry.event,
        account=closed.account,
        instrument=closed.instrument,
        filled=closed.filled,
        notional=closed.notional,
        fee=fee,
        rewarded=fee // 2 if reward else 0,
    )
    return state


def note(state: liquidator.State, entry: Entry) -> liquidator.State:
    """Return what the Liquidator remembers after a slice."""
    told, now = entry.told, entry.now
    account, asked, filled = AccountId(told["account"]), told["asked"], told["filled"]
    is_whole = asked == filled and not told["reason"]
    is_part = filled < asked and bool(told["reason"])
    require(is_whole or is_part, entry.event, "a reason is missing, or too much")
    key = account, told["instrument"]
    old = state.paces.get(key, pacing.NEW)
    pace = pacing.note(old, asked, filled, told["reason"] in EXHAUSTED, now)
    expect(entry.event, pace=pack(asdict(pace), pacing.PACE))
    if pacing.has_failed(pace):
        state = replace(state, failed_at={**state.failed_at, account: now})
    return replace(state, paces={**state.paces, key: pace})
