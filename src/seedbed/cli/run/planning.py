"""From the arguments of `run` and `preview` to a checked plan."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

from seedbed.cli.failures import blaming
from seedbed.cli.llms import PipelineLLMs, made_llm
from seedbed.cli.run.file_settings import file_options, with_step_settings
from seedbed.cli.run.settings import Settings, fields_of, parse_settings
from seedbed.engine.engine import Engine, Job
from seedbed.engine.named_engine import engine_class
from seedbed.engine.plan import Plan
from seedbed.engine.plan_making import make_plan
from seedbed.engine.stopping.bounds import NO_BOUNDS, Bounds
from seedbed.errors import ParameterError, UsageError
from seedbed.llm.keys.file_origin import chosen_by_user, made_in_file
from seedbed.llm.llm import LLM
from seedbed.llm.llm_kind import LLMS
from seedbed.pipeline.file_names import is_pipeline_file
from seedbed.pipeline.pipeline import Pipeline
from seedbed.plugins.class_references import class_named
from seedbed.plugins.first_party import pip_install
from seedbed.plugins.names import is_file_reference
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.base_task import BaseTask
from seedbed.tasks.step_references import get_step, get_task
from seedbed.tasks.task_kinds import STEPS, TASKS

if TYPE_CHECKING:
    from seedbed.plugins.registry import Registry

_BOUNDS = frozenset(field.name for field in fields(Bounds))
_LISTS = frozenset({"plugins", "drop", "id", "allow_hosts", "allow_code", "allow_paths", "allow_env"})


@dataclass(frozen=True)
class CommandOptions:
    """The parsed options of the command."""

    what: str
    llm: str | None
    n: int | None
    input: str | None
    settings: Settings
    seed: int | None = None
    concurrency: int | None = None
    leaf: str | None = None
    bounds: Bounds = NO_BOUNDS
    plugins: tuple[str, ...] = ()
    engine: str | None = None
    columns: tuple[str, ...] | None = None
    drop: tuple[str, ...] = ()
    encoding: str | None = None
    id: tuple[str, ...] = ()
    allow_hosts: tuple[str, ...] = ()
    allow_code: tuple[Path, ...] = ()
    allow_paths: tuple[str, ...] = ()
    allow_env: tuple[str, ...] = ()
    uses_out: bool = False
    """Whether the dataset goes where the pipeline file says, if it says so."""
    kept_in: str | None = None
    """The run on disk that the options come from; None if the user gives them now."""


def run_options(
    *, settings: Sequence[str], columns: str | None = None, kept_settings: int = 0, **given: Any
) -> CommandOptions:
    """Return the parsed options of a command.

    `given` has fields of CommandOptions and of Bounds, as the command's options give them. The first
    `kept_settings` of the settings come from the run on disk `kept_in`, not from the command.
    """
    bounds = {name: given.pop(name) for name in _BOUNDS & given.keys()}
    given |= {name: tuple(given[name]) for name in _LISTS & given.keys()}
    return CommandOptions(
        settings=parse_settings(settings, kept=kept_settings, has_engine=given.get("engine") is not None),
        columns=tuple(name.strip() for name in columns.split(",")) if columns else None,
        bounds=Bounds.parse(**bounds),
        **given,
    )


def plan_of(options: CommandOptions, registry: Registry) -> Plan:
    """Return the plan for the options; raise UsageError or PluginError if it can't run."""
    if options.kept_in is None:
        return _plan(options, registry)
    # A stranger's pipeline may come with a folder of runs, so hosts in kept options aren't trusted either.
    with made_in_file(options.kept_in, options.allow_hosts):
        return _plan(options, registry)


def engine_for(options: CommandOptions, registry: Registry) -> Callable[[Job], Engine]:
    """Return what makes the engine of a run, with its settings; raise UsageError or PluginError."""
    cls = engine_class(options.engine, registry=registry)
    if not options.settings.engine:
        return cls.with_options()
    what = f"the engine {options.engine!r}"
    return cls.with_options(**fields_of(cls.Options, options.settings.engine, what))


def _plan(options: CommandOptions, registry: Registry) -> Plan:
    if is_pipeline_file(options.what):
        llm = None
        what: BaseStep | Pipeline = _pipeline(options, registry)
    else:
        llm = _llm(options, registry)
        what = _step(options, llm, registry)
    _check_llm(what, llm, registry)
    return make_plan(
        what,
        n=options.n,
        llm=llm,
        input=options.input,
        seed=options.seed,
        concurrency=options.concurrency,
        leaf=options.leaf,
        bounds=options.bounds,
        registry=registry,
        columns=options.columns,
        drop=options.drop,
        encoding=options.encoding,
        id=options.id or None,
    )


def step_class_of(what: str, registry: Registry) -> type[BaseStep]:
    """Return the class that a name or `PATH.py:Class` refers to."""
    if what.endswith(".py"):
        raise UsageError(f"'{what}' is a file, not a class", f"name the class in it: {what}:CLASS")
    if what not in (*registry.names(STEPS), *registry.names(TASKS)):
        _check_is_no_path(what)
    if is_file_reference(what) or what in registry.names(STEPS):
        return class_named(STEPS, what, registry=registry)
    return class_named(TASKS, what, registry=registry)


def _check_is_no_path(what: str) -> None:
    try:
        kind = "folder" if Path(what).is_dir() else "file" if Path(what).is_file() else None
    except OSError:
        # Too long for a file name.
        return
    if kind is not None:
        raise UsageError(
            f"'{what}' is a {kind}, not a task",
            "a pipeline file ends in .yaml, .yml or .json; a class is named as PATH.py:CLASS",
            f"rows are read with --input: seedbed run TASK --input {quote(what)}",
        )


def _llm(options: CommandOptions, registry: Registry) -> LLM | None:
    if options.llm is None:
        if options.settings.llm:
            raise UsageError(
                f"'llm.{options.settings.llm[0].key}' is set, but there is no LLM", "add --llm BACKEND/MODEL"
            )
        return None
    return made_llm(options.llm, options.settings.llm, registry)


def _step(options: CommandOptions, llm: LLM | None, registry: Registry) -> BaseStep:
    cls = step_class_of(options.what, registry)
    is_task = issubclass(cls, BaseTask)
    what = f"the {'task' if is_task else 'step'} {options.what!r}"
    with blaming(what), chosen_by_user(one.text for one in options.settings.own if not one.kept):
        fields = fields_of(cls, options.settings.own, what)
        try:
            if not is_task:
                return get_step(options.what, registry=registry, **fields)
            given = {"llm": llm} if llm else {}
            return get_task(options.what, registry=registry, **fields, **given)
        except ParameterError as error:
            hint = f"set them with --set NAME=VALUE; `seedbed run {options.what} --help` shows them"
            is_list = any("must be a list" in line for line in error.advice)
            form = ['a list is JSON: --set NAME=\'["a", "b"]\''] if is_list else []
            raise ParameterError(error.fact, *error.advice, *form, hint) from error


def _pipeline(options: CommandOptions, registry: Registry) -> Pipeline:
    from seedbed.pipeline.file import load_pipeline

    llms = PipelineLLMs(options.llm, options.settings, registry)
    file = Path(options.what)
    given = file_options(
        file,
        llms,
        allow_hosts=options.allow_hosts,
        allow_paths=options.allow_paths,
        allow_code=options.allow_code,
        allow_env=options.allow_env,
    )
    pipeline = load_pipeline(file, registry, make_llm=llms.make, leave_out=_replaced(options), **given)
    llms.check(options.what)
    # Not only while loading the file: a setting rebuilds its step, and with it LLMs among the step's fields.
    with made_in_file(options.what, options.allow_hosts):
        return with_step_settings(pipeline, llms)


def _replaced(options: CommandOptions) -> set[str]:
    """Return the keys of a pipeline file that the command replaces."""
    replaced = {"input": options.input is not None, "out": not options.uses_out}
    return {name for name, is_replaced in replaced.items() if is_replaced}


def _check_llm(what: BaseStep | Pipeline, llm: LLM | None, registry: Registry) -> None:
    steps = what.steps if isinstance(what, Pipeline) else [what]
    tasks = [step for step in steps if isinstance(step, BaseTask)]
    without = [task for task in tasks if task.llm is None and task.needs_llm]
    if llm is None and without:
        backends = registry.names(LLMS)
        raise UsageError(
            f"the task '{without[0].name}' needs an LLM",
            "add --llm BACKEND/MODEL, for example --llm openai/gpt-4.1-mini or --llm llamacpp/smollm2-135m",
            f"installed backends: {', '.join(backends)}"
            if backends
            else f"no backend is installed: {pip_install('seedbed-openai')}, for example",
        )
    if llm is not None and not without and not any(task.llm is llm and task.needs_llm for task in tasks):
        raise UsageError(
            f"nothing here would use the LLM '{llm.reference}'",
            "every task has its own LLM; leave --llm out" if tasks else "leave --llm out",
        )
