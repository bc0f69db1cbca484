"""
The same work for many items, spread over processes or over machines.

Without a scheduler the work is done by forked processes, which find everything as it is
in the parent. With one it is done by the workers of a Dask cluster: ``local`` starts
such a cluster here and stops it afterwards, anything else is the address of one that
runs. Its workers need the same sources, and Python where it is started from them:

    dask scheduler
    dask worker ADDRESS --nthreads 1        # in a checkout, on each machine

A worker that dies takes nothing with it: what it was working on is begun again by
another one. What is returned depends on the items alone, not on who did the work.
"""

import logging
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from functools import cache
from itertools import islice
from multiprocessing import get_context, parent_process
from typing import Any

from tests.helpers.sources import fingerprint

LOCAL = "local"
LIVES = 4
"""How many workers may die of one item before it is given up."""
PATIENCE = 20
"""Seconds to wait for a cluster, and for its first worker."""

_SOURCES = ("contracts", "keeper", "specs", "tests")

Work = Callable[[Any], Any]


class CrowdError(OSError):
    """The workers can't do the work; the text is a line that says why."""


def add_options(parser: Any) -> None:
    """Add the options that say who works to a parser of command lines."""
    parser.add_argument("--jobs", type=positive, default=2, help="processes")
    parser.add_argument(
        "--scheduler",
        nargs="?",
        const=LOCAL,
        metavar="ADDRESS",
        help="work on the Dask cluster at this address, such as tcp://host:8786; "
        "without one, or with 'local', on a cluster started here (without the option, "
        "plain processes)",
    )


def positive(text: str) -> int:
    """Return a number of at least one; underscores may part its digits."""
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def map_unordered(
    work: Work, items: Iterable[Any], jobs: int = 2, scheduler: str | None = None
) -> Iterator[Any]:
    """
    Yield what ``work``, a function of a module, returns for each item, in any order.

    Items are taken when a worker has little left to do, so there may be no end of them.
    """
    if scheduler is None:
        return _in_processes(work, iter(items), jobs)
    return _on_cluster(work, iter(items), jobs, scheduler)


# Processes


def _in_processes(work: Work, items: Iterator[Any], jobs: int) -> Iterator[Any]:
    crew = _enlist(jobs)
    running: dict[Future, tuple[Any, int]] = {}
    try:
        while True:
            for item in islice(items, jobs + 1 - len(running)):
                running[crew.submit(work, item)] = item, 0
            if not running:
                return
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            broken = {f for f in done if isinstance(f.exception(), BrokenProcessPool)}
            for future in done - broken:
                del running[future]
                yield future.result()
            if broken:
                # One has died, nobody knows of which item; the others go with it.
                crew.shutdown()
                crew, left = _enlist(jobs), list(running.values())
                if any(deaths + 1 == LIVES for _, deaths in left):
                    raise CrowdError(f"{LIVES} processes died of one item")
                running = {crew.submit(work, i): (i, deaths + 1) for i, deaths in left}
    except BaseException:
        # Nobody asks for more: what is being worked on need not come to its end.
        for process in [*(crew._processes or {}).values()]:
            process.kill()
        raise
    finally:
        crew.shutdown(cancel_futures=True)


def _enlist(jobs: int) -> ProcessPoolExecutor:
    # Forked, so that workers find what is compiled, and the code as it is here.
    return ProcessPoolExecutor(jobs, get_context("fork"), initializer=_begin)


def _begin() -> None:
    """Leave interrupts to the parent, and end when it does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow_parent, daemon=True).start()


def _follow_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)


# Dask


def _on_cluster(
    work: Work, items: Iterator[Any], jobs: int, scheduler: str
) -> Iterator[Any]:
    # Imported here: it takes a second, and is not always needed.
    import distributed

    ours = "" if scheduler == LOCAL else fingerprint(_SOURCES)
    with ExitStack() as stack:
        client = _join(stack, jobs, scheduler)
        finished = distributed.as_completed(loop=client.loop)
        left = 0
        while True:
            threads = sum(client.nthreads().values())
            for item in islice(items, max(1, 2 * threads - left)):
                finished.add(client.submit(_perform, work, item, ours, pure=False))
                left += 1
            if not left:
                return
            future = next(finished)
            left -= 1
            try:
                is_ours, result = future.result()
            except distributed.KilledWorker as failure:
                text = f"{LIVES} workers died of one item"
                raise CrowdError(text) from failure
            future.release()
            if not is_ours:
                raise CrowdError("a worker has other sources than these")
            yield result


def _join(stack: ExitStack, jobs: int, scheduler: str) -> Any:
    import dask
    from distributed import Client, LocalCluster

    stack.enter_context(
        dask.config.set(
            {
                "distributed.scheduler.allowed-failures": LIVES - 1,
                "distributed.comm.timeouts.connect": f"{PATIENCE}s",
            }
        )
    )
    place: Any = scheduler
    if scheduler == LOCAL:
        place = stack.enter_context(
            LocalCluster(
                n_workers=jobs,
                threads_per_worker=1,
                dashboard_address=":0",
                preload=[__name__],
                silence_logs=logging.CRITICAL,
            )
        )
    try:
        client = stack.enter_context(
            Client(place, timeout=PATIENCE, set_as_default=False)
        )
        client.wait_for_workers(1, timeout=PATIENCE)
    except (OSError, ValueError, TimeoutError) as failure:
        raise CrowdError(f"no cluster with workers at {scheduler}") from failure
    return client


async def dask_setup(worker: Any) -> None:
    """Leave interrupts to who has started the cluster, where Dask begins a worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _perform(work: Work, item: Any, theirs: str) -> tuple[bool, Any]:
    """Do the work, if the sources here are ``theirs``, who ask for it, if told."""
    if theirs and theirs != _own_sources():
        return False, None
    return True, work(item)


@cache
def _own_sources() -> str:
    return fingerprint(_SOURCES)
