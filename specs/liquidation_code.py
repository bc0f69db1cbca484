"""
LiquidationCode.

What happens between an account that is due and a pledged provider. A takeover is
opened on an account, one provider after the other takes a portion of what is left,
and it is closed, with a write-off if only a debt is left (``specs/bankruptcy.py``).

Counterpart of ``contracts/LiquidationCode.vy``.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from specs import accounts as acc
from specs import (
    backstop,
    deleveraging,
    distress,
    errors,
    liquidity_fund,
    margin,
    perpetual,
)
from specs import clearinghouse as ch
from specs.accounts import USDC, AccountId
from specs.bankruptcy import get_price, use_idle
from specs.clearinghouse import State
from specs.fixed_point import WAD, Lots, Seconds, Wad, mul_div_down, mul_div_up
from specs.legs import get_legs


@dataclass(frozen=True)
class Terms:
    """At what discount how much of an account is to be taken over."""

    discount: Wad
    parts: int
    """The share to take over, in 1/65536."""
    exposure: Wad
    """What that is a share of: positions and debts that are not stale."""
    due: Wad
    """How much of it is to go, rounded up."""
    unfunded: Wad
    """
    The share of each position, WAD, that providers may not take, for they would leave
    more to the backstop fund than it can pay.
    """
    deficit: Wad
    """By how much the account's value was below nothing."""
    ratio: Wad
    """Its equity over its maintenance margin, WAD, rounded down; 0 without equity."""
    may_deleverage: bool
    """Whether what providers can't take is closed against the other side."""


def open_takeover(
    state: State, now: Seconds, account: AccountId, is_book_failed: bool
) -> tuple[State, Terms]:
    """
    Return the terms of taking ``account`` over, with its PnL realised.

    Refused unless it is below the margin that opens the backstop, or the venue says
    that the book has failed it; at prices of an earlier block or flagged in one,
    without the help of stale prices, and with orders on the book: these are cancelled
    first.
    """
    acc.require_user(account)
    state = accrue_debts(state, account, now)
    health = ch.assess(state, account, now)
    if not margin.is_due_now(health):
        raise errors.NotLiquidatable
    if not (backstop.is_open(health) or is_book_failed):
        raise errors.AboveBackstopMargin
    held = ch.get_account(state, account)
    if not distress.was_due(held.distress, health.priced_at, now):
        raise errors.PriceTooFresh
    if held.orders:
        raise errors.OrdersOpen

    state = realise_fresh(state, account, now)
    state = use_idle(state, account)
    legs = tuple(get_legs(state, account, now).values())
    exposure = Wad(sum(notional for _, notional in legs))
    # Where a fund could not pay a gain, realising has raised the exposure.
    whole = replace(health, exposure=max(health.exposure, exposure))
    discount = backstop.compute_discount(whole)
    parts = backstop.compute_fraction(health.equity, discount, legs)
    due = Wad(mul_div_up(exposure, parts, backstop.PARTS))
    deficit = Wad(max(0, -health.value))
    fund = ch.get_held(state, acc.BACKSTOP_FUND, USDC)
    unfunded = backstop.compute_unfunded(deficit, fund)
    may_deleverage = deleveraging.is_open(
        health.equity, health.maintenance_margin, health.value
    )
    ratio = backstop.compute_ratio(health)
    terms = Terms(
        discount, parts, exposure, due, unfunded, deficit, ratio, may_deleverage
    )
    return state, terms


def realise_fresh(state: State, account: AccountId, now: Seconds) -> State:
    """Return ``state`` with every fresh position settled, after all have met epochs."""
    state = touch_all(state, account)
    for market in sorted(ch.get_account(state, account).positions):
        if not margin.is_stale(state.markets[market].quote, now):
            state = ch.realise_one(state, market, account)
    return state


def touch_all(state: State, account: AccountId) -> State:
    """Return ``state`` with every position of an account having met epochs."""
    for market in sorted(ch.get_account(state, account).positions):
        state = ch.touch(state, market, account)
    return state


def accrue_debts(state: State, account: AccountId, now: Seconds) -> State:
    """Return ``state`` with USDC and every pool the account uses accrued."""
    state = ch.accrue(state, USDC, now)
    for asset in sorted(ch.get_account(state, account).balances):
        state = ch.accrue(state, asset, now)
    return state


@dataclass(frozen=True)
class Taken:
    """What a provider took over."""

    worth: Wad
    """Positions and debts at mark, less what stayed as a USDC debt."""
    earned: Wad
    """By how much what it got is worth more than what it gave, at mark."""


def take_over(
    state: State,
    now: Seconds,
    account: AccountId,
    provider: AccountId,
    discount: Wad,
    portion: Wad,
    max_position: Wad,
) -> tuple[State, Taken]:
    """
    Return ``state`` with ``portion`` of what is left of ``account`` moved, and what
    that was worth.

    The provider must be bound, by which its owner agreed, must not be of the account's
    owner, and must have initial margin at conservative prices afterwards. If a limit of
    its positions leaves it less room, it takes as much less of everything. Markets and
    assets for which it has no place stay with the account, if that is left no worse.
    Debts go first: what the positions' discount leaves owed is not taken over at a
    discount again.
    """
    if acc.get_owner(provider) == acc.get_owner(account):
        raise errors.SameOwner
    ch.require_bound(state, provider, now)
    # Limits are of what a position is once epochs have closed what they close of it.
    before = state = touch_all(state, provider)
    has_places = has_all_places(state, account, provider)
    portion = limit_portion(state, now, account, provider, portion, max_position)
    if portion == 0:
        return state, Taken(Wad(0), Wad(0))
    state, debts = take_debts(state, now, account, provider, discount, portion)
    state, positions = take_positions(state, now, account, provider, discount, portion)
    margin.require_conservative_margin(ch.assess(state, provider, now))
    if not has_places:
        require_no_worse(before, state, account, now)
    worth, earned = debts.worth + positions.worth, debts.earned + positions.earned
    return state, Taken(Wad(worth), Wad(earned))


def has_all_places(state: State, account: AccountId, provider: AccountId) -> bool:
    """Return whether a provider has a place for whatever there is of an account."""
    held, own = ch.get_account(state, account), ch.get_account(state, provider)
    markets = held.positions.keys() | own.positions.keys()
    assets = held.balances.keys() | own.balances.keys()
    return len(markets) <= acc.MAX_MARKETS and len(assets - {USDC}) <= acc.MAX_ASSETS


def has_market(state: State, provider: AccountId, market: int) -> bool:
    """Return whether a provider has a place for a market, or is in it."""
    positions = ch.get_account(state, provider).positions
    return market in positions or len(positions) < acc.MAX_MARKETS


def has_asset(state: State, provider: AccountId, asset: int) -> bool:
    """Return whether a provider has a place for an asset, or has some of it."""
    assets = ch.get_account(state, provider).balances.keys() - {USDC}
    return asset == USDC or asset in assets or len(assets) < acc.MAX_ASSETS


def limit_portion(
    state: State,
    now: Seconds,
    account: AccountId,
    provider: AccountId,
    portion: Wad,
    max_position: Wad,
) -> Wad:
    """
    Return as much of ``portion`` as leaves no position of the provider above the
    market's limit, or worth more than ``max_position`` at mark; rounded down.
    """
    for market, held in get_taken_positions(state, now, account, provider):
        listed = state.markets[market]
        worth = mul_div_down(max_position, WAD, listed.lot * listed.quote.slow)
        most = min(listed.limits.max_position, worth)
        own = acc.get_position(ch.get_account(state, provider), market).lots
        room = max(0, most - (own if held > 0 else -own))
        if room < abs(held):
            portion = Wad(min(portion, mul_div_down(room, WAD, abs(held))))
    return portion


def get_taken_positions(
    state: State, now: Seconds, account: AccountId, provider: AccountId
) -> Iterator[tuple[int, Lots]]:
    """Yield the markets and lots of which a provider takes a portion."""
    positions = ch.get_account(state, account).positions
    for market in sorted(positions):
        lots = positions[market].lots
        is_stale = margin.is_stale(state.markets[market].quote, now)
        if lots != 0 and not is_stale and has_market(state, provider, market):
            yield market, lots


def require_no_worse(
    before: State, after: State, account: AccountId, now: Seconds
) -> None:
    """Refuse to leave an account that has equity with less of it for its margin."""
    old, new = ch.assess(before, account, now), ch.assess(after, account, now)
    kept = new.equity * old.maintenance_margin
    if old.equity > 0 and kept < old.equity * new.maintenance_margin:
        raise errors.NotImproved


def take_positions(
    state: State,
    now: Seconds,
    account: AccountId,
    provider: AccountId,
    discount: Wad,
    portion: Wad,
) -> tuple[State, Taken]:
    """
    Return ``state`` with a portion of every fresh position taken over, and what
    these are worth at mark.
    """
    worth = earned = 0
    for market in sorted(ch.get_account(state, account).positions):
        listed = state.markets[market]
        held = acc.get_position(ch.get_account(state, account), market).lots
        is_stale = margin.is_stale(listed.quote, now)
        if is_stale or held == 0 or not has_market(state, provider, market):
            continue
        size = mul_div_up(abs(held), portion, WAD)
        lots = Lots(size if held > 0 else -size)
        mark = listed.quote.slow
        given = backstop.compute_account_price(mark, discount, held > 0)
        taken = backstop.compute_provider_price(mark, discount, held > 0)
        state = ch.trade(state, market, account, Lots(-lots), given)
        state = ch.trade(state, market, provider, lots, taken)
        share = mul_div_down(size * listed.lot, abs(taken - given), WAD)
        state = pay_backstop_fund(state, market, Wad(share))
        worth += perpetual.compute_notional(lots, listed.lot, mark)
        earned += mul_div_down(size * listed.lot, abs(mark - taken), WAD)
    return state, Taken(Wad(worth), Wad(earned))


def pay_backstop_fund(state: State, market: int, share: Wad) -> State:
    """
    Return ``state`` with a third of the discount paid to the backstop fund, as
    far as the market's fund reaches.
    """
    listed = state.markets[market]
    fund, paid = liquidity_fund.pay(listed.fund, share)
    state = ch.with_market(state, market, replace(listed, fund=fund))
    return ch.credit(state, acc.BACKSTOP_FUND, USDC, Wad(paid))


def take_debts(
    state: State,
    now: Seconds,
    account: AccountId,
    provider: AccountId,
    discount: Wad,
    portion: Wad,
) -> tuple[State, Taken]:
    """
    Return ``state`` with a portion of every fresh debt taken over, for collateral,
    and what went, less what stays as a USDC debt.

    The provider gets the debts' value and the discount on it from everything that
    the account holds, in equal shares by value, rounded down. What collateral does
    not cover stays as a USDC debt of the account, without the discount: nobody earns
    one on what he does not take over.
    """
    due = 0
    for asset in sorted(ch.get_account(state, account).balances):
        price = get_price(state, asset)
        owed = ch.get_owed(state, account, asset, now)
        is_stale = is_asset_stale(state, asset, now)
        if owed == 0 or is_stale or not has_asset(state, provider, asset):
            continue
        amount = Wad(mul_div_up(owed, portion, WAD))
        state = ch.pay_debt(state, account, asset, amount)
        state = ch.debit(state, provider, asset, amount)
        due += mul_div_up(amount, price, WAD)
    if due == 0:
        return state, Taken(Wad(0), Wad(0))

    wanted = Wad(mul_div_up(due, WAD + discount, WAD))
    state, handed = hand_collateral(state, now, account, provider, wanted)
    rest = Wad(mul_div_down(max(0, wanted - handed), WAD, WAD + discount))
    state = ch.credit(ch.debit(state, account, USDC, rest), provider, USDC, rest)
    return state, Taken(Wad(due - rest), Wad(handed + rest - due))


def hand_collateral(
    state: State, now: Seconds, account: AccountId, provider: AccountId, due: Wad
) -> tuple[State, Wad]:
    """
    Return ``state`` with collateral worth ``due`` handed to the provider, as far as
    there is any that it has a place for, and its value.
    """
    assets = get_handed_assets(state, now, account, provider)
    worth = sum(
        mul_div_down(ch.get_held(state, account, a), get_price(state, a), WAD)
        for a in assets
    )
    handed = 0
    for asset in assets:
        held = ch.get_held(state, account, asset)
        amount = held if due >= worth else mul_div_down(held, due, worth)
        state = ch.debit(state, account, asset, Wad(amount))
        state = ch.credit(state, provider, asset, Wad(amount))
        handed += mul_div_down(amount, get_price(state, asset), WAD)
    return state, Wad(handed)


def get_handed_assets(
    state: State, now: Seconds, account: AccountId, provider: AccountId
) -> Sequence[int]:
    """
    Return the assets of which a provider gets some: of those that it has none of as
    many as it has places left.
    """
    own = ch.get_account(state, provider).balances.keys()
    places = acc.MAX_ASSETS - len(own - {USDC})
    handed = []
    for asset in sorted(ch.get_account(state, account).balances):
        held = ch.get_held(state, account, asset)
        if held == 0 or is_asset_stale(state, asset, now):
            continue
        is_new = asset != USDC and asset not in own
        if is_new and places == 0:
            continue
        places -= is_new
        handed.append(asset)
    return handed


def is_asset_stale(state: State, asset: int, now: Seconds) -> bool:
    """Return whether an asset's price is stale; USDC's never is."""
    return asset != USDC and margin.is_stale(ch.get_quote(state, asset), now)
