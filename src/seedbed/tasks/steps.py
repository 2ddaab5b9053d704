"""Steps: the building blocks of a pipeline."""

from __future__ import annotations

import sys
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, field_validator, model_validator

from seedbed.llm.files_read import Noted
from seedbed.llm.keys.file_origin import FileOrigin, current_origin
from seedbed.llm.resources import Resources
from seedbed.plugins.build import build
from seedbed.plugins.defaults import check_defaults
from seedbed.plugins.elsewhere import check_fields, missing_attribute
from seedbed.plugins.names import kebab_case
from seedbed.plugins.overrides import guard
from seedbed.plugins.signatures import check_methods
from seedbed.tasks import guarded
from seedbed.tasks.citation import Citation
from seedbed.tasks.example import Example
from seedbed.tasks.final_columns import normalising, renaming, renaming_all
from seedbed.tasks.goals import Goal
from seedbed.tasks.mapping import check_mappings, mapped
from seedbed.tasks.purpose import check_purpose
from seedbed.tasks.rows import GeneratorOutput, Row

if TYPE_CHECKING:
    from seedbed.pipeline.pipeline import Branches, Pipeline


class BaseStep(BaseModel):
    """Anything that makes or changes rows; its fields are what users set.

    `inputs` and `outputs` name columns: as a property, or as `outputs: ClassVar[list[str]]`. Derive from
    `Step`, `GlobalStep`, `GeneratorStep`, `Task` or `GeneratorTask`, not from this class.
    """

    model_config = ConfigDict(
        extra="forbid", protected_namespaces=(), arbitrary_types_allowed=True, hide_input_in_errors=True
    )

    keeps: ClassVar[bool] = False
    """Whether rows keep the columns they came with. If not, columns downstream can't be checked early."""

    # Without values here, a parameter of one of these names replaces no attribute, so pydantic doesn't warn.
    goals: ClassVar[tuple[Goal, ...]]
    """What it's for, so that `seedbed plugins search` finds it: `goals = ("sft", "retrieval")`."""

    keywords: ClassVar[tuple[str, ...]]
    """More words to find it by: `keywords = ("question answering",)`."""

    citation: ClassVar[Citation | str | tuple[Citation | str, ...]]
    """What a dataset's card cites: a `Citation` or several, or a text such as BibTeX."""

    example: ClassVar[Example]
    """Parameters and input rows with which an example row is made, for the gallery."""

    name: str = Field(default="", description="Name of the step; by default its registered name.")
    output_mappings: dict[str, str] = Field(
        default_factory=dict, description="Other names for the columns that the step makes: {made: new}."
    )

    _noted: Noted | None = PrivateAttr(default=None)
    _resources_declared: Resources | None = PrivateAttr(default=None)
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
        check_purpose(cls)
        check_defaults(cls)

    def model_post_init(self, context: Any, /) -> None:
        """Name the step after its class, unless it has a name."""
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
        """The columns this step makes and those the framework adds, under their final names."""
        return mapped(self.outputs, self.output_mappings)

    def reads(self, path: str | Path) -> Path:
        """Declare that this step reads a file, or a whole folder, and return its path.

        A run remembers the content and makes the step's rows again when it changes. You don't need this for
        files that a parameter of type `FilePath`, `DirectoryPath` or `Files` names.

            words = self.reads("stop_words.txt").read_text().split()
        """
        path = Path(path)
        # The contracts in `seedbed.testing` listen for this event: they have no run to ask.
        sys.audit("seedbed.reads", str(path))
        if (noted := self._noted_by) is not None:
            noted(path)
        return path

    def with_resources(self, **needed: Any) -> Self:
        """Declare what this step needs of the machine that runs it, and return it; see `Resources`.

            Deduplicated().with_resources(cpus=4)

        Engines that choose a machine for it go by that; the built-in engine runs everything where it is.
        Rows don't depend on it. Raises ParameterError for what doesn't fit.
        """
        self._resources_declared = build(Resources, needed, f"the resources of the step '{self.name}'")
        return self

    def note_reads(self, noted: Noted) -> None:
        """Call `noted` with each file that the step reads; a run does this."""
        self._noted = noted

    @property
    def _noted_by(self) -> Noted | None:
        """What records the files that the step reads during a run."""
        # Every row reads this, and pydantic takes 2 us to read a private attribute.
        assert self.__pydantic_private__ is not None
        return self.__pydantic_private__["_noted"]  # type: ignore[no-any-return]

    def load(self) -> None:
        """Prepare what `process` needs. A run calls this; without a run, call it yourself."""

    def unload(self) -> None:
        """Release what `load` acquired."""

    def _process_mappings(self) -> dict[str, str]:
        """Return the other names for the columns that `process` makes."""
        return self.output_mappings

    # Hidden from type checkers: if they saw `__getattr__`, they'd accept any attribute.
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
    """Turns each row into one row, several, or none.

        class ShortOnly(Step):
            inputs: ClassVar[list[str]] = ["text"]
            keeps: ClassVar[bool] = True

            def process(self, row: Row) -> Row | None:
                return row if len(row["text"]) < 200 else None

        run(ShortOnly(), input="texts.jsonl", out="short.jsonl")

    Override `process`, which gets each row.
    """

    ordered: ClassVar[bool] = False
    """Whether the step needs rows one at a time and in order, for example to remove duplicates.

    When a run resumes, the step gets all earlier rows again, so that it remembers what it had seen.
    """

    repeatable: ClassVar[bool] = False
    """Whether the rows that `process` makes follow from its row and the parameters alone, at little cost.

    Such a step calls no model, reads no file and doesn't ask for `row_id()`. Rows go through it faster, and
    it may be called twice for one: for example if it rejects it.
    """

    @abstractmethod
    def process(self, row: Row) -> Any:
        """Return what replaces the row: a row, a list of rows, or None to drop it.

        Runs in a thread, one row at a time; if the step has an LLM, in several threads at once. Raise
        `Reject` to say why a row is dropped. A step that overrides `prepare` takes its answer, too.
        """

    async def prepare(self, row: Row) -> Any:
        """Return what `process` needs of a model, for many rows at the same time.

        For steps whose models are asked once a row, most of all ordered ones: their models would otherwise
        answer one row after the other. It's called in a run if the step has an LLM or an embedder; `process`
        gets the answer, and without a run nothing.

            async def prepare(self, row: Row) -> Any:
                return await self.embedder.avectors([row["text"]])

            def process(self, row: Row, prepared: Any = None) -> Row:
                vectors = self.embedder.vectors([row["text"]]) if prepared is None else prepared
                return {**row, "length": len(vectors[0])}
        """
        return None

    @property
    def _is_prepared(self) -> bool:
        """Whether `process` takes what `prepare` returns."""
        return type(self).prepare is not Step.prepare

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        check_methods(cls, guarded.row_step_calls("prepare" in vars(cls)))
        guard(cls, guarded.ROW_STEP)
        renaming(cls)


class GlobalStep(BaseStep):
    """Needs all rows at once.

        class Shortest(GlobalStep):
            def process(self, rows: Iterable[Row]) -> Iterable[Row]:
                return sorted(rows, key=lambda row: len(row["text"]))[:100]

    Override `process`, which gets all rows and returns those that replace them.
    """

    @abstractmethod
    def process(self, rows: Iterable[Row]) -> Iterable[Row]:
        """Return or yield the rows that replace all of `rows`."""

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        check_methods(cls, guarded.GLOBAL_STEP_CALLS)
        renaming_all(cls)


class GeneratorStep(BaseStep):
    """Makes rows without any input.

        class Numbers(GeneratorStep):
            seekable: ClassVar[bool] = True

            def process(self, offset: int = 0) -> GeneratorOutput:
                for number in itertools.count(offset):
                    yield {"number": number}

        run(Numbers(), n=100).rows()

    Override `process`, which yields the rows.
    """

    seekable: ClassVar[bool] = False
    """Whether `process` can start at an `offset`: after that many rows, at the end of a yielded list.

    Otherwise a resumed run calls it with 0 and replays the answers that it already has.
    """

    finite: ClassVar[bool] = False
    """Whether the rows end by themselves, so that users don't need to give a number of rows."""

    ids_from_content: ClassVar[bool] = False
    """Whether rows are known by what they hold, not by their number, so that new ones may come in between.

    For steps that read what users have: if a file is added to a folder, answers to all other rows are kept.
    """

    unique: ClassVar[tuple[str, ...]] = ()
    """If two rows have the same values in all these columns, the later row is rejected."""

    @abstractmethod
    def process(self, offset: int = 0) -> GeneratorOutput:
        """Yield rows, starting with number `offset`: one row, a list, or `(rows, last)` each time.

        Callers always receive a list of rows for each item you yield.
        """

    def plan_for(self, rows: int | None) -> None:
        """Learn how many rows a run wants, before any is made; None if it has no number.

        A run calls this on its own copy of the step. If you set a field here, rows that depend on it are made
        again when a run is extended.
        """

    def admit(self, row: Row, accepted: Sequence[Row]) -> None:
        """Raise `Reject` for a row that you don't want, given the rows accepted before it (in row order).

        Runs in a thread, one row at a time. By default nothing is rejected.
        """

    @property
    def is_admitting(self) -> bool:
        """Whether accepting a row depends on the rows accepted before it."""
        return bool(self.unique) or type(self).admit is not GeneratorStep.admit

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        guard(cls, guarded.GENERATOR_STEP)
        check_methods(cls, guarded.generator_calls(cls.seekable is True))
        normalising(cls)

    def _added_columns(self) -> dict[str, Any]:
        """Return the columns that the framework adds to each row, under their final names."""
        return {}
