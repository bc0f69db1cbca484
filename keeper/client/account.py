"""An account: its tokens, its orders and its quotes."""

from dataclasses import dataclass

from keeper.client.funds import Funds
from keeper.client.orders import Orders
from keeper.client.quotes import Quotes


@dataclass(frozen=True)
class Account(Funds, Orders, Quotes):
    """Everything that an owner, or an operator, does with an account."""
