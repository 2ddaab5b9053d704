"""How many files a process may have open at once, and what to do if they're too few."""

from __future__ import annotations

from pathlib import Path

MORE_FILES = "raise the limit for this shell: ulimit -n 4096; if that's refused, the hard limit: ulimit -Hn"
"""What to do if too many files are open. The command has raised its limit as far as the hard one already."""

_AT_ONCE = 256
_RESERVE = 8
"""Files that others may open meanwhile, such as the run's database and a module that's imported late."""


def files_at_once() -> int:
    """Return how many files to have open at once for a dataset: at least one, and never very many."""
    try:
        # Windows has neither; it allows thousands.
        import resource

        # The folder's own descriptor is among them.
        open_now = sum(1 for _ in Path("/dev/fd").iterdir())
    except (ImportError, OSError):
        return _AT_ONCE
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most == resource.RLIM_INFINITY:
        return _AT_ONCE
    return max(1, min(_AT_ONCE, most - open_now - _RESERVE))
