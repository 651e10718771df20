"""How tests run: on one thread each, and what takes long first."""

from __future__ import annotations

import os

from threadpoolctl import threadpool_limits

# Matrices are small: threads of one process are no quicker, and those of several wait for one another.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # processes that are started later
threadpool_limits(1, user_api="blas")  # libraries that are loaded already
