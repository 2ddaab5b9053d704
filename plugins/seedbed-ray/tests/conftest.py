"""A run on Ray in a process of its own, which tests kill, and the server that it asks."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.support.answering_server import AnsweringServer, Asked, answering_server

__all__ = ["answering_server"]

# Before any test imports Ray, which reads it then: under `uv run`, it would copy this folder and run uv again
# for each worker.
os.environ["RAY_ENABLE_UV_RUN_RUNTIME_ENV"] = "0"

PROGRAM = Path(__file__).with_name("program.py")
ENV_KEY = "sk-environment-0123456789abcdef"

SAFE_SECONDS = 1.0
"""Seconds after which an answer is with the run and on its disk, on a machine that is busy with tests."""


class OnRay:
    """One run on Ray in a folder of its own, in as many sessions as it takes."""

    def __init__(self, server: AnsweringServer, folder: Path, rows: int) -> None:
        self.server = server
        self.out = folder / "words.jsonl"
        # Short: the path of a socket has at most 107 bytes.
        self.logs = Path(f"/tmp/sbr-{os.getpid()}-{time.monotonic_ns() % 10**6}")
        self.kills: list[float] = []
        self._folder = folder
        self._rows = rows
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start a session of the program."""
        self._start(str(PROGRAM), str(self.out), str(self._rows), str(self.logs))

    def start_command(self) -> None:
        """Start a session of the command, in a process group of its own, as a terminal would."""
        options = ("cpus=2", "workers=2", "object_store=80", f"folder={self.logs}")
        settings = [part for one in options for part in ("--set", f"engine.{one}")]
        task = ("-m", "seedbed", "run", f"{PROGRAM}:Word", "--llm", "openai/m", "--engine", "ray", *settings)
        self._start(*task, "-n", str(self._rows), "--concurrency", "8", "-o", str(self.out))

    def _start(self, *arguments: str) -> None:
        self.server.session += 1
        environment = {
            **os.environ,
            "OPENAI_BASE_URL": self.server.base_url,
            "OPENAI_API_KEY": ENV_KEY,
            "SEEDBED_RUNS": str(self._folder / "runs"),
        }
        with (self._folder / "said.txt").open("ab") as said:
            self.process = subprocess.Popen(
                [sys.executable, *arguments],
                env=environment,
                cwd=self._folder,
                stderr=said,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        """What all sessions have written to standard error."""
        return (self._folder / "said.txt").read_text()

    def wait(self) -> int:
        """Return the exit status of the session when it has ended."""
        assert self.process is not None
        return self.process.wait()

    def wait_for_answers(self, number: int) -> None:
        """Return when so many calls have been answered, or the session has ended."""
        assert self.process is not None
        process = self.process
        self.server.wait_until_the_log(
            lambda log: sum(one.answered is not None for one in log) >= number or process.poll() is not None
        )

    def workers(self) -> list[int]:
        """Return the processes of the workers."""
        assert self.process is not None
        below = [*descendants(self.process.pid)]
        return [pid for pid in below if command_of(pid).startswith("ray::RowActor")]

    def kill_worker(self, number: int) -> None:
        """Kill a worker, with all that it hasn't sent; wait for one that takes the place of those killed."""
        assert self.process is not None
        while not (workers := self.workers()) and self.process.poll() is None:
            time.sleep(0.05)
        if workers:
            self.kills.append(time.monotonic())
            with suppress(ProcessLookupError):
                os.kill(workers[number % len(workers)], signal.SIGKILL)

    def kill(self) -> list[int]:
        """Kill the run's own process, and return those of Ray that it had started."""
        assert self.process is not None
        ray = [*descendants(self.process.pid)]
        self.kills.append(time.monotonic())
        self.process.kill()
        self.process.wait()
        return ray

    def bought_twice(self) -> list[Asked]:
        """Return the calls that were asked again although their answer had to be safe when a kill came."""
        first: dict[bytes, Asked] = {}
        twice = []
        for asked in self.server.log:
            before = first.setdefault(asked.body, asked)
            if before is not asked and not self._was_lost(before):
                twice.append(asked)
        return twice

    def _was_lost(self, asked: Asked) -> bool:
        if asked.answered is None:
            return True
        return any(
            asked.arrived <= kill + SAFE_SECONDS
            and kill - asked.answered < SAFE_SECONDS + self.server.lateness(asked.answered, kill)
            for kill in self.kills
        )


def descendants(pid: int) -> Iterator[int]:
    """Yield the processes that a process has started, and theirs."""
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield int(child)
                yield from descendants(int(child))


def command_of(pid: int) -> str:
    """Return the command of a process; empty if it has ended."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    return ""


def content_of(file: Path) -> bytes:
    """Return what is in a file; nothing if it's none, or Ray has removed it meanwhile."""
    try:
        return file.read_bytes() if file.is_file() else b""
    except OSError:
        return b""


@pytest.fixture
def on_ray(answering_server: AnsweringServer, tmp_path: Path) -> Iterator[OnRay]:
    """A run of 150 rows, whose answers take up to a tenth of a second."""
    answering_server.seconds = 0.1
    # A machine that is busy with tests takes a minute to start Ray.
    answering_server.patience = 600.0
    run = OnRay(answering_server, tmp_path, 150)
    yield run
    if run.process is not None and run.process.poll() is None:
        run.process.terminate()
        run.process.wait()
