"""A market maker for a network to try things out on: a ladder in every instrument."""

import logging
import time
from collections.abc import Sequence
from typing import Final

from keeper.chain.interface import Refused
from keeper.client.account import Account
from keeper.client.client import Client
from keeper.client.ladders import Ladder, keep, to_middle

WORTHS: Final = (5_000,)
"""Of each order of a side, whole USDC."""

SPREAD: Final = 500
"""Of the best orders from the mark, ppm."""

_log = logging.getLogger("maker")


def open_ladders(client: Client) -> list[Ladder]:
    """Return a ladder, yet to be placed, for each instrument on the book."""
    return [
        Ladder(name, WORTHS, SPREAD)
        for name in client.instruments
        if client.book(name).instrument.tick
    ]


def make(client: Client, account: Account, ladders: Sequence[Ladder]) -> str:
    """Keep ladders around mark and slow prices; return what was done, or why not."""
    middles = {each.name: to_middle(client.book(each.name).mark) for each in ladders}
    try:
        placed = keep(account, middles, ladders)
    except Refused as error:
        return str(error)
    return f"{placed} of {len(ladders)} ladders placed"


def run(client: Client, account: Account, rounds: int, pause: float) -> None:
    """Do so that many times with a pause in between; cancel all in the end."""
    ladders = open_ladders(client)
    try:
        for done in range(rounds):
            if done:
                time.sleep(pause)
            _log.info(make(client, account, ladders))
    finally:
        account.cancel_all()
