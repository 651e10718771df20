"""Work on several threads whose results come back in the order of the work."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import nullcontext
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def cores() -> int:
    """Cores that this process may use.

    >>> cores() >= 1
    True
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def alive(process: int) -> bool:
    """Whether a process of this machine is there.

    >>> alive(os.getpid())
    True
    """
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        # it is there, and another's
        return True
    return True


def in_order(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    threads: int,
    pool: Executor | None = None,
    *,
    ahead: int = 0,
) -> Iterator[Result]:
    """What a function makes of each item, in the order of the items.

    At most ``threads`` results are held or under way at once (twice as many in a pool, and ``ahead`` more),
    so that memory does not grow with the number of items. Where one fails, or nobody asks on, what has not
    begun is not begun.

    Parameters
    ----------
    function : callable
        Of one item; called on several threads at once.
    items : iterable
        Taken one at a time, on the thread that asks.
    threads : int
        1 calls the function where it is asked for.
    pool : Executor, optional
        Who calls it instead of threads of its own: small results may wait there, so that nobody idles.
    ahead : int
        Work that may wait for a thread while whoever asks is at work with a result.

    Examples
    --------
    >>> list(in_order(lambda x: x * x, range(5), 2))
    [0, 1, 4, 9, 16]
    """
    if threads <= 1:
        yield from map(function, items)
        return
    waiting: deque[Future[Result]] = deque()
    most = (threads if pool is None else 2 * threads) + ahead
    with ThreadPoolExecutor(threads) if pool is None else nullcontext(pool) as workers:
        try:
            for item in items:
                waiting.append(workers.submit(function, item))
                if len(waiting) >= most:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for one in waiting:
                one.cancel()
