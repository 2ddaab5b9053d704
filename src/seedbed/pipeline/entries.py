"""The entries of a pipeline file."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from seedbed.pipeline.typed_columns import ColumnType
from seedbed.tasks.join_steps import Concat, Join
from seedbed.tasks.passing import Pass
from seedbed.tasks.steps import BaseStep

BUILT_IN: dict[str, type[BaseStep]] = {"concat": Concat, "join": Join, "pass": Pass}
"""Steps that no plugin registers."""


class LLMEntry(BaseModel):
    """An LLM with parameters: `use` is its reference, `with` has its fields."""

    model_config = ConfigDict(extra="forbid", populate_by_name=False)

    use: str = Field(description="backend/model")
    fields: dict[str, Any] = Field(default_factory=dict, alias="with", description="Fields of the LLM.")


class StepEntry(BaseModel):
    """One step: `use` is a registered name, `with` has its fields."""

    model_config = ConfigDict(extra="forbid", populate_by_name=False)

    use: str = Field(description="Registered name of a task or step; or join, concat, pass.")
    name: str = Field(default="", description="Name of the step, if its registered name is used twice.")
    llm: str | LLMEntry | None = Field(default=None, description="LLM of this step only.")
    fields: dict[str, Any] = Field(default_factory=dict, alias="with", description="Fields of the step.")
    columns: dict[str, ColumnType] | None = Field(
        default=None,
        alias="schema",
        min_length=1,
        description="Columns that the step's model writes, by name, with their types.",
    )
    after: str | list[str] | None = Field(
        default=None,
        description="Names of the steps whose rows it receives; by default the entry before it. "
        "[] means none, for a second source.",
    )
    when: str | None = Field(
        default=None,
        description="Which rows come here: a Jinja2 expression over the row's columns. A row goes to the "
        "first entry whose condition holds.",
    )
    otherwise: bool = Field(
        default=False, description="Whether rows come here for which no earlier condition holds."
    )

    @model_validator(mode="after")
    def _check_condition(self) -> StepEntry:
        if self.otherwise and self.when is not None:
            raise ValueError("use either `when` or `otherwise`, not both")
        return self


class PipelineFile(BaseModel):
    """The contents of a pipeline file."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(default="", description="Name of the run.")
    llm: str | LLMEntry | None = Field(default=None, description="LLM of the steps that don't name one.")
    columns: list[str] | None = Field(
        default=None, description="Columns of the input to read; all by default."
    )
    drop: list[str] = Field(default_factory=list, description="Columns of the input to leave out.")
    steps: list[StepEntry] = Field(min_length=1, description="The steps, in order.")
