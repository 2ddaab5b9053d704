"""Objects from references: the Python side of what users type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

from seedbed.errors import ParameterError
from seedbed.plugins.build import build
from seedbed.plugins.kinds import PluginKind
from seedbed.plugins.names import is_file_reference, split_llm_reference
from seedbed.plugins.owner import broken_class
from seedbed.plugins.registry import Registry, default_registry
from seedbed.plugins.source_file import load_class

if TYPE_CHECKING:
    from seedbed.engine.engine import Engine
    from seedbed.llm.llm import LLM
    from seedbed.tasks.steps import BaseStep
    from seedbed.tasks.task import BaseTask

_Step = TypeVar("_Step", bound="BaseStep")


def get_llm(reference: str, /, *, registry: Registry | None = None, **fields: Any) -> LLM:
    """Return the LLM that `backend/model` or `PATH.py:Class/model` names, with `fields` set.

        get_llm("openai/gpt-4.1-mini", temperature=0.2)

    Raises `UsageError` for a reference of another form, `ParameterError` for fields that do not
    fit, and the `PluginError`s.
    """
    cls, model = llm_class(reference, registry=registry)
    if "model" in fields:
        raise ParameterError(f"the model is given twice: in {reference!r} and as model=")
    return build(cls, {"model": model, **fields}, f"the LLM {reference!r}").referred_to_as(reference)


def get_task(reference: str, /, *, registry: Registry | None = None, **fields: Any) -> BaseTask:
    """Return the task that a name or `PATH.py:Class` names, with `fields` set; raises as `get_llm` does."""
    cls = task_class(reference, registry=registry)
    return _named(cls, reference, _resolved(fields, registry), PluginKind.TASK)


def get_step(reference: str, /, *, registry: Registry | None = None, **fields: Any) -> BaseStep:
    """Return the step that a name or `PATH.py:Class` names, with `fields` set; raises as `get_llm` does."""
    return step_of(step_class(reference, registry=registry), reference, registry=registry, **fields)


def step_of(
    cls: type[BaseStep], reference: str, /, *, registry: Registry | None = None, **fields: Any
) -> BaseStep:
    """Return a step of a class that a reference names, or of one derived from that; raises as `get_llm`."""
    return _named(cls, reference, _resolved(fields, registry), PluginKind.STEP)


def llm_class(reference: str, *, registry: Registry | None = None) -> tuple[type[LLM], str]:
    """Return the class and the model that an LLM reference names."""
    backend, model = split_llm_reference(reference)
    if is_file_reference(backend):
        return cast("type[LLM]", _class_in_file(backend, PluginKind.LLM, registry)), model
    return (registry or default_registry()).llm(backend), model


def task_class(reference: str, *, registry: Registry | None = None) -> type[BaseTask]:
    """Return the task class that a name or `PATH.py:Class` names."""
    if is_file_reference(reference):
        return cast("type[BaseTask]", _class_in_file(reference, PluginKind.TASK, registry))
    return (registry or default_registry()).task(reference)


def step_class(reference: str, *, registry: Registry | None = None) -> type[BaseStep]:
    """Return the step class, which may be a task's, that a name or `PATH.py:Class` names."""
    if is_file_reference(reference):
        return cast("type[BaseStep]", _class_in_file(reference, PluginKind.STEP, registry))
    return (registry or default_registry()).step(reference)


def engine_class(reference: str, *, registry: Registry | None = None) -> type[Engine]:
    """Return the engine class that a name or `PATH.py:Class` names."""
    if is_file_reference(reference):
        return cast("type[Engine]", _class_in_file(reference, PluginKind.ENGINE, registry))
    return (registry or default_registry()).engine(reference)


def _class_in_file(reference: str, kind: PluginKind, registry: Registry | None) -> type:
    return load_class(reference, kind, registry.policy.lock if registry else None)


def _resolved(fields: dict[str, Any], registry: Registry | None) -> dict[str, Any]:
    """Return the fields with an LLM's reference resolved in the registry that the step comes from."""
    llm = fields.get("llm")
    return {**fields, "llm": get_llm(llm, registry=registry)} if isinstance(llm, str) else fields


def _named(cls: type[_Step], reference: str, fields: dict[str, Any], kind: PluginKind) -> _Step:
    """Build a step whose name, unless the user gave one, is the one that it is registered under."""
    if not is_file_reference(reference) and "name" in cls.model_fields:
        fields = {"name": reference, **fields}
    made = build(cls, fields, f"the {kind.noun} {reference!r}")
    if not made.name:
        advice = "super().model_post_init(context) names a step, and checks what its class brings"
        raise broken_class(cls, "its `model_post_init` does not call that of the base class", advice)
    return made
