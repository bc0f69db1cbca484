"""An account: its tokens, orders, quotes and requests, and liquidating others."""

from dataclasses import dataclass

from keeper.client.funds import Funds
from keeper.client.liquidation import Liquidation
from keeper.client.orders import Orders
from keeper.client.requests import Requests


@dataclass(frozen=True)
class Account(Funds, Liquidation, Orders, Requests):
    """Everything that an owner, or an operator, does with an account."""
