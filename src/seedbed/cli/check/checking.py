"""Checks a pipeline file with the settings of the command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from seedbed.cli.llms import PipelineLLMs
from seedbed.cli.run.file_settings import file_options, with_step_settings
from seedbed.cli.run.settings import parse_settings
from seedbed.engine.file_check import check_file
from seedbed.llm.keys.file_origin import made_in_file
from seedbed.pipeline.pipeline import Pipeline
from seedbed.pipeline.reading.problems import Problem, Problems
from seedbed.pipeline.run_defaults import RunDefaults
from seedbed.plugins.registry import Registry
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.base_task import BaseTask


class Report(NamedTuple):
    """What the check of a file found: its mistakes, in the order of the file, or what the file runs."""

    file: Path
    mistakes: Sequence[Problem]
    summary: str

    def as_json(self) -> dict[str, Any]:
        """Return the report for `--json`."""
        mistakes = [{**one._asdict(), "path": [*one.path], "advice": [*one.advice]} for one in self.mistakes]
        return {"file": str(self.file), "mistakes": mistakes, "summary": self.summary}


def report_on(file: Path, settings: Sequence[str], registry: Registry, allowed: Mapping[str, Any]) -> Report:
    """Return the report on a file; raise UsageError if `--set` isn't of its form, and LockError."""
    registry.check_lock()
    problems = Problems(file, collect=True)
    llms = PipelineLLMs(None, parse_settings(settings), registry)
    found = check_file(problems, registry, make_llm=llms.make, **file_options(file, llms, **allowed))
    if found.pipeline is None or problems.found:
        return Report(file, problems.found, "")
    with problems.at(), made_in_file(str(file), allowed.get("allow_hosts", ())):
        llms.check(str(file))
        with_step_settings(found.pipeline, llms)
    return Report(file, problems.found, "" if problems.found else _summary(file, found.pipeline))


def _summary(file: Path, pipeline: Pipeline) -> str:
    """Return one line that says what the file runs."""
    defaults = pipeline.defaults
    topology = pipeline.topology()
    is_line = len(topology.leaves) == 1 and all(len(node.parents) < 2 for node in topology.nodes)
    steps = (" >> " if is_line else ", ").join(step.name for step in pipeline.steps)
    rows = f"{defaults.n:,} rows" if defaults.n is not None else "rows"
    out = ", ".join(str(one["path"]) for one in defaults.outputs) or "standard output"
    lacking = [step.name for step in pipeline.steps if isinstance(step, BaseTask) and step.llm is None]
    needs = f"; give it --llm for {', '.join(lacking)}" if lacking else ""
    return f"'{file}' has no mistakes: {steps}: {rows}{_source(defaults)} to {out}{_caps(defaults)}{needs}"


def _source(defaults: RunDefaults) -> str:
    given = defaults.input
    if given is None:
        return ""
    if isinstance(given, BaseStep):
        return f" from {given.name}"
    return " from the file's own" if isinstance(given, list) else f" from {given}"


def _caps(defaults: RunDefaults) -> str:
    caps = {
        "${:.2f}": defaults.max_cost,
        "{:,} tokens": defaults.max_tokens,
        "{:,g} s": defaults.max_seconds,
    }
    given = [form.format(cap) for form, cap in caps.items() if cap is not None]
    return f", at most {' and '.join(given)}" if given else ""
