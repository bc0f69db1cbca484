"""Workers that walk, each on contracts of its own."""

import time
from collections import Counter
from functools import cache, partial

from keeper.quick import quick_records
from tests.deep.paths import PATHS
from tests.deep.record import Batch
from tests.helpers.crowd import map_unordered
from tests.stateful.bulk import Differs, count_transactions, walk_beside

WALKS = 5
"""Walks in a batch; a kill loses those of the batches that are being walked."""


@cache
def get_twin(path):
    """Return the contracts that a path, by its name, is walked on."""
    return PATHS[path].open_twin()


def walk_one(path, seed, **options):
    """Take one walk; return what was met."""
    return walk_beside(get_twin(path), seed, path=PATHS[path].wander, **options)


def walk_batch(path, first):
    """Return the batch of walks from this seed on, or the text of what differs."""
    begun, met = time.process_time(), Counter()
    try:
        with quick_records():
            for seed in range(first, first + WALKS):
                met += walk_one(path, seed)
    except Differs as differs:
        return differs.seed, str(differs)
    seconds = time.process_time() - begun
    return Batch(first, count_transactions(met), seconds, dict(met))


def walk_all(path, firsts, jobs, scheduler=None):
    """
    Yield what becomes of batches, in any order, as long as somebody asks.

    `firsts` is asked for the next one when a worker has little left to do.
    """
    yield from map_unordered(partial(walk_batch, path), firsts, jobs, scheduler)
