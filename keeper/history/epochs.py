"""What was closed of an account against the other side, and of whom."""

from dataclasses import replace

from keeper.history.books import EPOCHS, Entry, expect, group, require
from keeper.history.touches import Touched, settle, tell_trade
from specs import accounts as acc
from specs import clearinghouse as ch
from specs import deleverage_code, deleveraging, settlement
from specs.accounts import USDC, AccountId
from specs.clearinghouse import State
from specs.deleveraging import Epoch
from specs.fixed_point import WAD, Lots, Wad

AS_FAR_AS_IT_GOES = (Wad(WAD), Wad(0)), (Wad(0), Wad(2**200))
"""Discounts and losses that bring a price to its bounds on either side of mark."""


def deleverage(state: State, entry: Entry) -> State:
    """
    Return the state after an epoch began, with what its account settled. The price is
    told, within the bounds in which a discount or a deficit makes it.
    """
    told, market = entry.told, entry.told["market"]
    account, price = AccountId(told["account"]), Wad(told["price"])
    lots = Lots(told["lots"] if told["is_long"] else -told["lots"])
    touched = tell_trade(Touched(state), market, account, lots, price)
    bounds = [
        deleverage_code.get_bound_price(state, market, lots < 0, discount, loss, Wad(1))
        for discount, loss in AS_FAR_AS_IT_GOES
    ]
    require(min(bounds) <= price <= max(bounds), entry.event, f"not in {bounds}")
    closed = deleverage_code.close(state, market, account, lots, price)
    (*_, epoch) = closed.markets[market].epochs
    expect(
        entry.event,
        epoch=len(closed.markets[market].epochs),
        open_interest=epoch.open_interest,
        funding_index=epoch.funding_index,
    )
    return settle(entry, Touched(closed, touched.details))


def apply(state: State, entry: Entry) -> State:
    """Return the state after a position met an epoch of its side."""
    told, market = entry.told, entry.told["market"]
    account = AccountId(told["account"])
    state = ch.accrue(state, USDC, entry.now)
    epoch = next_of(state, entry)
    held = ch.get_account(state, account)
    position = acc.get_position(held, market)
    is_own = deleveraging.reduces(epoch, position.lots)
    require(is_own, entry.event, "it is of the other side")
    closed = deleveraging.compute_closed(epoch, position.lots)
    index = state.markets[market].funding.index
    price = deleveraging.compute_closing_price(epoch, index)
    carry = deleveraging.compute_carry(deleveraging.meet(epoch, position.lots))
    expect(entry.event, closed=closed, carry=carry, price=price)
    touched = Touched(state)
    if closed > 0:
        lots = Lots(-closed if position.lots > 0 else closed)
        touched = tell_trade(touched, market, account, lots, price)
    met = settlement.meet_next(state, market, account)
    return settle(entry, Touched(met, touched.details))


def pass_by(state: State, entry: Entry) -> State:
    """Return the state after a position came past an epoch of the other side."""
    market, account = entry.told["market"], AccountId(entry.told["account"])
    epoch = next_of(state, entry)
    held = ch.get_account(state, account)
    position = acc.get_position(held, market)
    is_own = deleveraging.reduces(epoch, position.lots)
    require(not is_own, entry.event, "it is of the position's side")
    return settlement.meet_next(state, market, account)


def meet_all(state: State, entry: Entry) -> tuple[State, Entry]:
    """
    Return the state after an account's positions met the epochs that the details of an
    opening begin with, and the entry with what is left of these.
    """
    places = [i for i, event in enumerate(entry.details) if event.name in EPOCHS]
    count = places[-1] + 1 if places else 0
    for met in group(entry.details[:count]):
        state = (apply if met.event.name == "DeleverageApplied" else pass_by)(
            state, met
        )
    return state, replace(entry, details=entry.details[count:])


def next_of(state: State, entry: Entry) -> Epoch:
    """Return a position's next epoch; refuse an entry that tells of another one."""
    market, account = entry.told["market"], AccountId(entry.told["account"])
    is_behind = settlement.is_behind(state, market, account)
    require(is_behind, entry.event, "the position has met all epochs")
    position = acc.get_position(ch.get_account(state, account), market)
    expect(entry.event, epoch=position.epoch + 1)
    return ch.get_market(state, market).epochs[position.epoch]
