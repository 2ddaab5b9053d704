"""What a plugin's code leaves open in its process, or changes for everything that runs in it."""

from __future__ import annotations

import gc
import logging
import os
import random
import re
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

_OPEN = Path("/proc/self/fd")
_OWN_THREADS = "asyncio_"
"""Those in which the loop of all calls runs what blocks; they stay for the next call."""


@contextmanager
def left_alone() -> Iterator[None]:
    """Fail the test if code in the `with` block changes what all code of the process shares; put it back."""
    before, seed, seeded = _shared(), random.seed, [""]

    def noted(*args: object, **options: object) -> None:
        seeded.append("the numbers of the module `random`")
        seed(*args, **options)  # type: ignore[arg-type]

    # Not compared: whatever else runs in the process may take numbers from it.
    random.seed = noted
    try:
        yield
        after = _shared()
    finally:
        random.seed = seed
        os.chdir(before["the working directory"])
        sys.stdout = before["sys.stdout"]
    changed = [name for name, value in before.items() if after[name] != value] + seeded[-1:]
    assert not any(changed), f"it changes {' and '.join(filter(None, changed))}, for the whole process"


def left_each_time(act: Callable[[], object], times: int = 3) -> list[str]:
    """Return what an act leaves open each time: threads, files and connections; once may be for good."""
    act()
    before = _open_now()
    for _ in range(times):
        act()
    if _grown(before, times):
        # What only a cycle refers to isn't closed before it's collected.
        gc.collect()
    return _grown(before, times)


def files_below(folder: Path) -> list[str]:
    """Return the files in a folder that this process has open; none on systems that don't say it."""
    return [name for name in _files() if name.startswith(f"{folder.resolve()}{os.sep}")]


def _shared() -> dict[str, Any]:
    root = logging.getLogger()
    return {
        "the working directory": Path.cwd(),
        "sys.stdout": sys.stdout,
        "the handlers of the root logger": (root.level, *root.handlers),
    }


def _grown(before: Counter[str], times: int) -> list[str]:
    return sorted(name for name, count in (_open_now() - before).items() if count >= times)


def _open_now() -> Counter[str]:
    names = (thread.name for thread in threading.enumerate())
    threads = [f"the thread '{re.sub('[0-9]+', 'N', name)}'" for name in names if _OWN_THREADS not in name]
    files = (re.sub(r"^socket:.*", "a connection", name) for name in _files())
    return Counter([*threads, *(name for name in files if name[:1] == "/" or name == "a connection")])


def _files() -> list[str]:
    found = []
    with suppress(FileNotFoundError):
        for one in _OPEN.iterdir():
            # The one that lists them is closed by now.
            with suppress(OSError):
                found.append(str(one.readlink()))
    return found
