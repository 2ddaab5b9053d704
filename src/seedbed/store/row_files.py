"""Files of rows that are read one after the other, as if they were one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from seedbed.errors import UsageError
from seedbed.store.formats import is_text, places_in
from seedbed.store.read_options import Placed, Reading
from seedbed.store.readers import ending_among, read_placed, renamed, types_in
from seedbed.store.text_file import unpacked

_FILE = 2**40
"""Added to the line of a row for each file before its own: no file has so many lines."""

_MOST_TYPED = 100
"""Files whose schemas are compared; opening each of thousands would hold back the first row."""


@dataclass(frozen=True)
class RowFiles:
    """Files of rows, in their order, and how to read them.

        RowFiles((Path("a.jsonl"), Path("b.jsonl")), Reading(columns=("text",)))

    `names` are what people call the files, if that isn't their own names. A file whose name has none of the
    `endings`, if there are any, is read as if it had the first.
    """

    paths: tuple[Path, ...]
    reading: Reading = field(default_factory=Reading)
    endings: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if isinstance(self.paths, tuple) and self.paths and all(isinstance(one, Path) for one in self.paths):
            return
        raise UsageError(
            f"`RowFiles` takes one or more paths in a tuple, not {self.paths!r:.200}",
            'RowFiles((Path("a.jsonl"), Path("b.jsonl")))',
        )

    def __str__(self) -> str:
        return f"'{self.paths[0]}'" if len(self.paths) == 1 else f"the {len(self.paths):,} files"

    @property
    def formats(self) -> frozenset[str]:
        """The endings of their formats, such as `.csv`, without those of compression."""
        return frozenset(unpacked(self._named(path)).suffix.lower() for path in self.paths)

    @property
    def is_text(self) -> bool:
        """Whether all of them are text, compressed or not."""
        return all(is_text(self._named(path)) for path in self.paths)

    def rows(self, reading: Reading | None = None) -> Iterator[Placed]:
        """Return the rows, each with a number that tells file and line, and that rises from row to row.

        Raises UsageError at once for a file that isn't there, or that can't be read.
        """
        reading = reading or self.reading
        # What `skip` still counts after one file is passed over in the next.
        files = [read_placed(path, reading, ending_among(self.endings, path)) for path in self.paths]
        later = (_numbered(index, rows) for index, rows in enumerate(files[1:], start=1))
        return chain(files[0], chain.from_iterable(later)) if len(files) > 1 else files[0]

    def places(self) -> Callable[[int], str]:
        """Return what names a row for people by its number: `rows.jsonl, line 7`."""
        if len(self.paths) == 1:
            return self._places_in(0)
        made: dict[int, Callable[[int], str]] = {}

        def place(number: int) -> str:
            index, line = divmod(number, _FILE)
            # Made when it's needed: there may be thousands of files, and one row with an error.
            return (made.get(index) or made.setdefault(index, self._places_in(index)))(line)

        return place

    def number_of(self, file: str, line: int) -> int | None:
        """Return the number of the row in a line of the file with this name or path; None if there's none."""
        for index, path in enumerate(self.paths):
            if file in (self._name(index), str(path)):
                return index * _FILE + line
        return None

    def files(self) -> list[Path]:
        """Return all files; of a folder that is a dataset, those in it."""
        inner = [sorted(path.iterdir()) if path.is_dir() else [path] for path in self.paths]
        return [file for file in chain.from_iterable(inner) if file.is_file()]

    def types(self) -> bytes | None:
        """Return the columns as a serialised Arrow schema, if the files are few and all have the same one."""
        first = types_in(self.paths[0]) if len(self.paths) <= _MOST_TYPED else None
        if first is None or any(types_in(path) != first for path in self.paths[1:]):
            return None
        return first

    def _places_in(self, index: int) -> Callable[[int], str]:
        return places_in(self._named(self.paths[index]), self._name(index))

    def _name(self, index: int) -> str:
        return self.names[index] if self.names else self.paths[index].name

    def _named(self, path: Path) -> Path:
        return renamed(path, ending_among(self.endings, path))


def _numbered(index: int, rows: Iterator[Placed]) -> Iterator[Placed]:
    first = index * _FILE
    return ((first + number, row) for number, row in rows)
