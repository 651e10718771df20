"""What is being done, on a terminal, once it takes long."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Tell = Callable[[str], None]

SHOWN_AFTER = 2.0
"""Seconds of work after which progress shows."""
_told: ContextVar[Tell | None] = ContextVar("told", default=None)


@contextmanager
def progress() -> Iterator[Tell]:
    """Says on a terminal what is being done, once it takes more than two seconds.

    Within other work that says what it does, the words go where its words go: a terminal has one last line.
    """
    told = _told.get()
    if told is not None:
        yield told
    elif not sys.stderr.isatty():
        yield lambda _: None
    else:
        with _on_terminal() as tell, telling(tell):
            yield tell


@contextmanager
def telling(tell: Tell) -> Iterator[None]:
    """Who is told of all work within, whatever begins it.

    >>> heard = []
    >>> with telling(heard.append), progress() as tell:
    ...     tell("Fitting")
    >>> heard
    ['Fitting']
    """
    token = _told.set(tell)
    try:
        yield
    finally:
        _told.reset(token)


@contextmanager
def _on_terminal() -> Iterator[Tell]:
    import threading

    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    shown = Progress(*columns, console=Console(stderr=True), transient=True)
    task = shown.add_task("Working", total=None)
    waiting = threading.Timer(SHOWN_AFTER, shown.start)
    waiting.daemon = True
    waiting.start()
    try:
        yield lambda what: shown.update(task, description=what)
    finally:
        waiting.cancel()
        waiting.join()
        shown.stop()
