"""
Fills.

What every fill between two accounts asks of its parties, whatever is traded.

Counterpart of ``contracts/modules/fills.vy``.
"""

from specs import accounts as acc
from specs import errors, margin
from specs.accounts import AccountId
from specs.fixed_point import Seconds
from specs.state import Fees, State, assess


def require_parties(buyer: AccountId, seller: AccountId) -> None:
    """Refuse a fill with oneself or with the protocol."""
    if buyer == seller:
        raise errors.SameAccount
    acc.require_user(buyer)
    acc.require_user(seller)


def require_fill_margin(
    before: State, after: State, account: AccountId, reduces: bool, now: Seconds
) -> None:
    """Refuse unless the account has initial margin, or reduced and was improved."""
    health = assess(after, account, now)
    if reduces and margin.is_improved(assess(before, account, now), health):
        return
    margin.require_initial_margin(health)


def split_fees(fees: Fees, maker_is_buyer: bool) -> tuple[int, int]:
    """Return the buyer's and the seller's fee."""
    if maker_is_buyer:
        return fees.maker, fees.taker
    return fees.taker, fees.maker
