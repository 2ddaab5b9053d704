"""Tasks and steps from references: a registered name, or `PATH.py:Class`."""

from __future__ import annotations

from typing import Any, TypeVar

from seedbed.llm.llm import get_llm
from seedbed.plugins.class_references import class_named
from seedbed.plugins.fields.build import build
from seedbed.plugins.kinds import PluginKind
from seedbed.plugins.names import is_file_reference
from seedbed.plugins.owner import broken_class
from seedbed.plugins.registry import Registry, looking_up_in
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.base_task import BaseTask
from seedbed.tasks.task_kinds import STEPS, TASKS

_Step = TypeVar("_Step", bound=BaseStep)


def get_task(reference: str, /, *, registry: Registry | None = None, **fields: Any) -> BaseTask:
    """Return the task that a name or `PATH.py:Class` names, with `fields` set; raises as `get_llm` does.

    get_task("qa-pairs", topics=["tides", "bridges"], llm="openai/gpt-4.1-mini")
    """
    cls = class_named(TASKS, reference, registry=registry)
    with looking_up_in(registry):
        return _named(cls, reference, _resolved(fields, registry), TASKS)


def get_step(reference: str, /, *, registry: Registry | None = None, **fields: Any) -> BaseStep:
    """Return the step that a name or `PATH.py:Class` names, with `fields` set; raises as `get_llm` does.

    get_step("keep-language", language="en")
    """
    return step_of(class_named(STEPS, reference, registry=registry), reference, registry=registry, **fields)


def step_of(
    cls: type[BaseStep], reference: str, /, *, registry: Registry | None = None, **fields: Any
) -> BaseStep:
    """Return a step of the class that a reference names, or of a subclass; raises as `get_llm` does."""
    with looking_up_in(registry):
        return _named(cls, reference, _resolved(fields, registry), STEPS)


def _resolved(fields: dict[str, Any], registry: Registry | None) -> dict[str, Any]:
    """Return the fields, with a reference to an LLM resolved in the step's registry."""
    llm = fields.get("llm")
    return {**fields, "llm": get_llm(llm, registry=registry)} if isinstance(llm, str) else fields


def _named(cls: type[_Step], reference: str, fields: dict[str, Any], kind: PluginKind[Any]) -> _Step:
    """Build a step; unless the user named it, its name is its registered name."""
    if not is_file_reference(reference) and "name" in cls.model_fields:
        fields = {"name": reference, **fields}
    made = build(cls, fields, f"the {kind.noun} {reference!r}")
    if not made.name:
        advice = "call super().model_post_init(context): it names the step and checks its class"
        raise broken_class(cls, "its `model_post_init` does not call that of the base class", advice)
    return made
