"""``python -m honestsignals``: the command line."""

from __future__ import annotations

from honestsignals.cli import main

if __name__ == "__main__":
    main()
