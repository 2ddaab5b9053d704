"""`python -m seedbed` is the command `seedbed`."""

from __future__ import annotations

from seedbed.cli import main

if __name__ == "__main__":
    main()
