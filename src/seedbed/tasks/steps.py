"""Steps: what a pipeline is made of."""

from __future__ import annotations

import sys
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, field_validator, model_validator

from seedbed.llm.files_read import Noted
from seedbed.llm.keys.file_origin import FileOrigin, current_origin
from seedbed.plugins.defaults import check_defaults
from seedbed.plugins.elsewhere import check_fields, missing_attribute
from seedbed.plugins.names import kebab_case
from seedbed.plugins.overrides import guard
from seedbed.plugins.signatures import check_methods
from seedbed.tasks import guarded
from seedbed.tasks.mapping import check_mappings, mapped, renamed
from seedbed.tasks.normalise import as_rows, normalised, rows_given
from seedbed.tasks.rows import GeneratorOutput, Row

if TYPE_CHECKING:
    from seedbed.pipeline.pipeline import Branches, Pipeline

_FINISHED = "__seedbed_finished__"

_Process = TypeVar("_Process", bound=Callable[..., Any])


class BaseStep(BaseModel):
    """Anything that makes or changes rows; its fields are what users set.

    Columns are named by `inputs` and `outputs`: a property, or `outputs: ClassVar[list[str]]`.
    """

    model_config = ConfigDict(
        extra="forbid", protected_namespaces=(), arbitrary_types_allowed=True, hide_input_in_errors=True
    )

    keeps: ClassVar[bool] = False
    """Whether rows keep the columns that they came with; unless said so, nobody can know before a run."""

    name: str = Field(default="", description="Name of the step; its registered name unless set.")
    output_mappings: dict[str, str] = Field(
        default_factory=dict, description="Other names for columns that the step makes: {made: new}."
    )

    _noted: Noted | None = PrivateAttr(default=None)
    _origin: FileOrigin | None = PrivateAttr(default_factory=current_origin)

    @model_validator(mode="before")
    @classmethod
    def _check_fields(cls, given: object) -> object:
        check_fields(given, cls.model_fields)
        return given

    @field_validator("output_mappings")
    @classmethod
    def _check_mappings(cls, value: dict[str, str]) -> dict[str, str]:
        check_mappings(value)
        return value

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        check_methods(cls, guarded.STEP_CALLS)
        guard(cls, guarded.STEP)
        check_defaults(cls)

    def model_post_init(self, context: Any, /) -> None:
        """Name the step after its class where nothing else did."""
        self.name = self.name or kebab_case(type(self).__name__)

    @property
    def inputs(self) -> list[str]:
        """The columns that a row must have."""
        return []

    @property
    def outputs(self) -> list[str]:
        """The columns that this step makes."""
        return []

    @property
    def columns(self) -> list[str]:
        """The columns that this step makes, under their final names, with those that the framework adds."""
        return mapped(self.outputs, self.output_mappings)

    def reads(self, path: str | Path) -> Path:
        """Say that this step is about to read a file, or all of a folder, and return its path.

        A run remembers what was in it, and makes the step's rows again where that has changed. Files that a
        parameter of type `FilePath`, `DirectoryPath` or `Files` names need not be said.

            words = self.reads("stop_words.txt").read_text().split()
        """
        path = Path(path)
        # Heard by the contracts of `seedbed.testing`, which have no run to ask.
        sys.audit("seedbed.reads", str(path))
        if (noted := self._noted_by) is not None:
            noted(path)
        return path

    def note_reads(self, noted: Noted) -> None:
        """Have `noted` take each file that the step reads; a run does that."""
        self._noted = noted

    @property
    def _noted_by(self) -> Noted | None:
        """What takes the files that the step reads, in a run."""
        # Each row asks, and pydantic's own way to a private attribute takes 2 us.
        assert self.__pydantic_private__ is not None
        return self.__pydantic_private__["_noted"]  # type: ignore[no-any-return]

    def load(self) -> None:
        """Make ready what `process` needs. A run calls it; call it yourself when there is none."""

    def unload(self) -> None:
        """Give back what `load` took."""

    def _process_mappings(self) -> dict[str, str]:
        """Return the other names for the columns that `process` makes."""
        return self.output_mappings

    # Hidden from type checkers, to which it would make every attribute valid.
    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            if error := missing_attribute(type(self).__name__, name):
                raise error
            return super().__getattr__(name)

    def __rshift__(self, following: Branches) -> Pipeline:
        from seedbed.pipeline.pipeline import Pipeline

        return Pipeline([self]) >> following

    def __rrshift__(self, before: Branches) -> Pipeline:
        from seedbed.pipeline.pipeline import Pipeline

        return Pipeline() >> before >> self


class Step(BaseStep):
    """Makes of one row another one, several, or none."""

    ordered: ClassVar[bool] = False
    """Whether the rows must come one after the other, in their order, as where duplicates are removed.

    What such a step remembers is made anew by feeding it all rows again when a run goes on.
    """

    @abstractmethod
    def process(self, row: Row) -> Any:
        """Return what replaces the row: a row, a list of rows, or None to drop it.

        Runs in a thread, for one row after the other; where the step has an LLM, in several threads at
        once. Raise `Reject` to say why a row is dropped.
        """

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        check_methods(cls, guarded.ROW_STEP_CALLS)
        guard(cls, guarded.ROW_STEP)
        _wrap_process(cls, _renaming)


class GlobalStep(BaseStep):
    """Needs all rows at once."""

    @abstractmethod
    def process(self, rows: Iterable[Row]) -> Iterable[Row]:
        """Return or yield the rows that replace all of `rows`."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        check_methods(cls, guarded.GLOBAL_STEP_CALLS)
        renaming_all(cls)


class GeneratorStep(BaseStep):
    """Makes rows without any input."""

    seekable: ClassVar[bool] = False
    """Whether `process` can begin at an `offset`: behind that many rows, of lists that it yielded whole.

    A run that goes on calls it with 0 otherwise, and replays the answers that are there.
    """

    finite: ClassVar[bool] = False
    """Whether the rows come to an end by themselves, so that no number of rows need be given."""

    unique: ClassVar[tuple[str, ...]] = ()
    """Columns that no two accepted rows may share all values of; the later one is rejected."""

    @abstractmethod
    def process(self, offset: int = 0) -> GeneratorOutput:
        """Yield rows, beginning with number `offset`: one row, a list, or `(rows, last)` each time.

        Every caller receives a list of rows for each item that is yielded.
        """

    def admit(self, row: Row, accepted: Sequence[Row]) -> None:
        """Raise `Reject` for a row that is not wanted beside those accepted before it, in row order.

        Called for one row after the other, in a thread; nothing is rejected unless this is overridden.
        """

    @property
    def is_admitting(self) -> bool:
        """Whether rows are judged by those accepted before them."""
        return bool(self.unique) or type(self).admit is not GeneratorStep.admit

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        guard(cls, guarded.GENERATOR_STEP)
        check_methods(cls, guarded.generator_calls(cls.seekable is True))
        _wrap_process(cls, _normalising)

    def _added_columns(self) -> dict[str, Any]:
        """Return the columns that the framework adds to each row, under their final names."""
        return {}


def finished(process: _Process) -> _Process:
    """Mark a `process` whose rows have their final columns, and are left as they are."""
    setattr(process, _FINISHED, True)
    return process


def renaming_all(cls: type[BaseStep]) -> None:
    """Have the `process` of a class that makes rows of all rows give them their final columns."""
    _wrap_process(cls, _renaming_all)


def _wrap_process(cls: type[BaseStep], wrap: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    process = cls.__dict__.get("process")
    if process is not None and not hasattr(process, _FINISHED):
        cls.process = finished(wrap(process))  # type: ignore[attr-defined]


def _renaming(process: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(process)
    def renaming(self: BaseStep, *args: Any, **kwargs: Any) -> Any:
        made = process(self, *args, **kwargs)
        if not _renames(self, renaming):
            return made
        names = self._process_mappings()
        return [renamed(row, names) for row in as_rows(made, self.name)]

    return renaming


def _renaming_all(process: Callable[..., Iterable[Any]]) -> Callable[..., Iterable[Any]]:
    @wraps(process)
    def renaming(self: BaseStep, *inputs: Iterable[Row]) -> Iterable[Any]:
        made = process(self, *inputs)
        if not _renames(self, renaming):
            return made
        given = rows_given(made, self.name)
        return (renamed(row, self.output_mappings) for item in given for row in as_rows(item, self.name))

    return renaming


def _renames(step: BaseStep, process: Callable[..., Any]) -> bool:
    """Whether `process` is not called by that of a subclass, which still works with the names as made."""
    return bool(step.output_mappings) and getattr(type(step), "process", None) is process


def _normalising(process: Callable[..., GeneratorOutput]) -> Callable[..., Iterator[list[Row]]]:
    @wraps(process)
    def normalising(self: GeneratorStep, offset: int = 0) -> Iterator[list[Row]]:
        yielded = process(self, offset) if offset else process(self)
        names = self.output_mappings if _renames(self, normalising) else {}
        return normalised(yielded, self.name, names, self._added_columns())

    return normalising
