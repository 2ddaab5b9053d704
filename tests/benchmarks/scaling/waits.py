"""How long threads waited for a processor: what a busy machine adds to a measured time."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple


class Waited(NamedTuple):
    """Seconds of a thread on a processor, and ready for one without getting it."""

    ran: float
    waited: float

    @property
    def stretch(self) -> float:
        """How much longer than on an idle machine its work took."""
        return (self.ran + self.waited) / self.ran if self.ran else 1.0


def threads_of(pid: int) -> dict[int, Waited]:
    """Return what each thread of a process has had so far (Linux's `schedstat`)."""
    found = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        ran, waited, _ = (task / "schedstat").read_text().split()
        found[int(task.name)] = Waited(int(ran) / 1e9, int(waited) / 1e9)
    return found


def busiest(before: dict[int, Waited], after: dict[int, Waited]) -> Waited:
    """Return what the thread had in between that ran most: the loop's, in each of a run's processes."""
    nothing = Waited(0.0, 0.0)
    between = (
        Waited(now.ran - before.get(task, nothing).ran, now.waited - before.get(task, nothing).waited)
        for task, now in after.items()
    )
    return max(between, default=nothing)


def together(several: Iterable[Waited]) -> Waited:
    """Return the sums."""
    listed = list(several)
    return Waited(sum(one.ran for one in listed), sum(one.waited for one in listed))


def here() -> dict[int, Waited]:
    """Return the threads of this process."""
    return threads_of(os.getpid())
