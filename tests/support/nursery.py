"""Real processes that start in milliseconds: forks of one that has imported Seedbed.

Run as a script it is that process: it reads orders as lines of JSON, one at a time, and writes for each
the id of the process that it became, and when that has ended its status.
"""

from __future__ import annotations

import json
import os
import runpy
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

PRELOADED = ("aiohttp", "filelock", "seedbed.cli.run.making", "seedbed.engine.api", "seedbed_openai.llm")


class Child:
    """A process of a nursery, which runs one at a time."""

    def __init__(
        self, pid: int, read_status: Callable[[], int], log: Path, on_end: Callable[[], None]
    ) -> None:
        self.pid = pid
        self.log = log
        self.status: int | None = None
        self._on_end = on_end
        self._waiting = threading.Thread(target=self._wait, args=(read_status,), daemon=True)
        self._waiting.start()

    @property
    def has_ended(self) -> bool:
        """Whether the process is no more."""
        return self.status is not None

    @property
    def said(self) -> str:
        """What it has written to its standard error."""
        return self.log.read_text()

    def send(self, number: int) -> None:
        """Send the process a signal, unless it is no more."""
        if not self.has_ended:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def wait(self) -> int:
        """Return its exit status when it has ended; the number of a signal that ended it is negative."""
        self._waiting.join()
        assert self.status is not None
        return self.status

    def _wait(self, read_status: Callable[[], int]) -> None:
        self.status = read_status()
        self._on_end()


class Nursery:
    """Starts Python programs and installed commands, by the path of the script, as forks of one process."""

    def __init__(self) -> None:
        pipe = subprocess.PIPE
        self._process = subprocess.Popen([sys.executable, __file__], stdin=pipe, stdout=pipe)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def start(
        self,
        command: Sequence[object],
        *,
        folder: Path,
        environment: Mapping[str, object],
        on_end: Callable[[], None],
    ) -> Child:
        """Start a program in a folder; what it writes to standard error goes to a new file there."""
        log = folder / f"stderr.{len(list(folder.glob('stderr.*')))}"
        order = {
            "command": [*map(str, command)],
            "folder": str(folder),
            "log": str(log),
            "environment": {name: str(value) for name, value in environment.items()},
        }
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self._process.stdin.flush()
        return Child(self._read(), self._read, log, on_end)

    def _read(self) -> int:
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())


def serve() -> dict[str, Any] | None:
    """Fork for each order, and return it in the child; return None in the parent, at the end."""
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            order: dict[str, Any] = json.loads(line)
            return order
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
    return None


def become(order: Mapping[str, Any]) -> None:
    """Run the program of an order as the main one of this process."""
    os.chdir(order["folder"])
    os.environ.update(order["environment"])
    for path, flags, descriptor in (
        (os.devnull, os.O_RDONLY, 0),
        (os.devnull, os.O_WRONLY, 1),
        (order["log"], os.O_WRONLY | os.O_CREAT, 2),
    ):
        opened = os.open(path, flags, 0o600)
        os.dup2(opened, descriptor)
        os.close(opened)
    sys.argv = order["command"]
    runpy.run_path(sys.argv[0], run_name="__main__")


def preload() -> None:
    """Import what a run needs, and what a client of OpenAI's protocol imports when it is loaded."""
    for name in PRELOADED:
        __import__(name)
    from seedbed_openai import OpenAILLM

    OpenAILLM(model="m", api_key="none", base_url="http://localhost").load()


if __name__ == "__main__":
    preload()
    ordered = serve()
    if ordered is not None:
        become(ordered)
