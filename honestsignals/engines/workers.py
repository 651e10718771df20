"""Processes beside this one: Python runs one thread at a time, and measuring takes many short steps."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Executor
from contextlib import contextmanager
from threading import Thread

from honestsignals.engines.allocation import KEPT, WHOLE
from honestsignals.errors import DesignError

ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MALLOC_MMAP_THRESHOLD_": str(WHOLE),
    "MALLOC_TRIM_THRESHOLD_": str(KEPT),
}
"""Set in the processes alone: one core each, and as `memory_kept` has it."""


@contextmanager
def processes(many: int) -> Iterator[Executor]:
    """Processes that are there while it lasts; scripts need no guard against being run again.

    Parameters
    ----------
    many : int
        How many.

    Raises
    ------
    DesignError
        Where one of them was stopped.
    """
    from loky import ProcessPoolExecutor

    pool = ProcessPoolExecutor(
        many, timeout=None, env=ENVIRONMENT, initializer=_end_with, initargs=(os.getpid(),)
    )
    done = False
    try:
        yield pool
        done = True
    except BrokenExecutor as error:
        raise DesignError(
            "A process that measured a part was stopped; most often the machine had no memory left. Ask for "
            "less memory or fewer threads; resume=True keeps the parts that are written."
        ) from error
    finally:
        # where something failed, nobody asks for what is still under way
        pool.shutdown(wait=True, kill_workers=not done)


def _end_with(parent: int) -> None:
    """End this process when the one that started it was killed: it would wait for work for ever."""

    def watch() -> None:
        # whoever loses its parent is given another
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    Thread(target=watch, daemon=True).start()
