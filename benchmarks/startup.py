"""Processor seconds of `import honestsignals` and of `honestsignals --help`.

python benchmarks/startup.py
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

RESULTS = Path(__file__).parent / "results" / "startup.json"
RUNS = 7
PROGRAMS = {
    "python, nothing imported": ["-c", "pass"],
    "import honestsignals": ["-c", "import honestsignals"],
    "import honestsignals; honestsignals.read_log": ["-c", "import honestsignals; honestsignals.read_log"],
    "honestsignals --help": ["-c", "from honestsignals.cli import main; main()", "--help"],
}


def seconds(arguments: list[str]) -> float:
    """Processor seconds, user and system, of one process."""
    with subprocess.Popen([sys.executable, *arguments], stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(arguments)} failed with exit code {process.returncode}.")
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    results = {}
    for name, arguments in PROGRAMS.items():
        if "--help" in arguments and find_spec("honestsignals.cli") is None:
            continue
        seconds(arguments)  # fills the file cache
        results[name] = round(statistics.median(seconds(arguments) for _ in range(RUNS)), 3)
        print(f"{results[name]:6.3f} s  {name}", flush=True)
    about = {
        "python": platform.python_version(),
        "packages": {name: version(name) for name in ("honestsignals", "numpy", "pandas", "typer")},
        "processors": os.cpu_count(),
        "processor_seconds": results,
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(about, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
