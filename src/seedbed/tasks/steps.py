"""Steps: the building blocks of a pipeline."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from seedbed.plugins.authoring.overrides import guard
from seedbed.plugins.authoring.signatures import check_methods
from seedbed.tasks import guarded_steps
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.columns.final_columns import wrap_global_step, wrap_row_step, wrap_source
from seedbed.tasks.rows import GeneratorOutput, Row


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

    When a run resumes, the step gets all earlier rows again, so that it remembers what it had seen. If the
    rows that it keeps have an end, `rows_wanted` says so: no more are read, made or paid for.
    """

    repeatable: ClassVar[bool] = False
    """Whether the rows that `process` makes follow from its row and the parameters alone, at little cost.

    Such a step calls no model, reads no file and doesn't ask for `row_id()`. Rows go through it faster, and
    it may be called twice for one: for example if it rejects it.
    """

    @property
    def rows_wanted(self) -> int | None:
        """How many more rows an `ordered` step can use at most; None, as by default, if there's no bound.

        It's asked before the first row, maybe before `load`, and after each one. No more rows are in flight
        than are wanted. With 0 the step must drop or reject all later rows, and the run ends, unless other
        steps need more rows of the source.

            @property
            def rows_wanted(self) -> int | None:
                return self.rows - self._kept
        """
        return None

    @property
    def rows_missing(self) -> str:
        """What an `ordered` step lacks when there are no more rows, in words; by default nothing.

        The run is incomplete then, and says it. For steps that promise a number of rows.

            @property
            def rows_missing(self) -> str:
                return f"{self.rows - self._kept} rows" if self._kept < self.rows else ""
        """
        return ""

    @abstractmethod
    def process(self, row: Row) -> Any:
        """Return what replaces the row: a row, a list of rows, or None to drop it.

        Runs in a thread, one row at a time; if the step has an LLM, in several threads at once. Raise
        `Reject` to say why a row is dropped. A step that overrides `prepare` takes its answer, too.
        """

    def process_many(self, rows: Sequence[Row]) -> Iterable[Any]:
        """Return what `process` makes of each of some rows, in their order; for a `Reject`, return it.

            def process_many(self, rows: Sequence[Row]) -> Iterable[Any]:
                return [row if row["score"] > 3 else Reject("low score") for row in rows]

        It's optional, and for `repeatable` steps that take a few microseconds for a row: a run calls it where
        it has many rows at hand. It makes the same rows as `process`, doesn't ask for `row_id()`, and changes
        neither the rows it gets nor those it has returned. If it raises, or returns anything but one row or
        one `Reject` for each row, `process` gets the rows one by one.
        """
        return map(self.process, rows)

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
        check_methods(cls, guarded_steps.row_step_calls("prepare" in vars(cls)))
        guard(cls, guarded_steps.ROW_STEP)
        wrap_row_step(cls)


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
        check_methods(cls, guarded_steps.GLOBAL_STEP_CALLS)
        wrap_global_step(cls)


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

    def column_types(self) -> Mapping[str, Any] | None:
        """Return the columns of all rows, each with its type, or None if that isn't certain.

        None, as by default, if they aren't known before rows are made. A run asks before it begins, to find
        steps that read a column which isn't there, or that compare a text with a number; `seedbed check` does
        it, too, so it must be quick, ask no server and not need `load`. Names are those before
        `output_mappings`. Raise what the run would raise if the rows can't be read.

            def column_types(self) -> Mapping[str, Any] | None:
                return types_of_rows(self.rows)
        """
        return None

    def place_of(self, number: int) -> str:
        """Return what people call row `number`, counted from 0, such as its file.

        If it's empty, as by default, the row is called `row 8 of 'notes'`.

        Messages, reports and `seedbed runs explain` name the row by it. It must be quick, and no two rows
        have the same. It may be asked before `process` has yielded the row.

            def place_of(self, number: int) -> str:
                return self.paths[number].name
        """
        return ""

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
        guard(cls, guarded_steps.GENERATOR_STEP)
        check_methods(cls, guarded_steps.generator_calls(cls.seekable is True))
        wrap_source(cls)

    def _added_columns(self) -> dict[str, Any]:
        """Return the columns that the framework adds to each row, under their final names."""
        return {}
