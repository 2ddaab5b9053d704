"""A source of documents: PDF, Word, PowerPoint and HTML as Markdown."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar
from zipfile import is_zipfile

from pydantic import Field, PrivateAttr

from seedbed import DatasetError, GeneratorOutput, GeneratorStep, UsageError
from seedbed_data.sources.paths import Named, named_files

_ENDINGS = (".pdf", ".docx", ".pptx", ".html", ".htm")
_ADVICE = ("remove it, or name the others by a pattern",)


class Documents(GeneratorStep):
    """Reads PDF, Word (.docx), PowerPoint (.pptx) and HTML files: a row for each, with its text as Markdown.

    Documents(path="reports/**/*.pdf")

    Rows have the columns `path`, `text` and `title` (None if the document has none). Needs the extra
    `documents`, which brings the package markitdown. What has no text, such as a scanned page, gives none.
    """

    goals = ("reading", "documents")
    keywords = ("PDF", "Word", "PowerPoint", "HTML", "markdown")

    seekable: ClassVar[bool] = True
    finite: ClassVar[bool] = True
    ids_from_content: ClassVar[bool] = True

    path: Named = Field(description="A folder, a file, a pattern such as `docs/*.pdf`, or a list of these.")

    _converter: Any = PrivateAttr(default=None)

    @property
    def outputs(self) -> list[str]:
        """The columns that every row has."""
        return ["path", "text", "title"]

    def load(self) -> None:
        """Check that there are files, and import what reads them."""
        named_files(self.path, _ENDINGS)
        self._converter = _converter()

    def process(self, offset: int = 0) -> GeneratorOutput:
        """Yield a row for each document, beginning with number `offset`."""
        converter = self._converter or _converter()
        for path, name in named_files(self.path, _ENDINGS)[offset:]:
            text, title = _converted(converter, path)
            yield {"path": name, "text": text, "title": title}


def _converter() -> Any:
    try:
        from markitdown import MarkItDown
    except ImportError as error:
        raise UsageError(
            f"documents are read with the package 'markitdown': {error}",
            "pip install 'seedbed-data[documents]'",
        ) from error
    # No plugins: any package that is installed could read the documents instead.
    return MarkItDown(enable_plugins=False)


def _converted(converter: Any, path: Path) -> tuple[str, str | None]:
    ending = path.suffix.lower()
    # markitdown takes what it can't read for plain text.
    if ending in (".docx", ".pptx") and not is_zipfile(path):
        raise DatasetError(f"'{path}' is not a {ending} document", *_ADVICE)
    try:
        # Of the file itself: `convert` would take a path that looks like an address for one.
        found = converter.convert_local(str(path))
    except Exception as error:  # each of its readers raises errors of its own
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise DatasetError(f"'{path}' cannot be read as a document: {lines[-1]}", *_ADVICE) from error
    return found.markdown.replace("\r\n", "\n").strip(), found.title
