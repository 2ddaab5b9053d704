"""A source of text files: each is one row."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import yaml
from pydantic import Field

from seedbed import DatasetError, Example, GeneratorOutput, GeneratorStep, Row, read_text
from seedbed_data.sources.paths import Named, named_files

_ENDINGS = tuple(
    ending + packed
    for ending in (".txt", ".md", ".markdown")
    for packed in ("", ".gz", ".bz2", ".xz", ".zst")
)
_FENCE = "---\n"


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

    def load(self) -> None:
        """Check that there are files."""
        named_files(self.path, _ENDINGS)

    def process(self, offset: int = 0) -> GeneratorOutput:
        """Yield a row for each file, beginning with file number `offset`."""
        for path, name in named_files(self.path, _ENDINGS)[offset:]:
            text = read_text(path, self.encoding)
            columns, text = _parted(path, text) if self.front_matter else ({}, text)
            yield {"path": name, "text": text, **columns}


def _parted(path: Path, text: str) -> tuple[Row, str]:
    """Return the columns of a file's front matter, and the text after it."""
    end = text.find(f"\n{_FENCE}", len(_FENCE) - 1) if text.startswith(_FENCE) else -1
    if end < 0:
        return {}, text
    front = text[len(_FENCE) : end + 1]
    columns = _columns(path, front)
    if columns is None:
        # A ruled line, and not front matter.
        return {}, text
    for name in ("path", "text"):
        if name in columns:
            raise DatasetError(
                f"'{path}' has front matter that names a column '{name}'",
                "front_matter: false leaves it as text",
            )
    return columns, text[end + 1 + len(_FENCE) :].lstrip("\n")


def _columns(path: Path, front: str) -> Row | None:
    try:
        if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(front)):
            # Nested aliases of a few lines can stand for gigabytes.
            raise DatasetError(f"'{path}' has front matter with an alias (*name)", "write the value out")
        columns = yaml.safe_load(front)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 2}" if mark is not None else ""
        raise DatasetError(
            f"'{path}'{line} is not YAML: {getattr(error, 'problem', None) or 'the front matter is cut off'}",
            "front_matter: false leaves it as text",
        ) from error
    if columns is None:
        return {}
    return {str(name): value for name, value in columns.items()} if isinstance(columns, dict) else None
