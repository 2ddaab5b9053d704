"""Pipelines in a file: names and data only, in YAML or JSON."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field

from seedbed.errors import PluginError, UsageError
from seedbed.pipeline.pipeline import Pipeline
from seedbed.plugins.build import build
from seedbed.plugins.names import is_file_reference
from seedbed.plugins.resolve import get_llm, get_step
from seedbed.tasks.task import BaseTask

if TYPE_CHECKING:
    from seedbed.llm.llm import LLM
    from seedbed.plugins.registry import Registry
    from seedbed.tasks.steps import BaseStep


class LLMEntry(BaseModel):
    """An LLM with parameters: `use` is its reference, `with` holds its fields."""

    model_config = ConfigDict(extra="forbid", populate_by_name=False)

    use: str = Field(description="backend/model")
    fields: dict[str, Any] = Field(default_factory=dict, alias="with", description="Fields of the LLM.")


class StepEntry(BaseModel):
    """One step: `use` is a registered name, `with` holds its fields."""

    model_config = ConfigDict(extra="forbid", populate_by_name=False)

    use: str = Field(description="Registered name of a task or step.")
    name: str = Field(default="", description="Name of the step, where its registered name stands twice.")
    llm: str | LLMEntry | None = Field(default=None, description="LLM of this step alone.")
    fields: dict[str, Any] = Field(default_factory=dict, alias="with", description="Fields of the step.")


class PipelineFile(BaseModel):
    """What a pipeline file holds."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(default="", description="Name of the run.")
    llm: str | LLMEntry | None = Field(default=None, description="LLM of the steps that name none.")
    steps: list[StepEntry] = Field(min_length=1, description="The steps, in order.")


def load_pipeline(path: Path, registry: Registry | None = None) -> Pipeline:
    """Return the pipeline of a .yaml, .yml or .json file.

    Raises UsageError for a file that cannot be read or does not fit, and the errors of the plugins and
    fields that it names, each with the place in the file. A file never names code: `PATH.py:Class` is
    refused.
    """
    described = build(PipelineFile, _read(path), f"the pipeline file '{path}'")
    steps = []
    for number, entry in enumerate(described.steps):
        where = f"'{path}', steps[{number}]"
        steps.append(_step(entry, described.llm, where, registry))
    return Pipeline(steps, described.name or path.stem)


def _read(path: Path) -> dict[str, Any]:
    try:
        # JSON is YAML, too.
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"'{path}' cannot be read: {error.strerror}", "check the path") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"'{path}' is not text in UTF-8") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "it cannot be parsed"
        raise UsageError(f"'{path}'{place} is not YAML: {problem}") from error
    if not isinstance(content, dict):
        raise UsageError(
            f"'{path}' holds no pipeline",
            "write `steps:` with a list of `use: NAME`; see `seedbed schema`",
        )
    return content


def _step(
    entry: StepEntry, default: str | LLMEntry | None, where: str, registry: Registry | None
) -> BaseStep:
    fields = {**entry.fields, **({"name": entry.name} if entry.name else {})}
    try:
        _refuse_code(entry.use)
        if "llm" in entry.fields:
            raise UsageError("'llm' does not stand under `with`", "write `llm:` beside it")
        step = get_step(entry.use, registry=registry, **fields)
        chosen = entry.llm or default
        if isinstance(step, BaseTask) and chosen is not None:
            step.llm = _llm(chosen, registry)
    except (UsageError, PluginError) as error:
        raise type(error)(f"{where}: {error.fact}", *error.advice) from error
    return step


def _llm(entry: str | LLMEntry, registry: Registry | None) -> LLM:
    if isinstance(entry, str):
        entry = LLMEntry(use=entry)
    _refuse_code(entry.use)
    return get_llm(entry.use, registry=registry, **entry.fields)


def _refuse_code(reference: str) -> None:
    if is_file_reference(reference):
        raise UsageError(
            f"a pipeline file holds names, and '{reference}' is code",
            "publish it as a plugin, or write the pipeline in Python",
        )
