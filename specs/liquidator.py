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
from specs import backstop, bankruptcy, errors, liquidation_code, margin, providers
from specs import clearinghouse as ch
from specs.accounts import AccountId, Address
from specs.bankruptcy import Deficit
from specs.fixed_point import WAD, Seconds, Wad, mul_div_up
from specs.liquidation_code import Terms
from specs.providers import Providers

ROUNDS: Final = 2
"""How often what is due is shared out: once more for what those leave who fail."""


MIN_BACKING: Final = Wad(10_000 * WAD)
"""Equity below which a pledge has nothing behind it."""


@dataclass(frozen=True)
class State:
    """The providers, in the order in which they pledged."""

    address: Address
    providers: Providers = field(default_factory=dict)


def pledge(
    state: State,
    now: Seconds,
    caller: Address,
    account: AccountId,
    per_minute: Wad,
    per_hour: Wad,
) -> State:
    """
    Make the caller's account a provider, or set its capacities anew.

    What it has taken over in the current minute and hour stays counted.
    """
    if caller != acc.get_owner(account):
        raise errors.NotAuthorised
    ch.require_amount(per_minute)
    ch.require_amount(per_hour)
    pledged = providers.pledge(state.providers, account, per_minute, per_hour)
    return replace(state, providers=pledged)


def unpledge(state: State, now: Seconds, caller: Address, account: AccountId) -> State:
    """Take the caller's account out of the providers; the last moves to its place."""
    if caller != acc.get_owner(account):
        raise errors.NotAuthorised
    return replace(state, providers=providers.unpledge(state.providers, account))


def drop(
    clearing: ch.State,
    state: State,
    now: Seconds,
    caller: Address,
    account: AccountId,
) -> State:
    """
    Take a provider out that has nothing behind its pledge; anyone may.

    Places are few: whoever holds one must have equity, and let the liquidator trade
    for it. What somebody could show for the moment of a pledge alone does not count.
    """
    if account not in state.providers:
        raise errors.NotPledged
    is_operator = acc.is_authorised(
        clearing.operators, account, state.address, acc.TRADE
    )
    if is_operator and ch.assess(clearing, account, now).equity >= MIN_BACKING:
        raise errors.ProviderBacked
    return replace(state, providers=providers.unpledge(state.providers, account))


@dataclass(frozen=True)
class Outcome:
    """What a liquidation did."""

    terms: Terms
    taken: Mapping[AccountId, Wad]
    """Notional that each provider took over, at most its part."""
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
    Refused if nothing was taken and no deficit was paid.
    """
    clearing, terms = liquidation_code.open_takeover(clearing, now, account)
    taken: Mapping[AccountId, Wad] = {}
    if not bankruptcy.is_bankrupt(clearing, account, now):
        clearing, taken = share_out(clearing, state, now, account, terms)
    for provider, worth in taken.items():
        used = providers.use_capacity(state.providers[provider], worth, now)
        state = replace(state, providers={**state.providers, provider: used})
    clearing, deficit = bankruptcy.close_takeover(clearing, now, account)
    if not taken and deficit is None:
        raise errors.NothingTaken
    return clearing, state, Outcome(terms, taken, deficit)


def share_out(
    clearing: ch.State, state: State, now: Seconds, account: AccountId, terms: Terms
) -> tuple[ch.State, Mapping[AccountId, Wad]]:
    """Have providers take over what is due; return what each of them took."""
    capacities = dict(get_capacities(state, account, now))
    left = terms.exposure
    due = Wad(mul_div_up(terms.exposure, terms.parts, backstop.PARTS))
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
            clearing, found = try_take_over(
                clearing, state, now, account, provider, terms, portion
            )
            if found == 0:
                del capacities[provider]
                continue
            capacities[provider] = Wad(capacity - part)
            left, due = Wad(left - part), Wad(due - part)
            taken[provider] = Wad(taken.get(provider, 0) + min(part, found))
    return clearing, taken


def try_take_over(
    clearing: ch.State,
    state: State,
    now: Seconds,
    account: AccountId,
    provider: AccountId,
    terms: Terms,
    portion: Wad,
) -> tuple[ch.State, Wad]:
    """Return what a takeover by one provider leaves and took; nothing if it fails."""
    try:
        return liquidation_code.take_over(
            clearing, now, state.address, account, provider, terms.discount, portion
        )
    except errors.Revert:
        return clearing, Wad(0)


def can_liquidate(clearing: ch.State, account: AccountId, now: Seconds) -> bool:
    """
    Return whether the backstop is open on ``account``, whoever could take it over:
    on interest as last accrued, which ``liquidate`` brings to date first.
    """
    health = ch.assess(clearing, account, now)
    is_due = margin.is_liquidatable(health) and margin.is_due(health)
    return is_due and backstop.is_open(health) and health.priced_at < now


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
