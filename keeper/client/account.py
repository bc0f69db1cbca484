"""An account: its tokens, its orders, its quotes and requests."""

from dataclasses import dataclass

from keeper.client.funds import Funds
from keeper.client.orders import Orders
from keeper.client.requests import Requests


@dataclass(frozen=True)
class Account(Funds, Orders, Requests):
    """Everything that an owner, or an operator, does with an account."""
