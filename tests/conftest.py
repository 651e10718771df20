"""How tests run: on one thread each, what takes long first, and without a look at what stays anyway."""

from __future__ import annotations

import gc
import os

import pytest
from threadpoolctl import threadpool_limits

# Matrices are small: threads of one process are no quicker, and those of several wait for one another.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # processes that are started later
threadpool_limits(1, user_api="blas")  # libraries that are loaded already


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A minute of one test at the end is a minute in which the other cores wait."""
    items.sort(key=lambda one: not {"notebooks", "slow"} & {mark.name for mark in one.iter_markers()})


def pytest_collection_finish() -> None:
    """Modules and tests stay to the end: collecting garbage need not walk over all of them each time."""
    gc.collect()
    gc.freeze()


def pytest_unconfigure() -> None:
    """What stays is let go of at the end, or compiled libraries would tell of it as leaks."""
    gc.unfreeze()
