"""A source whose rows stand in files."""

from __future__ import annotations

from abc import abstractmethod
from array import array
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

from pydantic import PrivateAttr

from seedbed.plugins.authoring.overrides import Wanted, guard
from seedbed.plugins.authoring.signatures import Called, check_methods
from seedbed.store.read_options import Skip
from seedbed.store.row_files import RowFiles
from seedbed.tasks.rows import GeneratorOutput
from seedbed.tasks.steps import GeneratorStep

_WANTED = {
    "row_files": Wanted(
        "a RowFiles", "RowFiles((self.path,))", lambda value: isinstance(value, RowFiles), is_method=True
    )
}
_CALLED = {"row_files": Called((), "def row_files(self):")}


class FileSource(GeneratorStep):
    """Reads rows from files.

        class Reviews(FileSource):
            path: FilePath

            def row_files(self) -> RowFiles:
                return RowFiles((self.path,), Reading(drop=("email",)))

        run(Reviews(path="reviews.csv") >> Summarize(), llm="openai/gpt-4.1-mini")

    Override `row_files`. A run reads the files itself where it can: many rows at a time, and each is known by
    its file and line.
    """

    seekable: ClassVar[bool] = True
    finite: ClassVar[bool] = True
    ids_from_content: ClassVar[bool] = True

    # The numbers of the rows so far, as `RowFiles.rows` counts them: eight bytes for each.
    _lines: array[int] = PrivateAttr(default_factory=lambda: array("Q"))
    _unread: list[Any] | None = PrivateAttr(default=None)
    _name_of: Callable[[int], str] | None = PrivateAttr(default=None)

    @abstractmethod
    def row_files(self) -> RowFiles:
        """Return the files and how to read them; raise UsageError if there are none.

        It's called before `load`, and more than once.
        """

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        guard(cls, _WANTED)
        check_methods(cls, _CALLED)

    def process(self, offset: int = 0) -> GeneratorOutput:
        """Yield the rows of all files, beginning with number `offset`."""
        files = self.row_files()
        if offset == 0:
            self._lines = array("Q")
        for number, (line, row) in enumerate(files.rows(replace(files.reading, skip=Skip(offset))), offset):
            if number == len(self._lines):
                self._lines.append(line)
            yield row

    def place_of(self, number: int) -> str:
        """Return the file and line of a row; empty if a subclass makes rows of its own."""
        if type(self).process is not FileSource.process:
            return ""
        # In a resumed run, rows are asked for that an earlier session has read.
        while number >= len(self._lines):
            if self._unread is None or self._unread[0] != len(self._lines):
                files = self.row_files()
                reading = replace(files.reading, skip=Skip(len(self._lines)), note=lambda text: None)
                self._unread = [len(self._lines), files.rows(reading)]
            if (placed := next(self._unread[1], None)) is None:
                return ""
            self._lines.append(placed[0])
            self._unread[0] += 1
        if self._name_of is None:
            self._name_of = self.row_files().places()
        return self._name_of(self._lines[number])
