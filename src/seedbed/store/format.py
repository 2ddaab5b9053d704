"""What a format is: how the files of an ending are read and written, or a scheme's datasets uploaded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from seedbed.errors import UnsupportedError
from seedbed.store.read_options import Placed, Reading


class Format:
    """Reads and writes the files of one ending, or takes the datasets of one scheme.

        class Lines(Format):
            def write(self, rows, path, types=None):
                with path.open("wb") as file:
                    file.writelines(row + b"\\n" for row in rows)

    It's registered under the ending without its dot (`lines` for `rows.lines`) or under the scheme (`s3` for
    `s3://bucket/rows`). A subclass defines what it can do: `read`, `write`, or for a scheme `upload`. It is
    made without arguments, once for each use.
    """

    is_folder: ClassVar[bool] = False
    """Whether a dataset is a folder."""

    is_text: ClassVar[bool] = False
    """Whether a dataset is a text file, which is read in the encoding that `reading.encoding` says."""

    unit: ClassVar[str] = "row"
    """What the places that `read` yields are called: `rows.jsonl, line 7`."""

    @classmethod
    def can(cls, action: str) -> bool:
        """Whether the subclass defines `read`, `write` or `upload`."""
        return getattr(cls, action) is not getattr(Format, action)

    def check(self, place: str) -> None:
        """Raise `UsageError` if the file or address can't be used; called before anything is spent.

        A package that's missing or an address of the wrong form is found here.
        """

    def read(self, path: Path, reading: Reading) -> Iterator[Placed]:
        """Yield each row with its place in the file, counted from 1; columns may be skipped.

        `reading.wants(column)` says whether a column is wanted. Raises `DatasetError`, naming the file and
        the place, if the content isn't rows.
        """
        raise UnsupportedError(f"'{path}' is of a format that can't be read")

    def write(self, rows: Iterable[bytes], path: Path, types: bytes | None = None) -> None:
        """Write rows, each a JSON object in UTF-8, to a new file or folder at `path`.

        `rows` may be iterated twice, if the columns come first. `types` is a serialised Arrow schema, whose
        types columns may keep. What is written replaces the old dataset when this returns.
        """
        raise UnsupportedError(f"'{path}' is of a format that can't be written")

    def may_replace(self, path: Path) -> bool:
        """Whether a new dataset may replace the file or folder that is there: nothing of anyone else's."""
        return not any(path.iterdir()) if self.is_folder and path.is_dir() else path.is_file()

    def upload(self, folder: Path, address: str, options: Mapping[str, Any]) -> None:
        """Make the files in `folder` the dataset at `address`: all of them, or none.

        They are Parquet files named by split, and a README.md. A file that's there already with the same
        content isn't sent again. Options are `private` (None: as the server has it), `complete` (whether
        other Parquet files there are to go) and `message`.
        Raises `DatasetError` if the server refuses, and never shows a key.
        """
        raise UnsupportedError(f"'{address}' is of a scheme that datasets can't be uploaded to")
