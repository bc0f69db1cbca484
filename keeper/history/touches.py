"""What settling positions does, and the details that are told of it."""

from dataclasses import dataclass
from typing import Any

from keeper.history.books import Entry, require
from specs import accounts as acc
from specs import bankruptcy, liquidity_fund, perpetual, settlement, virtual_pnl
from specs.accounts import USDC, AccountId
from specs.clearinghouse import State
from specs.fixed_point import RAY, Lots, Wad, mul_div_up, signed_mul_div_down

Detail = tuple[str, dict[str, Any]]
"""An event's name and arguments, but for its time."""


@dataclass(frozen=True)
class Touched:
    """A state, and the details that were told on the way to it."""

    state: State
    details: tuple[Detail, ...] = ()


def trade(
    touched: Touched, market: int, account: AccountId, lots: int, price: Wad
) -> Touched:
    """Return what one side's trade of ``lots`` (signed) leaves."""
    told = tell_trade(touched, market, account, lots, price)
    traded = settlement.trade(touched.state, market, account, Lots(lots), price)
    return Touched(traded, told.details)


def tell_trade(
    touched: Touched, market: int, account: AccountId, lots: int, price: Wad
) -> Touched:
    """Return what is told of one side's trade, with the state before it."""
    state, listed = touched.state, touched.state.markets[market]
    old = acc.get_position(state.accounts.get(account, acc.NEW), market)
    gain = perpetual.trade(
        old, Lots(lots), listed.lot, price, listed.funding.index
    ).gain
    paid = liquidity_fund.compute_payment(listed.fund, gain)
    return Touched(
        state,
        touched.details
        + tell_interest(state, market, account)
        + (tell_gain(market, account, gain, paid) if gain else ()),
    )


def realise(touched: Touched, market: int, account: AccountId) -> Touched:
    """Return what settling a position at mark leaves."""
    state, listed = touched.state, touched.state.markets[market]
    position = acc.get_position(state.accounts.get(account, acc.NEW), market)
    gain = perpetual.compute_value(
        position, listed.lot, listed.quote.slow, listed.funding.index
    )
    paid = liquidity_fund.compute_payment(listed.fund, gain)
    return Touched(
        settlement.realise_one(state, market, account),
        touched.details
        + tell_interest(state, market, account)
        + (tell_gain(market, account, gain, paid) if paid else ()),
    )


def use_idle(touched: Touched, account: AccountId) -> Touched:
    """Return what paying a USDC debt with idle USDC leaves."""
    state = bankruptcy.use_idle(touched.state, account)
    used = get_idle(touched.state, account) - get_idle(state, account)
    if used == 0:
        return touched
    detail = ("IdleUsed", {"account": account, "amount": used})
    return Touched(state, (*touched.details, detail))


def get_idle(state: State, account: AccountId) -> Wad:
    """Return an account's idle USDC."""
    held = state.accounts.get(account, acc.NEW)
    return acc.get_balance(held, USDC).idle


def tell_interest(state: State, market: int, account: AccountId) -> tuple[Detail, ...]:
    """Return what is told of a position's pending interest: nothing if it is none."""
    position = acc.get_position(state.accounts.get(account, acc.NEW), market)
    earned, owed = virtual_pnl.compute_interest(
        position.pending_lend, position.pending_borrow
    )
    if earned == owed == 0:
        return ()
    pool = state.assets[USDC].pool
    worth = {
        "earned": signed_mul_div_down(earned, pool.lend_index, RAY),
        "owed": mul_div_up(owed, pool.borrow_index, RAY),
    }
    return (("InterestSettled", {"market": market, "account": account, **worth}),)


def tell_gain(
    market: int, account: AccountId, gain: int, paid: int
) -> tuple[Detail, ...]:
    """Return what is told of a gain, or of a loss."""
    fields = {"market": market, "account": account, "gain": gain, "paid": paid}
    return (("Realise", fields),)


def settle(entry: Entry, touched: Touched) -> State:
    """Return a state whose details are those of an entry, told at its time."""
    found = [(each.name, dict(each.arguments)) for each in entry.details]
    told = [(name, fields | {"time": entry.now}) for name, fields in touched.details]
    require(found == told, entry.event, f"its details should be {told}")
    return touched.state


def settle_nothing(entry: Entry) -> None:
    """Refuse an entry that has details."""
    require(not entry.details, entry.event, "it has no details")
