"""Short replays, and what they leave on the chain."""

from dataclasses import replace

from keeper.chain.revm import RevmChain
from keeper.parameters import ASSETS, MARKETS
from keeper.prices.seeded import seeded_prices
from keeper.replay.engine import LEAD, Options, Replay


def path_of(seconds, begin=0, seed=0):
    """Return some seconds of the built-in crash."""
    path = seeded_prices(seed)
    start = path.start + begin
    return replace(path, start=start, end=start + seconds)


def open_replay(path, chain=None, accounts=12, seed=0, every=10, auto_realize=0.5):
    """Return a replay that has not begun."""
    chain = chain or RevmChain(path.start - LEAD)
    options = Options(path, every, accounts, auto_realize, seed, "ape run replay")
    return Replay(chain, options)


def stored(replay):
    """Return all that the contracts of a replay remember."""
    world, chain = replay.stage.world, replay.stage
    oracle = replay.deployment.oracle
    return (
        world.clearing,
        world.liquidator,
        world.tokens,
        chain.call(oracle, "quorum"),
        [chain.call(oracle, "asset_of", asset.number) for asset in ASSETS],
        [chain.call(oracle, "market_of", market.number) for market in MARKETS],
    )
