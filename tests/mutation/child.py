"""Work in processes of its own, which may take so long and no longer."""

import contextlib
import ctypes
import os
import resource
import select
import signal
import time
from collections.abc import Callable
from typing import NamedTuple

_PR_SET_PDEATHSIG = 1
_WALL = 8
"""Times the limit of processor seconds, in which a busy machine should reach it."""


class Answer(NamedTuple):
    """What a process said; `text` is None if it was ended or failed."""

    text: str | None
    error: str
    seconds: float
    """Of the processor."""


def run(work: Callable[[], str], limit: float) -> Answer:
    """Run `work` in a child for at most so many processor seconds."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        _work(work, limit, writer)
    os.close(writer)
    text = _read(reader, limit * _WALL)
    if text is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
    _, status, usage = os.wait4(child, 0)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    seconds = usage.ru_utime + usage.ru_stime
    if text is None or os.WIFSIGNALED(status):
        return Answer(None, "time limit", seconds)
    if text[:1] == "=":
        return Answer(text[1:], "", seconds)
    return Answer(None, text[1:] or "the process died", seconds)


def end_with_parent() -> None:
    """Leave nobody behind if the parent is killed."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _work(work: Callable[[], str], limit: float, writer: int) -> None:
    os.setsid()
    end_with_parent()
    resource.setrlimit(resource.RLIMIT_CPU, (int(limit) + 1, int(limit) + 2))
    try:
        text = f"={work()}"
    except BaseException as failure:
        text = f"?{type(failure).__name__}: {failure}"
    with os.fdopen(writer, "w") as pipe:
        pipe.write(text)
    os._exit(0)


def _read(reader: int, seconds: float) -> str | None:
    """Return all that a child writes, or None if it takes too long."""
    deadline, found = time.monotonic() + seconds, b""
    with os.fdopen(reader, "rb", buffering=0) as pipe:
        while True:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([pipe], [], [], left)[0]:
                return None
            part = pipe.read(65_536)
            if not part:
                return found.decode(errors="replace")
            found += part
