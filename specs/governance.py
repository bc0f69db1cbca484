"""
Governance.

What the governor may set, within the bounds that hold for everybody. A change that
loosens must have been queued for as long as the delay, which the protocol itself
counts, whoever the governor is; a change that tightens is made at once. While the
delay is 0, as at the beginning, nothing waits. An accrual comes before every change
that would otherwise reprice the past.

Counterpart of ``contracts/GovernanceCode.vy``. What a guardian does is in
``guardian.py``.
"""

from dataclasses import replace
from typing import Final

from specs import bounds, delays, errors, loosening, money_market
from specs import clearinghouse as ch
from specs.accounts import USDC, Address
from specs.authority import ORDER_VENUE, RELEASE_VENUE
from specs.clearinghouse import Asset, Fees, Market, State
from specs.fixed_point import RAY, WAD, Seconds, Wad, mul_div_up
from specs.funding import Funding
from specs.interest_rate import Curve
from specs.liquidity_fund import Fund
from specs.margin import Quote
from specs.pool_limits import check_outflow
from specs.requirements import Haircut, Requirement
from specs.state import Change, Cull, Limits

DISMISSAL: Final[Change] = ("set_guardian", 0)
"""With no guardian, the next one is named at once."""

RAMP_STEP: Final = Seconds(216)
"""The least time in which a weight rises by whole parts per million, and by no more."""


# What is announced


def queue(state: State, now: Seconds, caller: Address, change: Change) -> State:
    """Announce a call of a setter; announced again, it waits anew."""
    ch.require_governor(state, caller)
    return replace(state, queued={**state.queued, change: now})


def cancel_change(state: State, now: Seconds, caller: Address, change: Change) -> State:
    """
    Take an announcement back: the governor may, and the guardian, who could otherwise
    stay for ever, but for its dismissal.
    """
    if change == DISMISSAL:
        ch.require_governor(state, caller)
    require_guardian(state, caller)
    if change not in state.queued:
        raise errors.NotQueued
    return without(state, change)


def settle(state: State, now: Seconds, change: Change, is_loosening: bool) -> State:
    """
    Return ``state`` with the announcement of a change used up, whether the change had
    to be announced or not; refuse one that loosens and has not waited.
    """
    if is_loosening and state.delay > 0:
        delays.require_ready(state.queued.get(change), state.delay, now)
    return without(state, change)


def without(state: State, change: Change) -> State:
    """Return ``state`` with a change not queued."""
    queued = {each: at for each, at in state.queued.items() if each != change}
    return replace(state, queued=queued)


def require_guardian(state: State, caller: Address) -> None:
    """Refuse anyone but the guardian and the governor."""
    if caller not in (state.guardian, state.governor):
        raise errors.NotGuardian


# Who governs


def set_venue(
    state: State, now: Seconds, caller: Address, venue: Address, roles: int
) -> State:
    """
    Give a contract exactly ``roles``; to give one that it has not got loosens.

    Who was an order book and is none any more may still release what rests there: else
    its orders would bind margin, and keep takeovers waiting, for ever.
    """
    ch.require_governor(state, caller)
    bounds.require(roles <= bounds.ROLES)
    old = state.venues.get(venue, 0)
    is_loosening = loosening.adds_roles(old, roles)
    state = settle(state, now, ("set_venue", venue, roles), is_loosening)
    if old & (ORDER_VENUE | RELEASE_VENUE) and not roles & ORDER_VENUE:
        roles |= RELEASE_VENUE
    venues = {**state.venues, venue: roles}
    if roles == 0:
        del venues[venue]
    return replace(state, venues=venues)


def set_governor(
    state: State, now: Seconds, caller: Address, governor: Address
) -> State:
    """Hand the governor's powers to another address, not zero; this loosens."""
    ch.require_governor(state, caller)
    bounds.require(governor != 0)
    state = settle(state, now, ("set_governor", governor), True)
    return replace(state, governor=governor)


def set_guardian(
    state: State, now: Seconds, caller: Address, guardian: Address
) -> State:
    """
    Name the guardian, or nobody. To replace one loosens: nobody else could object to
    what is queued.
    """
    ch.require_governor(state, caller)
    is_loosening = state.guardian not in (0, guardian)
    state = settle(state, now, ("set_guardian", guardian), is_loosening)
    return replace(state, guardian=guardian)


def set_delay(state: State, now: Seconds, caller: Address, delay: Seconds) -> State:
    """Set how long what loosens has to wait; to shorten it loosens."""
    ch.require_governor(state, caller)
    bounds.require(delay <= delays.MAX_DELAY)
    state = settle(state, now, ("set_delay", delay), delay < state.delay)
    return replace(state, delay=delay)


# Assets


def list_asset(
    state: State,
    now: Seconds,
    caller: Address,
    asset: int,
    decimals: int,
    curve: Curve,
    haircut: Haircut,
    requirement: Requirement,
    fees: Fees,
) -> State:
    """
    List an asset under a free number; the first is USDC, number 0. This loosens, and
    under a delay the asset's weight begins at 0.
    """
    ch.require_governor(state, caller)
    bounds.require(asset < bounds.MAX_LISTED and decimals <= bounds.MAX_DECIMALS)
    if asset in state.assets:
        raise errors.AlreadyListed
    bounds.require_curve(curve)
    bounds.require_haircut(haircut)
    bounds.require_requirement(requirement)
    bounds.require_fees(fees)
    records = curve, haircut, requirement, fees
    state = settle(state, now, ("list_asset", asset, decimals, *records), True)
    listed = Asset(
        decimals=decimals,
        pool=money_market.open_pool(curve, now),
        quote=Quote(Wad(0), Wad(0), Seconds(0)),
        haircut=Haircut(0, 0),
        requirement=requirement,
        fees=fees,
        custody=0,
    )
    return with_asset(state, asset, with_haircut(listed, haircut, state.delay, now))


def set_curve(
    state: State, now: Seconds, caller: Address, asset: int, curve: Curve
) -> State:
    """Set a pool's rate curve, with the interest until now booked at the old one."""
    ch.require_governor(state, caller)
    old = ch.get_asset(state, asset).pool.curve
    bounds.require_curve(curve)
    is_loosening = loosening.is_lower_curve(old, curve)
    state = settle(state, now, ("set_curve", asset, curve), is_loosening)
    state = ch.accrue(state, asset, now)
    return ch.with_pool(state, asset, replace(state.assets[asset].pool, curve=curve))


def set_asset_risk(
    state: State,
    now: Seconds,
    caller: Address,
    asset: int,
    haircut: Haircut,
    requirement: Requirement,
    fees: Fees,
) -> State:
    """
    Set how an asset counts as collateral and as debt, and its trading fees. Under a
    delay a higher weight is a target only, to which ``ramp_weight`` leads.
    """
    ch.require_governor(state, caller)
    old = ch.get_asset(state, asset)
    bounds.require_haircut(haircut)
    bounds.require_requirement(requirement)
    bounds.require_fees(fees)
    aim = replace(old.haircut, weight=old.target_weight)
    is_loosening = (
        loosening.is_looser_haircut(aim, haircut)
        or loosening.is_looser_requirement(old.requirement, requirement)
        or loosening.is_dearer(old.fees, fees)
    )
    change = "set_asset_risk", asset, haircut, requirement, fees
    state = settle(state, now, change, is_loosening)
    changed = with_haircut(old, haircut, state.delay, now)
    changed = replace(changed, requirement=requirement, fees=fees)
    return with_asset(state, asset, changed)


def with_haircut(
    listed: Asset, haircut: Haircut, delay: Seconds, now: Seconds
) -> Asset:
    """
    Return an asset with a haircut aimed at: without a delay its weight is there, else
    it is no higher than before, and time to rise counts from a higher aim on.
    """
    weight = min(listed.haircut.weight, haircut.weight) if delay else haircut.weight
    is_raised = haircut.weight > listed.target_weight
    return replace(
        listed,
        haircut=replace(haircut, weight=weight),
        target_weight=haircut.weight,
        ramped_at=now if is_raised else listed.ramped_at,
    )


def ramp_weight(state: State, now: Seconds, caller: Address, asset: int) -> State:
    """
    Raise an asset's weight towards its target, as far as the time since the last
    raise, at most a day, allows. Anyone may, for an asset with a supply cap.

    Time counts in whole steps, in each of which the rise is exact, and the rest of it
    counts the next time: calls, however frequent, neither slow the rise nor hurry it.
    Before a step is over a call is refused.
    """
    listed = ch.get_asset(state, asset)
    if listed.pool.supply_cap == 0:
        raise errors.WithoutSupplyCap
    elapsed = min(now - listed.ramped_at, 86_400)
    rest = elapsed % RAMP_STEP
    risen = bounds.RAMP_PER_DAY * (elapsed - rest) // 86_400
    weight = min(listed.target_weight, listed.haircut.weight + risen)
    if weight == listed.haircut.weight:
        raise errors.ZeroAmount
    changed = replace(
        listed,
        haircut=replace(listed.haircut, weight=weight),
        ramped_at=Seconds(now - rest),
    )
    return with_asset(state, asset, changed)


def set_caps(
    state: State,
    now: Seconds,
    caller: Address,
    asset: int,
    supply_cap: Wad,
    borrow_cap: Wad,
) -> State:
    """Set how much of an asset may be lent and borrowed; whole tokens, 0 for no cap."""
    ch.require_governor(state, caller)
    pool = ch.get_asset(state, asset).pool
    bounds.require_multiple(supply_cap, WAD, bounds.MAX_CAP)
    bounds.require_multiple(borrow_cap, WAD, bounds.MAX_CAP)
    is_loosening = loosening.is_looser_cap(
        pool.supply_cap, supply_cap
    ) or loosening.is_looser_cap(pool.borrow_cap, borrow_cap)
    state = settle(
        state, now, ("set_caps", asset, supply_cap, borrow_cap), is_loosening
    )
    pool = replace(pool, supply_cap=supply_cap, borrow_cap=borrow_cap)
    return ch.with_pool(state, asset, pool)


def set_guards(
    state: State,
    now: Seconds,
    caller: Address,
    asset: int,
    max_utilisation: int,
    threshold: int,
    throttle_share: int,
    outflow_share: int,
    outflow_floor: Wad,
) -> State:
    """Set a pool's guards: basis points, and a floor of whole tokens, WAD."""
    ch.require_governor(state, caller)
    pool = ch.get_asset(state, asset).pool
    shares = max_utilisation, threshold, throttle_share, outflow_share
    guards = replace(
        pool.guards,
        max_utilisation=max_utilisation,
        threshold=threshold,
        throttle_share=throttle_share,
        outflow_share=outflow_share,
        outflow_floor=outflow_floor,
    )
    bounds.require_guards(guards)
    is_loosening = loosening.is_looser_guards(pool.guards, guards)
    change = "set_guards", asset, *shares, outflow_floor
    state = settle(state, now, change, is_loosening)
    return ch.with_pool(state, asset, replace(pool, guards=guards))


def withdraw_reserve(
    state: State,
    now: Seconds,
    caller: Address,
    asset: int,
    tokens: int,
    receiver: Address,
) -> State:
    """
    Take tokens out of the vault for which the reserve gives its lend, rounded up: cash,
    within the outflow window; this loosens.
    """
    ch.require_governor(state, caller)
    ch.require_token_amount(state, asset, tokens)
    ch.require_open(state, asset)
    state = settle(state, now, ("withdraw_reserve", asset, tokens, receiver), True)
    state = ch.accrue(state, asset, now)
    before = state.assets[asset].pool
    amount = Wad(tokens * ch.compute_scale(state.assets[asset]))
    burned = mul_div_up(amount, RAY, before.lend_index)
    if burned > before.reserve:
        raise errors.InsufficientBalance
    pool = money_market.pay_out(before, amount)
    pool = replace(pool, lends=pool.lends - burned, reserve=pool.reserve - burned)
    state = check_outflow(ch.with_pool(state, asset, pool), now, asset, before)
    if receiver == 0:
        raise errors.WrongReceiver
    return ch.with_custody(state, asset, -tokens)


def with_asset(state: State, asset: int, changed: Asset) -> State:
    """Return ``state`` with an asset set."""
    return replace(state, assets={**state.assets, asset: changed})


# Markets


def list_market(
    state: State,
    now: Seconds,
    caller: Address,
    market: int,
    underlying: int,
    lot_exponent: int,
    interval: Seconds,
    requirement: Requirement,
    fees: Fees,
    cap: Wad,
) -> State:
    """List a perpetual market on a listed asset's index, free number; this loosens."""
    ch.require_governor(state, caller)
    bounds.require(market < bounds.MAX_LISTED)
    if market in state.markets:
        raise errors.AlreadyListed
    if underlying == USDC or underlying not in state.assets:
        raise errors.UnknownAsset
    bounds.require_market(lot_exponent, interval)
    bounds.require_requirement(requirement)
    bounds.require_fees(fees)
    bounds.require_multiple(cap, WAD, bounds.MAX_USDC)
    numbers = market, underlying, lot_exponent, interval
    change = "list_market", *numbers, requirement, fees, cap
    state = settle(state, now, change, True)
    listed = Market(
        underlying=underlying,
        lot=Wad(10**lot_exponent),
        quote=Quote(Wad(0), Wad(0), Seconds(0)),
        requirement=requirement,
        fees=fees,
        interval=interval,
        funding=Funding(0, 0, 0, 0, now, now),
        fund=Fund(0, cap),
    )
    return ch.with_market(state, market, listed)


def set_market_risk(
    state: State,
    now: Seconds,
    caller: Address,
    market: int,
    requirement: Requirement,
    fees: Fees,
) -> State:
    """Set the margin that a market's positions bind, and its trading fees."""
    ch.require_governor(state, caller)
    old = ch.get_market(state, market)
    bounds.require_requirement(requirement)
    bounds.require_fees(fees)
    is_loosening = loosening.is_looser_requirement(
        old.requirement, requirement
    ) or loosening.is_dearer(old.fees, fees)
    change = "set_market_risk", market, requirement, fees
    state = settle(state, now, change, is_loosening)
    return ch.with_market(
        state, market, replace(old, requirement=requirement, fees=fees)
    )


def set_fund_cap(
    state: State, now: Seconds, caller: Address, market: int, cap: Wad
) -> State:
    """
    Set how far a market's winners may be paid ahead of its losers, whole USDC.

    A fund that is below minus the new cap pays no gain until losses have filled it.
    """
    ch.require_governor(state, caller)
    old = ch.get_market(state, market)
    bounds.require_multiple(cap, WAD, bounds.MAX_USDC)
    state = settle(state, now, ("set_fund_cap", market, cap), cap > old.fund.cap)
    return ch.with_market(state, market, replace(old, fund=replace(old.fund, cap=cap)))


def set_limits(
    state: State, now: Seconds, caller: Address, market: int, limits: Limits
) -> State:
    """Set how large a market may get, and how its margin answers."""
    ch.require_governor(state, caller)
    old = ch.get_market(state, market)
    bounds.require_limits(limits)
    is_loosening = loosening.is_looser_limits(old.limits, limits)
    state = settle(state, now, ("set_limits", market, limits), is_loosening)
    return ch.with_market(state, market, replace(old, limits=limits))


def set_cull(
    state: State, now: Seconds, caller: Address, market: int, cull: Cull
) -> State:
    """Set how much of a market's gains counts, and from where they may be realised."""
    ch.require_governor(state, caller)
    old = ch.get_market(state, market)
    bounds.require_cull(cull)
    is_loosening = loosening.is_looser_cull(old.cull, cull)
    state = settle(state, now, ("set_cull", market, cull), is_loosening)
    return ch.with_market(state, market, replace(old, cull=cull))
