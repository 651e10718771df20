"""Shared contacts of all ties by several processes, each of which lists some of the triangles."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import numpy as np

from honestsignals.engines.allocation import give_back
from honestsignals.engines.buckets import saved
from honestsignals.metrics.embeddedness import rarity_of, triangle_sums
from honestsignals.metrics.ties import Ties
from honestsignals.metrics.triangles import even_parts, laid_out

Array = np.ndarray[Any, np.dtype[Any]]

KEYS, SUMS, FILES = "triangles.keys.npy", "triangles.{part}.{name}.npy", "triangles.*.npy"
"""In the folder of a run: what processes read, and what each found."""
TIE, NUMBER, WEIGHT = "tie", "number", "weight"


def begun(ties: Ties, folder: Path, pool: Executor, many: int) -> Callable[[], tuple[Array, Array]]:
    """Have triangles listed while other work is done.

    Parameters
    ----------
    ties : Ties
    folder : Path
        Where processes find the ties, and put what they found: memory holds it once.
    pool : Executor
        Of processes.
    many : int
        Into how many parts.

    Returns
    -------
    callable
        Waits for them and gives what `shared_sums` gives of these ties.
    """
    keys, order = laid_out(ties)
    saved(folder / KEYS, keys)
    rarity = rarity_of(np.sort(ties.contacts()))
    parts = even_parts(keys, ties.n_people, many)
    del keys
    give_back()
    waiting = [pool.submit(_listed, folder, rarity, place, part) for place, part in enumerate(parts)]

    def finished() -> tuple[Array, Array]:
        number, weight = (np.zeros(len(order), dtype=np.int64) for _ in range(2))
        for place, one in enumerate(waiting):
            one.result()
            tie = order[_read(folder, place, TIE)]
            number[tie] += _read(folder, place, NUMBER)
            weight[tie] += _read(folder, place, WEIGHT)
        for file in folder.glob(FILES):
            file.unlink()
        return number, weight

    return finished


def _listed(folder: Path, rarity: Array, place: int, part: slice) -> None:
    """Put down what the triangles of a part add to ties: in most networks few are in any."""
    number, weight = triangle_sums(np.load(folder / KEYS, mmap_mode="r"), rarity, part)
    tie = np.flatnonzero(number)
    for name, values in ((TIE, tie), (NUMBER, number[tie]), (WEIGHT, weight[tie])):
        saved(folder / SUMS.format(part=place, name=name), values)


def _read(folder: Path, place: int, name: str) -> Array:
    return np.asarray(np.load(folder / SUMS.format(part=place, name=name)))
