# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title Providers
@license Apache-2.0
@notice Accounts that have pledged to take over what is liquidated, in the order in
        which they did; how much of it each may still take: so much notional in a minute
        of the clock, so much in an hour, and no more in an hour in which it has lost
        too much; how large its positions may get by it; and what came of it.
@dev Amounts are WAD USDC. An account is in the list if and only if its capacity word
     is not 0, and at most once.
@custom:spec specs/providers.py
"""

from . import errors
from . import packing

MAX_PROVIDERS: constant(uint256) = 8
MINUTE: constant(uint256) = 60
HOUR: constant(uint256) = 3600

# Pledged accounts; order decides who gets what rounding leaves.
_order: DynArray[uint256, MAX_PROVIDERS]
# Account: per hour 128 | per minute 128; neither is 0 while it is pledged.
capacity: public(HashMap[uint256, uint256])
# Account: used at 32 | used in that minute 112 | used in that hour 112.
usage: public(HashMap[uint256, uint256])
# Account: most loss 128 | largest position 128; neither is 0 while it is pledged.
caps: public(HashMap[uint256, uint256])
# Account: what it had before it first took something over in the hour of `usage`.
_equity: HashMap[uint256, int256]
# Account: taken 112 | earned 112 | count 32.
_results: HashMap[uint256, uint256]


@external
@view
def provider_count() -> uint256:
    """
    @notice Return how many accounts have pledged.
    """
    return len(self._order)


@external
@view
def provider_at(index: uint256) -> uint256:
    """
    @notice Return the account at a place of the list, counted from 0.
    """
    return self._order[index]


@external
@view
def remaining(account: uint256) -> uint256:
    """
    @notice Return what a provider may still take over now; 0 if it has not pledged.
    """
    return self._compute_remaining(account, block.timestamp)


@external
@view
def results(account: uint256) -> (uint256, uint256, uint256):
    """
    @notice Return what came of a pledge since the account became a provider: the
            notional taken over, by how much what it got was worth more than what it
            gave, at mark, and how often.
    """
    word: uint256 = self._results[account]
    return (
        packing._get(word, 144, 112), packing._get(word, 32, 112), packing._get(word, 0, 32)
    )


@internal
def _pledge(
    account: uint256,
    per_minute: uint256,
    per_hour: uint256,
    max_position: uint256,
    max_loss: uint256,
):
    """
    @notice Put `account` at the end of the list, or make its pledge anew. What it has
            taken over stays counted.
    """
    if self.capacity[account] == 0:
        assert len(self._order) < MAX_PROVIDERS, errors.TOO_MANY_PROVIDERS
        self._order.append(account)
    hour: uint256 = packing._fit(per_hour, 128) << 128
    self.capacity[account] = hour | packing._fit(per_minute, 128)
    loss: uint256 = packing._fit(max_loss, 128) << 128
    self.caps[account] = loss | packing._fit(max_position, 128)


@internal
def _unpledge(account: uint256):
    """
    @notice Take `account` out of the list; the last one moves to its place.
    """
    assert self.capacity[account] != 0, errors.NOT_PLEDGED
    last: uint256 = self._order.pop()
    for i: uint256 in range(len(self._order), bound=MAX_PROVIDERS):
        if self._order[i] == account:
            self._order[i] = last
    self.capacity[account] = 0
    self.usage[account] = 0
    self.caps[account] = 0
    self._equity[account] = 0
    self._results[account] = 0


@internal
@view
def _compute_remaining(account: uint256, now: uint256) -> uint256:
    """
    @notice Return what a provider may still take over now.
    """
    minute: uint256 = 0
    hour: uint256 = 0
    minute, hour = self._get_used(account, now)
    word: uint256 = self.capacity[account]
    per_minute: uint256 = packing._get(word, 0, 128)
    per_hour: uint256 = packing._get(word, 128, 128)
    if per_minute <= minute or per_hour <= hour:
        return 0
    return min(per_minute - minute, per_hour - hour)


@internal
@view
def _max_position(account: uint256) -> uint256:
    """
    @notice Return the notional of its position in a market that takeovers may lead to.
    """
    return packing._get(self.caps[account], 0, 128)


@internal
@view
def _least(account: uint256) -> uint256:
    """
    @notice Return the least of what a provider pledged to take over in a minute, in an
            hour and in one market; 0 if it has not pledged.
    """
    word: uint256 = self.capacity[account]
    taken: uint256 = min(packing._get(word, 0, 128), packing._get(word, 128, 128))
    return min(taken, self._max_position(account))


@internal
@view
def _has_lost(account: uint256, equity: int256, now: uint256) -> bool:
    """
    @notice Return whether a provider with `equity` has lost more than it allowed since
            it first took something over in this hour.
    """
    if packing._get(self.usage[account], 224, 32) // HOUR != now // HOUR:
        return False
    lost: int256 = self._equity[account] - equity
    return lost > convert(packing._get(self.caps[account], 128, 128), int256)


@internal
def _use_capacity(
    account: uint256, amount: uint256, earned: uint256, equity: int256, now: uint256
):
    """
    @notice Count `amount` as taken over by a provider, and `earned` by it; it had
            `equity` before.
    """
    if packing._get(self.usage[account], 224, 32) // HOUR != now // HOUR:
        self._equity[account] = equity
    word: uint256 = self._results[account]
    taken_over: uint256 = packing._fit(packing._get(word, 144, 112) + amount, 112) << 144
    gained: uint256 = packing._fit(packing._get(word, 32, 112) + earned, 112) << 32
    self._results[account] = (
        taken_over | gained | packing._fit(packing._get(word, 0, 32) + 1, 32)
    )
    minute: uint256 = 0
    hour: uint256 = 0
    minute, hour = self._get_used(account, now)
    used: uint256 = packing._fit(minute + amount, 112) << 112
    self.usage[account] = (
        (packing._fit(now, 32) << 224) | used | packing._fit(hour + amount, 112)
    )


@internal
@view
def _get_used(account: uint256, now: uint256) -> (uint256, uint256):
    """
    @notice Return what a provider has taken over in this minute and in this hour.
    """
    word: uint256 = self.usage[account]
    used_at: uint256 = packing._get(word, 224, 32)
    minute: uint256 = 0
    hour: uint256 = 0
    if used_at // MINUTE == now // MINUTE:
        minute = packing._get(word, 112, 112)
    if used_at // HOUR == now // HOUR:
        hour = packing._get(word, 0, 112)
    return minute, hour
