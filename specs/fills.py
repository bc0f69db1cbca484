"""
Fills.

What every fill between two accounts asks of its parties, whatever is traded.

Counterpart of ``contracts/modules/fills.vy``.
"""

from specs import accounts as acc
from specs import errors, margin
from specs.accounts import AccountId
from specs.fixed_point import Seconds
from specs.margin import Health
from specs.state import Fees, State, assess


def require_parties(buyer: AccountId, seller: AccountId) -> None:
    """Refuse a fill with oneself or with the protocol."""
    if buyer == seller:
        raise errors.SameAccount
    acc.require_user(buyer)
    acc.require_user(seller)


def require_fill_margin(
    state: State, account: AccountId, before: Health, reduces: bool, now: Seconds
) -> None:
    """Refuse unless the account has initial margin, or reduced and was improved."""
    after = assess(state, account, now)
    if reduces and margin.is_improved(before, after):
        return
    margin.require_initial_margin(after)


def split_fees(fees: Fees, maker_is_buyer: bool) -> tuple[int, int]:
    """Return the buyer's and the seller's fee."""
    if maker_is_buyer:
        return fees.maker, fees.taker
    return fees.taker, fees.maker
