"""The entries of a pipeline file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from seedbed.durations import seconds_in
from seedbed.llm.keys.env_secret import with_env_secrets
from seedbed.llm.llm import LLM
from seedbed.llm.resources import Resources
from seedbed.plugins.fields.secret_fields import is_secret
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.columns.column_types import ColumnType
from seedbed.tasks.join_steps import Concat, Join
from seedbed.tasks.passing import Pass

BUILT_IN: dict[str, type[BaseStep]] = {"concat": Concat, "join": Join, "pass": Pass}
"""Steps that no plugin registers."""


class LLMEntry(BaseModel):
    """An LLM with parameters: `use` is its reference, `with` has its fields."""

    model_config = ConfigDict(extra="forbid", populate_by_name=False)

    use: str = Field(description="backend/model")
    fields: dict[str, Any] = Field(default_factory=dict, alias="with", description="Fields of the LLM.")
    resources: Resources | None = Field(
        default=None, description="What loading it needs, for engines that choose a machine."
    )

    def given(self) -> dict[str, Any]:
        """Return the fields, with secrets that the entry takes from the environment."""
        return with_env_secrets(self.fields)

    def placed(self, llm: LLM) -> LLM:
        """Return an LLM that was made of this entry, with the resources that the entry declares."""
        return llm if self.resources is None else llm.with_resources(**self.resources.model_dump())


class SourceEntry(BaseModel):
    """A source step: `use` is its registered name, `with` has its fields."""

    model_config = ConfigDict(extra="forbid", populate_by_name=False)

    use: str = Field(description="Registered name of a step that makes rows without input.")
    fields: dict[str, Any] = Field(default_factory=dict, alias="with", description="Fields of the step.")


class OutputEntry(BaseModel):
    """A dataset to write."""

    model_config = ConfigDict(extra="forbid")

    path: str = Field(description="File, folder/ or address such as hf://USER/NAME.")
    leaf: str | None = Field(default=None, description="Step whose rows to write, if there are several ends.")
    form: str | None = Field(default=None, description="Trainer's form, such as chat.")
    columns: dict[str, str] = Field(default_factory=dict, description="Columns for the parts of the form.")
    chat_template: str | None = Field(
        default=None, description="Chat template's file, for the form text: Jinja or tokenizer_config.json."
    )
    split: dict[str, float] | str | None = Field(
        default=None, description="Share of each split: {train: 0.9, test: 0.1}; or the column that names it."
    )
    shard_rows: int | None = Field(default=None, ge=1, description="Rows of a Parquet file in a folder.")
    card: bool | None = Field(
        default=None, description="Whether a folder has a README.md on the dataset; by default with splits."
    )
    private: bool | None = Field(default=None, description="Whether a new dataset at an address is private.")
    push_every: int | None = Field(
        default=None, ge=1, description="Upload full files whenever so many more rows are there."
    )


class BudgetEntry(BaseModel):
    """What a run may spend, over all its sessions."""

    model_config = ConfigDict(extra="forbid")

    cost: float | None = Field(default=None, gt=0, description="Dollars.")
    tokens: int | None = Field(default=None, gt=0, description="Tokens, input and output together.")
    time: float | str | None = Field(default=None, description="Seconds, or a text such as 90s, 20m or 2h.")

    @field_validator("time")
    @classmethod
    def _check_time(cls, value: float | str | None) -> float | str | None:
        if isinstance(value, str):
            seconds_in(value)
        return value

    @property
    def seconds(self) -> float | None:
        """The time in seconds."""
        return seconds_in(self.time) if isinstance(self.time, str) else self.time


class StepEntry(BaseModel):
    """One step: `use` is a registered name, `with` has its fields."""

    model_config = ConfigDict(extra="forbid", populate_by_name=False)

    use: str = Field(description="Registered name of a task or step; or join, concat, pass.")
    name: str = Field(default="", description="Name of the step, if its registered name is used twice.")
    llm: str | LLMEntry | None = Field(default=None, description="LLM of this step only.")
    fields: dict[str, Any] = Field(default_factory=dict, alias="with", description="Fields of the step.")
    resources: Resources | None = Field(
        default=None, description="What the step needs, for engines that choose a machine."
    )
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

    @model_validator(mode="before")
    @classmethod
    def _check_name(cls, entry: Any) -> Any:
        advice = "a step is named by `use`: write `use: {}`"
        if isinstance(entry, str):
            raise ValueError(advice.format(entry))
        if isinstance(entry, Mapping) and "use" not in entry:
            fields = {field.alias or name for name, field in cls.model_fields.items()}
            unknown = [key for key in entry if key not in fields]
            # Other tools have the name as a key, or under another one.
            if len(unknown) == 1 and not is_secret(str(key := unknown[0])):
                is_name = isinstance(value := entry[key], str)
                more = f" instead of `{key}: {value}`" if is_name else ", and its parameters under `with`"
                raise ValueError(advice.format(value if is_name else key) + more)
        return entry

    @model_validator(mode="after")
    def _check_condition(self) -> StepEntry:
        if self.otherwise and self.when is not None:
            raise ValueError("use either `when` or `otherwise`, not both")
        return self


class PipelineFile(BaseModel):
    """The contents of a pipeline file."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(default="", description="Name of the run.")
    vars: dict[str, Any] = Field(
        default_factory=dict,
        description="Variables by name, with their values: `${name}` stands for one anywhere in the file. "
        "`--set NAME=VALUE` changes a value, and must give one that is null.",
    )
    n: int | None = Field(default=None, ge=1, le=2**63 - 1, description="Rows to make.")
    seed: int | None = Field(
        default=None, ge=-(2**63), le=2**64 - 1, description="Seed of everything that is sampled; 0 if unset."
    )
    input: str | SourceEntry | list[dict[str, Any]] | None = Field(
        default=None,
        description="Where the input rows come from: a file, a pattern such as docs/*.md, the rows "
        "themselves, or a source by name.",
    )
    id: str | list[str] | None = Field(
        default=None,
        description="Column of the input whose values are the ids of its rows, or several that make up an "
        "id together; by default a row is known by what it holds.",
    )
    out: str | OutputEntry | list[str | OutputEntry] | None = Field(
        default=None,
        description="Where the dataset goes: a file, a folder/ or an address; or several of these.",
    )
    budget: BudgetEntry = Field(default_factory=BudgetEntry, description="When the run stops by itself.")
    stop_if: str | None = Field(
        default=None,
        description="When the run stops for the quality of its rows: near_duplicates > 0.3, for example.",
    )
    llm: str | LLMEntry | None = Field(default=None, description="LLM of the steps that don't name one.")
    columns: list[str] | None = Field(
        default=None, description="Columns of the input to read; all by default."
    )
    drop: list[str] = Field(default_factory=list, description="Columns of the input to leave out.")
    steps: list[StepEntry] = Field(min_length=1, max_length=1000, description="The steps, in order.")
