"""Pipelines in files: only names and data, in YAML or JSON."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from seedbed.errors import UsageError
from seedbed.llm.keys.file_origin import made_in_file
from seedbed.llm.llm import get_llm
from seedbed.pipeline.allowed_code import AllowedCode
from seedbed.pipeline.assembly import Link, graph_problems
from seedbed.pipeline.entries import LLMEntry, OutputEntry, PipelineFile, SourceEntry, StepEntry
from seedbed.pipeline.file_paths import FilePaths
from seedbed.pipeline.pipeline import Pipeline
from seedbed.pipeline.reading.content import described
from seedbed.pipeline.reading.problems import Problems
from seedbed.pipeline.reading.step_making import StepMaking
from seedbed.pipeline.reading.unmade import UnmadeSource, UnmadeStep, unmade
from seedbed.pipeline.routing import Otherwise
from seedbed.pipeline.run_defaults import RunDefaults
from seedbed.pipeline.stop_condition import StopCondition
from seedbed.pipeline.topology import Condition
from seedbed.suggestions import did_you_mean
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.base_task import BaseTask
from seedbed.tasks.steps import GeneratorStep
from seedbed.tasks.templates.expression import Expression

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
    problems = Problems(path)
    pipeline = read_pipeline(
        problems,
        registry,
        make_llm=make_llm,
        vars=vars,
        allow_hosts=allow_hosts,
        allow_code=allow_code,
        allow_paths=allow_paths,
        allow_env=allow_env,
        leave_out=leave_out,
    )
    assert pipeline is not None
    return pipeline


def read_pipeline(
    problems: Problems,
    registry: Registry | None = None,
    *,
    make_llm: LLMMaker | None = None,
    vars: Mapping[str, Any] | None = None,
    allow_hosts: Sequence[str] = (),
    allow_code: Sequence[Path] = (),
    allow_paths: Sequence[str | Path] = (),
    allow_env: Sequence[str] = (),
    leave_out: Collection[str] = (),
) -> Pipeline | None:
    """Return the pipeline of a file as `load_pipeline` does, and give `problems` what is wrong with it.

        problems = Problems(Path("qa.yaml"), collect=True)
        read_pipeline(problems)
        problems.found

    If problems are collected, stand-ins take the place of steps that can't be made; without any steps to
    speak of, there's no pipeline.
    """
    path = problems.file
    found = described(problems, vars or {}, leave_out)
    if found is None:
        return None
    code = AllowedCode(path.parent, allow_code)
    making = StepMaking(registry, code, FilePaths(path, allow_paths), problems, frozenset(allow_env))
    reading = _Reading(making, found, make_llm or partial(_llm, registry=registry), tuple(allow_hosts))
    # The source of the input may have an LLM or an embedder too.
    with made_in_file(str(path), allow_hosts, allowed_code=code.allowed):
        defaults = reading.defaults()
    steps = reading.steps()
    links = [link for number in range(len(steps)) for link in reading.links(number, steps)]
    pipeline = Pipeline(
        steps, found.name or path.stem, links, columns=found.columns, drop=found.drop, defaults=defaults
    )
    for problem in graph_problems(steps, links):
        # The error that is raised is about the file: its own words name the step.
        problems.add(problem, *(reading.place_of(problem.step, steps) if problems.collects else ()))
    return pipeline


@dataclass(frozen=True)
class _Reading:
    """Reads the entries of a file whose form is right."""

    making: StepMaking
    described: PipelineFile
    make_llm: LLMMaker
    allow_hosts: tuple[str, ...]

    @property
    def problems(self) -> Problems:
        return self.making.problems

    def defaults(self) -> RunDefaults:
        given: Any = self.described.input
        with self.problems.at("input"):
            if isinstance(given, str):
                given = self.making.paths.pattern(given)
            elif isinstance(given, SourceEntry):
                given = self.making.source(given, "input")
        if self.described.stop_if is not None:
            with self.problems.at("stop_if"):
                StopCondition(self.described.stop_if)
        out, budget = self.described.out, self.described.budget
        several = out if isinstance(out, list) else [] if out is None else [out]
        outputs = [self._output(one, *self._place_of_output(at)) for at, one in enumerate(several)]
        return RunDefaults(
            n=self.described.n,
            seed=self.described.seed,
            input=given,
            id=self.described.id,
            outputs=tuple(one for one in outputs if one is not None),
            max_cost=budget.cost,
            max_tokens=budget.tokens,
            max_seconds=budget.seconds,
            stop_if=self.described.stop_if,
        )

    def steps(self) -> list[BaseStep]:
        """Return the steps of the file, each with its LLM."""
        default: LLMEntry | None = None
        with self.problems.at("llm"):
            default = _llm_entry(self.described.llm, self.making.code)
        return [self._step(number, entry, default) for number, entry in enumerate(self.described.steps)]

    def links(self, number: int, steps: Sequence[BaseStep]) -> list[Link]:
        """Return the links to a step: from the steps in `after`, or from the entry before it."""
        entry, step = self.described.steps[number], steps[number]
        place = ("steps", number)
        parents: list[BaseStep | None] = [*self._parents(entry, number, steps)]
        when: Condition | None = Otherwise() if entry.otherwise else None
        if entry.when is not None:
            with self.problems.at(*place, "when"):
                when = Expression(entry.when)
        if not parents and not self.problems.has(*place, "after"):
            is_source = isinstance(step, GeneratorStep)
            if is_source and when is not None:
                fact = f"step '{step.name}' makes rows without input, so it takes no condition"
                self.problems.add(UsageError(fact), *place, "otherwise" if entry.otherwise else "when")
            parents = [] if is_source else [None]
        return [Link(parent, step, when) for parent in parents]

    def place_of(self, step: str | None, steps: Sequence[BaseStep]) -> tuple[str | int, ...]:
        """Return the keys that lead to what connects a step of the file with others."""
        # If two have one name, the later is the mistake.
        number = {made.name: number for number, made in enumerate(steps)}.get(step or "")
        if number is None:
            return ()
        given = self.described.steps[number].model_dump(exclude_defaults=True)
        return ("steps", number, next(key for key in ("after", "when", "name", "use") if key in given))

    def _step(self, number: int, entry: StepEntry, default: LLMEntry | None) -> BaseStep:
        file, place = str(self.problems.file), ("steps", number)
        line = self.problems.marked.mark(place).line
        with made_in_file(file, self.allow_hosts, line, self.making.code.allowed):
            cls = self.making.class_of(entry.use, *place)
            step = self.making.step(entry, cls, *place) if cls is not None else None
            if step is None:
                name = entry.name or entry.use
                self.problems.unmade_steps.add(name)
                is_first = not self._names_parents(entry, number) and self.described.input is None
                step = unmade(cls, name, is_first=is_first)
            elif entry.resources is not None:
                step.with_resources(**entry.resources.model_dump())
            if isinstance(step, BaseTask | UnmadeStep | UnmadeSource):
                self._give_llm(step, entry, default, *place)
        return step

    def _give_llm(
        self, step: BaseStep, entry: StepEntry, default: LLMEntry | None, *place: str | int
    ) -> None:
        with self.problems.at(*place, "llm"):
            own = _llm_entry(entry.llm, self.making.code)
        if entry.llm is not None and self.problems.has(*place, "llm"):
            return
        if own is None and isinstance(step, BaseTask) and not step.needs_llm:
            # One that isn't asked must not count as a use of `--llm`.
            return
        llm_place = ("llm",) if own is None else (*place, "llm")
        if own is None and self.described.llm is None:
            llm_place = place
        llm: LLM | None = None
        with self.problems.at(*llm_place):
            llm = self.make_llm(step.name, own, default)
        if isinstance(step, BaseTask) and llm is not None:
            step.llm = llm

    def _parents(self, entry: StepEntry, number: int, steps: Sequence[BaseStep]) -> Iterator[BaseStep]:
        if entry.after is None:
            yield from steps[number - 1 : number]
            return
        by_name = {step.name: step for step in steps}
        for at, name in enumerate(names := [entry.after] if isinstance(entry.after, str) else entry.after):
            if name in by_name:
                yield by_name[name]
                continue
            error = UsageError(
                f"`after` names a step '{name}', which does not exist",
                *did_you_mean(name, by_name),
                f"steps: {', '.join(by_name)}",
            )
            # Without its parent, a step has other columns than its author meant.
            self.problems.unmade_steps.add(steps[number].name)
            self.problems.add(error, "steps", number, "after", *((at,) if names is entry.after else ()))

    def _names_parents(self, entry: StepEntry, number: int) -> bool:
        return number > 0 if entry.after is None else bool(entry.after)

    def _place_of_output(self, number: int) -> tuple[str | int, ...]:
        return ("out", number) if isinstance(self.described.out, list) else ("out",)

    def _output(self, entry: str | OutputEntry, *place: str | int) -> dict[str, Any] | None:
        entry = OutputEntry(path=entry) if isinstance(entry, str) else entry
        with self.problems.at(*place):
            given = {**entry.model_dump(exclude_unset=True), "path": self.making.paths.target(entry.path)}
            if entry.chat_template is not None:
                given["chat_template"] = str(self.making.paths.of(entry.chat_template))
            return given
        return None


def _llm_entry(entry: str | LLMEntry | None, code: AllowedCode) -> LLMEntry | None:
    entry = LLMEntry(use=entry) if isinstance(entry, str) else entry
    return None if entry is None else entry.model_copy(update={"use": code.allowed(entry.use)})


def _llm(
    step: str, own: LLMEntry | None, default: LLMEntry | None, *, registry: Registry | None
) -> LLM | None:
    entry = own or default
    return entry.placed(get_llm(entry.use, registry=registry, **entry.given())) if entry else None
