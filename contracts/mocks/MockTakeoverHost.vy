# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title MockTakeoverHost
@license Apache-2.0
@notice Stands in for the Clearinghouse where the Liquidator is tested alone: it opens
        takeovers on the terms it was told, has providers take or fail as it was told,
        and remembers what was asked of it. For tests only.
"""

from ..interfaces import IClearinghouse


struct Taking:
    provider: uint256
    portion: uint256
    max_position: uint256


interface Self:
    def spend(rounds: uint256, depth: uint256): nonpayable


# The account that a takeover is open on.
account: public(uint256)
terms: IClearinghouse.Terms
is_deficit_paid: public(bool)
healths: HashMap[uint256, IClearinghouse.Health]
# Accounts that are not bound.
is_free: public(HashMap[uint256, bool])
# What providers earn.
earned: public(HashMap[uint256, uint256])
# Providers that fail.
is_failing: public(HashMap[uint256, bool])
# Providers that use gas first: rounds of a loop, that many calls further in.
rounds: public(HashMap[uint256, uint256])
# Providers that find less to take than they were asked to.
shortfall: public(HashMap[uint256, uint256])
depth: public(uint256)
takings: public(DynArray[Taking, 64])
# Portions that were deleveraged, and what each is worth.
portions: public(DynArray[uint256, 8])
worth: public(uint256)
# Whether the book failed the account of the last takeover, as the Liquidator said.
is_book_failed: public(bool)
distress: public(HashMap[uint256, uint256])


@external
def set_terms(terms: IClearinghouse.Terms, is_deficit_paid: bool):
    """
    @notice Open takeovers on these terms, and pay a deficit at their end or not.
    """
    self.terms = terms
    self.is_deficit_paid = is_deficit_paid


@external
def set_worth(worth: uint256):
    """
    @notice Have what is deleveraged be worth so much each time.
    """
    self.worth = worth


@external
def set_distress(account: uint256, word: uint256):
    """
    @notice Have so much be noted of `account`.
    """
    self.distress[account] = word


@external
def set_health(account: uint256, health: IClearinghouse.Health):
    """
    @notice Let `account` have this health.
    """
    self.healths[account] = health


@external
@view
def is_bound(account: uint256) -> bool:
    """
    @notice Return whether `account` is bound.
    """
    return not self.is_free[account]


@external
def set_free(account: uint256, is_free: bool):
    """
    @notice Let an account be free from now on, or bound, as all are at first.
    """
    self.is_free[account] = is_free


@external
def set_earned(provider: uint256, earned: uint256):
    """
    @notice Have a provider earn so much whenever it takes over.
    """
    self.earned[provider] = earned


@external
def set_failing(provider: uint256, is_failing: bool):
    """
    @notice Have a provider fail from now on, or not.
    """
    self.is_failing[provider] = is_failing


@external
def set_rounds(provider: uint256, rounds: uint256, depth: uint256):
    """
    @notice Have a provider use gas from now on, `depth` calls further in.
    """
    self.rounds[provider] = rounds
    self.depth = depth


@external
def set_shortfall(provider: uint256, shortfall: uint256):
    """
    @notice Have a provider find so much less to take over than all there can be.
    """
    self.shortfall[provider] = shortfall


@external
@view
def assess(account: uint256) -> IClearinghouse.Health:
    """
    @notice Return the health that was set.
    """
    return self.healths[account]


@external
def open_takeover(account: uint256, is_book_failed: bool) -> IClearinghouse.Terms:
    """
    @notice Open a takeover on the terms that were set.
    """
    assert self.account == 0, "a takeover is open"
    self.account = account
    self.is_book_failed = is_book_failed
    return self.terms


@external
def deleverage(portion: uint256) -> uint256:
    """
    @notice Remember what is deleveraged, and return what was said that it is worth.
    """
    assert self.account != 0, "no takeover is open"
    self.portions.append(portion)
    return self.worth


@external
def take_over(
    provider: uint256, portion: uint256, max_position: uint256
) -> (uint256, uint256):
    """
    @notice Use gas, fail, or remember what is taken, as was set for `provider`.
    """
    assert self.account != 0, "no takeover is open"
    if self.rounds[provider] != 0:
        extcall Self(self).spend(self.rounds[provider], self.depth)
    assert not self.is_failing[provider], "failing"
    self.takings.append(
        Taking(provider=provider, portion=portion, max_position=max_position)
    )
    return max_value(uint256) - self.shortfall[provider], self.earned[provider]


@external
def close_takeover() -> bool:
    """
    @notice Close the takeover.
    """
    assert self.account != 0, "no takeover is open"
    self.account = 0
    return self.is_deficit_paid


@external
def spend(rounds: uint256, depth: uint256):
    """
    @notice Use gas, `depth` calls further in.
    """
    if depth > 0:
        extcall Self(self).spend(rounds, depth - 1)
        return
    digest: bytes32 = empty(bytes32)
    for i: uint256 in range(rounds, bound=2**32):
        digest = keccak256(digest)


@external
def call_with_gas(target: address, data: Bytes[100], limit: uint256) -> bool:
    """
    @notice Call `target` with no more gas than this; return whether it succeeded.
    """
    return raw_call(target, data, gas=limit, revert_on_failure=False)
