"""Processes that walk, each on contracts of its own."""

import os
import signal
import threading
import time
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from functools import cache
from multiprocessing import get_context, parent_process

from tests.deep.paths import PATHS
from tests.deep.record import Batch
from tests.helpers.quick import quick_records
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


def walk_all(path, firsts, jobs):
    """
    Yield what becomes of batches, in any order, as long as somebody asks.

    `firsts` is asked for the next one when a process has nothing to do.
    """
    # Forked, so that workers find the compiled contracts and the code as it is here.
    crew = ProcessPoolExecutor(jobs, get_context("fork"), initializer=enlist)
    firsts, running = iter(firsts), set()
    try:
        while True:
            for first in firsts:
                running.add(crew.submit(walk_batch, path, first))
                if len(running) > jobs:
                    break
            if not running:
                return
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()
    finally:
        crew.shutdown(cancel_futures=True)


def enlist():
    """Leave interrupts to the parent, and end when it does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=follow_parent, daemon=True).start()


def follow_parent():
    parent_process().join()
    os._exit(1)
