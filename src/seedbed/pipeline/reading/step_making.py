"""Makes the steps that the entries of a pipeline file describe, within what the user allows the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from seedbed.errors import SeedbedError, UsageError
from seedbed.llm.keys.env_secret import variable_in, with_env_secrets
from seedbed.pipeline.allowed_code import AllowedCode
from seedbed.pipeline.entries import BUILT_IN, SourceEntry, StepEntry
from seedbed.pipeline.file_paths import FilePaths
from seedbed.pipeline.reading.problems import Problems
from seedbed.pipeline.typed_columns import with_schema
from seedbed.plugins.class_references import class_named
from seedbed.plugins.fields.build import build
from seedbed.plugins.fields.field_problems import FieldPath
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.step_references import step_of
from seedbed.tasks.steps import GeneratorStep
from seedbed.tasks.task_kinds import STEPS

if TYPE_CHECKING:
    from seedbed.plugins.registry import Registry


@dataclass(frozen=True)
class StepMaking:
    """Makes the steps of a file, within what the user allows it."""

    registry: Registry | None
    code: AllowedCode
    paths: FilePaths
    problems: Problems
    env: frozenset[str] = field(default_factory=frozenset)

    def class_of(self, use: str, *path: str | int) -> type[BaseStep] | None:
        """Return the class that `use` names; None if that's a problem."""
        if use in BUILT_IN:
            return BUILT_IN[use]
        with self.problems.at(*path, "use"):
            return class_named(STEPS, self.code.allowed(use), registry=self.registry)
        return None

    def step(self, entry: StepEntry, cls: type[BaseStep], *path: str | int) -> BaseStep | None:
        """Return the step of an entry of `steps`, of a class; None if that's a problem."""
        named = {"name": entry.name} if entry.name else {}
        if entry.use in BUILT_IN and entry.columns:
            fact = f"the step '{entry.use}' takes no schema: no model writes its columns"
            self.problems.add(UsageError(fact), *path, "schema")
        elif entry.columns:
            with self.problems.at(*path, "schema"):
                cls = with_schema(cls, entry.columns)
        fields = self._fields(cls, entry.fields, path)
        if "llm" in entry.fields:
            fields.pop("llm", None)
        made = self._made(cls, entry.use, {**fields, **named}, path)
        return None if self.problems.has(*path, "schema") else made

    def source(self, entry: SourceEntry, *path: str | int) -> BaseStep | None:
        """Return the step of `input`; None if that's a problem."""
        cls = self.class_of(entry.use, *path)
        if cls is None:
            return None
        if not issubclass(cls, GeneratorStep):
            fact = f"`input` names '{entry.use}', which takes rows and makes none without them"
            advice = "name a source, such as `use: jsonl`; steps over rows belong under `steps`"
            self.problems.add(UsageError(fact, advice), *path, "use")
            return None
        return self._made(cls, entry.use, self._fields(cls, entry.fields, path), path)

    def _made(
        self, cls: type[BaseStep], use: str, fields: dict[str, Any], path: FieldPath
    ) -> BaseStep | None:
        """Return a step; when problems are collected, leave out each field that is one, to find the next."""
        left = dict(fields)
        for _ in range(len(fields) + 1):
            try:
                made = self._built(cls, use, left)
                if made._origin is not None:
                    made._origin = made._origin._replace(entries=self._entries(left, path))
                self.paths.check_addresses(made.read_addresses)
                return None if self.problems.has(*path, "with") else made
            except SeedbedError as error:
                self.problems.add(error, *path, "with")
                wrong = [name for name in left if self.problems.has(*path, "with", name)]
                if not wrong:
                    return None
                left = {name: value for name, value in left.items() if name not in wrong}
        return None

    def _built(self, cls: type[BaseStep], use: str, fields: Mapping[str, Any]) -> BaseStep:
        if use in BUILT_IN:
            return build(cls, fields, f"the step {use!r}")
        return step_of(cls, self.code.allowed(use), registry=self.registry, **fields)

    def _entries(self, fields: Mapping[str, Any], path: FieldPath) -> dict[str, list[int]]:
        """Return the lines of the mappings in each list among the fields, if no two are in one line."""
        found: dict[str, list[int]] = {}
        for name, value in fields.items():
            if isinstance(value, list) and all(isinstance(one, Mapping) for one in value):
                marks = (self.problems.marked.mark((*path, "with", name, i)) for i in range(len(value)))
                lines = [mark.line for mark in marks]
                # A variable's value has no lines of its own, and in `[{...}, {...}]` many rows share one.
                if len({*lines}) == len(lines):
                    found[name] = lines
        return found

    def _fields(self, cls: type[BaseStep], fields: Mapping[str, Any], path: FieldPath) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in fields.items():
            with self.problems.at(*path, "with", name):
                self._check_field(name, value)
                found |= with_env_secrets(self.paths.in_fields(cls, {name: value}))
        return found

    def _check_field(self, name: str, value: Any) -> None:
        if name == "llm":
            raise UsageError("'llm' can't be under `with`", "write `llm:` next to `with:`")
        variable = variable_in(value)
        # For an LLM, the guard of keys watches which host gets it. What a step does with it, nobody sees.
        if variable is not None and variable not in self.env:
            raise UsageError(
                f"'{name}' would give the secret in {variable} to a step",
                f"if you trust the file and the step: --allow-env {variable} "
                f"(allow_env=[{variable!r}] in Python)",
            )
