"""Rows to a file that a user names, or to a stream: collected as they are made, put in place at the end."""

from __future__ import annotations

import logging
import sys
from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from seedbed.errors import DatasetError
from seedbed.store.export import check_target, export_rows
from seedbed.store.spool import Spool
from seedbed.tasks.rows import Row, encode_row

logger = logging.getLogger(__name__)


def open_writer(path: Path | None, stdout: BinaryIO | None = None) -> DatasetWriter:
    """Return a writer for `path`, or of JSON lines to `stdout` (by default the process's own) if it is None.

    The ending of `path` decides the format. Raises what `check_target` raises.
    """
    if path is None:
        return StreamWriter(stdout or sys.stdout.buffer)
    check_target(path)
    return FileWriter(path, Spool(path))


class DatasetWriter(ABC):
    """Takes rows in order, and ends by `commit` or by `abandon`; leaving a `with` block abandons.

    It belongs to one thread at a time. `rows` counts what has been written.
    """

    rows: int = 0

    @abstractmethod
    def write(self, row: Row) -> None:
        """Add a row; once this returns, it outlives the process.

        Raises `InvalidRowError` where it is not a row, `DatasetError` where it cannot be stored;
        nothing is written then.
        """

    @abstractmethod
    def commit(self) -> None:
        """Put the complete dataset in place.

        If that fails, raises `DatasetError`, which says where the rows are.
        """

    @abstractmethod
    def abandon(self) -> Path | None:
        """End without a dataset: what was there before stays, and the rows so far are kept beside it.

        Returns the path of `<stem>.partial.<ext>`, or None where there is nothing to keep. Does
        nothing after `commit`.
        """

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.abandon()


class StreamWriter(DatasetWriter):
    """Writes JSON lines to a binary stream, each flushed."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, row: Row) -> None:
        """Write and flush one line."""
        line = encode_row(row) + b"\n"
        try:
            self._stream.write(line)
            self._stream.flush()
        except OSError as error:
            raise DatasetError(f"the output stream cannot be written to: {error.strerror}") from error
        self.rows += 1

    def commit(self) -> None:
        """Do nothing: every row has been flushed."""

    def abandon(self) -> Path | None:
        """Return None: what has been written to a stream stays written."""
        return None


class FileWriter(DatasetWriter):
    """Collects rows in a spool, and makes the file of it at the end, replacing `target` in one step."""

    def __init__(self, target: Path, spool: Spool) -> None:
        self._target = target
        self._spool = spool
        self._open = True
        self._kept: Path | None = None

    def write(self, row: Row) -> None:
        """Append one row to the spool."""
        self._check_open()
        encoded = encode_row(row)
        try:
            self._spool.append(encoded)
        except OSError as error:
            raise DatasetError(f"cannot write rows for '{self._target}': {error.strerror}") from error
        self.rows += 1

    def commit(self) -> None:
        """Replace the target, or keep the rows as JSON lines and raise `DatasetError`."""
        self._check_open()
        self._finish(self._target)

    def abandon(self) -> Path | None:
        """Keep the rows beside the target, as JSON lines if its own format fails."""
        if not self._open:
            return None
        if not self.rows:
            self._open = False
            self._spool.discard()
            return None
        partial = self._target.with_name(f"{self._target.stem}.partial{self._target.suffix}")
        try:
            self._finish(partial)
        except DatasetError as error:
            logger.warning("%s", error)
        return self._kept

    def _check_open(self) -> None:
        if not self._open:
            raise DatasetError(f"the writer of '{self._target}' has ended already")

    def _finish(self, target: Path) -> None:
        """Make `target` of the spool; whatever goes wrong, the rows that were paid for stay on disk."""
        self._open = False
        try:
            export_rows(self._spool, target)
        except BaseException as error:
            self._kept = self._spool.rescue_to(self._target.with_name(f"{self._target.stem}.partial.jsonl"))
            if not isinstance(error, Exception):
                raise
            raise DatasetError(
                f"'{target}' cannot be written: {error}", f"its rows are kept in '{self._kept}'"
            ) from error
        self._kept = target
        self._spool.discard()
