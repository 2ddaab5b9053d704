"""The reading side of a run's store: another process may be writing it."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from seedbed.errors import SeedbedError, StoreError
from seedbed.store.run_damage import damage_in
from seedbed.store.run_errors import damaged
from seedbed.store.run_file import DATABASE, open_for_reading
from seedbed.store.run_queries import RunQueries


class RunReader(RunQueries):
    """Reads the run in a folder, without a lock and without holding up its writer.

    with RunReader.open(Path("runs/jokes")) as run:
        print(run.spent(), run.count_verdicts("jokes"))
    """

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open the run in `folder`; raise `UsageError` if there's none, or it can't be read."""
        path = folder / DATABASE
        return cls(open_for_reading(path), path)

    def close(self) -> None:
        """Close the file; may be called again."""
        self._reading.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            # A damaged file may break whatever reads it: then the file is to blame, not the reader.
            is_unforeseen = isinstance(error, Exception) and not isinstance(error, SeedbedError | OSError)
            if is_unforeseen and (how := damage_in(self._reading)) is not None:
                raise StoreError(*damaged(self.path, how)) from error
        finally:
            self.close()
