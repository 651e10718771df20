"""Parts of symmetry and asymmetry from loops over lists: the formulas of the docstrings, nothing shared."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

NAN = math.nan


def asymmetry(log: Sequence[Any], ego: int, alter: int, before: int | None, world: Any) -> dict[str, float]:
    """What rests on everybody's acts, for acts, for weight and by kind."""
    known = [act for act in log if before is None or act.time < before]
    main = [act for act in known if world.main is None or act.kind in world.main]
    views = {"": main, "__weight": main}
    views |= {
        f"__{kind}": [act for act in known if act.kind == code] for code, kind in enumerate(world.kinds)
    }
    out: dict[str, float] = {}
    for end, acts in views.items():
        given: dict[tuple[int, int], float] = {}
        for act in acts:
            way = act.sender, act.receiver
            given[way] = given.get(way, 0) + (act.weight if end == "__weight" else act.count)
        out |= {f"{name}{end}": value for name, value in parts(given, ego, alter).items()}
        if end != "__weight":
            out |= {f"{name}{end}": value for name, value in overall(given, ego, alter).items()}
    return out


def parts(given: dict[tuple[int, int], float], ego: int, alter: int) -> dict[str, float]:
    """ν, λ and ω of one pair."""
    people = {one for way in given for one in way}
    forth, back = given.get((ego, alter), 0), given.get((alter, ego), 0)
    skew, same = (forth - back) / 2, (forth + back) / 2
    out = {"omega": skew**2 / same**2 if same else NAN}
    for side, who in (("ego", ego), ("alter", alter)):
        whole = size = 0.0
        for other in people - {who}:
            to, of = given.get((who, other), 0), given.get((other, who), 0)
            whole += ((to + of) / 2) ** 2 + ((to - of) / 2) ** 2
            size += to**2 + of**2
        out[f"size_{side}"] = math.sqrt(size)
        out[f"nu_{side}"] = skew**2 / whole if whole else NAN
        out[f"lambda_{side}"] = same**2 / whole if whole else NAN
    return out


def overall(given: dict[tuple[int, int], float], ego: int, alter: int) -> dict[str, float]:
    """φ_ij, φ_ji and their sum, with z the pairs in contact and m the least asymmetry."""
    z = least = 0.0
    for one, other in {(min(way), max(way)) for way in given if given[way]}:
        acts = given.get((one, other), 0) + given.get((other, one), 0)
        z += 1
        least += 1 / 2 + (1 / (2 * acts**2) if acts % 2 else 0)
    forth, back = given.get((ego, alter), 0), given.get((alter, ego), 0)
    acts = forth + back
    out = {"phir_scale": 2 * z - 2 * least, "phir_ego": NAN, "phir_alter": NAN, "phir": NAN}
    if acts and 4 * z - 4 * least > 1e-9:
        for side, own in (("ego", forth), ("alter", back)):
            top = 4 * own**2 / acts**2 - 1 - (1 / acts**2 if acts % 2 else 0)
            out[f"phir_{side}"] = top / (4 * z - 4 * least)
        out["phir"] = out["phir_ego"] + out["phir_alter"]
    return out
