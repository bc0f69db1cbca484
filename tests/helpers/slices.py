"""The contracts and the specification side by side, with the book, for liquidations."""

from specs import accounts as acc
from specs import clearinghouse as ch
from specs.fixed_point import Lots
from specs.listings import Kind, Placement
from specs.world import Action
from tests.helpers.deployers import deploy_world
from tests.helpers.protocol import Protocol, Stage
from tests.helpers.worlds import STRANGER, lender
from tests.stateful.book_twin import BookTwin, list_books
from tests.stateful.book_walk import open_book


class SliceStage(Stage):
    """A stage with a book, on which accounts are reduced."""

    def __init__(self):
        """Deploy everything, and list every book."""
        self.made = Protocol(**vars(deploy_world()))
        list_books(self.made)
        self.twin = BookTwin(self.made)
        self.world = open_book()

    def wait(self, seconds):
        """Let time pass."""
        self.play(Action("wait", STRANGER, (seconds,)))

    def rest(self, instrument, is_buy, lots, price, account=lender, **terms):
        """Let an order rest."""
        self.play(order(instrument, is_buy, lots, price, account, **terms))

    def reduce(self, account, instrument, reward=0, caller=STRANGER):
        """Reduce an account in both, expect the same answer, and return it."""
        self.play(reduction(account, instrument, reward, caller))
        told = self.world.answer
        reason = told.reason.reason if told.reason else ""
        assert self.made.receipt.result == (told.filled, told.fee, reason)
        return told.asked, told.filled, reason

    def refuse_slice(self, account, instrument, reward=0, caller=STRANGER):
        """Expect both to refuse to reduce an account; return the reason."""
        return self.refuse(reduction(account, instrument, reward, caller))

    def lots(self, account, market):
        """Return an account's position."""
        held = ch.get_account(self.world.clearing, account)
        return acc.get_position(held, market).lots

    def view(self, method, *arguments):
        """Return what a view of the Liquidator says."""
        return self.made.view("Liquidator", method, *arguments)


def reduction(account, instrument, reward=0, caller=STRANGER):
    """Return the reduction of an account by somebody."""
    return Action("reduce", caller, (account, instrument, reward))


def order(instrument, is_buy, lots, price, account=lender, **terms):
    """Return an order that is to rest, by its account's owner."""
    usual = {"kind": Kind.LIMIT, **terms}
    placement = Placement(account, instrument, is_buy, Lots(lots), price, **usual)
    return Action("place", account >> 96, (placement, 32))
