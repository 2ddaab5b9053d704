"""A step of a run with other prompts, asked about a few rows: what it would cost, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from seedbed.engine.backend_fields import backends_in
from seedbed.engine.forecast.forecast import Forecast
from seedbed.engine.forecast.plan_run import forecast_of
from seedbed.engine.local import LocalEngine
from seedbed.engine.open_session import open_session
from seedbed.engine.plan import Plan
from seedbed.engine.plan_making import make_plan
from seedbed.engine.preview.preview import Preview
from seedbed.engine.preview.trace import Trace
from seedbed.engine.resume.fingerprint import digest, step_fingerprint
from seedbed.engine.sources.sources import digested
from seedbed.engine.stopping.bounds import NO_BOUNDS, Bounds
from seedbed.errors import ParameterError, UsageError
from seedbed.llm.json_text import json_text
from seedbed.llm.keys.file_origin import made_by
from seedbed.plugins.fields.build import build
from seedbed.suggestions import did_you_mean
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.base_task import BaseTask
from seedbed.tasks.rows import Row
from seedbed.tasks.steps import GeneratorStep, GlobalStep

TRIED_ROWS = 5
"""Rows that prompts are tried on: enough to see what a change does, few enough to read."""

_PROMPTS = ("template", "prompt")


def prompts_in(fields: Mapping[str, Any]) -> dict[str, str]:
    """Return the prompts among the fields of a step, as a manifest or the step itself has them, by name.

        prompts_in({"template": "Tell a joke about {{ topic }}.", "max_reasks": 2})

    A task without a `template` makes its prompt in code, which no system prompt is part of.
    """
    found = {
        name: value for name, value in fields.items() if name.endswith(_PROMPTS) and isinstance(value, str)
    }
    has_template = bool(found.get("template"))
    return {name: value for name, value in found.items() if value or (has_template and name != "template")}


@dataclass(frozen=True)
class PromptTrial:
    """A step with other prompts, to be tried on a few rows; nothing is written.

        trial = PromptTrial.of(plan, "text-generation", {"template": "Explain {{ instruction }}."}, rows)
        print(trial.forecast())
        for row in trial.ask():
            print(row.rows, row.failures)

    `rows` are those that the step gets; a step that makes rows from nothing has none, and makes its first
    `TRIED_ROWS`, whatever rows are given. `ids` are those of the rows in the preview, in order.
    """

    step: BaseStep
    rows: Sequence[Row]
    ids: Sequence[str]
    plan: Plan

    @classmethod
    def of(
        cls, plan: Plan, step: str, prompts: Mapping[str, str], rows: Sequence[Row] | None = None
    ) -> PromptTrial:
        """Return the trial of a step of a plan; nothing is sent.

        Raises ParameterError for a template that can't be read and for a prompt that the step doesn't have,
        and UsageError for a variable that the rows don't have, for a step without rows, and for a step over
        all rows.
        """
        changed = _with_prompts(_step_of(plan, step), prompts)
        if isinstance(changed, GlobalStep):
            raise UsageError(
                f"the step '{step}' reads all rows at once, so a few of them say nothing about its prompt",
                f"try it on a smaller run: `seedbed preview`, with the prompt as `--set {step}.NAME=...`,",
                "or in Python `seedbed.preview`, with the prompt as NAME=... of the step",
            )
        if isinstance(changed, GeneratorStep):
            rows = []
        elif not rows:
            raise UsageError(
                f"there is no row to try the step '{step}' on", "let the run make some rows first"
            )
        trial = cls(changed, list(rows), [], plan)
        return cls(changed, trial.rows, list(trial._ids()), plan)

    def forecast(self) -> Forecast:
        """Return the calls, tokens and dollars that `ask` would take; nothing is sent.

        Raises UsageError for a prompt that can't be made from the rows.
        """
        return forecast_of(self._plan(TRIED_ROWS))

    @property
    def digest(self) -> str:
        """What stands for all that `ask` sends and pays for: step, prompts, LLMs with parameters, rows.

        Whoever shows a forecast and asks later, by a plan that is made again, compares the two.
        """
        backends = [
            [leaf.reference, leaf.price_id, leaf.endpoint, leaf.identity.hex()]
            for backend in backends_in(self.step)
            for leaf in backend._leaves
        ]
        told = json_text([backends, list(self.rows), list(self.ids), self.plan.n, TRIED_ROWS])
        return digest(step_fingerprint(self.step, self.plan.seed), told).hex()

    @property
    def model_columns(self) -> frozenset[str]:
        """The columns in which the rows name the step's model: `model_name`, or `<step>_model_name`."""
        if not isinstance(self.step, BaseTask) or not self.step.needs_llm:
            return frozenset()
        return frozenset(self.step._model_name_column(row) for row in self.rows or [{}])

    def ask(self) -> Preview:
        """Ask the model, and return each row with its prompts and answers; raises what `run` raises."""
        trace = Trace()
        # As many as the run has: a draw without repeats, or in shares, depends on how many there are.
        plan = self._plan(self.plan.n, Bounds(max_attempts=len(self.rows) or TRIED_ROWS))
        session = open_session(plan, engine=partial(LocalEngine, recorder=trace.record, watch=trace.watch))
        run = session.execute()
        return Preview(trace.traces(), run)

    def _plan(self, n: int | None, bounds: Bounds = NO_BOUNDS) -> Plan:
        with made_by(self.step._origin):
            return make_plan(
                self.step,
                n=None if self.rows else n,
                input=self.rows or None,
                seed=self.plan.seed,
                bounds=bounds,
                registry=self.plan.registry,
            )

    def _ids(self) -> Sequence[str]:
        if not self.rows:
            return [str(number) for number in range(min(TRIED_ROWS, self.plan.n or TRIED_ROWS))]
        given = self._plan(None).input
        assert given is not None
        return [item.id for item in digested(given.rows(), "", given.name_of)]


def _step_of(plan: Plan, name: str) -> BaseStep:
    steps = {step.name: step for step in plan.steps}
    if name not in steps:
        raise UsageError(
            f"the run has no step '{name}' now",
            *did_you_mean(name, steps),
            f"its steps are {', '.join(steps)}",
        )
    return steps[name]


def _with_prompts(step: BaseStep, prompts: Mapping[str, str]) -> BaseStep:
    fields = type(step).model_fields
    known = prompts_in({name: getattr(step, name) for name in fields})
    for name in prompts:
        if name not in known:
            raise ParameterError(
                f"the step '{step.name}' has no prompt '{name}'",
                *did_you_mean(name, known),
                f"its prompts are {', '.join(known) or 'made in code'}",
            )
    given = {fields[name].alias or name: getattr(step, name) for name in step.model_fields_set}
    with made_by(step._origin):
        return build(type(step), {**given, **prompts}, f"the step '{step.name}'")
