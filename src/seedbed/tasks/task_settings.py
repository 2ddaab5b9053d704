"""What a task is told, and which columns it makes: its parameters, its LLM, its templates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, Field, ValidationInfo, field_validator

from seedbed.errors import UsageError
from seedbed.llm.llm import LLM
from seedbed.llm.parameters import GenerationParameters
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.columns.mapping import mapped
from seedbed.tasks.columns.model_name import MODEL_NAME
from seedbed.tasks.task_calls import parameters_for
from seedbed.tasks.task_checks import check_llm, check_raw
from seedbed.tasks.templates.template import check_template


class TaskSettings(BaseStep):
    """The parameters of a task and what follows from them, before it has seen a row."""

    Output: ClassVar[type[BaseModel] | None] = None
    """The type of a row. The model gets its schema; an answer that doesn't fit is asked for again."""

    explains_output: ClassVar[bool] = False
    """Whether its templates say all that the model must know of `Output`, and of each `schema` of `ask`.

    Otherwise, or with a template of the user's, schemas whose properties have descriptions are part of the
    prompt for servers that don't show them to the model.
    """

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

    def model_post_init(self, context: Any, /) -> None:
        """Name the task, and check the templates of its class: pydantic doesn't validate defaults."""
        super().model_post_init(context)
        for source in (self.template, self.system_prompt):
            try:
                check_template(source)
            except ValueError as error:
                raise UsageError(f"task '{self.name}': {error}") from error

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

    def sampling_parameters(self) -> dict[str, Any]:
        """Return the sampling parameters for calls that don't give their own.

        Users come before authors: what the user set on the task, then what the user set on the LLM, then the
        task's default. The LLM adds its own defaults last.
        """
        return parameters_for(self, self.llm)
