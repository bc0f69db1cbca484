"""
Liquidator.

Who may take accounts over, how much of what is due each provider gets, and the
order of a backstop liquidation.

Counterpart of ``contracts/Liquidator.vy``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from specs import accounts as acc
from specs import (
    backstop,
    bankruptcy,
    deleverage_code,
    distress,
    errors,
    liquidation_code,
    margin,
    order_book,
    pacing,
    perpetual,
    providers,
    slice_code,
)
from specs import clearinghouse as ch
from specs.accounts import AccountId, Address
from specs.bands import Band
from specs.bankruptcy import Deficit
from specs.book_state import get_book
from specs.fixed_point import WAD, Lots, Seconds, Wad
from specs.liquidation_code import Terms
from specs.makers import Stop, get_quote
from specs.pacing import Pace
from specs.providers import Pledge, Providers
from specs.slices import Slice

ROUNDS: Final = 2
"""How often what is due is shared out: once more for what those leave who fail."""


MAX_FILLS: Final = 32
"""Resting orders that a slice visits; nobody's choice, or he could make it fail."""

MIN_BACKING: Final = Wad(10_000 * WAD)
"""Equity below which a pledge has nothing behind it."""


@dataclass(frozen=True)
class State:
    """The providers, in the order in which they pledged."""

    address: Address
    providers: Providers = field(default_factory=dict)
    paces: Mapping[tuple[AccountId, int], Pace] = field(default_factory=dict)
    """Of legs that were sliced, by account and instrument."""
    failed_at: Mapping[AccountId, Seconds] = field(default_factory=dict)
    """When the book failed an account."""


def pledge(
    clearing: ch.State,
    state: State,
    now: Seconds,
    caller: Address,
    account: AccountId,
    per_minute: Wad,
    per_hour: Wad,
    max_position: Wad,
    max_loss: Wad,
) -> State:
    """
    Make the caller's account, which is bound, a provider, or its pledge anew.

    What it has taken over in the current minute and hour stays counted.
    """
    if caller != acc.get_owner(account):
        raise errors.NotAuthorised
    for amount in (per_minute, per_hour, max_position, max_loss):
        ch.require_amount(amount)
    ch.require_bound(clearing, account, now)
    pledged = Pledge(per_minute, per_hour, max_position, max_loss)
    changed = providers.pledge(state.providers, account, pledged)
    return replace(state, providers=changed)


def unpledge(
    clearing: ch.State,
    state: State,
    now: Seconds,
    caller: Address,
    account: AccountId,
) -> State:
    """
    Take the caller's account out of the providers; the last moves to its place.

    Only once it is bound no more: until then it takes over what it pledged to.
    """
    if caller != acc.get_owner(account):
        raise errors.NotAuthorised
    ch.require_free(clearing, account, now)
    return replace(state, providers=providers.unpledge(state.providers, account))


def drop(
    clearing: ch.State,
    state: State,
    now: Seconds,
    caller: Address,
    account: AccountId,
) -> State:
    """
    Take a provider out that has nothing behind its pledge, or pledges next to nothing;
    anyone may.

    Places are few: whoever holds one must be bound, have equity and pledge as much.
    What somebody could show for the moment of a pledge alone does not count.
    """
    if account not in state.providers:
        raise errors.NotPledged
    pledged = state.providers[account].pledge
    least = min(pledged.per_minute, pledged.per_hour, pledged.max_position)
    is_bound = acc.is_bound(ch.get_account(clearing, account), now)
    equity = ch.assess(clearing, account, now).equity
    if is_bound and min(least, equity) >= MIN_BACKING:
        raise errors.ProviderBacked
    return replace(state, providers=providers.unpledge(state.providers, account))


@dataclass(frozen=True)
class Sliced:
    """What a slice did, in lots of the book."""

    asked: Lots
    filled: Lots
    fee: Wad
    reason: Stop
    """Why not all of it was filled."""


def reduce(
    clearing: ch.State,
    book: order_book.State,
    state: State,
    now: Seconds,
    caller: Address,
    account: AccountId,
    instrument: int,
    reward: AccountId,
    band: Band,
) -> tuple[ch.State, order_book.State, State, Sliced]:
    """
    Close as much of a leg of ``account`` on the book as is due; anyone but its owner
    may, and gets half of the fee on an account of his choice.

    The account's orders are cancelled first. What the book fails to fill is noted: the
    third time it opens the backstop. Nothing is refused because nothing was filled.
    """
    if caller == acc.get_owner(account):
        raise errors.SameOwner
    if ch.get_account(clearing, account).orders:
        book, clearing = order_book.cancel_all(
            book, clearing, now, state.address, account
        )
    clearing, opened = slice_code.open_slice(
        clearing, now, state.address, account, instrument
    )
    key = account, instrument
    pace = state.paces.get(key, pacing.NEW)
    asked = compute_slice_lots(clearing, book, opened, pace, now)
    book, clearing, filled, reason = order_book.liquidate(
        book,
        clearing,
        now,
        state.address,
        account,
        instrument,
        opened.is_buy,
        asked,
        opened.limit,
        MAX_FILLS,
        band,
    )
    clearing, _, fee = slice_code.close_slice(clearing, now, state.address, reward)
    is_exhausted = reason in (errors.NotFilled, errors.PriceOutOfBand)
    pace = pacing.note(pace, asked, filled, is_exhausted, now)
    if pacing.has_failed(pace):
        failed_at = {**state.failed_at, account: now}
        state = replace(state, failed_at=failed_at)
    state = replace(state, paces={**state.paces, key: pace})
    return clearing, book, state, Sliced(asked, filled, fee, reason)


def compute_slice_lots(
    clearing: ch.State,
    book: order_book.State,
    opened: Slice,
    pace: Pace,
    now: Seconds,
) -> Lots:
    """Return how many lots a slice closes; refuse if none is due or fits."""
    listing = get_book(book, opened.instrument).listing
    due = pacing.compute_due(pace, now)
    scale = order_book.get_scale(book, opened.instrument)
    held, most = opened.held // scale, opened.left // scale
    if due == 0 or min(held, most) == 0:
        raise errors.NothingDue
    mark = get_quote(clearing, opened.instrument).slow
    unit = perpetual.compute_notional(Lots(1), listing.lot, mark)
    volume = order_book.get_recent_volume(book, opened.instrument, now)
    return Lots(pacing.compute_size(held, due, unit, volume, most))


def can_reduce(
    clearing: ch.State, state: State, account: AccountId, instrument: int, now: Seconds
) -> bool:
    """Return whether a slice of some leg can start, and one of this one is due."""
    pace = state.paces.get((account, instrument), pacing.NEW)
    is_due = pacing.compute_due(pace, now) > 0
    return is_due and slice_code.can_slice(clearing, account, now)


@dataclass(frozen=True)
class Outcome:
    """What a liquidation did."""

    terms: Terms
    taken: Mapping[AccountId, Wad]
    """Notional that each provider took over, at most its part."""
    deleveraged: Wad
    """Notional that was closed against the other side."""
    deficit: Deficit | None


def liquidate(
    clearing: ch.State,
    state: State,
    now: Seconds,
    caller: Address,
    account: AccountId,
) -> tuple[ch.State, State, Outcome]:
    """
    Take over as much of ``account`` as its terms ask for; anyone may.

    The notional is shared among providers pro rata to what is left of their
    capacities. A provider that would end below its initial margin, or finds nothing
    to take over, is passed over, and its part is shared once more among the others.
    Positions are closed against the other side before that, as far as the backstop fund
    can't pay a deficit; and after it, what providers left of an account near its end or
    with a deficit. Refused if nothing was taken, nothing closed and no
    deficit paid.
    """
    failed_at = state.failed_at.get(account, Seconds(0))
    is_book_failed = pacing.is_open(failed_at, now)
    clearing, terms = liquidation_code.open_takeover(
        clearing, now, account, is_book_failed
    )
    taken: Mapping[AccountId, Wad] = {}
    deleveraged = Wad(0)
    if not bankruptcy.is_bankrupt(clearing, account, now):
        # What the fund can't pay, before providers leave it anything.
        if terms.unfunded > 0:
            clearing, deleveraged, terms = deleverage_code.deleverage(
                clearing, now, account, terms, terms.unfunded
            )
        exposure = Wad(max(0, terms.exposure - deleveraged))
        due = Wad(min(terms.due, exposure))
        clearing, state, taken, left = share_out(
            clearing, state, now, account, terms, exposure, due
        )
        rest = Wad(due - (exposure - left))
        if terms.may_deleverage and rest > 0:
            portion = backstop.compute_portion(rest, left)
            clearing, more, terms = deleverage_code.deleverage(
                clearing, now, account, terms, portion
            )
            deleveraged = Wad(deleveraged + more)
    clearing, deficit = bankruptcy.close_takeover(clearing, now, account)
    if not taken and deleveraged == 0 and deficit is None:
        raise errors.NothingTaken
    return clearing, state, Outcome(terms, taken, deleveraged, deficit)


def share_out(
    clearing: ch.State,
    state: State,
    now: Seconds,
    account: AccountId,
    terms: Terms,
    exposure: Wad,
    due: Wad,
) -> tuple[ch.State, State, Mapping[AccountId, Wad], Wad]:
    """
    Have providers take over what is due of the exposure; return what each of them took,
    and what is left of the exposure. What one of them leaves of its part is shared
    among the others.
    """
    capacities = dict(get_capacities(state, account, now))
    left = exposure
    taken: dict[AccountId, Wad] = {}
    for _ in range(ROUNDS):
        shared, reach = due, Wad(sum(capacities.values()))
        for provider, capacity in list(capacities.items()):
            if capacity == 0:
                continue
            part = backstop.compute_allocation(shared, capacity, reach, due)
            if part == 0:
                continue
            portion = backstop.compute_portion(part, left)
            clearing, state, found = try_take_over(
                clearing, state, now, account, provider, terms, part, portion
            )
            if found == 0:
                del capacities[provider]
                continue
            capacities[provider] = Wad(capacity - found)
            left, due = Wad(left - found), Wad(due - found)
            taken[provider] = Wad(taken.get(provider, 0) + found)
    return clearing, state, taken, left


def try_take_over(
    clearing: ch.State,
    state: State,
    now: Seconds,
    account: AccountId,
    provider: AccountId,
    terms: Terms,
    part: Wad,
    portion: Wad,
) -> tuple[ch.State, State, Wad]:
    """
    Return what a takeover by one provider leaves, and how much of its ``part`` went;
    nothing if it fails, or if the provider has lost enough in this hour.
    """
    pledged = state.providers[provider]
    equity = ch.assess(clearing, provider, now).equity
    if providers.has_lost(pledged, equity, now):
        return clearing, state, Wad(0)
    cap, discount = pledged.pledge.max_position, terms.discount
    try:
        clearing, taken = liquidation_code.take_over(
            clearing, now, account, provider, discount, portion, cap
        )
    except errors.Revert:
        return clearing, state, Wad(0)
    found = Wad(min(part, taken.worth))
    if found == 0:
        return clearing, state, found
    used = providers.use_capacity(pledged, found, taken.earned, equity, now)
    changed = {**state.providers, provider: used}
    return clearing, replace(state, providers=changed), found


def can_liquidate(
    clearing: ch.State, state: State, account: AccountId, now: Seconds
) -> bool:
    """
    Return whether the backstop is open on ``account``, whoever could take it over:
    on interest as last accrued, which ``liquidate`` brings to date first.
    """
    health = ch.assess(clearing, account, now)
    failed_at = state.failed_at.get(account, Seconds(0))
    is_open = backstop.is_open(health) or pacing.is_open(failed_at, now)
    noted = ch.get_account(clearing, account).distress
    was_due = distress.was_due(noted, health.priced_at, now)
    return margin.is_due_now(health) and is_open and was_due


def get_capacities(
    state: State, account: AccountId, now: Seconds
) -> Mapping[AccountId, Wad]:
    """Return what is left of each provider of another owner that has some left."""
    remaining = {
        provider: providers.compute_remaining(pledged, now)
        for provider, pledged in state.providers.items()
        if acc.get_owner(provider) != acc.get_owner(account)
    }
    return {provider: left for provider, left in remaining.items() if left > 0}
