"""Runs one function in a process of its own, so that no measure warms or weighs on another.

`python -m tests.benchmarks.child MODULE FUNCTION JSON` is the other end: it prints what the function returns.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def in_child(module: str, function: str, *, folder: Path | None = None, **arguments: Any) -> Any:
    """Return what `tests.benchmarks.MODULE.FUNCTION(**arguments)` returns in a new process, as JSON values.

    Its working directory is `folder`, else an empty one that is removed again.
    """
    command = [sys.executable, "-m", "tests.benchmarks.child", module, function, json.dumps(arguments)]
    with tempfile.TemporaryDirectory() as empty:
        ended = subprocess.run(
            command,
            cwd=folder or empty,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    return json.loads(ended.stdout.splitlines()[-1])


class Clock:
    """Wall and processor seconds of this process, all threads together."""

    def __init__(self) -> None:
        self.wall = 0.0
        self.cpu = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Measure what is inside."""
        wall, cpu = time.perf_counter(), _cpu_seconds()
        yield
        self.wall = time.perf_counter() - wall
        self.cpu = _cpu_seconds() - cpu


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Call the function that the command line names."""
    module, function, arguments = sys.argv[1:]
    call = getattr(import_module(f"tests.benchmarks.{module}"), function)
    print(json.dumps(call(**json.loads(arguments))))


if __name__ == "__main__":
    main()
