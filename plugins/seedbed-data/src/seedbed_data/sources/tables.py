"""Sources of rows that stand in files: JSON Lines, JSON, CSV, Parquet and Arrow."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import ClassVar

from pydantic import Field

from seedbed import Example, FileSource, Reading, RowFiles, UsageError, did_you_mean
from seedbed_data.sources.paths import Named, named_files

# Rows of JSON Lines may differ in their columns: one row says too little of a misspelt one.
_LOOKED_AT = 100


class NamedFileSource(FileSource):
    """What sources of rows in files have in common."""

    endings: ClassVar[tuple[str, ...]]
    """The endings of such files. One that is named with another is read as if it had the first."""

    path: Named = Field(description="A file, a folder, a pattern such as `data/*.jsonl`, or a list of these.")
    only: list[str] | None = Field(default=None, min_length=1, description="The only columns to read.")
    without: list[str] = Field(default=[], description="Columns to leave out.")

    def load(self) -> None:
        """Check that there are files, and that their first rows have the columns named."""
        files = self.row_files()
        chosen = [*(self.only or ()), *self.without]
        if not chosen:
            return
        reading = replace(self._reading(), note=lambda text: None)
        rows = [row for _, row in islice(files.rows(reading), _LOOKED_AT)]
        names = list(dict.fromkeys(name for row in rows for name in row))
        # Rows that differ in their columns may have it later.
        if rows and all(len(row) == len(names) for row in rows):
            for name in chosen:
                if name not in names:
                    raise UsageError(
                        f"the rows of '{self.name}' have no column '{name}' to keep or to drop",
                        *did_you_mean(name, names),
                        f"their columns: {', '.join(names)}",
                    )

    def row_files(self) -> RowFiles:
        """Return the files, in the order of their names."""
        paths, names = zip(*named_files(self.path, _packed(self.endings)), strict=True)
        only = tuple(self.only) if self.only else None
        reading = replace(self._reading(), columns=only, drop=tuple(self.without))
        return RowFiles(paths, reading, self.endings, names)

    def _reading(self) -> Reading:
        return Reading()


class TextFileSource(NamedFileSource):
    """A source whose files are text, which may be compressed: .gz, .bz2, .xz, .zst."""

    encoding: str | None = Field(
        default=None, description="Encoding of the files; by default as their first bytes say, else UTF-8."
    )

    def _reading(self) -> Reading:
        return Reading(self.encoding)


class Jsonl(TextFileSource):
    """Reads JSON Lines: a JSON object on each line.

    Jsonl(path="questions/*.jsonl.gz", only=["question"])
    """

    goals = ("reading",)
    example = Example(
        files={"cities.jsonl": '{"name": "Oslo"}\n{"name": "Bergen"}\n'}, parameters={"path": "cities.jsonl"}
    )

    endings: ClassVar[tuple[str, ...]] = (".jsonl", ".ndjson")


class Json(TextFileSource):
    """Reads files that each hold one list of JSON objects.

    Json(path="questions.json")
    """

    goals = ("reading",)
    example = Example(
        files={"cities.json": '[{"name": "Oslo"}, {"name": "Bergen"}]'}, parameters={"path": "cities.json"}
    )

    endings: ClassVar[tuple[str, ...]] = (".json",)


class Csv(TextFileSource):
    """Reads comma-separated values, or tab-separated ones from .tsv; the first line names the columns.

    Csv(path="reviews.csv", encoding="cp1252")

    Each cell is text, and an empty one is None. Cells hold line breaks, quotes and delimiters between quotes,
    with a quote in them doubled.
    """

    goals = ("reading",)
    keywords = ("spreadsheet", "TSV")
    example = Example(
        files={"cities.csv": "name,people\nOslo,709037\nBergen,289330\n"}, parameters={"path": "cities.csv"}
    )

    endings: ClassVar[tuple[str, ...]] = (".csv", ".tsv")

    delimiter: str | None = Field(
        default=None,
        pattern=r'^[^"\r\n]$',
        description="What separates cells, such as `;`; by default a comma, or a tab in .tsv.",
    )

    def _reading(self) -> Reading:
        return replace(super()._reading(), delimiter=self.delimiter)


class Parquet(NamedFileSource):
    """Reads Parquet files.

    Parquet(path="shards/*.parquet", without=["embedding"])
    """

    goals = ("reading",)

    endings: ClassVar[tuple[str, ...]] = (".parquet",)


class Arrow(NamedFileSource):
    """Reads Arrow files, also called Feather, and streams.

    Arrow(path="rows.arrow")
    """

    goals = ("reading",)

    endings: ClassVar[tuple[str, ...]] = (".arrow", ".feather")


def _packed(endings: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(ending + packed for ending in endings for packed in ("", ".gz", ".bz2", ".xz", ".zst"))
