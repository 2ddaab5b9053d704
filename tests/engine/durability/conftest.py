"""Programs in processes of their own, and the server that they all ask."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support.answering_server import AnsweringServer, Asked, answering_server
from tests.support.nursery import Child, Nursery

__all__ = ["answering_server"]

PROGRAMS = Path(__file__).with_name("programs.py")
COMMAND = Path(sys.executable).with_name("seedbed")

DURABLE_SECONDS = 0.25
"""The time within which an answer must be safe from whatever happens to the process."""


class Sessions:
    """One run in a folder of its own, in as many processes, one after the other, as it takes.

    `cuts` are the moments at which its processes were killed or told to stop.
    """

    def __init__(self, nursery: Nursery, server: AnsweringServer, folder: Path) -> None:
        self.server = server
        self.folder = folder
        self.out = folder / "out.jsonl"
        self.runs = folder / "runs"
        self.cuts: dict[int, float] = {}
        self.child: Child | None = None
        self._nursery = nursery
        self._first = server.session + 1

    def start(self, *command: object) -> Child:
        """Start a program, given by its path, as the next session of the run."""
        self.server.session += 1
        environment = {
            "OPENAI_BASE_URL": self.server.base_url,
            "OPENAI_API_KEY": "none",
            "SEEDBED_RUNS": self.runs,
            "COLUMNS": "200",
        }
        self.child = self._nursery.start(
            command, folder=self.folder, environment=environment, on_end=self.server.wake
        )
        return self.child

    def kind(self, kind: str, concurrency: int = 8) -> Child:
        """Start one of the kinds of runs."""
        return self.start(PROGRAMS, kind, self.out.name, concurrency)

    def wait_for_answers(self, number: int) -> None:
        """Return when so many different calls have been answered in all, or the process has ended."""
        child = self.child
        assert child is not None
        self.server.wait_until(lambda log: child.has_ended or len(answered(self._own(log))) >= number)

    def cut(self, number: int) -> int:
        """Send the process a signal, and return its status when it has ended."""
        assert self.child is not None
        self.cuts[self.server.session] = time.monotonic()
        self.child.send(number)
        return self.child.wait()

    def calls(self) -> set[bytes]:
        """Return all calls that were made."""
        return {asked.body for asked in self._own(self.server.log)}

    def bought_twice(self) -> list[str]:
        """Return each call that was asked again though its answer had to be safe, in words."""
        last: dict[bytes, Asked] = {}
        found = []
        for asked in self._own(self.server.log):
            before = last.get(asked.body)
            if before is not None and before.answered is not None and (late := self._late(before)) > 0:
                found.append(f"{before} was safe, and asked again {late:.3f} s too late")
            last[asked.body] = asked
        return found

    def _own(self, log: list[Asked]) -> list[Asked]:
        return [asked for asked in log if asked.session >= self._first]

    def _late(self, asked: Asked) -> float:
        """Return by how many seconds an answer was older than it may be when it was lost."""
        cut = self.cuts.get(asked.session)
        assert asked.answered is not None
        if cut is None:
            return float("inf")
        # Where the machine lets a process wait, it is not Seedbed that is late.
        allowed = DURABLE_SECONDS + self.server.lateness(asked.answered, cut)
        return cut - asked.answered - allowed


def answered(log: list[Asked]) -> set[bytes]:
    """Return the calls that have an answer."""
    return {asked.body for asked in log if asked.answered is not None}


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """A process that starts others in no time."""
    with Nursery() as started:
        yield started


@pytest.fixture(scope="module")
def shared_server() -> Iterator[AnsweringServer]:
    """A server for all tests of a module."""
    with AnsweringServer() as server:
        yield server


@pytest.fixture
def sessions(
    nursery: Nursery, shared_server: AnsweringServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], Sessions]]:
    """Makes runs in processes of their own, and ends what is left of them."""
    made: list[Sessions] = []

    def make() -> Sessions:
        made.append(Sessions(nursery, shared_server, tmp_path_factory.mktemp("run")))
        return made[-1]

    yield make
    for one in made:
        if one.child is not None:
            one.child.send(signal.SIGKILL)
            one.child.wait()
