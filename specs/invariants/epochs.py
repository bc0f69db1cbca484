"""Auto-deleveraging: I37."""

from specs import accounts as acc
from specs import clearinghouse as ch
from specs import settlement
from specs.accounts import AccountId
from specs.deleveraging import INDEX_BOUND, Epoch, compute_left, reduces
from specs.fixed_point import PPM, WAD
from specs.invariants.parts import get_accrued, is_behind
from specs.margin import PRICE_UNIT, Health
from specs.requirements import scale
from specs.world import Action, World, get_new_epochs


def epochs_close_pro_rata(world: World) -> bool:
    """
    I37: an epoch closes of every position of its side its share, within a lot, and of
    no other, whoever is touched first; once everybody was, it has met all there was of
    its side and closed its size exactly, and the inventory has nothing left.
    """
    return all(
        is_pro_rata(world, market)
        for market in world.clearing.markets
        if is_behind(world.clearing, market)
    )


def is_pro_rata(world: World, market: int) -> bool:
    """Return whether the epochs of a market close pro rata in two orders."""
    names = sorted(world.clearing.accounts)
    for order in (names, names[::-1]):
        clearing = get_accrued(world, world.now).clearing
        for name in order:
            while settlement.is_behind(clearing, market, name):
                before, clearing = (
                    clearing,
                    settlement.meet_next(clearing, market, name),
                )
                if not is_share(before, clearing, market, name):
                    return False
        listed = clearing.markets[market]
        if listed.inventory.lots != 0:
            return False
        if any(e.met != e.open_interest or compute_left(e) for e in listed.epochs):
            return False
    return True


def is_share(before: ch.State, after: ch.State, market: int, name: AccountId) -> bool:
    """Return whether the epoch that a position met closed its share of it."""
    old, new = (
        acc.get_position(state.accounts[name], market) for state in (before, after)
    )
    epoch = before.markets[market].epochs[old.epoch]
    if not reduces(epoch, old.lots):
        return new.lots == old.lots
    closed = abs(old.lots) - abs(new.lots)
    apart = closed * epoch.open_interest - abs(old.lots) * epoch.lots
    return new.lots * old.lots >= 0 and abs(apart) < epoch.open_interest


def deleveraging_is_fair(before: World, after: World, action: Action) -> bool:
    """
    I37: only a liquidation makes epochs, of the side opposite to the account's and no
    larger than what it closed; at a price between mark and the one at which the account
    is worth nothing, no further from mark than the maintenance margin that closing
    frees, and no further from the slow index than a mark may be; the other side pays no
    more than the deficit. What is opened later has none of them before it.
    """
    for market, listed in before.clearing.markets.items():
        epochs = get_new_epochs(before, after, market)
        if epochs and action.name != "liquidate":
            return False
        if not is_new_later(before, after, market, len(listed.epochs)):
            return False
    if action.name != "liquidate":
        return True
    (name,) = action.arguments
    start = get_accrued(before, after.now).clearing
    health = ch.assess(start, name, after.now)
    paid = 0
    for market in before.clearing.markets:
        for epoch in get_new_epochs(before, after, market):
            if not is_priced_fairly(before, market, epoch, health):
                return False
            paid += get_price_paid(before, market, epoch)
        if not is_opposite(before, after, market, name):
            return False
    return paid <= max(0, -health.value) * WAD


def is_new_later(before: World, after: World, market: int, epochs: int) -> bool:
    """Return whether who had no position has none of the older epochs before him."""
    return all(
        position.epoch >= epochs
        for name, account in after.clearing.accounts.items()
        for position in (acc.get_position(account, market),)
        if position.lots != 0
        and acc.get_position(ch.get_account(before.clearing, name), market).lots == 0
    )


def is_opposite(before: World, after: World, market: int, name: AccountId) -> bool:
    """Return whether new epochs reduce who is opposite, by what the account closed."""
    epochs = get_new_epochs(before, after, market)
    if not epochs:
        return True
    start = get_accrued(before, after.now).clearing
    touched = settlement.touch(start, market, name).accounts[name]
    old = acc.get_position(touched, market).lots
    new = acc.get_position(ch.get_account(after.clearing, name), market).lots
    closed = sum(epoch.lots for epoch in epochs)
    return closed <= abs(old) - abs(new) and all(
        epoch.is_long == (old < 0) and 0 < epoch.lots <= epoch.open_interest
        for epoch in epochs
    )


def is_priced_fairly(before: World, market: int, epoch: Epoch, health: Health) -> bool:
    """
    Return whether an epoch's price is in between: of an account that is worth something
    no worse for it than its equity, else no better for the other side than mark.
    """
    listed = before.clearing.markets[market]
    mark, price = listed.quote.slow, epoch.price
    # The account buys from longs and sells to shorts.
    worse = price - mark if epoch.is_long else mark - price
    if health.value >= 0 and worse > 0:
        if worse * health.exposure > max(0, health.equity) * mark:
            return False
    elif worse > 0 and health.value < 0:
        return False
    freed = scale(listed.requirement, listed.scales).base_mmf
    if abs(price - mark) * PPM > mark * freed + PRICE_UNIT * PPM:
        return False
    index = before.clearing.assets[listed.underlying].quote.slow
    low = index * (PPM - INDEX_BOUND)
    high = index * (PPM + INDEX_BOUND)
    return min(mark * PPM, low) <= price * PPM <= max(mark * PPM, high)


def get_price_paid(before: World, market: int, epoch: Epoch) -> int:
    """Return what the other side loses to an epoch's price against mark, WAD x WAD."""
    listed = before.clearing.markets[market]
    mark = listed.quote.slow
    worse = mark - epoch.price if epoch.is_long else epoch.price - mark
    return max(0, worse) * epoch.lots * listed.lot
