"""Which columns a step makes, as far as that is known before a run."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.base_task import BaseTask
from seedbed.tasks.columns.mapping import mapped
from seedbed.tasks.columns.model_name import MODEL_NAME, step_model_name
from seedbed.tasks.generator_task import GeneratorTask
from seedbed.tasks.task import Task


class MadeColumns(NamedTuple):
    """The columns that a step makes; `complete` means that it makes no others."""

    columns: tuple[str, ...]
    complete: bool


def columns_of(step: BaseStep) -> MadeColumns:
    """Return the columns that a step makes, under their final names."""
    if isinstance(step, BaseTask):
        return _columns_of_task(step)
    declared = type(step).outputs is not BaseStep.outputs
    return MadeColumns(tuple(step.columns), declared or step.keeps)


def columns_after(step: BaseStep, above: Collection[str]) -> MadeColumns:
    """Return the columns that a step makes from rows that may have the columns `above`.

    If an earlier model wrote the row, `model_name` keeps its name, and this step's model has another column.
    """
    made = columns_of(step)
    if not isinstance(step, Task) or MODEL_NAME not in above or MODEL_NAME in step.output_mappings:
        return made
    names = {MODEL_NAME: step_model_name(step.name)}
    return made._replace(columns=tuple(mapped(made.columns, names)))


def _columns_of_task(task: BaseTask) -> MadeColumns:
    if not is_declared(task):
        return MadeColumns(tuple(mapped([MODEL_NAME], task.output_mappings)), False)
    if not isinstance(task, GeneratorTask) or not _has_variables(task):
        return MadeColumns(tuple(task.columns), True)
    return MadeColumns(tuple(dict.fromkeys([*(task.sampled or ()), *task.columns])), task.sampled is not None)


def is_declared(task: BaseTask) -> bool:
    """Whether `outputs` is reliable: it's declared, or its default holds since nothing is overridden."""
    cls = type(task)
    if cls.outputs is not BaseTask.outputs:
        return True
    if cls.format_output is not BaseTask.format_output or has_own_process(task):
        return False
    return cls.Output is not None or cls.generate_row is BaseTask.generate_row


def _has_variables(task: GeneratorTask) -> bool:
    return not has_own_process(task) and type(task).sample is not GeneratorTask.sample


def has_own_process(task: BaseTask) -> bool:
    """Whether the task has its own `process`, which may make any rows."""
    base = GeneratorTask.process if isinstance(task, GeneratorTask) else Task.process
    return getattr(type(task), "process", base) is not base


def output_types(step: BaseStep) -> dict[str, Any]:
    """Return the types of the columns that a step declares, under their final names."""
    if not isinstance(step, BaseTask) or not isinstance(schema := step.answer_schema, type):
        return {}
    if type(step).format_output is not BaseTask.format_output or has_own_process(step):
        return {}
    names = step.output_mappings
    return {names.get(name, name): field.annotation for name, field in schema.model_fields.items()}
