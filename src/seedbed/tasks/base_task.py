"""What tasks over rows and generator tasks have in common: a prompt, calls of an LLM, rows from answers."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any, TypeVar, overload

from pydantic import BaseModel, ValidationError

from seedbed.errors import (
    InvalidOutputError,
    PartialRowsError,
    UsageError,
)
from seedbed.llm.calling.coroutine import awaitable
from seedbed.llm.calling.scope import current_scope
from seedbed.llm.calling.task_groups import first_of_group
from seedbed.llm.json_copies import json_copy
from seedbed.llm.llm import LLM
from seedbed.llm.messages import Message
from seedbed.llm.response import Choice, Usage
from seedbed.plugins.authoring.overrides import guard
from seedbed.plugins.authoring.signatures import check_methods
from seedbed.reading.fitting import describe
from seedbed.reading.json_value import read_json
from seedbed.tasks.answers.answer import answer_text
from seedbed.tasks.answers.gathering import check_uses_generations, gather_rows
from seedbed.tasks.answers.reasking import refuse_cut
from seedbed.tasks.answers.typed import parse_output
from seedbed.tasks.columns.asked_for import note_columns
from seedbed.tasks.columns.model_name import MODEL_NAME, with_model_name
from seedbed.tasks.columns.promised import check_promised, own_columns
from seedbed.tasks.guarded_steps import TASK, TASK_CALLS
from seedbed.tasks.normalise import as_rows, plain_rows
from seedbed.tasks.rows import Row, plain_row
from seedbed.tasks.task_calls import complete, complete_and_fit, complete_and_read
from seedbed.tasks.task_checks import check_inputs, check_returned
from seedbed.tasks.task_settings import TaskSettings
from seedbed.tasks.templates.shown_fields import shown_fields
from seedbed.tasks.templates.template import render

Model = TypeVar("Model", bound=BaseModel)
Value = TypeVar("Value")


class BaseTask(TaskSettings):
    """A step that asks a language model: prompt in, row out.

    For the prompt, declare `template` or override `format_input`. For the row, declare a nested
    `class Output(BaseModel)`, or `outputs` and `format_output`. For several calls per row, override
    `generate_row`. Derive from `Task` (rows in) or `GeneratorTask` (no input), not from this class.
    """

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        check_methods(cls, TASK_CALLS)
        guard(cls, TASK)

    def model_post_init(self, context: Any, /) -> None:
        """Name the task, and check its templates and how many rows it makes from each input."""
        super().model_post_init(context)
        if self.num_generations > 1 and self._makes_rows_itself:
            check_uses_generations(self.name, type(self), BaseTask)

    @property
    def _makes_rows_itself(self) -> bool:
        """Whether the class overrides `process`, so that `generate_row` isn't called for it."""
        return False

    def format_input(self, input: Row) -> list[Message]:
        """Return the messages for one row's columns; renders `template` unless you override it."""
        if not self.template:
            raise UsageError(
                f"task '{self.name}' has no prompt",
                "set `template` to one, or override `format_input` in the class",
            )
        values = {**self._field_values(), **input}
        user = {"role": "user", "content": render(self.template, values)}
        if not self.system_prompt:
            return [user]
        return [{"role": "system", "content": render(self.system_prompt, values)}, user]

    def format_output(self, output: str | None, input: Row | None) -> Any:
        """Return the row, or the list of rows, made from an answer; returning None fails the row.

        Raise `InvalidOutputError` to ask the model again, `Reject` to drop the row.
        """
        if output is None:
            raise InvalidOutputError("the model returned no text")
        schema = self.answer_schema
        if isinstance(schema, type):
            return parse_output(schema, output)
        columns = self.outputs
        if len(columns) != 1:
            raise UsageError(
                f"task '{self.name}' has {len(columns)} columns and no way to fill them",
                "declare a nested class Output, or override `format_output`",
            )
        return {columns[0]: output}

    async def generate_row(self, input: Row) -> Any:
        """Return the row, or the list of rows, for one input; one prompt and one answer by default.

        If you override it, it's called once for each of `num_generations`, concurrently. Returning None fails
        the row, since that's what a missing `return` does.
        """
        messages = self.format_input(input)
        # Called by an override, it's one of several generations already.
        n = self.num_generations if self._asks_for_all else 1
        response = await complete(self, messages, n=n)
        made = [
            self._format_or_ask_again(messages, choice, response.usage, input) for choice in response.choices
        ]
        return await gather_rows(*made)

    @overload
    async def ask(
        self, messages: str | Sequence[Message], *, schema: type[Model], **parameters: Any
    ) -> Model: ...

    @overload
    async def ask(
        self,
        messages: str | Sequence[Message],
        *,
        read: Callable[[str], Value],
        schema: Mapping[str, Any] | None = None,
        **parameters: Any,
    ) -> Value: ...

    @overload
    async def ask(
        self,
        messages: str | Sequence[Message],
        *,
        schema: Mapping[str, Any] | None = None,
        **parameters: Any,
    ) -> str: ...

    async def ask(
        self,
        messages: str | Sequence[Message],
        *,
        schema: type[Any] | Mapping[str, Any] | None = None,
        read: Callable[[str], Any] | None = None,
        llm: LLM | None = None,
        generation: str = "",
        **parameters: Any,
    ) -> Any:
        """Return the text of the model's answer to messages, or to one user message given as text.

            verdict = await self.ask(f"Is this right? {answer}", schema=Verdict)
            score = await self.ask(f"Score this: {answer}", read=lambda text: read_rating(text, 1, 5))

        With a pydantic class as `schema`, returns an instance of it; with `read`, what the function makes of
        the text. If an answer doesn't fit (`read` raises InvalidOutputError) or is cut, the model is asked
        again with the reason, up to `max_reasks` times. `llm`, another LLM among the task's fields, is asked
        instead of the task's own; `generation` names another field of `GenerationParameters`, such as
        `judge_generation`, whose parameters apply instead of those of the field `generation`.

        Raises ContentFilteredError if the provider declined, Reject if the model refused instead of giving
        what was asked for (unless `reask_refusals`), and InvalidOutputError if there is no text or no answer
        fits.
        """
        if isinstance(messages, str):
            messages = [{"role": "user", "content": messages}]
        if schema is not None:
            parameters["schema"] = schema
        if llm is not None:
            parameters["llm"] = llm
        if generation:
            parameters["generation"] = generation
        if isinstance(schema, type):
            return await complete_and_read(self, messages, partial(read_json, type=schema), parameters)
        if read is not None:
            return await complete_and_read(self, messages, read, parameters)
        response = await complete(self, messages, **parameters)
        return answer_text(response.choices[0], response.usage, llm or self.llm)

    async def make_rows(self, input: Row) -> list[Row]:
        """Return the finished, checked rows of one input: `{**input, **row}` with the model's name."""
        rows = await self.unchecked_rows(self._plain_input(input))
        # Of their own: an author may return one dictionary again and again.
        return as_rows(json_copy(rows), self.name)

    async def unchecked_rows(self, input: Row) -> list[Row]:
        """Return the finished rows of one input; the caller checks their values itself.

        They may hold what the author's next call changes: use them before anything else runs.
        """
        check_inputs(self.name, self.inputs, input)
        try:
            if self.num_generations == 1 or self._asks_for_all:
                made = await self._one_generation(self._shown(input))
            else:
                # Each has an input of its own: it must not see what others have made of theirs meanwhile.
                inputs = [self._shown(input) for _ in range(self.num_generations)]
                made = await gather_rows(*map(self._own_generation, inputs))
        except PartialRowsError as error:
            error.rows = self._finish(error.rows, input)
            raise
        except KeyError as error:
            note_columns(error, input)
            raise
        return self._finish(made, input)

    @property
    def _asks_for_all(self) -> bool:
        """Whether one call asks for all generations: `generate_row` isn't overridden."""
        return type(self).generate_row is BaseTask.generate_row

    def _shown(self, input: Row) -> Row:
        """Return a row as an author's code gets it, which may change it: a copy, if there's such code."""
        return json_copy(input) if _gets_rows(type(self)) else input

    async def _one_generation(self, input: Row) -> list[Row]:
        failed: Exception | None = None
        try:
            made = await awaitable(self.generate_row(input), self, "generate_row")
        except ExceptionGroup as error:
            scope = current_scope.get()
            failed = first_of_group(error, scope.row_branches if scope is not None else ())
        # Not inside: each of the two would refer to the other, and both would stay until Python looks for
        # cycles.
        if failed is not None:
            raise failed
        return plain_rows(check_returned(self.name, "generate_row", made), self.name)

    async def _own_generation(self, input: Row) -> list[Row]:
        # They wait for the other generations, and the next call may return the same dictionary again.
        return json_copy(await self._one_generation(input))

    def _finish(self, rows: list[Row], input: Row) -> list[Row]:
        kept = self._kept_columns(input)
        column = self._model_name_column(kept)
        return [{**kept, **with_model_name(row, self, column)} for row in rows]

    def _model_name_column(self, input: Row) -> str:
        """Return the column that names the model of this task."""
        return self.output_mappings.get(MODEL_NAME, MODEL_NAME)

    def _format_or_ask_again(
        self, messages: list[Message], choice: Choice, usage: Usage, input: Row
    ) -> Awaitable[list[Row]]:
        def rows(choice: Choice, usage: Usage) -> list[Row]:
            # An input of its own: it's called for each choice, and again if one doesn't fit.
            made = check_returned(self.name, "format_output", self._format(choice, usage, self._shown(input)))
            made = plain_rows(made, self.name)
            if self.num_generations > 1:
                # As in `_own_generation`.
                made = json_copy(made)
            if promised := own_columns(self):
                # A MissingColumnError makes `fit_or_ask_again` ask the model again.
                for row in made:
                    check_promised(promised, {**input, **row}, self.name)
            return made

        return complete_and_fit(self, messages, rows, (choice, usage))

    def _format(self, choice: Choice, usage: Usage, input: Row) -> Any:
        text = answer_text(choice, usage, self.llm)
        if self.refuses_cut or self.answer_schema is not None:
            refuse_cut(choice, text)
        try:
            return self.format_output(text, input)
        except ValidationError as error:
            raise InvalidOutputError(describe(error), text=text) from error
        except json.JSONDecodeError as error:
            raise InvalidOutputError(f"the answer is not JSON ({error})", text=text) from error

    def _plain_input(self, input: Row) -> Row:
        """Return the input in the form it has in a run, when it was read from a file or a store."""
        return plain_row(input)

    def _kept_columns(self, input: Row) -> Row:
        """Return the columns of the input that the rows keep."""
        return input

    def _field_values(self) -> dict[str, Any]:
        return shown_fields(vars(self), type(self), BaseTask)


@cache
def _gets_rows(cls: type[BaseTask]) -> bool:
    """Whether code of an author's class gets a row."""
    methods = ("format_input", "format_output", "generate_row")
    return any(getattr(cls, name) is not getattr(BaseTask, name) for name in methods)
