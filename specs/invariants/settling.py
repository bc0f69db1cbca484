"""Perpetuals and settlement: I19 to I28."""

from specs import accounts as acc
from specs import clearinghouse as ch
from specs import (
    funding,
    margin,
)
from specs import requirements as req
from specs.accounts import USDC, AccountId, Address
from specs.fixed_point import RAY, WAD, Wad, mul_div_up
from specs.invariants.parts import (
    get_accrued,
    get_booked,
    get_positions,
    get_touch_bound,
)
from specs.margin import Health
from specs.world import Action, World


def sizes_cancel_out(world: World) -> bool:
    """I19: longs and shorts are equal in every market, and open interest is either."""
    for market, listed in world.clearing.markets.items():
        lots = [position.lots for position in get_positions(world, market)]
        if sum(lots) != 0:
            return False
        if listed.open_interest != sum(max(0, size) for size in lots):
            return False
    return True


def money_is_conserved(world: World) -> bool:
    """
    I20: what fund and positions of a market have booked cancels out since genesis,
    but for the dust of rounding.
    """
    return all(
        0 <= get_booked(world, market) <= world.dust.get(market, 0)
        for market in world.clearing.markets
    )


def funding_is_bounded(world: World) -> bool:
    """I21: no interval costs more than the cap, and no market is ahead of time."""
    return all(
        abs(listed.funding.rate) <= funding.RATE_CAP
        and listed.funding.interval_started_at <= listed.funding.updated_at <= world.now
        for listed in world.clearing.markets.values()
    )


def funding_moves_with_ticks(before: World, after: World, action: Action) -> bool:
    """
    I21: only a tick with a newer price moves a funding index, forward in time and
    by no more than the cap of one interval.
    """
    for market, old in before.clearing.markets.items():
        new = after.clearing.markets[market]
        if new.funding == old.funding:
            continue
        if action.name != "tick" or new.quote.time <= old.quote.time:
            return False
        if new.funding.updated_at < old.funding.updated_at:
            return False
        moved = abs(new.funding.index - old.funding.index) - 1
        if moved * WAD > funding.RATE_CAP * old.quote.slow:
            return False
    return True


def realising_is_neutral(before: World, after: World, action: Action) -> bool:
    """
    I22: realising changes an account's equity by no more than the rounding of a
    credit, never up, raises its margin no further, and keeps its size.
    """
    if action.name != "realise":
        return True
    market, names = action.arguments
    start = get_accrued(before, after.now)
    for name in set(names):
        bound = get_touch_bound(after) * len([n for n in names if n == name])
        old = ch.assess(start.clearing, name, after.now)
        new = ch.assess(after.clearing, name, after.now)
        if not -bound <= new.equity - old.equity <= 0:
            return False
        if new.maintenance_margin > get_margin_bound(start, name, old, bound):
            return False
        held = ch.get_account(start.clearing, name)
        now_held = ch.get_account(after.clearing, name)
        lots = acc.get_position(held, market).lots
        if acc.get_position(now_held, market).lots != lots:
            return False
    return True


def get_margin_bound(world: World, name: AccountId, health: Health, bound: int) -> int:
    """Return the maintenance margin if the account owed ``bound`` USDC more."""
    debt = margin.compute_usdc_debt(ch.get_portfolio(world.clearing, name, world.now))
    requirement = world.clearing.assets[USDC].requirement
    less = req.compute_maintenance_margin(requirement, debt)
    more = req.compute_maintenance_margin(requirement, Wad(debt + bound))
    return health.maintenance_margin - less + more


def realising_is_path_free(world: World) -> bool:
    """
    I23: to realise everybody twice is to do it once, and the order does not matter
    unless the fund's cap binds.
    """
    for market, listed in world.clearing.markets.items():
        if margin.is_stale(listed.quote, world.now):
            continue
        names = sorted(
            (
                name
                for name, a in world.clearing.accounts.items()
                if market in a.positions
            ),
            key=lambda name: get_value(world.clearing, market, name),
        )
        once = realise(world, world.clearing, market, names)
        if realise(world, once, market, names) != once:
            return False
        reverse = realise(world, world.clearing, market, names[::-1])
        if (
            is_all_paid(once, market)
            and is_all_paid(reverse, market)
            and once != reverse
        ):
            return False
    return True


def get_value(clearing: ch.State, market: int, name: AccountId) -> int:
    """Return the value of an account's position at mark."""
    position = acc.get_position(ch.get_account(clearing, name), market)
    return ch.compute_exposure(clearing.markets[market], position).value


def realise(
    world: World, clearing: ch.State, market: int, names: list[AccountId]
) -> ch.State:
    """Return ``clearing`` with everybody realised in one market."""
    return ch.realise(clearing, world.now, Address(0), market, names)


def is_all_paid(clearing: ch.State, market: int) -> bool:
    """Return whether no position in a market is worth anything any more."""
    return all(
        get_value(clearing, market, name) == 0
        for name, account in clearing.accounts.items()
        if market in account.positions
    )


def funds_match_positions(world: World) -> bool:
    """
    I24: a market's fund is what all positions are worth, but for the dust of fills
    and one unit for each position.
    """
    for market, listed in world.clearing.markets.items():
        values = [
            ch.compute_exposure(listed, position).value
            for position in get_positions(world, market)
        ]
        dust = listed.fund.balance - sum(values)
        if not 0 <= dust <= world.dust.get(market, 0) + len(values):
            return False
    return True


def payments_are_funded(before: World, after: World, action: Action) -> bool:
    """
    I25: paying moves value from fund to account to the unit: what is not paid stays a
    claim, only a fill's rounding is left over, and no payment takes a fund below
    minus its cap.
    """
    for market, old in before.clearing.markets.items():
        new = after.clearing.markets[market]
        left = get_booked(after, market) - get_booked(before, market)
        if not 0 <= left <= after.dust.get(market, 0) - before.dust.get(market, 0):
            return False
        if new.fund.balance < min(old.fund.balance, -new.fund.cap):
            return False
    return True


def losers_pay_in_full(before: World, after: World, action: Action) -> bool:
    """
    I26: a realised loss is paid at once, whatever the account holds, and moves no
    tokens.
    """
    if action.name != "realise":
        return True
    market, names = action.arguments
    if any(get_value(after.clearing, market, name) < 0 for name in names):
        return False
    old, new = before.clearing.assets[USDC], after.clearing.assets[USDC]
    return old.custody == new.custody and (
        old.pool.cash + old.pool.idle == new.pool.cash + new.pool.idle
    )


def fees_go_to_the_reserve(before: World, after: World, action: Action) -> bool:
    """I28: what both sides of a fill pay in fees is what the reserve is credited."""
    if action.name not in ("fill_spot", "fill_perp"):
        return True
    number, _, _, amount, price, _ = action.arguments
    if action.name == "fill_perp":
        market = before.clearing.markets[number]
        fees, notional = market.fees, mul_div_up(amount * market.lot, price, WAD)
    else:
        fees = before.clearing.assets[number].fees
        notional = mul_div_up(amount, price, WAD)
    old = get_accrued(before, after.now).clearing.assets[USDC].pool
    new = after.clearing.assets[USDC].pool
    minted = sum(
        mul_div_up(notional, fee, 10**6) * RAY // old.lend_index
        for fee in (fees.maker, fees.taker)
    )
    return new.reserve - old.reserve == minted
