"""What people end with: what they have taken home, and what they still have inside."""

from specs import clearinghouse as ch
from specs.accounts import USDC, get_owner
from specs.errors import Revert
from specs.fixed_point import WAD, mul_div_down
from specs.world import take
from tests.helpers.deployers import PURSE, address_of


def taken_home(stage, owner, asset=USDC):
    """Return the token units that an owner has more than at first, or less."""
    token, address = stage.made.tokens[asset], address_of(owner)
    return stage.made.chain.call(token, "balanceOf", address) - PURSE


def profit(stage, owner):
    """
    Return what an owner has made, WAD USDC: tokens at slow prices, and what all of
    its accounts would leave; a debt that it can walk away from counts for nothing.
    """
    clearing = stage.world.clearing
    made = 0
    for asset, listed in clearing.assets.items():
        price = WAD if asset == USDC else listed.quote.slow
        amount = taken_home(stage, owner, asset) * ch.compute_scale(listed)
        made += mul_div_down(amount, price, WAD)
    for account in clearing.accounts:
        if get_owner(account) == owner:
            made += max(0, ch.assess(clearing, account, stage.world.now).value)
    return made


def most(stage, action_of, limit=2**80):
    """Return the largest number below a limit whose action would be accepted."""
    low, high = 0, limit
    while high - low > 1:
        middle = (low + high) // 2
        try:
            take(stage.world, action_of(middle))
            low = middle
        except Revert:
            high = middle
    return low
