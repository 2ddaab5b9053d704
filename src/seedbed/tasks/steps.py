"""Steps: what a pipeline is made of."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from typing import TYPE_CHECKING, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from seedbed.plugins.names import kebab_case
from seedbed.tasks.normalise import normalised
from seedbed.tasks.rows import GeneratorOutput, Row

if TYPE_CHECKING:
    from seedbed.pipeline.pipeline import Pipeline

_NORMALISED = "__seedbed_normalised__"


class BaseStep(BaseModel):
    """Anything that makes or changes rows; its fields are what users set.

    Columns are named by `inputs` and `outputs`: a property, or `outputs: ClassVar[list[str]]`.
    """

    model_config = ConfigDict(
        extra="forbid", protected_namespaces=(), arbitrary_types_allowed=True, hide_input_in_errors=True
    )

    name: str = Field(default="", description="Name of the step; its registered name unless set.")

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
        """The columns that this step makes, with those that the framework adds."""
        return list(self.outputs)

    def load(self) -> None:
        """Make ready what `process` needs. A run calls it; call it yourself when there is none."""

    def unload(self) -> None:
        """Give back what `load` took."""

    def __rshift__(self, following: BaseStep) -> Pipeline:
        from seedbed.pipeline.pipeline import Pipeline

        return Pipeline(steps=[self]) >> following


class Step(BaseStep):
    """Makes of one row another one, several, or none."""

    @abstractmethod
    def process(self, row: Row) -> Any:
        """Return what replaces the row: a row, a list of rows, or None to drop it.

        Runs in a thread, for one row after the other; where the step has an LLM, in several threads at
        once. Raise `Reject` to say why a row is dropped.
        """


class GlobalStep(BaseStep):
    """Needs all rows at once."""

    @abstractmethod
    def process(self, rows: Iterable[Row]) -> Iterable[Row]:
        """Return or yield the rows that replace all of `rows`."""


class GeneratorStep(BaseStep):
    """Makes rows without any input."""

    seekable: ClassVar[bool] = False
    """Whether `process` can begin at an `offset`; a run begins at 0."""

    finite: ClassVar[bool] = False
    """Whether the rows come to an end by themselves, so that no number of rows need be given."""

    @abstractmethod
    def process(self, offset: int = 0) -> GeneratorOutput:
        """Yield rows, beginning with number `offset`: one row, a list, or `(rows, last)` each time.

        Every caller receives a list of rows for each item that is yielded.
        """

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        process = cls.__dict__.get("process")
        if process is not None and not hasattr(process, _NORMALISED):
            cls.process = _normalising(process)  # type: ignore[method-assign]

    def _added_columns(self) -> dict[str, Any]:
        """Return the columns that the framework adds to each row."""
        return {}


def _normalising(process: Callable[..., GeneratorOutput]) -> Callable[..., Iterator[list[Row]]]:
    @wraps(process)
    def normalising(self: GeneratorStep, offset: int = 0) -> Iterator[list[Row]]:
        yielded = process(self, offset) if offset else process(self)
        return normalised(yielded, self.name, self._added_columns())

    setattr(normalising, _NORMALISED, True)
    return normalising
