"""What the governor and the guardian set, and what they announced."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from eth_utils.crypto import keccak

from keeper.chain.codec import codec_of
from keeper.history.books import LISTING, Entry, Told, expect, require
from keeper.history.users import address_of
from specs import bounds, governance, guardian
from specs import clearinghouse as ch
from specs.clearinghouse import Fees, State
from specs.fixed_point import Ray, Seconds, Wad
from specs.interest_rate import Curve
from specs.requirements import Haircut, Requirement
from specs.state import NOBODY, Change, Cull, Limits

Call = tuple[Any, ...]
"""A setter's arguments in the interface."""


def announced(digest: bytes) -> Change:
    """Return what stands for a change of which only the hash is known."""
    return (digest,)


def queue(state: State, entry: Entry) -> State:
    """Return the state after a change was announced."""
    expect(entry.event, ready_at=entry.now + state.delay)
    change = announced(entry.told["change"])
    return governance.queue(state, entry.now, state.governor, change)


def cancel(state: State, entry: Entry) -> State:
    """Return the state after an announcement was taken back."""
    change = announced(entry.told["change"])
    return governance.cancel_change(state, entry.now, state.governor, change)


def enact(
    state: State,
    entry: Entry,
    setter: Callable[..., State],
    call: Call,
    *arguments: Any,
) -> State:
    """
    Return the state after a setter was called, its announcement used up.

    Now that the change is known, what was announced by its hash is announced as the
    specification writes it, so that it is found there or missed.
    """
    name = setter.__name__
    method = codec_of("GovernanceCode").method(name, call)
    digest = announced(keccak(method.encode(call)))
    queued = {
        (name, *arguments) if change == digest else change: time
        for change, time in state.queued.items()
    }
    state = replace(state, queued=queued)
    return setter(state, entry.now, state.governor, *arguments)


def set_governor(state: State, entry: Entry) -> State:
    """Return the state with another governor; nobody chose the first one."""
    governor = address_of(entry.told, "governor")
    if state.governor == NOBODY:
        return replace(state, governor=governor)
    call = (entry.told["governor"],)
    return enact(state, entry, governance.set_governor, call, governor)


def set_guardian(state: State, entry: Entry) -> State:
    """Return the state with another guardian."""
    named = address_of(entry.told, "guardian")
    call = (entry.told["guardian"],)
    return enact(state, entry, governance.set_guardian, call, named)


def set_delay(state: State, entry: Entry) -> State:
    """Return the state with another delay."""
    delay = entry.told["delay"]
    return enact(state, entry, governance.set_delay, (delay,), Seconds(delay))


def set_venue(state: State, entry: Entry) -> State:
    """Return the state with a venue's roles set, and with what is left to a book."""
    roles, venue = entry.told["roles"] & bounds.ROLES, address_of(entry.told, "venue")
    call = entry.told["venue"], roles
    state = enact(state, entry, governance.set_venue, call, venue, roles)
    expect(entry.event, roles=state.venues.get(venue, 0))
    return state


# Assets


def list_asset(state: State, entry: Entry) -> State:
    """Return the state with an asset listed; its token is remembered elsewhere."""
    told = entry.told
    curve, risk = parts_of(entry, "asset")
    records = curve["curve"], risk["haircut"], risk["requirement"], risk["fees"]
    call = told["asset"], told["token"], *records
    arguments = told["asset"], told["decimals"], *to_records(*records)
    name = governance.list_asset
    return enact(state, entry, name, call, *arguments)


def parts_of(entry: Entry, number: str) -> tuple[Told, Told]:
    """Return what is told of a listing beside its numbers."""
    for name, part in zip(LISTING[entry.event.name], entry.parts, strict=True):
        told = part.name, part.arguments.get(number), part.arguments["time"]
        is_part = told == (name, entry.told[number], entry.now)
        require(is_part, part, f"it is not {name} of {entry.event.name}")
    first, second = entry.parts
    return first.arguments, second.arguments


def to_records(
    curve: Call, haircut: Call, requirement: Call, fees: Call
) -> tuple[Curve, Haircut, Requirement, Fees]:
    """Return an asset's parameters as the specification has them."""
    return to_curve(curve), Haircut(*haircut), Requirement(*requirement), Fees(*fees)


def to_curve(told: Call) -> Curve:
    """Return a curve, told in 1e-18 per second and parts per million."""
    base, slope_low, slope_high, optimal, reserve_share = told
    return Curve(
        base=Ray(base * 10**9),
        slope_low=Ray(slope_low * 10**9),
        slope_high=Ray(slope_high * 10**9),
        optimal=Wad(optimal * 10**12),
        reserve_share=Wad(reserve_share * 10**12),
    )


def set_curve(state: State, entry: Entry) -> State:
    """Return the state with another rate curve."""
    asset, curve = entry.told["asset"], entry.told["curve"]
    call = asset, curve
    return enact(state, entry, governance.set_curve, call, asset, to_curve(curve))


def set_asset_risk(state: State, entry: Entry) -> State:
    """Return the state with an asset's risk set anew."""
    asset, haircut, requirement, fees = call = values(entry, 4)
    records = Haircut(*haircut), Requirement(*requirement), Fees(*fees)
    return enact(state, entry, governance.set_asset_risk, call, asset, *records)


def set_caps(state: State, entry: Entry) -> State:
    """Return the state with a pool's caps set."""
    call = values(entry, 3)
    return enact(state, entry, governance.set_caps, call, *call)


def set_guards(state: State, entry: Entry) -> State:
    """Return the state with a pool's guards set."""
    call = values(entry, 6)
    return enact(state, entry, governance.set_guards, call, *call)


def ramp_weight(state: State, entry: Entry) -> State:
    """Return the state with an asset's weight raised."""
    asset = entry.told["asset"]
    state = governance.ramp_weight(state, entry.now, state.governor, asset)
    expect(entry.event, weight=state.assets[asset].haircut.weight)
    return state


def pause_asset(state: State, entry: Entry) -> State:
    """Return the state with an asset paused or not."""
    asset = entry.told["asset"]
    if entry.told["is_paused"]:
        return guardian.pause_asset(state, entry.now, state.governor, asset)
    return guardian.unpause_asset(state, entry.now, state.governor, asset)


def resume(state: State, entry: Entry) -> State:
    """Return the state with a pool no longer halted."""
    asset = entry.told["asset"]
    return enact(state, entry, guardian.resume, (asset,), asset)


def withdraw_reserve(state: State, entry: Entry) -> State:
    """Return the state after the governor took tokens for the reserve's lend."""
    asset, told = entry.told["asset"], entry.told
    scale = ch.compute_scale(ch.get_asset(state, asset))
    require(told["amount"] % scale == 0, entry.event, "these are no whole token units")
    tokens, receiver = told["amount"] // scale, address_of(told, "receiver")
    call = asset, tokens, told["receiver"]
    arguments = asset, tokens, receiver
    return enact(state, entry, governance.withdraw_reserve, call, *arguments)


# Markets


def list_market(state: State, entry: Entry) -> State:
    """Return the state with a market listed."""
    told = entry.told
    risk, fund = parts_of(entry, "market")
    exponent = len(str(told["lot"])) - 1
    require(told["lot"] == 10**exponent, entry.event, "a lot is a power of ten")
    numbers = told["market"], told["underlying"], exponent, told["interval"]
    cap = Wad(fund["cap"])
    requirement, fees = risk["requirement"], risk["fees"]
    call = *numbers, requirement, fees, cap
    arguments = *numbers, Requirement(*requirement), Fees(*fees), cap
    return enact(state, entry, governance.list_market, call, *arguments)


def set_market_risk(state: State, entry: Entry) -> State:
    """Return the state with a market's risk set anew."""
    market, requirement, fees = call = values(entry, 3)
    records = Requirement(*requirement), Fees(*fees)
    return enact(state, entry, governance.set_market_risk, call, market, *records)


def set_fund_cap(state: State, entry: Entry) -> State:
    """Return the state with the cap of a market's fund set."""
    call = values(entry, 2)
    return enact(state, entry, governance.set_fund_cap, call, *call)


def set_limits(state: State, entry: Entry) -> State:
    """Return the state with a market's limits set."""
    market, limits = call = values(entry, 2)
    return enact(state, entry, governance.set_limits, call, market, Limits(*limits))


def set_cull(state: State, entry: Entry) -> State:
    """Return the state with a market's thresholds set."""
    market, cull = call = values(entry, 2)
    return enact(state, entry, governance.set_cull, call, market, Cull(*cull))


def pause_market(state: State, entry: Entry) -> State:
    """Return the state with a market paused or not."""
    market = entry.told["market"]
    if entry.told["is_paused"]:
        return guardian.pause_market(state, entry.now, state.governor, market)
    return guardian.unpause_market(state, entry.now, state.governor, market)


def values(entry: Entry, count: int) -> Call:
    """Return the first of an event's arguments, which are its setter's."""
    return tuple(entry.told.values())[:count]
