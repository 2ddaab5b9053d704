"""Tasks: steps whose rows a language model writes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar, TypeVar, overload

from pydantic import BaseModel, Field, ValidationError, ValidationInfo, field_validator

from seedbed.errors import (
    InvalidOutputError,
    InvalidRowError,
    MessageError,
    PartialRowsError,
    RowError,
    UnsupportedError,
    UsageError,
)
from seedbed.llm.calling.coroutine import awaitable
from seedbed.llm.calling.loop import loop_thread
from seedbed.llm.llm import LLM
from seedbed.llm.messages import Message, has_images
from seedbed.llm.parameters import GenerationParameters
from seedbed.llm.response import Choice, Response, Usage
from seedbed.plugins.elsewhere import check_one_row
from seedbed.plugins.overrides import guard
from seedbed.plugins.signatures import check_methods
from seedbed.reading.fitting import describe
from seedbed.reading.json_value import read_json
from seedbed.suggestions import did_you_mean
from seedbed.tasks.answer import answer_text, reasoning_apart
from seedbed.tasks.final_columns import finished
from seedbed.tasks.gathering import check_uses_generations, gather_rows
from seedbed.tasks.guarded import TASK, TASK_CALLS
from seedbed.tasks.mapping import mapped, renamed
from seedbed.tasks.model_name import MODEL_NAME, model_name_column, naming
from seedbed.tasks.normalise import as_rows, plain_rows
from seedbed.tasks.promised import check_promised, own_columns
from seedbed.tasks.raw_prompt import check_raw
from seedbed.tasks.reasking import fit_or_ask_again, refuse_cut
from seedbed.tasks.rows import Row, plain_row
from seedbed.tasks.sampling import parameters_for
from seedbed.tasks.shown_fields import shown_fields
from seedbed.tasks.steps import BaseStep, Step
from seedbed.tasks.template import check_template, needed_variables, render
from seedbed.tasks.typed import parse_output

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
        if self.llm is None:
            raise UsageError(
                f"task '{self.name}' has no LLM",
                "give it one: llm='openai/gpt-4.1-mini', or --llm on the command",
            )
        return self.llm

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
        if len(self.outputs) != 1:
            raise UsageError(
                f"task '{self.name}' has {len(self.outputs)} columns and no way to fill them",
                "declare a nested class Output, or override `format_output`",
            )
        return {self.outputs[0]: output}

    async def generate_row(self, input: Row) -> Any:
        """Return the row, or the list of rows, for one input; one prompt and one answer by default.

        If you override it, it's called once for each of `num_generations`, concurrently. Returning None fails
        the row, since that's what a missing `return` does.
        """
        messages = self.format_input(input)
        # Called by an override, it's one of several generations already.
        n = self.num_generations if self._asks_for_all else 1
        response = await self._complete(messages, n=n)
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
            return await self._ask_and_read(messages, partial(read_json, type=schema), parameters)
        if read is not None:
            return await self._ask_and_read(messages, read, parameters)
        response = await self._complete(messages, **parameters)
        return answer_text(response.choices[0], response.usage, llm or self.llm)

    async def make_rows(self, input: Row) -> list[Row]:
        """Return the finished, checked rows of one input: `{**input, **row}` with the model's name."""
        return as_rows(await self.unchecked_rows(self._plain_input(input)), self.name)

    async def unchecked_rows(self, input: Row) -> list[Row]:
        """Return the finished rows of one input; the caller checks their values itself."""
        self._check_inputs(input)
        try:
            count = 1 if self._asks_for_all else self.num_generations
            made = await gather_rows(*(self._one_generation(input) for _ in range(count)))
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
        return plain_rows(self._returned(made, "generate_row"), self.name)

    def _finish(self, rows: list[Row], input: Row) -> list[Row]:
        kept = self._kept_columns(input)
        column = self._model_name_column(kept)
        return [{**kept, **self._with_model_name(row, column)} for row in rows]

    def _with_model_name(self, row: Row, column: str) -> Row:
        if not self.needs_llm:
            return renamed(row, self.output_mappings)
        made = renamed({**row, MODEL_NAME: self.llm._writer}, self.output_mappings)
        # `model_name` already names the first model that wrote the row; this task's model goes elsewhere.
        if MODEL_NAME in made and column != MODEL_NAME:
            made[column] = made.pop(MODEL_NAME)
        return made

    def _model_name_column(self, input: Row) -> str:
        """Return the column that names the model of this task."""
        return self.output_mappings.get(MODEL_NAME, MODEL_NAME)

    def _returned(self, made: object, method: str) -> object:
        """Return what a method returned, unless it's None.

        None is more often a forgotten `return` than a wish to drop the row, so it fails the row.
        """
        if made is None:
            raise RowError(
                f"{method} of '{self.name}' returned None",
                "return the row, or a list of rows; to drop it, return [] or raise Reject",
            )
        return made

    def sampling_parameters(self) -> dict[str, Any]:
        """Return the sampling parameters for calls that don't give their own.

        Users come before authors: what the user set on the task, then what the user set on the LLM, then the
        task's default. The LLM adds its own defaults last.
        """
        return self._parameters_for(self.llm)

    def _parameters_for(self, llm: LLM | None, field: str = "generation") -> dict[str, Any]:
        own: GenerationParameters = getattr(self, field)
        return parameters_for(llm, own, is_set_by_user=field in self.model_fields_set)

    async def _complete(
        self,
        messages: Sequence[Message],
        n: int = 1,
        llm: LLM | None = None,
        generation: str = "generation",
        **parameters: Any,
    ) -> Response:
        merged = {**self._own_parameters(llm, generation), **parameters}
        # Only where there's one prompt: other tasks say which of their calls is typed.
        if self._asks_for_all and self.answer_schema is not None:
            merged.setdefault("schema", self.answer_schema)
        if self._sends_raw(llm):
            merged.setdefault("raw_prompt", True)
        llm = llm or self.require_llm()
        try:
            response = await llm.acomplete(messages, n, **merged)
        except (MessageError, UnsupportedError) as error:
            # Messages and images depend on the row, so only this row fails. Anything else that the LLM
            # doesn't support comes from the task, would fail every row, and so stops the run.
            if isinstance(error, UnsupportedError) and (llm.capabilities.images or not has_images(messages)):
                raise
            raise RowError(error.fact, *error.advice) from error
        return reasoning_apart(response, messages) if self.split_reasoning else response

    def _sends_raw(self, llm: LLM | None) -> bool:
        """Whether prompts to `llm` are raw: `raw_prompt` says so of the task's own LLM, not of a judge."""
        return self.raw_prompt and (llm is None or llm is self.llm)

    async def _format_or_ask_again(
        self, messages: list[Message], choice: Choice, usage: Usage, input: Row
    ) -> list[Row]:
        def rows(choice: Choice, usage: Usage) -> list[Row]:
            made = plain_rows(self._returned(self._format(choice, usage, input), "format_output"), self.name)
            if promised := own_columns(self):
                # A MissingColumnError makes `fit_or_ask_again` ask the model again.
                for row in made:
                    check_promised(promised, {**input, **row}, self.name)
            return made

        return await fit_or_ask_again(
            messages,
            (choice, usage),
            fit=rows,
            ask=self._complete,
            max_reasks=self.max_reasks,
            reask_refusals=self.reask_refusals,
            reminds=not self.raw_prompt,
            is_greedy=self._is_greedy({}),
        )

    async def _ask_and_read(
        self, messages: Sequence[Message], read: Callable[[str], Value], parameters: dict[str, Any]
    ) -> Value:
        async def ask(messages: Sequence[Message]) -> Response:
            return await self._complete(messages, **parameters)

        def value(choice: Choice, usage: Usage) -> Value:
            text = answer_text(choice, usage, parameters.get("llm", self.llm))
            refuse_cut(choice, text)
            return read(text)

        response = await ask(messages)
        return await fit_or_ask_again(
            messages,
            (response.choices[0], response.usage),
            fit=value,
            ask=ask,
            max_reasks=self.max_reasks,
            reask_refusals=self.reask_refusals,
            reminds=not parameters.get("raw_prompt", self._sends_raw(parameters.get("llm"))),
            is_greedy=self._is_greedy(parameters),
        )

    def _own_parameters(self, llm: LLM | None, generation: str) -> dict[str, Any]:
        # A judge has settings of its own, and those of the writer aren't meant for it. Authors may override
        # `sampling_parameters`, so that's what counts for the task's own LLM.
        is_plain = llm is None and generation == "generation"
        return self.sampling_parameters() if is_plain else self._parameters_for(llm or self.llm, generation)

    def _is_greedy(self, parameters: Mapping[str, Any]) -> bool:
        """Whether a call with these parameters takes the most probable token each time."""
        llm = parameters.get("llm")
        own = self._own_parameters(llm, parameters.get("generation", "generation"))
        asked = llm or self.llm
        of_llm = asked.given() if asked is not None else {}
        return {**of_llm, **own, **parameters}.get("temperature") == 0

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

    def _check_inputs(self, row: Row) -> None:
        for column in self.inputs:
            if column not in row:
                raise InvalidRowError(
                    f"task '{self.name}' needs a column '{column}', but the row doesn't have it",
                    *did_you_mean(column, row),
                    f"columns of the row: {', '.join(row) or 'none'}",
                )


class Task(BaseTask, Step):
    """A task over rows: adds the columns that the model writes to each row.

        class Translate(Task):
            outputs: ClassVar[list[str]] = ["french"]
            template: str = "Translate into French: {{ text }}"

        run(Translate(llm="openai/gpt-4.1-mini"), input=[{"text": "Good night."}]).rows()

    Each row keeps its columns, and gets those in `outputs` and the model's name.
    """

    keeps: ClassVar[bool] = True

    Input: ClassVar[type[BaseModel] | None] = None
    """The columns that the task reads, with types; they are checked before a pipeline runs."""

    @property
    def inputs(self) -> list[str]:
        """The columns the task needs: those of `Input`, and variables of the templates that aren't fields.

        A variable can be missing if its template has a default for it, or tests it with `x is defined`.
        """
        read = needed_variables(self.template) | needed_variables(self.system_prompt)
        declared = self.Input.model_fields.items() if self.Input else ()
        needed = {name for name, field in declared if field.is_required()}
        return sorted((read - self._field_values().keys()) | needed)

    @property
    def _makes_rows_itself(self) -> bool:
        return type(self).process is not Task.process

    def _model_name_column(self, input: Row) -> str:
        return model_name_column(self.name, self.output_mappings, input)

    def _process_mappings(self) -> dict[str, str]:
        # `naming` already put the model's name in its final column; renaming `model_name` here would move
        # the name of an earlier task's model.
        return {made: new for made, new in self.output_mappings.items() if made != MODEL_NAME}

    @finished
    def process(self, row: Row) -> list[Row]:
        """Return the finished rows made from one row, for use without a run."""
        check_one_row(row)
        return loop_thread().run(self.make_rows(row), twin="make_rows(row)")

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        if "process" in vars(cls):
            cls.process = naming(vars(cls)["process"])  # type: ignore[assignment,method-assign]
        super().__pydantic_init_subclass__(**kwargs)
