"""
An invented crash: the same seed gives the same prices, to the last wei.

Four calm minutes, a fall of 25 to 30 % in BTC over four minutes, then a recovery of
part of it. ETH falls a tenth and SOL a third further, USDT trades a little above its
parity while everyone wants dollars.
"""

from random import Random
from typing import Final

from keeper.prices import START_PRICES
from keeper.prices.path import RowPath

START: Final = 1_700_000_000
STEP: Final = 10  # seconds between rows

_PPM: Final = 10**6
_CALM: Final = 240  # seconds
_CRASH: Final = 240
_RECOVERY: Final = 420

# Fall relative to BTC's in percent, and noise of a row in ppm.
_ASSETS: Final = {"BTC": (100, 300), "ETH": (110, 400), "SOL": (133, 600)}
_PREMIUM: Final = 4_000  # of USDT at the bottom, in ppm


def seeded_prices(seed: int = 0, start: int = START) -> RowPath:
    """Return the crash of `seed`, which begins at `start` and takes 15 minutes."""
    random = Random(seed)
    fall = random.randint(250_000, 300_000)
    recovered = random.randint(300_000, 500_000)
    length = _CALM + _CRASH + _RECOVERY
    times = range(start, start + length + 1, STEP)
    falls = [_fall(time - start, fall, recovered) for time in times]
    columns = {}
    for asset, (beta, noise) in _ASSETS.items():
        wobble = _walk(random, noise, len(times))
        columns[asset] = [
            START_PRICES[asset] * (_PPM - down * beta // 100 + shift) // _PPM
            for down, shift in zip(falls, wobble, strict=True)
        ]
    wobble = _walk(random, 50, len(times))
    columns["USDT"] = [
        START_PRICES["USDT"] * (_PPM + _PREMIUM * down // fall + shift) // _PPM
        for down, shift in zip(falls, wobble, strict=True)
    ]
    label = f"built-in crash, seed {seed}"
    return RowPath(label, times, columns, start, start + length)


def _fall(elapsed: int, fall: int, recovered: int) -> int:
    """Return how far BTC is below its start after `elapsed` seconds, in ppm."""
    if elapsed <= _CALM:
        return 0
    if elapsed <= _CALM + _CRASH:
        return fall * (elapsed - _CALM) // _CRASH
    since = elapsed - _CALM - _CRASH
    return fall - fall * recovered // _PPM * since // _RECOVERY


def _walk(random: Random, noise: int, length: int) -> list[int]:
    """Return a random walk in ppm that is drawn back to 0, where it starts."""
    path = [0]
    while len(path) < length:
        path.append(path[-1] * 9 // 10 + random.randint(-noise, noise))
    return path
