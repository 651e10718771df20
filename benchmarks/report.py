"""Processor seconds and memory of a whole report: of a simulated study of 100,000 pairs, and of copenhagen.

    OPENBLAS_NUM_THREADS=1 python benchmarks/report.py

Each report is a process of its own, from the import to the written folder, with permutations and an
evaluation. Aims: copenhagen in under 90 s of processor time and 2 GB; 100,000 pairs in under 5 minutes, with
progress: the longest time between two words of it is stored.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path

import honestsignals as hs

HERE = Path(__file__).parent
RESULTS = HERE / "results" / "report.json"
SHARED = Path(os.environ.get("HONESTSIGNALS_SHARED") or HERE.parents[1] / "shared")
PEOPLE, DAYS = 450, 28
PROGRAM = """
import json, resource, sys, time
import honestsignals as hs
words = [(time.process_time(), "")]
made = hs.report(sys.argv[1], sys.argv[2], progress=lambda said: words.append((time.process_time(), said)))
words.append((time.process_time(), "done"))
longest = max((after - before, said) for (before, said), (after, _) in zip(words, words[1:]))
unit = 1 if sys.platform == "darwin" else 1024
print(json.dumps({
    "rows": len(hs.open_study(sys.argv[1]).dyads(label=made.label, metrics=["in_contact"])),
    "processor_seconds": round(words[-1][0], 1),
    "peak_gigabytes": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9, 2),
    "words_of_progress": len(words) - 2,
    "longest_without_a_word": round(longest[0], 1),
    "permutations": None if made.permutation is None else made.permutation.found.draws,
}))
"""


def measured(study: Path, home: Path) -> dict[str, object]:
    """What one report takes, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(study), str(home / "report")],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    results = {}
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        simulated = hs.simulate(people=PEOPLE, days=DAYS, base_rate=0.1, seed=1).write(folder / "simulated")
        studies = {f"simulated, {PEOPLE} people": simulated, "copenhagen": SHARED / "datasets" / "copenhagen"}
        for name, study in studies.items():
            if not study.is_dir():
                print(f"{name} is not there: set HONESTSIGNALS_SHARED.")
                continue
            (folder / name).mkdir()
            results[name] = measured(study, folder / name)
            print(name, results[name], flush=True)
    about = {
        "python": platform.python_version(),
        "packages": {name: version(name) for name in ("honestsignals", "numpy", "pandas", "matplotlib")},
        "processors": os.cpu_count(),
        "reports": results,
    }
    RESULTS.write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
