"""A source of documents: PDF, Word, PowerPoint and HTML as Markdown, and texts as they stand."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field, PrivateAttr

from seedbed import DatasetError, GeneratorOutput, GeneratorStep, Row, UsageError, read_text
from seedbed_data.sources.conversion import Conversion
from seedbed_data.sources.document_size import check_size
from seedbed_data.sources.paths import Named, named_files

_TEXTS = (".txt", ".md", ".markdown")
# A folder of documents often has some of each kind: leaving the texts out in silence would lose rows.
_ENDINGS = (".pdf", ".docx", ".pptx", ".html", ".htm", *_TEXTS)


class Documents(GeneratorStep):
    """Reads PDF, Word (.docx), PowerPoint (.pptx) and HTML files: a row for each, with its text as Markdown.

    Documents(path="reports/**/*.pdf")

    Texts (.txt, .md) in the same folder are read as they stand. Rows have the columns `path`, `text` and
    `title` (None if the document has none). Needs the extra `documents`, which brings the package markitdown.
    What has no text, such as a scanned page, gives none. A document that can't be read stops the run, unless
    `on_error` is "keep".
    """

    goals = ("reading", "documents")
    keywords = ("PDF", "Word", "PowerPoint", "HTML", "markdown")

    seekable: ClassVar[bool] = True
    finite: ClassVar[bool] = True
    ids_from_content: ClassVar[bool] = True

    path: Named = Field(description="A folder, a file, a pattern such as `docs/*.pdf`, or a list of these.")
    seconds: int = Field(
        default=300,
        ge=1,
        le=1_000_000,
        description="Processor time that a document may take; not on Windows.",
    )
    megabytes: int = Field(
        default=100,
        ge=1,
        le=1_000_000,
        description="Size that a document may have, unpacked if it's a .docx or .pptx.",
    )
    memory: int = Field(
        default=4000,
        ge=1000,
        le=1_000_000,
        description="Megabytes of memory that reading a document may take; on Linux.",
    )
    on_error: Literal["stop", "keep"] = Field(
        default="stop",
        description="With `keep`, a document that can't be read is a row without text, and each row has a "
        "column `error`: why, or None.",
    )

    @property
    def outputs(self) -> list[str]:
        """The columns that every row has."""
        return ["path", "text", "title", *(["error"] if self.on_error == "keep" else [])]

    @property
    def needed_packages(self) -> dict[str, str]:
        """What reads documents."""
        return {"markitdown": "seedbed-data[documents]"}

    _named: list[tuple[Path, str]] | None = PrivateAttr(default=None)

    def load(self) -> None:
        """Check that there are files, and the package that reads them."""
        self._named = named_files(self.path, _ENDINGS)
        if find_spec("markitdown") is None:
            raise UsageError(
                "documents are read with the package 'markitdown', which isn't installed",
                "pip install 'seedbed-data[documents]'",
            )

    def process(self, offset: int = 0) -> GeneratorOutput:
        """Yield a row for each document, beginning with number `offset`."""
        with Conversion(self.seconds, self.memory) as conversion:
            for path, name in self._files()[offset:]:
                yield self._row(conversion, path, name)

    def column_types(self) -> Mapping[str, Any] | None:
        """Return the columns, which are the same for all documents."""
        optional = dict.fromkeys(self.outputs[2:], str | None)
        return {"path": str, "text": str, **optional}

    def place_of(self, number: int) -> str:
        """Return the name of a document."""
        files = self._files()
        return files[number][1] if number < len(files) else ""

    def _files(self) -> list[tuple[Path, str]]:
        # Without `load`, in Python, they're looked up each time.
        return named_files(self.path, _ENDINGS) if self._named is None else self._named

    def _row(self, conversion: Conversion, path: Path, name: str) -> Row:
        error = None
        try:
            check_size(path, self.megabytes)
            text, title = _converted(conversion, path)
        except DatasetError as failure:
            if self.on_error == "stop":
                raise
            # Rows don't depend on where the folder is.
            text, title, error = "", None, failure.fact.replace(str(path), name)
        row: Row = {"path": name, "text": text.replace("\r\n", "\n").strip(), "title": title}
        return {**row, "error": error} if self.on_error == "keep" else row


def _converted(conversion: Conversion, path: Path) -> tuple[str, str | None]:
    ending = path.suffix.lower()
    if ending in _TEXTS:
        # markitdown guesses the encoding from the first kilobytes, and takes seconds to import.
        return read_text(path, None), None
    return conversion.converted(path)
