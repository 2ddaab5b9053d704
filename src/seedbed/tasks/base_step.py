"""What every step of a pipeline has: a name, columns, parameters, files that it reads, `>>`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from pydantic import ConfigDict, Field, PrivateAttr, field_validator, model_validator

from seedbed.llm.files_read import Noted
from seedbed.llm.keys.file_origin import FileOrigin, current_origin
from seedbed.llm.keys.held_secrets import shown_in_step
from seedbed.llm.resources import Resources
from seedbed.plugins.authoring.defaults import check_defaults
from seedbed.plugins.authoring.elsewhere import check_fields, missing_attribute
from seedbed.plugins.authoring.overrides import guard
from seedbed.plugins.authoring.signatures import check_methods
from seedbed.plugins.fields.build import build
from seedbed.plugins.fields.parameters_model import Parameters
from seedbed.plugins.names import kebab_case
from seedbed.tasks import guarded_steps
from seedbed.tasks.columns.mapping import check_mappings, mapped
from seedbed.tasks.description.citation import Citation
from seedbed.tasks.description.example import Example
from seedbed.tasks.description.goals import Goal
from seedbed.tasks.description.purpose import check_purpose

if TYPE_CHECKING:
    from seedbed.pipeline.pipeline import Branches, Pipeline


class BaseStep(Parameters):
    """Anything that makes or changes rows; its fields are what users set.

    `inputs` and `outputs` name columns: as a property, or as `outputs: ClassVar[list[str]]`. Derive from
    `Step`, `GlobalStep`, `GeneratorStep`, `Task` or `GeneratorTask`, not from this class.
    """

    model_config = ConfigDict(
        extra="forbid",
        protected_namespaces=(),
        arbitrary_types_allowed=True,
        hide_input_in_errors=True,
        # Help and messages name a parameter by its own name, also if its author has given it an alias.
        populate_by_name=True,
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
        check_methods(cls, guarded_steps.STEP_CALLS)
        guard(cls, guarded_steps.STEP)
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
    def row_expressions(self) -> list[str]:
        """Expressions over the columns of the rows that the step gets, for `Expression`.

        If one compares a text with a number for every row, a run says so before anything is paid for.
        """
        return []

    @property
    def outputs(self) -> list[str]:
        """The columns that this step makes."""
        return []

    @property
    def removes(self) -> list[str]:
        """The columns that rows lose in a step that `keeps` all others.

        If a step downstream needs one of them, a run says so before anything is paid for.
        """
        return []

    @property
    def needed_packages(self) -> dict[str, str]:
        """Packages that not every step of its distribution needs, by what `import` calls them.

        The values are what `pip install` calls them, so that `seedbed check` can say it:
        `{"PIL": "acme[images]"}`.
        """
        return {}

    @property
    def read_addresses(self) -> list[str]:
        """Addresses that the step reads and no parameter of type `Files` names, such as `hf://ada/jokes`.

        A pipeline file may be a stranger's: it may only name those that anyone can read, or that the user
        allows (`--allow-path`).
        """
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

    def place_of_entry(self, parameter: str, number: int) -> str:
        """Return where entry `number` (from 0) of a list stands in the pipeline file: `a.yaml, line 7`.

        Empty if the step wasn't made from a file, or if the file has several entries in one line.
        """
        origin = self._origin
        lines = origin.entries.get(parameter, ()) if origin is not None and origin.entries else ()
        return f"{Path(origin.file).name}, line {lines[number]}" if origin and number < len(lines) else ""

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

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        for name, value in super().__repr_args__():
            yield name, shown_in_step(name, value)

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
