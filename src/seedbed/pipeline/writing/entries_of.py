"""The entries of a pipeline file that describe the steps of a pipeline and their LLMs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

from seedbed.errors import UsageError
from seedbed.llm.base_backend import BaseBackend
from seedbed.llm.embedding.embedder import Embedder
from seedbed.llm.embedding.embedder_kind import EMBEDDERS
from seedbed.llm.llm import LLM
from seedbed.llm.llm_kind import LLMS
from seedbed.pipeline.entries import BUILT_IN
from seedbed.pipeline.path_fields import with_paths
from seedbed.pipeline.routing import Otherwise
from seedbed.pipeline.topology import Condition, Node
from seedbed.pipeline.typed_columns import typed_by
from seedbed.pipeline.writing.plain_fields import plain_fields
from seedbed.plugins.class_names import registered_name
from seedbed.plugins.kinds import PluginKind
from seedbed.plugins.registry import Registry
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.base_task import BaseTask
from seedbed.tasks.task_kinds import STEPS
from seedbed.tasks.templates.expression import Expression


@dataclass(frozen=True)
class Writing:
    """Writes the entries of a file that will be in `folder`, with the names of a registry."""

    registry: Registry
    folder: Path

    def step(
        self, node: Node, after: str | list[str] | None, llm: dict[str, Any] | str | None
    ) -> dict[str, Any]:
        """Return the entry of a step; raise UsageError for what has no name, or isn't data."""
        step = node.step
        what = f"the step '{step.name}'"
        base, columns = typed_by(type(step)) or (type(step), None)
        use = self._name_of(base, what)
        entry: dict[str, Any] = {
            "use": use,
            "name": None if step.name == use else step.name,
            "after": after,
            **_condition(node),
            "llm": llm,
            "resources": _resources(step),
            "schema": _plain(columns) if columns else None,
            "with": self._fields(step, what) or None,
        }
        return {key: value for key, value in entry.items() if value is not None}

    def source(self, step: BaseStep) -> dict[str, Any]:
        """Return the entry of a step that reads the input; raises UsageError as `step` does."""
        what = f"the step '{step.name}'"
        use = self._name_of(type(step), what)
        if step.name != use:
            raise UsageError(f"{what} reads the input, and in a file it has its registered name, '{use}'")
        fields = self._fields(step, what)
        return {"use": use, **({"with": fields} if fields else {})}

    def llm(self, step: BaseStep) -> dict[str, Any] | None:
        """Return the entry of a step's LLM, or None if it has none; raises UsageError as `step` does."""
        llm = step.llm if isinstance(step, BaseTask) else None
        if llm is None:
            return None
        what = f"the LLM of the step '{step.name}'"
        entry, resources = self._backend(LLMS, llm, what), _resources(llm)
        return {**entry, **({"resources": resources} if resources else {})}

    def path(self, text: str) -> str:
        """Return a path of the working directory as the file has it; what isn't relative stays."""
        if "://" in text or Path(text).is_absolute() or self.folder == Path():
            return text
        # A path loses the `/` at the end, which says that it's a folder.
        return os.path.relpath(text, self.folder) + ("/" if text.endswith("/") else "")

    def _fields(self, step: BaseStep, what: str) -> dict[str, Any]:
        def entry_of(annotation: Any, value: Any) -> Any:
            # Other fields would get the reference back, and not what it stands for.
            for base, kind in ((Embedder, EMBEDDERS), (LLM, LLMS)):
                if base not in (annotation, *get_args(annotation)):
                    continue
                if isinstance(value, base):
                    return short(self._backend(kind, value, what))
                if isinstance(value, list) and value and all(isinstance(one, base) for one in value):
                    return [short(self._backend(kind, one, what)) for one in value]
            return None

        fields = plain_fields(step, ("name", "llm"), what, entry_of)
        return with_paths(type(step), fields, path=self.path, pattern=self.path)

    def _backend(self, kind: PluginKind[Any], backend: BaseBackend, what: str) -> dict[str, Any]:
        name = registered_name(kind, type(backend), self.registry)
        if name is None:
            raise _nameless(type(backend), what)
        fields = plain_fields(backend, ("model",), what)
        return {"use": f"{name}/{backend.model}", **({"with": fields} if fields else {})}

    def _name_of(self, cls: type[BaseStep], what: str) -> str:
        built_in = next((name for name, other in BUILT_IN.items() if other is cls), None)
        name = built_in or registered_name(STEPS, cls, self.registry)
        if name is None:
            raise _nameless(cls, what)
        return name


def short(entry: dict[str, Any] | None) -> dict[str, Any] | str | None:
    """Return an LLM's entry in its short form, if it has no fields."""
    return entry["use"] if entry and len(entry) == 1 else entry


def after_of(names: list[str], previous: str | None) -> str | list[str] | None:
    """Return `after` of an entry; None if it only follows `previous`, the entry before it."""
    if names == ([previous] if previous else []):
        return None
    return names[0] if len(names) == 1 else names


def _nameless(cls: type, what: str) -> UsageError:
    return UsageError(
        f"{what} is of the class {cls.__qualname__!r}, which no plugin registers, so a file can't name it",
        "publish it as a plugin (`seedbed new`), or keep this pipeline in Python",
    )


def _condition(node: Node) -> dict[str, Any]:
    conditions: Sequence[Condition | None] = [parent.when for parent in node.parents]
    if len({condition and condition.text for condition in conditions}) > 1:
        raise UsageError(
            f"different conditions lead to the step '{node.name}', and a file has one for each step",
            "put Pass() steps in between",
        )
    when = conditions[0] if conditions else None
    if when is None:
        return {}
    if isinstance(when, Otherwise):
        return {"otherwise": True}
    if not isinstance(when, Expression):
        raise UsageError(
            f"the condition on the route to '{node.name}' is the function {when.text!r}, "
            "which a file can't hold",
            "write it as an expression: when(\"lang == 'en'\", ...)",
        )
    return {"when": when.text}


def _resources(declaring: BaseStep | BaseBackend) -> dict[str, Any] | None:
    declared = declaring._resources_declared
    return declared.model_dump(exclude_defaults=True) or None if declared is not None else None


def _plain(columns: Any) -> Any:
    """Return typed columns as a file has them."""
    if isinstance(columns, BaseModel):
        fields = type(columns).model_fields
        return {
            fields[name].alias or name: _plain(getattr(columns, name))
            for name in fields
            if name in columns.model_fields_set
        }
    if isinstance(columns, dict):
        return {name: _plain(kind) for name, kind in columns.items()}
    return columns
