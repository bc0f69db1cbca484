"""A client of the devnet, on a chain in this process."""

from contextlib import contextmanager
from functools import cache

from keeper.chain.revm import RevmChain
from keeper.client import Client
from keeper.client.units import to_decimal
from keeper.devnet import populate
from keeper.prices.seeded import seeded_prices
from keeper.signing import local_account

KEYS = [local_account(f"demo {i}") for i in range(10)]


@cache
def open_devnet():
    """Return a client of the devnet as it is at first."""
    chain = RevmChain()
    path = seeded_prices(0, chain.block().timestamp)
    return Client(chain, populate(chain, KEYS, path))


@contextmanager
def at_first():
    """Give a client, and take back afterwards what was done with it."""
    client = open_devnet()
    chain = client.link.chain
    snapshot = chain.snapshot()
    try:
        yield client
    finally:
        chain.revert(snapshot)


def mark(client, name="BTC-PERP"):
    """Return the mark of a market."""
    number = client.link.listings.instrument(name).number
    price = client.link.chain.call(client.link.deployment.oracle, "mark", number)[0]
    return to_decimal(price)
