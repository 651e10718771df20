"""Memory that is freed and asked for again: the C library may keep it while buckets are measured."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

MMAP_THRESHOLD, TRIM_THRESHOLD = -3, -1
"""Names of two of its settings, as GNU's malloc.h numbers them."""
KEPT, WHOLE = 2**27, 2**30
"""Bytes that are free and not handed back; bytes of a piece from which on it is asked for by itself."""
USUAL = {MMAP_THRESHOLD: 2**25, TRIM_THRESHOLD: 2**26}
"""Where these settings come to by themselves in a process that frees large arrays."""


@contextmanager
def memory_kept() -> Iterator[None]:
    """Let the C library keep freed memory while it lasts, and hand it back afterwards.

    Arrays of a batch come and go by the thousand; handing their pages back and being given others, all
    zeroed, takes a tenth to a quarter of the time. Where the C library is not GNU's, nothing is set.
    """
    library = _library()
    if library is None:
        yield
        return
    _set(library, {MMAP_THRESHOLD: WHOLE, TRIM_THRESHOLD: KEPT})
    try:
        yield
    finally:
        _set(library, USUAL)
        give_back()


def give_back() -> None:
    """Hand freed memory back now: other processes are about to need theirs."""
    library = _library()
    if library is not None:
        library.malloc_trim(0)


def _library() -> Any:
    """GNU's C library, where it is this process's."""
    if sys.platform != "linux":
        return None
    import ctypes

    library = ctypes.CDLL(None)
    return library if hasattr(library, "mallopt") and hasattr(library, "malloc_trim") else None


def _set(library: Any, settings: dict[int, int]) -> None:
    for name, value in settings.items():
        library.mallopt(name, value)
