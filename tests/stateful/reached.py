"""What a seeded walk has to meet: transitions, taken and refused, and situations."""

from specs import accounts as acc
from specs import clearinghouse as ch
from specs.accounts import USDC
from specs.deleveraging import MAX_EPOCHS, compute_left, reduces
from specs.fixed_point import WAD
from specs.invariants.liquidations import get_entries
from specs.invariants.margins import get_backing, get_gains, is_unrealised
from specs.liquidator import Outcome
from specs.perpetual import FLAT
from specs.weights import WEIGHT_ONE
from specs.world import get_new_epochs
from tests.helpers.worlds import STRANGER

BY_NAME = {
    "batch": [
        "below initial margin",
        "bound",
        "insufficient balance",
        "insufficient cash",
        "no debt",
        "not authorised",
        "out of bounds",
        "outflow too large",
        "paused",
        "pool halted",
        "prices diverge",
        "taken",
        "unknown asset",
        "zero amount",
    ],
    "bind": [
        "taken",
    ],
    "borrow": [
        "amount too large",
        "below initial margin",
        "borrow cap reached",
        "bound",
        "insufficient cash",
        "not authorised",
        "outflow too large",
        "paused",
        "pool halted",
        "prices diverge",
        "taken",
        "unknown asset",
        "utilisation too high",
        "zero amount",
    ],
    "cancel_change": [
        "not the guardian",
        "taken",
    ],
    "convert": [
        "amount too large",
        "below initial margin",
        "borrow cap reached",
        "not a venue",
        "not convertible",
        "pool halted",
        "price out of band",
        "prices diverge",
        "reserved account",
        "same owner",
        "taken",
        "unknown asset",
        "zero amount",
    ],
    "deposit": [
        "amount too large",
        "asset not enabled",
        "below initial margin",
        "pool halted",
        "reserved account",
        "supply cap reached",
        "taken",
        "unknown asset",
        "zero amount",
    ],
    "donate": [
        "taken",
    ],
    "drop": [
        "not pledged",
        "provider is backed",
        "taken",
    ],
    "flag": [
        "not liquidatable",
        "reserved account",
        "taken",
    ],
    "fill_perp": [
        "amount too large",
        "below initial margin",
        "epochs pending",
        "not a venue",
        "open interest limit reached",
        "paused",
        "pool halted",
        "position limit reached",
        "prices diverge",
        "reserved account",
        "same account",
        "stale price",
        "taken",
        "unknown market",
        "zero amount",
    ],
    "fill_spot": [
        "below initial margin",
        "borrow cap reached",
        "not a venue",
        "paused",
        "pool halted",
        "prices diverge",
        "reserved account",
        "same account",
        "stale price",
        "taken",
        "unknown asset",
        "zero amount",
    ],
    "give_notice": [
        "not bound",
        "taken",
    ],
    "lend": [
        "below initial margin",
        "insufficient balance",
        "not authorised",
        "prices diverge",
        "taken",
        "unknown asset",
        "zero amount",
    ],
    "liquidate": [
        "above backstop margin",
        "not liquidatable",
        "nothing taken",
        "price too fresh",
        "reserved account",
        "taken",
    ],
    "pause_asset": [
        "not the guardian",
        "taken",
    ],
    "pause_market": [
        "not the guardian",
        "taken",
        "unknown market",
    ],
    "pledge": [
        "amount too large",
        "not authorised",
        "not bound",
        "taken",
        "zero amount",
    ],
    "publish": [
        "taken",
    ],
    "queue": [
        "not the governor",
        "taken",
    ],
    "ramp_weight": [
        "taken",
        "unknown asset",
        "without supply cap",
        "zero amount",
    ],
    "realise": [
        "stale price",
        "taken",
        "unknown market",
    ],
    "repay": [
        "no debt",
        "taken",
        "unknown asset",
        "zero amount",
    ],
    "resume": [
        "taken",
    ],
    "set_asset_risk": [
        "not the governor",
        "out of bounds",
        "taken",
    ],
    "set_caps": [
        "taken",
    ],
    "set_cull": [
        "out of bounds",
        "taken",
    ],
    "set_curve": [
        "out of bounds",
        "taken",
        "unknown asset",
    ],
    "set_delay": [
        "taken",
    ],
    "set_fund_cap": [
        "taken",
    ],
    "set_guardian": [
        "taken",
    ],
    "set_guards": [
        "out of bounds",
        "taken",
    ],
    "set_limits": [
        "taken",
    ],
    "set_market_risk": [
        "not the governor",
        "out of bounds",
        "taken",
        "unknown market",
    ],
    "set_operator": [
        "not authorised",
        "out of bounds",
        "taken",
    ],
    "set_settings": [
        "not authorised",
        "taken",
    ],
    "tick": [
        "taken",
        "unknown asset",
        "unknown market",
        "zero amount",
    ],
    "transfer": [
        "below initial margin",
        "bound",
        "insufficient balance",
        "not authorised",
        "pool halted",
        "prices diverge",
        "same account",
        "taken",
        "unknown asset",
        "wrong owner",
        "zero amount",
    ],
    "unlend": [
        "below initial margin",
        "insufficient balance",
        "insufficient cash",
        "not authorised",
        "pool halted",
        "prices diverge",
        "taken",
        "zero amount",
    ],
    "unpause_asset": [
        "taken",
    ],
    "unpause_market": [
        "taken",
        "unknown market",
    ],
    "unpledge": [
        "bound",
        "not authorised",
        "not pledged",
        "taken",
    ],
    "wait": [
        "taken",
    ],
    "withdraw": [
        "below initial margin",
        "bound",
        "insufficient balance",
        "insufficient cash",
        "not authorised",
        "outflow too large",
        "pool halted",
        "prices diverge",
        "taken",
        "unknown asset",
        "zero amount",
    ],
    "withdraw_reserve": [
        "insufficient balance",
        "taken",
    ],
}

REACHED = {f"{name}: {end}" for name, ends in BY_NAME.items() for end in ends}


def each_position(world):
    """Yield every position, with its account's name, its account and its market."""
    for name, account in world.clearing.accounts.items():
        for market, position in account.positions.items():
            yield name, account, world.clearing.markets[market], position


def has_position(world, is_wanted):
    return any(is_wanted(*each) for each in each_position(world))


def is_touched(before, after, pending):
    """Return whether interest of a scaled unit or more was settled."""
    return any(
        getattr(position, pending) >= WEIGHT_ONE
        and getattr(after.clearing.accounts[name].positions.get(market, FLAT), pending)
        == 0
        for name, account in before.clearing.accounts.items()
        for market, position in account.positions.items()
    )


def is_crossed(before, after):
    return any(
        {before.clearing.markets[market].cursor > price, listed.cursor > price}
        == {True, False}
        for market, listed in after.clearing.markets.items()
        for price in get_entries(before, market)
        if market in before.clearing.markets
    )


def is_forced(before, after, action, is_by_all):
    """
    Return whether a stranger realised somebody because of all gains, or else because
    of what the account itself had gained or lost.
    """
    if action.name != "realise" or action.caller != STRANGER:
        return False
    market, names = action.arguments
    threshold = before.clearing.markets[market].cull.system_threshold
    if is_by_all != (0 < threshold * WAD <= get_gains(before, market)):
        return False
    return any(
        account.settings.auto_realize is False
        and acc.get_position(account, market).lots != 0
        and not is_unrealised(before, after, action, name)
        for name in names
        for account in (ch.get_account(before.clearing, name),)
    )


def is_idle(before, after, action):
    """Return whether a deposit lay idle beside a debt that it could have repaid."""
    if action.name != "deposit" or action.arguments[1] != USDC:
        return False
    name = action.arguments[0]
    had = acc.get_balance(ch.get_account(before.clearing, name), USDC)
    has = acc.get_balance(ch.get_account(after.clearing, name), USDC)
    return has.idle > had.idle and has.scaled < 0


def get_new(before, after):
    """Return the epochs that an action made."""
    return [
        epoch
        for market in after.clearing.markets
        for epoch in get_new_epochs(before, after, market)
    ]


def pending(world, is_wanted):
    """Return whether a position has such epochs before it, of its side and others."""
    return has_position(
        world,
        lambda name, account, listed, position: (
            position.lots != 0
            and position.epoch < len(listed.epochs)
            and is_wanted(position, listed.epochs[position.epoch :])
        ),
    )


def met(before, after):
    """Yield epochs that met a position in an action, as they are afterwards."""
    for market, listed in before.clearing.markets.items():
        others = after.clearing.markets[market].epochs
        yield from (
            new
            for old, new in zip(listed.epochs, others, strict=False)
            if new.met != old.met
        )


def has_claim_and_debt(world):
    """Return whether an account has nothing but claims, and owes no more than these."""
    return any(
        account.positions
        and all(position.lots == 0 for position in account.positions.values())
        and account.balances.keys() == {USDC}
        and account.balances[USDC].scaled < 0
        for account in world.clearing.accounts.values()
    )


def has_answer(after, kind, is_wanted):
    """Return whether an action was answered so."""
    return isinstance(after.answer, kind) and is_wanted(after.answer)


SITUATIONS = {
    "longs are deleveraged": lambda b, a, _: any(e.is_long for e in get_new(b, a)),
    "shorts are deleveraged": lambda b, a, _: any(not e.is_long for e in get_new(b, a)),
    "two epochs of one liquidation in a market": lambda b, a, _: any(
        len(get_new_epochs(b, a, market)) > 1 for market in a.clearing.markets
    ),
    "the other side pays a deficit": lambda b, a, action: any(
        (epoch.price - a.clearing.markets[market].quote.slow) * (-1) ** epoch.is_long
        > 0
        for market in a.clearing.markets
        for epoch in get_new_epochs(b, a, market)
    ),
    "providers take a part, and the other side": lambda b, a, _: has_answer(
        a, Outcome, lambda told: told.taken and told.deleveraged
    ),
    "an epoch has met a part": lambda b, a, _: any(
        epoch.met < epoch.open_interest and compute_left(epoch) for epoch in met(b, a)
    ),
    "an epoch has met all": lambda b, a, _: any(
        epoch.met == epoch.open_interest for epoch in met(b, a)
    ),
    "two epochs are before a position": lambda b, a, _: pending(
        a, lambda p, epochs: sum(reduces(e, p.lots) for e in epochs) > 1
    ),
    "epochs of both sides are before a position": lambda b, a, _: pending(
        a, lambda p, epochs: {e.is_long for e in epochs} == {True, False}
    ),
    "more epochs are before a position than a touch meets": lambda b, a, _: pending(
        a, lambda p, epochs: len(epochs) > MAX_EPOCHS
    ),
    "an epoch closes all of a position": lambda b, a, _: has_position(
        b,
        lambda name, account, listed, position: (
            position.lots != 0
            and name in a.clearing.accounts
            and not any(p.lots for p in a.clearing.accounts[name].positions.values())
            and any(epoch.lots == epoch.open_interest for epoch in met(b, a))
        ),
    ),
    "a claim is left beside a debt": lambda b, a, action: (
        action.name == "liquidate" and has_claim_and_debt(a)
    ),
    "a flag liquidates at fresh prices": lambda b, a, action: (
        action.name in ("liquidate", "reduce")
        and ch.assess(b.clearing, action.arguments[0], a.now).priced_at == a.now
    ),
    "a flag is not renewed": lambda b, a, action: (
        action.name == "flag"
        and a.clearing.accounts[action.arguments[0]].distress.flagged_at < a.now
    ),
    "interest earned is settled": lambda b, a, _: is_touched(b, a, "pending_lend"),
    "interest owed is settled": lambda b, a, _: is_touched(b, a, "pending_borrow"),
    "winners owe bad debt": lambda b, a, _: has_position(
        a, lambda name, account, listed, position: position.pending_lend < 0
    ),
    "lends are below nothing": lambda b, a, _: a.clearing.assets[USDC].pool.lends < 0,
    "entry ticks are crossed": lambda b, a, _: is_crossed(b, a),
    "a cursor stays behind": lambda b, a, _: any(
        listed.cursor != listed.quote.slow for listed in a.clearing.markets.values()
    ),
    "outside, for its size": lambda b, a, _: has_position(
        a,
        lambda name, account, listed, position: (
            position.entry is None and 0 < abs(position.lots) < listed.limits.min_lots
        ),
    ),
    "outside, by its settings": lambda b, a, _: has_position(
        a,
        lambda name, account, listed, position: (
            position.entry is None
            and account.settings.auto_realize
            and position.lots != 0
        ),
    ),
    "outside, for a cursor behind": lambda b, a, _: has_position(
        a,
        lambda name, account, listed, position: (
            position.entry is None
            and not account.settings.auto_realize
            and abs(position.lots) >= listed.limits.min_lots > 0
        ),
    ),
    "a claim that was not paid": lambda b, a, _: has_position(
        a, lambda name, account, listed, position: position.lots == 0
    ),
    "a debt left, by its settings": is_idle,
    "realised beyond its threshold": lambda b, a, action: is_forced(
        b, a, action, False
    ),
    "realised beyond all gains' threshold": lambda b, a, action: is_forced(
        b, a, action, True
    ),
    "margin is scaled": lambda b, a, _: any(
        listed.scales.imf > listed.scales.mmf > 10_000
        for listed in a.clearing.markets.values()
    ),
    "margin grows with open interest": lambda b, a, _: any(
        listed.scales.open_interest_imf > listed.requirement.base_imf
        for listed in a.clearing.markets.values()
    ),
    "gains count in part": lambda b, a, _: any(
        0 < get_backing(a, market) * WAD < get_gains(a, market)
        for market in a.clearing.markets
    ),
}
"""What else a walk has to come to, of the worlds before and after an action."""
