"""What is being done, on a terminal, once it takes long."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SHOWN_AFTER = 2.0
"""Seconds of work after which progress shows."""


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """Says on a terminal what is being done, once it takes more than two seconds."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
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
