"""What an order book asks of the Clearinghouse, of contracts and specification."""

from dataclasses import replace

import pytest

from keeper.chain.interface import Refused
from specs import forced_code, order_code
from specs.errors import Revert
from specs.instruments import SPOT
from specs.makers import Making
from specs.world import Action
from tests.helpers.deployers import fields
from tests.helpers.protocol import Stage
from tests.helpers.worlds import BOOK

NAMES = ("reserve", "release", "clear", "clear_conversion")
CLEARING = ("clear", "clear_conversion")
FORCED = ("clear_conversion",)


def reserve(instrument, account, is_buy, size):
    """Return the counting of an order that comes to rest."""
    return Action("reserve", BOOK, (instrument, account, is_buy, size))


def release(instrument, account, is_buy, size):
    """Return the counting of an order that goes."""
    return Action("release", BOOK, (instrument, account, is_buy, size))


def clear(instrument, taker, is_buy, *makings):
    """Return the filling of resting orders with one taker."""
    return Action("clear", BOOK, (instrument, taker, is_buy, makings))


def convert(asset, account, *makings):
    """Return the sale of an account's collateral to resting orders."""
    return Action("clear_conversion", BOOK, (asset, account, makings))


def take_order(world, action):
    """Return the world after an action of the book, and what was cleared, if any."""
    code = forced_code if action.name in FORCED else order_code
    call = getattr(code, action.name)
    made = call(world.clearing, world.now, action.caller, *action.arguments)
    clearing, cleared = made if action.name in CLEARING else (made, None)
    return replace(world, clearing=clearing), cleared


def answer_of(cleared):
    """Return what the contract answers to a clearing, None to anything else."""
    if cleared is None:
        return None
    return cleared.filled, cleared.stop.reason if cleared.stop else ""


def post(twin, action):
    """Send an action of the book; return the reason if it is refused."""
    *plain, last = action.arguments
    if action.name in CLEARING:
        last = [fields(making) for making in last]
    try:
        twin.made.send(action.caller, "Clearinghouse", action.name, *plain, last)
    except Refused as refused:
        return refused.reason
    return None


class OrderStage(Stage):
    """A stage on which the book calls too."""

    def play(self, action):
        """Take an action in both, expect equal states, and return the receipt."""
        if action.name not in NAMES:
            return super().play(action)
        self.world, cleared = take_order(self.world, action)
        assert post(self.twin, action) is None
        assert self.made.receipt.result == answer_of(cleared)
        self.compare()
        return self.made.receipt

    def refuse(self, action):
        """Expect both to refuse an action for one reason, which is returned."""
        if action.name not in NAMES:
            return super().refuse(action)
        with pytest.raises(Revert) as caught:
            take_order(self.world, action)
        reason = caught.value.reason
        assert post(self.twin, action) == reason
        self.compare()
        return reason

    def rest(self, instrument, account, is_buy, size, price, *, is_reduce_only=False):
        """Let an order rest, and return how it is to be filled."""
        self.play(reserve(instrument, account, is_buy, size))
        return Making(account, size, price, is_reduce_only)

    def clear(self, instrument, taker, is_buy, *makings):
        """Clear orders in both, and return the sizes filled and why it stopped."""
        self.play(clear(instrument, taker, is_buy, *makings))
        return self.made.receipt.result


def spot(asset):
    """Return an asset as an instrument."""
    return SPOT + asset
