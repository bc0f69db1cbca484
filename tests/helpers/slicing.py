"""Slices of contracts and specification: opened, filled and closed in a transaction."""

from contextlib import contextmanager
from dataclasses import replace

import pytest

from keeper.chain.codec import codec_of
from keeper.chain.interface import Refused
from specs import forced_code, slice_code
from specs.authority import LIQUIDATION_VENUE
from specs.clearinghouse import assess
from specs.errors import Revert
from specs.world import Action
from tests.helpers.deployers import address_of, fields
from tests.helpers.orders import OrderStage, answer_of
from tests.helpers.worlds import BOOK, GOVERNOR, OPERATOR, bull

SLICER = OPERATOR
"""Who opens slices: a contract could not be asked to go on where it stopped."""

ENROLLED = Action("set_venue", GOVERNOR, (SLICER, LIQUIDATION_VENUE))

NAMES = ("open_slice", "clear_slice", "close_slice")


def open_slice(account, instrument):
    """Return the opening of a slice."""
    return Action("open_slice", SLICER, (account, instrument))


def clear_slice(instrument, account, *makings):
    """Return the filling of resting orders for a slice."""
    return Action("clear_slice", BOOK, (instrument, account, makings))


def close_slice(reward=0):
    """Return the closing of a slice."""
    return Action("close_slice", SLICER, (reward,))


def take_slice(world, action):
    """Return the world after an action of a slice, and what the contract answers."""
    code = forced_code if action.name == "clear_slice" else slice_code
    call = getattr(code, action.name)
    state, *told = call(world.clearing, world.now, action.caller, *action.arguments)
    if action.name == "open_slice":
        answer = answer_of_slice(*told)
    elif action.name == "clear_slice":
        answer = answer_of(*told)
    else:
        _, answer = told
    return replace(world, clearing=state), answer


def answer_of_slice(opened):
    """Return the struct of an open slice."""
    told = {name: value for name, value in vars(opened).items() if name != "before"}
    names = ("equity", "maintenance_margin", "exposure")
    return (*told.values(), *(getattr(opened.before, name) for name in names))


class Session(OrderStage):
    """A stage on which slices are closed, in calls of one transaction."""

    @contextmanager
    def transaction(self):
        """Have the calls inside be of one transaction; forget its slice in the end."""
        evm = self.made.chain._evm
        try:
            yield self
        finally:
            evm.reset_transient_storage()
            clearing = replace(self.world.clearing, slice=None)
            self.world = replace(self.world, clearing=clearing)

    def message(self, action):
        """Send a call without an end of the transaction; return what it answers."""
        *plain, last = action.arguments
        if action.name == "clear_slice":
            last = [fields(making) for making in last]
        arguments = *plain, last
        chain, vault = self.made.chain, self.made.contracts["Clearinghouse"]
        found = codec_of("Clearinghouse").method(action.name, arguments)
        sender = address_of(action.caller)
        data = found.encode(arguments)
        output = chain._message(sender, vault.address, data, False)
        self.told = [(event.name, dict(event.arguments)) for event in chain._events()]
        return found.decode(output)

    def play(self, action):
        """Take an action in both, expect equal states, and return the answer."""
        if action.name not in NAMES:
            return super().play(action)
        self.world, expected = take_slice(self.world, action)
        answer = self.message(action)
        assert answer == expected
        self.compare()
        return answer

    def refuse(self, action):
        """Expect both to refuse an action for one reason, which is returned."""
        if action.name not in NAMES:
            return super().refuse(action)
        with pytest.raises(Revert) as caught:
            take_slice(self.world, action)
        with pytest.raises(Refused) as refused:
            self.message(action)
        assert refused.value.reason == caught.value.reason
        self.compare()
        return caught.value.reason

    def reduce(self, instrument, *makings, account=bull, reward=0):
        """Close a slice in both; return the sizes filled, why it stopped, the fee."""
        with self.transaction():
            self.play(open_slice(account, instrument))
            filled, stop = self.play(clear_slice(instrument, account, *makings))
            return filled, stop, self.play(close_slice(reward))

    def health(self, account=bull):
        """Return the health of an account."""
        return assess(self.world.clearing, account, self.world.now)
