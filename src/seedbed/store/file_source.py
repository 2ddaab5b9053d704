"""A source whose rows stand in files."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import Any, ClassVar

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
        yield from (row for _, row in files.rows(replace(files.reading, skip=Skip(offset))))
