"""What a command changes in a pipeline file: its variables, what it may do, and fields of its steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from seedbed.cli.failures import blaming
from seedbed.cli.llms import PipelineLLMs
from seedbed.cli.run.settings import Setting, fields_of
from seedbed.errors import UsageError
from seedbed.llm.keys.file_origin import chosen_by_user
from seedbed.llm.keys.hosts import addresses_in
from seedbed.pipeline.pipeline import Pipeline
from seedbed.plugins.fields.build import build
from seedbed.suggestions import did_you_mean
from seedbed.tasks.base_step import BaseStep


def file_options(
    file: Path,
    llms: PipelineLLMs,
    *,
    allow_hosts: Sequence[str] = (),
    allow_paths: Sequence[str] = (),
    **allowed: Any,
) -> dict[str, Any]:
    """Return what `load_pipeline` takes: the variables among a command's settings, and what it allows."""
    variables = [setting for setting in llms.others if len(setting.path) == 1]
    own = [setting.text for setting in variables if not setting.kept]
    return {
        "vars": {setting.key: setting.text for setting in variables},
        # What the user typed is the user's choice, even where the file decides how it's used.
        "allow_hosts": (*allow_hosts, *addresses_in(own)),
        "allow_paths": (*allow_paths, *_paths_in(own, file.parent)),
        **allowed,
    }


def with_step_settings(pipeline: Pipeline, llms: PipelineLLMs) -> Pipeline:
    """Return the pipeline with the command's settings for fields of its steps; raises UsageError."""
    settings = [setting for setting in llms.others if len(setting.path) > 1]
    source = pipeline.defaults.input
    steps = [*([source] if isinstance(source, BaseStep) else []), *pipeline.steps]
    names = [step.name for step in steps]
    by_step: dict[str, list[Setting]] = {}
    for setting in settings:
        step, *path = setting.path
        if step not in names:
            raise UsageError(
                f"--set {setting.key} is not a parameter of a step",
                *did_you_mean(step, names),
                f"with a pipeline file, write --set STEP.NAME=VALUE; its steps are {', '.join(names)}",
            )
        by_step.setdefault(step, []).append(setting._replace(path=tuple(path)))
    changed = {step.name: _changed(step, by_step.get(step.name, [])) for step in steps}
    if isinstance(source, BaseStep):
        defaults = replace(pipeline.defaults, input=changed[source.name])
        return pipeline.with_steps(changed).with_defaults(defaults)
    return pipeline.with_steps(changed)


def _changed(step: BaseStep, settings: Sequence[Setting]) -> BaseStep:
    if not settings:
        return step
    what = f"the step {step.name!r}"
    with blaming(what), chosen_by_user(one.text for one in settings if not one.kept):
        former = {
            field.alias or name: getattr(step, name)
            for name, field in type(step).model_fields.items()
            if name in step.model_fields_set
        }
        return build(type(step), {**former, **fields_of(type(step), settings, what, step)}, what)


def _paths_in(texts: Sequence[str], folder: Path) -> list[Path]:
    """Return the paths that texts name in a pipeline file of this folder."""
    return [folder / text for text in texts if "://" not in text and "\0" not in text]
