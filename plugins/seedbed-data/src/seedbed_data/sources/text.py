"""A source of text files: each is one row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field, PrivateAttr

from seedbed import Example, GeneratorOutput, GeneratorStep, Row, read_text, types_of_rows
from seedbed_data.sources.front_matter import parted
from seedbed_data.sources.paths import Named, named_files

_ENDINGS = tuple(
    ending + packed
    for ending in (".txt", ".md", ".markdown")
    for packed in ("", ".gz", ".bz2", ".xz", ".zst")
)


class Text(GeneratorStep):
    """Reads text and Markdown files: a row for each, with `path`, `text`, and its front matter as columns.

    Text(path="notes/**/*.md")

    Front matter is YAML between two lines of `---` at the beginning of a file; the text is what follows.
    `path` is relative to the folder named, so that the rows don't depend on where it is.
    """

    goals = ("reading",)
    keywords = ("markdown", "txt", "front matter")
    example = Example(
        files={"tides.md": "---\ntitle: Tides\n---\nThe Moon pulls the sea.\n"}, parameters={"path": "*.md"}
    )

    seekable: ClassVar[bool] = True
    finite: ClassVar[bool] = True
    ids_from_content: ClassVar[bool] = True

    path: Named = Field(description="A folder, a file, a pattern such as `notes/*.md`, or a list of these.")
    front_matter: bool = Field(default=True, description="Whether front matter becomes columns.")
    encoding: str | None = Field(
        default=None, description="Encoding of the files; by default as their first bytes say, else UTF-8."
    )

    # No `outputs`: those who declare them promise that there are no other columns, and front matter has some.

    _named: list[tuple[Path, str]] | None = PrivateAttr(default=None)

    def load(self) -> None:
        """Check that there are files."""
        self._named = named_files(self.path, _ENDINGS)

    def process(self, offset: int = 0) -> GeneratorOutput:
        """Yield a row for each file, beginning with file number `offset`."""
        yield from self._rows(offset)

    def column_types(self) -> Mapping[str, Any] | None:
        """Return the columns of the first files."""
        return types_of_rows(self._rows(0))

    def place_of(self, number: int) -> str:
        """Return the name of a file."""
        files = self._files()
        return files[number][1] if number < len(files) else ""

    def _rows(self, offset: int) -> Iterator[Row]:
        for path, name in self._files()[offset:]:
            text = read_text(path, self.encoding)
            columns, text = parted(path, text) if self.front_matter else ({}, text)
            yield {"path": name, "text": text, **columns}

    def _files(self) -> list[tuple[Path, str]]:
        # Without `load`, in Python, they're looked up each time.
        return named_files(self.path, _ENDINGS) if self._named is None else self._named
