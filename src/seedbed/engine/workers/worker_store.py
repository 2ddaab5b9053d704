"""The store of a worker: what the run has for the rows in hand, and what is to be added to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from seedbed.engine.workers.run_messages import ItemParcel
from seedbed.engine.workers.unsent_news import UnsentNews
from seedbed.engine.workers.worker_messages import Addition, FileRead, Mark
from seedbed.store import Call, Result

_Place = tuple[str, str, int]
"""Step, row and attempt."""


class WorkerStore:
    """Stands for the run's store on a worker, whose journal reads and writes here.

    What is added goes to the unsent news. Used on the loop thread.
    """

    def __init__(self, unsent: UnsentNews) -> None:
        self._unsent = unsent
        self._results: dict[tuple[str, str], Result] = {}
        self._answers: defaultdict[_Place, dict[tuple[bytes, int], tuple[int, bytes]]] = defaultdict(dict)
        self._places: defaultdict[int, list[_Place]] = defaultdict(list)
        self._rows: defaultdict[int, list[tuple[str, str]]] = defaultdict(list)

    def take(self, parcel: ItemParcel) -> None:
        """Take what the run has for an item."""
        for result in parcel.results:
            self._results[result.step, result.row] = result
            self._rows[parcel.number].append((result.step, result.row))
        for one in parcel.answers:
            place = one.step, one.row, one.attempt
            self._answers[place][one.digest, one.k] = one.number, one.answer
            self._places[parcel.number].append(place)

    def forget(self, number: int) -> None:
        """Drop what the run has for an item, which has settled."""
        for row in self._rows.pop(number, ()):
            self._results.pop(row, None)
        for place in self._places.pop(number, ()):
            self._answers.pop(place, None)

    def add(self, addition: Addition) -> int:
        """Add something for the run."""
        self._unsent.news.additions.append(addition)
        # An answer can't wait: it would be bought again if this process died. What is made can be made again.
        self._unsent.tell(may_wait=isinstance(addition, Result | Mark | FileRead))
        return 0

    def has_calls(self) -> bool:
        """Whether a journal has to look here for answers: it has."""
        return True

    def has_results(self) -> bool:
        """Whether a journal has to look here for results: it has."""
        return True

    def result_of(self, step: str, row: str) -> Result | None:
        """Return what a step made of a row before."""
        return self._results.get((step, row))

    def answer_of(self, step: str, row: str, attempt: int, digest: bytes, k: int) -> tuple[int, bytes] | None:
        """Return the number of a call and its answer (JSON); None if there's none."""
        return self._answers.get((step, row, attempt), {}).get((digest, k))

    def call_keys(self, step: str, row: str, attempt: int) -> Collection[tuple[bytes, int]]:
        """Return the digest and the count (`k`) of each call of a row at one attempt."""
        return self._answers.get((step, row, attempt), {}).keys()

    def add_call(self, call: Call) -> int:
        """Add an answered call."""
        return self.add(call)

    def add_result(self, result: Result) -> int:
        """Add what a step made of a row."""
        return self.add(result)

    def set_mark(self, name: str, value: bytes | str) -> int:
        """Set a named value."""
        return self.add(Mark(name, value))
