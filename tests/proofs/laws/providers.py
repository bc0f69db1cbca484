"""Laws of providers: no capacity is exceeded, and no loss beyond what was allowed."""

from specs.errors import NotPledged, TooManyProviders
from specs.providers import (
    HOUR,
    MINUTE,
    Pledge,
    Provider,
    compute_remaining,
    get_used,
    has_lost,
    is_same_hour,
    pledge,
    unpledge,
    use_capacity,
)
from tests.proofs.proof import Mutant


def pledged(per_minute: int, per_hour: int, minute: int = 0, hour: int = 0) -> Provider:
    """Return a provider that took something over at the first second."""
    return Provider(Pledge(per_minute, per_hour, 0, 0), 0, minute, hour)


def what_is_left_of_a_capacity_is_never_exceeded(
    per_minute: int, per_hour: int, minute: int, hour: int, amount: int, now: int
) -> bool:
    """
    Whoever takes over no more than is left stays within both of his pledges, in any
    minute and hour of the clock; and has as much less left.

    Serves: I34, I36.

    pre: 0 <= per_minute and 0 <= per_hour and 0 <= minute and 0 <= hour and 0 <= now
    pre: 0 <= amount
    post: __return__
    """
    provider = pledged(per_minute, per_hour, minute, hour)
    left = compute_remaining(provider, now)
    if left < 0:
        return False
    if amount > left or left == 0:
        return True
    after = use_capacity(provider, amount, 0, 0, now)
    used = get_used(after, now)
    is_within = used[0] <= per_minute and used[1] <= per_hour
    return is_within and compute_remaining(after, now) == left - amount


def a_capacity_comes_back_with_the_clock(
    per_minute: int, per_hour: int, used_at: int, minute: int, hour: int, now: int
) -> bool:
    """
    In another minute and another hour nothing was used yet; what was used in this hour
    counts however many minutes are over.

    Serves: I36.

    pre: 0 <= per_minute and 0 <= per_hour and 0 <= minute <= hour
    pre: 0 <= used_at <= now
    post: __return__
    """
    offer = Pledge(per_minute, per_hour, 0, 0)
    provider = Provider(offer, used_at, minute, hour)
    in_minute = used_at // MINUTE == now // MINUTE
    in_hour = used_at // HOUR == now // HOUR
    used = (minute if in_minute else 0, hour if in_hour else 0)
    return get_used(provider, now) == used and is_same_hour(provider, now) == in_hour


def nobody_loses_more_than_he_allowed(
    max_loss: int, before: int, between: int, after: int, used_at: int, now: int
) -> bool:
    """
    A loss is counted from the first takeover of an hour, however often there are more.

    Serves: I36.

    pre: 0 <= max_loss and 0 <= used_at <= now < 3600
    post: __return__
    """
    fresh = Provider(Pledge(1, 1, 1, max_loss), 0)
    later = use_capacity(
        use_capacity(fresh, 1, 0, before, used_at + 3600), 1, 0, between, now + 3600
    )
    lost = before - after > max_loss
    return later.equity == before and has_lost(later, after, now + 3600) == lost


def results_add_up(taken: int, earned: int, amount: int, gain: int) -> bool:
    """
    What a provider took over and earned is counted to the wei.

    Serves: I36.

    pre: 0 <= taken and 0 <= earned and 0 <= amount and 0 <= gain
    post: __return__
    """
    once = use_capacity(pledged(1, 1), taken, earned, 0, 5)
    twice = use_capacity(once, amount, gain, 0, 6).results
    return (twice.taken, twice.earned, twice.count) == (
        taken + amount,
        earned + gain,
        2,
    )


def there_are_eight_providers_at_most(count: int, account: int) -> bool:
    """
    A ninth is refused; one who pledges anew keeps his place and what he has used.

    Serves: I36.

    pre: 0 <= count <= 9 and 0 <= account <= 10
    post: __return__
    """
    held = {each: pledged(1, 1, 5, 5) for each in range(count)}
    try:
        after = pledge(held, account, Pledge(7, 7, 7, 7))
    except TooManyProviders:
        return count == 8 and account >= 8
    is_kept = account >= count or (
        list(after) == list(held) and after[account].hour_used == 5
    )
    return is_kept and len(after) == max(count, count + (account >= count))


def whoever_leaves_is_replaced_by_the_last(count: int, account: int) -> bool:
    """
    Nobody else loses his pledge; who has none can't take it back.

    Serves: I36.

    pre: 0 <= count <= 4 and 0 <= account <= 5
    post: __return__
    """
    held = {each: pledged(each + 1, 1) for each in range(count)}
    try:
        after = unpledge(held, account)
    except NotPledged:
        return account >= count
    others = {each: held[each] for each in held if each != account}
    return after == others and account < count


def _mutant(old: str, new: str) -> tuple[Mutant, ...]:
    return (Mutant("specs/providers.py", old, new),)


MUTANTS = {
    "what_is_left_of_a_capacity_is_never_exceeded": _mutant(
        "max(0, min(pledged.per_minute - minute, pledged.per_hour - hour))",
        "max(0, max(pledged.per_minute - minute, pledged.per_hour - hour))",
    ),
    "a_capacity_comes_back_with_the_clock": (
        *_mutant(
            "minute = provider.used_at // MINUTE == now // MINUTE",
            "minute = is_same_hour(provider, now)",
        ),
        *_mutant(
            "return provider.used_at // HOUR == now // HOUR",
            "return now - provider.used_at < HOUR",
        ),
    ),
    "nobody_loses_more_than_he_allowed": (
        *_mutant(
            "equity=provider.equity if is_same_hour(provider, now) else equity",
            "equity=equity",
        ),
        *_mutant("and lost > provider.pledge.max_loss", "and lost > 0"),
    ),
    "results_add_up": _mutant(
        "earned=Wad(results.earned + earned)", "earned=Wad(earned)"
    ),
    "there_are_eight_providers_at_most": _mutant(
        "if old is None and len(providers) == MAX_PROVIDERS:",
        "if len(providers) == MAX_PROVIDERS:",
    ),
    "whoever_leaves_is_replaced_by_the_last": _mutant(
        "order[order.index(account)] = order[-1]", "order[0] = order[-1]"
    ),
}
