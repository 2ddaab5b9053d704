"""Pipelines in files: only names and data, in YAML or JSON."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import yaml

from seedbed.errors import PluginError, UsageError
from seedbed.llm.keys.env_secret import variable_in, with_env_secrets
from seedbed.llm.keys.file_origin import made_in_file
from seedbed.llm.llm_references import get_llm
from seedbed.pipeline.allowed_code import AllowedCode
from seedbed.pipeline.assembly import Link
from seedbed.pipeline.entries import BUILT_IN, LLMEntry, OutputEntry, PipelineFile, SourceEntry, StepEntry
from seedbed.pipeline.entry_lines import lines_of_steps
from seedbed.pipeline.file_paths import FilePaths
from seedbed.pipeline.pipeline import Pipeline
from seedbed.pipeline.routing import Otherwise
from seedbed.pipeline.run_defaults import RunDefaults
from seedbed.pipeline.topology import Condition
from seedbed.pipeline.typed_columns import with_schema
from seedbed.pipeline.variables import filled
from seedbed.plugins.build import build
from seedbed.plugins.class_references import class_named
from seedbed.suggestions import did_you_mean
from seedbed.tasks.expression import Expression
from seedbed.tasks.render_bounds import MAX_SIZE, text_size
from seedbed.tasks.step_references import step_of
from seedbed.tasks.steps import BaseStep, GeneratorStep
from seedbed.tasks.task import BaseTask
from seedbed.tasks.task_kinds import STEPS

if TYPE_CHECKING:
    from seedbed.llm.llm import LLM
    from seedbed.plugins.registry import Registry


LLMMaker: TypeAlias = "Callable[[str, LLMEntry | None, LLMEntry | None], LLM | None]"
"""Makes the LLM of a named step, from the step's own entry and the file's entry."""


def load_pipeline(
    path: Path,
    registry: Registry | None = None,
    *,
    make_llm: LLMMaker | None = None,
    vars: Mapping[str, Any] | None = None,
    allow_hosts: Sequence[str] = (),
    allow_code: Sequence[Path] = (),
    allow_paths: Sequence[str | Path] = (),
    allow_env: Sequence[str] = (),
    leave_out: Collection[str] = (),
) -> Pipeline:
    """Return the pipeline of a .yaml, .yml or .json file.

        load_pipeline(Path("instructions.yaml")).run(100, out="instructions.jsonl")

    What the file says of its runs (`n`, `input`, `budget`, ...) are the pipeline's `defaults`. `vars` are
    values for the variables that the file declares. `make_llm` makes the LLM of each task; it gets the file's
    entries. Keys from the environment aren't sent to a host that the file names, unless `allow_hosts` or the
    user's settings allow it.

    Raises UsageError for a file that can't be read, doesn't fit the schema or isn't a graph, and the errors
    of its plugins and fields, each with its place in the file. A file can't name code: `PATH.py:Class` is
    refused unless PATH.py is in `allow_code`. Its paths are relative to it, and lead out of its folder only
    to `allow_paths`. Steps get a secret from the environment only if its variable is in `allow_env`. Keys of
    the file in `leave_out`, such as `input`, are ignored.
    """
    code = AllowedCode(path.parent, allow_code)
    text = _text(path)
    described = _described(path, text, vars or {}, leave_out)
    making = _Making(registry, code, FilePaths(path, allow_paths), frozenset(allow_env))
    lines = lines_of_steps(text, len(described.steps))
    places = [f"'{path}', steps[{number}]" for number in range(len(described.steps))]
    make_llm = make_llm or partial(_llm, registry=registry)
    with _at(f"'{path}'"):
        default = _llm_entry(described.llm, code)
        # The source of the input may have an LLM or an embedder too.
        with made_in_file(str(path), allow_hosts, allowed_code=code.allowed):
            defaults = _defaults(described, making)
    steps: list[BaseStep] = []
    for entry, place, line in zip(described.steps, places, lines, strict=True):
        with _at(place):
            with made_in_file(str(path), allow_hosts, line, code.allowed):
                step = making.step(entry)
                own = _llm_entry(entry.llm, code)
                if isinstance(step, BaseTask) and (llm := make_llm(step.name, own, default)):
                    step.llm = llm
            steps.append(step)
    links: list[Link] = []
    for number, entry in enumerate(described.steps):
        with _at(places[number]):
            links += _links(entry, number, steps)
    name = described.name or path.stem
    pipeline = Pipeline(steps, name, links, columns=described.columns, drop=described.drop, defaults=defaults)
    with _at(f"'{path}'"):
        pipeline.topology()
    return pipeline


def _described(path: Path, text: str, given: Mapping[str, Any], leave_out: Collection[str]) -> PipelineFile:
    content = filled(_read(path, text), given, str(path))
    content = {name: value for name, value in content.items() if name not in leave_out}
    if text_size(content) > MAX_SIZE:
        raise UsageError(f"'{path}' has more than {MAX_SIZE:,} characters once its variables are filled in")
    return build(PipelineFile, content, f"the pipeline file '{path}'")


def _defaults(described: PipelineFile, making: _Making) -> RunDefaults:
    given: Any = described.input
    if isinstance(given, str):
        given = making.paths.pattern(given)
    elif isinstance(given, SourceEntry):
        given = making.source(given)
    out, budget = described.out, described.budget
    several = out if isinstance(out, list) else [] if out is None else [out]
    return RunDefaults(
        n=described.n,
        seed=described.seed,
        input=given,
        outputs=tuple(_output(one, making.paths) for one in several),
        max_cost=budget.cost,
        max_tokens=budget.tokens,
        max_seconds=budget.seconds,
    )


def _output(entry: str | OutputEntry, paths: FilePaths) -> dict[str, Any]:
    entry = OutputEntry(path=entry) if isinstance(entry, str) else entry
    given = {**entry.model_dump(exclude_unset=True), "path": paths.target(entry.path)}
    if entry.chat_template is not None:
        given["chat_template"] = str(paths.of(entry.chat_template))
    return given


@contextmanager
def _at(place: str) -> Iterator[None]:
    """Name the place in the file where an error is raised."""
    try:
        yield
    except (UsageError, PluginError) as error:
        raise type(error)(f"{place}: {error.fact}", *error.advice) from error


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"'{path}' cannot be read: {error.strerror}", "check the path") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"'{path}' is not text in UTF-8") from error


def _read(path: Path, text: str) -> dict[str, Any]:
    try:
        # JSON is YAML too.
        content = yaml.safe_load(text)
    except RecursionError as error:
        raise UsageError(
            f"'{path}' is nested too deeply", "a pipeline file needs only a few levels"
        ) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "it cannot be parsed"
        raise UsageError(f"'{path}'{place} is not YAML: {problem}") from error
    except (ValueError, TypeError, LookupError, ArithmeticError, AttributeError) as error:
        # PyYAML passes on Python's error for a date that doesn't exist or a number without digits.
        raise UsageError(f"'{path}' has an invalid value: {error}") from error
    if text_size(content) > MAX_SIZE:
        # Aliases of aliases can make a small file exponentially large.
        raise UsageError(f"'{path}' has more than {MAX_SIZE:,} characters", "leave aliases out")
    if not isinstance(content, dict):
        raise UsageError(
            f"'{path}' is not a pipeline file",
            "write `steps:` with a list of `use: NAME`; see `seedbed schema`",
        )
    for key in content:
        if not isinstance(key, str):
            raise UsageError(f"'{path}' has the key {key!r}, which is not text", "see `seedbed schema`")
    return content


@dataclass(frozen=True)
class _Making:
    """Makes the steps of a file, within what the user allows it."""

    registry: Registry | None
    code: AllowedCode
    paths: FilePaths
    env: frozenset[str] = field(default_factory=frozenset)

    def step(self, entry: StepEntry) -> BaseStep:
        """Return the step of an entry of `steps`."""
        if "llm" in entry.fields:
            raise UsageError("'llm' can't be under `with`", "write `llm:` next to `with:`")
        named = {"name": entry.name} if entry.name else {}
        if entry.use in BUILT_IN:
            if entry.columns:
                raise UsageError(f"the step '{entry.use}' takes no schema: no model writes its columns")
            fields = self._fields(BUILT_IN[entry.use], entry.fields)
            return build(BUILT_IN[entry.use], {**fields, **named}, f"the step {entry.use!r}")
        use = self.code.allowed(entry.use)
        cls = class_named(STEPS, use, registry=self.registry)
        fields = self._fields(cls, entry.fields)
        if entry.columns:
            cls = with_schema(cls, entry.columns)
        return step_of(cls, use, registry=self.registry, **fields, **named)

    def source(self, entry: SourceEntry) -> BaseStep:
        """Return the step of `input`."""
        use = self.code.allowed(entry.use)
        cls = class_named(STEPS, use, registry=self.registry)
        if not issubclass(cls, GeneratorStep):
            raise UsageError(
                f"`input` names '{entry.use}', which takes rows and makes none without them",
                "name a source, such as `use: jsonl`; steps over rows belong under `steps`",
            )
        return step_of(cls, use, registry=self.registry, **self._fields(cls, entry.fields))

    def _fields(self, cls: type[BaseStep], fields: Mapping[str, Any]) -> dict[str, Any]:
        for name, value in fields.items():
            variable = variable_in(value)
            # For an LLM, the guard of keys watches which host gets it. What a step does with it, nobody sees.
            if variable is not None and variable not in self.env:
                raise UsageError(
                    f"'{name}' would give the secret in {variable} to a step",
                    f"if you trust the file and the step: --allow-env {variable}",
                )
        return with_env_secrets(self.paths.in_fields(cls, fields))


def _links(entry: StepEntry, number: int, steps: Sequence[BaseStep]) -> list[Link]:
    """Return the links to a step: from the steps in `after`, or from the entry before it."""
    parents: list[BaseStep | None] = list(_parents(entry, number, steps))
    when: Condition | None = Otherwise() if entry.otherwise else None
    if entry.when is not None:
        when = Expression(entry.when)
    if not parents:
        is_source = isinstance(steps[number], GeneratorStep)
        if is_source and when is not None:
            raise UsageError(
                f"step '{steps[number].name}' makes rows without input, so it takes no condition"
            )
        parents = [] if is_source else [None]
    return [Link(parent, steps[number], when) for parent in parents]


def _parents(entry: StepEntry, number: int, steps: Sequence[BaseStep]) -> list[BaseStep]:
    if entry.after is None:
        return [steps[number - 1]] if number else []
    by_name = {step.name: step for step in steps}
    for name in (names := [entry.after] if isinstance(entry.after, str) else entry.after):
        if name not in by_name:
            raise UsageError(
                f"`after` names a step '{name}', which does not exist",
                *did_you_mean(name, by_name),
                f"steps: {', '.join(by_name)}",
            )
    return [by_name[name] for name in names]


def _llm_entry(entry: str | LLMEntry | None, code: AllowedCode) -> LLMEntry | None:
    entry = LLMEntry(use=entry) if isinstance(entry, str) else entry
    return None if entry is None else entry.model_copy(update={"use": code.allowed(entry.use)})


def _llm(
    step: str, own: LLMEntry | None, default: LLMEntry | None, *, registry: Registry | None
) -> LLM | None:
    entry = own or default
    return get_llm(entry.use, registry=registry, **entry.given()) if entry else None
