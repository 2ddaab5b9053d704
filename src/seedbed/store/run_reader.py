"""The reading side of a run's store: another process may be writing it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from seedbed.errors import SeedbedError, StoreError
from seedbed.store.leaves_upstream import count_up_to, leaves_up_to
from seedbed.store.paged_reads import close_between_queries
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

    def leaves_up_to(self, leaf: str) -> list[str]:
        """Return a leaf, and those before it at which rows were refused: where a step gets all rows at once.

        [row for one in run.leaves_up_to("sort") for row in run.refused(one)]
        """
        return leaves_up_to(self, self._manifest(), leaf)

    def count_up_to(self, leaf: str) -> dict[str, int]:
        """Return how many rows of a leaf were accepted, and how many were rejected and failed up to it."""
        return count_up_to(self, self._manifest(), leaf)

    def _manifest(self) -> Mapping[str, Any]:
        session = self.last_working_session()
        return session.manifest if session else {}

    def close(self) -> None:
        """Close the file; may be called again."""
        close_between_queries(self._reading, self._one_at_a_time)

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
