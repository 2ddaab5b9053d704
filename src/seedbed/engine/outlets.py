"""The ways out of a run: standard output, observers, and the trial of each row for a dataset's form."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from seedbed.engine.handover import Handover

if TYPE_CHECKING:
    from seedbed.engine.observing.delivery import Observation


class Emission:
    """Holds accepted rows until everything that they follow from is durable, then passes them to `write`.

    Used on the loop thread. An exception of `write` is kept in `error`, as no caller on the loop would catch
    it.
    """

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write
        self._waiting: deque[tuple[int, Iterable[bytes]]] = deque()
        self._durable = 0
        self.error: Exception | None = None

    def add(self, durable: int, rows: Iterable[bytes]) -> None:
        """Take rows that may leave when the store's addition number `durable` is durable."""
        self._waiting.append((durable, rows))
        self.release(self._durable)

    def release(self, durable: int) -> None:
        """Release rows that follow from additions up to number `durable`."""
        self._durable = durable
        # In order, so the first row that isn't durable holds back those after it; after an error (a closed
        # pipe) nothing more is written.
        while self.error is None and self._waiting and self._waiting[0][0] <= durable:
            _, rows = self._waiting.popleft()
            try:
                for row in rows:
                    self._write(row)
            except Exception as error:  # noqa: BLE001 - raised where the run can end
                self.error = error


class Outlets:
    """What waits for rows to be durable, if anything does; used on the loop thread.

    `trial` is called with each row of the dataset, and raises if the dataset can't be made of it. `handover`
    takes the rows to a program that iterates over them.
    """

    def __init__(
        self,
        emission: Emission | None = None,
        trial: Callable[[bytes], None] | None = None,
        handover: Handover | None = None,
    ) -> None:
        self._handover = handover
        self.emission = emission if handover is None else Emission(handover.put)
        self._trial = trial
        self.observation: Observation | None = None

    @property
    def are_open(self) -> bool:
        """Whether anything waits for rows."""
        return self.emission is not None or self.observation is not None or self._trial is not None

    @property
    def are_full(self) -> bool:
        """Whether the program that iterates over the rows has so many that none should be started."""
        return self._handover is not None and self._handover.is_full()

    def on_room(self, wake: Callable[[], object] | None) -> None:
        """Have `wake` called, on any thread, when they're no longer full."""
        if self._handover is not None:
            self._handover.on_room = wake or (lambda: None)

    def begin(self, steps: Sequence[str]) -> None:
        """Note the stored verdicts of steps whose rows may leave, before this session adds its own."""
        if self.observation is not None:
            self.observation.begin(steps)

    def add(self, added: int, counts: Mapping[str, int], rows: Iterable[bytes]) -> None:
        """Take what may leave when the store's addition number `added` is durable.

        Raises an exception that writing earlier rows raised, and what the trial of a row raises.
        """
        if self._trial is not None:
            rows = [*rows]
            for row in rows:
                self._trial(row)
        if self.observation is not None:
            self.observation.add(added, counts)
        if self.emission is not None:
            self.emission.add(added, rows)
            if self.emission.error is not None:
                raise self.emission.error

    def add_finished(self, rows: Iterable[bytes]) -> None:
        """Take all rows of a run that an earlier session finished.

        A program that iterates over them reads them from the run, at its own pace.
        """
        if self._handover is None:
            self.add(0, {}, rows)

    def release(self, durable: int) -> None:
        """Release what follows from additions up to number `durable`."""
        if self.emission is not None:
            self.emission.release(durable)
        if self.observation is not None:
            self.observation.release(durable)
