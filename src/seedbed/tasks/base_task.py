"""What tasks over rows and generator tasks have in common: a prompt, calls of an LLM, rows from answers."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, TypeVar, overload

from pydantic import BaseModel, Field, ValidationError, ValidationInfo, field_validator

from seedbed.errors import (
    InvalidOutputError,
    PartialRowsError,
    UsageError,
)
from seedbed.llm.calling.coroutine import awaitable
from seedbed.llm.llm import LLM
from seedbed.llm.messages import Message
from seedbed.llm.parameters import GenerationParameters
from seedbed.llm.response import Choice, Usage
from seedbed.plugins.authoring.overrides import guard
from seedbed.plugins.authoring.signatures import check_methods
from seedbed.reading.fitting import describe
from seedbed.reading.json_value import read_json
from seedbed.tasks.answers.answer import answer_text
from seedbed.tasks.answers.gathering import check_uses_generations, gather_rows
from seedbed.tasks.answers.reasking import refuse_cut
from seedbed.tasks.answers.typed import parse_output
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.columns.mapping import mapped
from seedbed.tasks.columns.model_name import MODEL_NAME, with_model_name
from seedbed.tasks.columns.promised import check_promised, own_columns
from seedbed.tasks.guarded import TASK, TASK_CALLS
from seedbed.tasks.normalise import as_rows, plain_rows
from seedbed.tasks.rows import Row, plain_row
from seedbed.tasks.task_calls import complete, complete_and_fit, complete_and_read, parameters_for
from seedbed.tasks.task_checks import check_inputs, check_llm, check_raw, check_returned
from seedbed.tasks.templates.shown_fields import shown_fields
from seedbed.tasks.templates.template import check_template, render

Model = TypeVar("Model", bound=BaseModel)
Value = TypeVar("Value")


class BaseTask(BaseStep):
    """A step that asks a language model: prompt in, row out.

    For the prompt, declare `template` or override `format_input`. For the row, declare a nested
    `class Output(BaseModel)`, or `outputs` and `format_output`. For several calls per row, override
    `generate_row`. Derive from `Task` (rows in) or `GeneratorTask` (no input), not from this class.
    """

    Output: ClassVar[type[BaseModel] | None] = None
    """The type of a row. The model gets its schema; an answer that doesn't fit is asked for again."""

    refuses_cut: ClassVar[bool] = False
    """Whether a text that was cut at `max_tokens` is asked for again. Typed answers always are."""

    llm: LLM = Field(default=None, description="The model that writes the rows.")  # type: ignore[assignment]
    num_generations: int = Field(default=1, ge=1, description="Rows to make from each input or index.")
    template: str = Field(default="", description="Prompt of a row; {{ name }} is replaced by a column.")
    system_prompt: str = Field(default="", description="System prompt; also a template.")
    raw_prompt: bool = Field(
        default=False,
        description="Send prompts to the model without a chat template: for base models.",
    )
    generation: GenerationParameters = Field(
        default_factory=GenerationParameters, description="Sampling parameters; they override the LLM's."
    )
    max_reasks: int = Field(
        default=2, ge=0, description="How often to ask again, with the reason, when an answer doesn't fit."
    )
    reask_refusals: bool = Field(
        default=False,
        description="Ask again if the model refuses to answer as asked; otherwise, the row is rejected.",
    )
    split_reasoning: bool = Field(
        default=True,
        description="Keep reasoning such as `<think>` apart from answers that a server sends with it.",
    )

    @field_validator("template", "system_prompt")
    @classmethod
    def _check_templates(cls, value: str) -> str:
        return check_template(value)

    @field_validator("*", mode="after")
    @classmethod
    def _keep_defaults(cls, value: Any, info: ValidationInfo) -> Any:
        # A user who sets one parameter keeps the task author's choices for all others, here and in further
        # fields of a class, such as `judge_generation`.
        if not isinstance(value, GenerationParameters) or info.field_name is None:
            return value
        default = cls.model_fields[info.field_name].get_default(call_default_factory=True)
        return value.joined_with(default) if isinstance(default, GenerationParameters) else value

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        check_methods(cls, TASK_CALLS)
        guard(cls, TASK)

    def model_post_init(self, context: Any, /) -> None:
        """Name the task, and check the templates of its class: pydantic doesn't validate defaults."""
        super().model_post_init(context)
        for source in (self.template, self.system_prompt):
            try:
                check_template(source)
            except ValueError as error:
                raise UsageError(f"task '{self.name}': {error}") from error
        if self.num_generations > 1 and self._makes_rows_itself:
            check_uses_generations(self.name, type(self), BaseTask)

    @property
    def _makes_rows_itself(self) -> bool:
        """Whether the class overrides `process`, so that `generate_row` isn't called for it."""
        return False

    @property
    def outputs(self) -> list[str]:
        """The columns the task makes: those of `Output`, or else one column `generation`."""
        schema = self.answer_schema
        return list(schema.model_fields) if isinstance(schema, type) else ["generation"]

    @property
    def answer_schema(self) -> type[BaseModel] | Mapping[str, Any] | None:
        """The schema of the model's answer: `Output`. Override it if it depends on the parameters.

        For a pydantic class, the columns are its fields. With a JSON Schema, declare `outputs`, and read the
        answer in `format_output`.
        """
        return self.Output

    @property
    def needs_llm(self) -> bool:
        """Whether the task asks `llm`. Override it if that depends on the parameters.

        If not, it runs without one, and its rows have no `model_name`.
        """
        return True

    @property
    def columns(self) -> list[str]:
        """The columns the task makes, with `model_name` (after another task: `<step>_model_name`)."""
        named = [MODEL_NAME] if self.needs_llm else []
        return mapped(dict.fromkeys([*self.outputs, *named]), self.output_mappings)

    def load(self) -> None:
        """Load the LLM. If you override this, call `super().load()`."""
        if not self.needs_llm:
            return
        llm = self.require_llm()
        if self.raw_prompt:
            check_raw(self.name, self.system_prompt, llm)
        llm.ensure_loaded()

    def require_llm(self) -> LLM:
        """Return the LLM; raise UsageError if none was given."""
        return check_llm(self.name, self.llm)

    def format_input(self, input: Row) -> list[Message]:
        """Return the messages for one row's columns; renders `template` unless you override it."""
        if not self.template:
            raise UsageError(
                f"task '{self.name}' has no prompt", "declare `template`, or override `format_input`"
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
        return as_rows(await self.unchecked_rows(self._plain_input(input)), self.name)

    async def unchecked_rows(self, input: Row) -> list[Row]:
        """Return the finished rows of one input; the caller checks their values itself."""
        check_inputs(self.name, self.inputs, input)
        try:
            if self.num_generations == 1 or self._asks_for_all:
                made = await self._one_generation(input)
            else:
                made = await gather_rows(*(self._one_generation(input) for _ in range(self.num_generations)))
        except PartialRowsError as error:
            error.rows = self._finish(error.rows, input)
            raise
        return self._finish(made, input)

    @property
    def _asks_for_all(self) -> bool:
        """Whether one call asks for all generations: `generate_row` isn't overridden."""
        return type(self).generate_row is BaseTask.generate_row

    async def _one_generation(self, input: Row) -> list[Row]:
        made = await awaitable(self.generate_row(input), self, "generate_row")
        return plain_rows(check_returned(self.name, "generate_row", made), self.name)

    def _finish(self, rows: list[Row], input: Row) -> list[Row]:
        kept = self._kept_columns(input)
        column = self._model_name_column(kept)
        return [{**kept, **with_model_name(row, self, column)} for row in rows]

    def _model_name_column(self, input: Row) -> str:
        """Return the column that names the model of this task."""
        return self.output_mappings.get(MODEL_NAME, MODEL_NAME)

    def sampling_parameters(self) -> dict[str, Any]:
        """Return the sampling parameters for calls that don't give their own.

        Users come before authors: what the user set on the task, then what the user set on the LLM, then the
        task's default. The LLM adds its own defaults last.
        """
        return parameters_for(self, self.llm)

    def _format_or_ask_again(
        self, messages: list[Message], choice: Choice, usage: Usage, input: Row
    ) -> Awaitable[list[Row]]:
        def rows(choice: Choice, usage: Usage) -> list[Row]:
            made = check_returned(self.name, "format_output", self._format(choice, usage, input))
            made = plain_rows(made, self.name)
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
