"""A forecast on the terminal: prompts, a table of the steps, and what they come to."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from seedbed.cli.failures import ExitStatus
from seedbed.cli.preview.folding import PromptFolder
from seedbed.cli.run.displays import progress_of
from seedbed.cli.run.kept_options import kept_options
from seedbed.cli.run.planning import CommandOptions, engine_for, plan_of
from seedbed.cli.run.summary import exit_status, show_notes, show_stop
from seedbed.cli.run.supervision import supervised
from seedbed.cli.terminal.blocks import line_block, rule, wrapped
from seedbed.cli.terminal.counting import brief_number
from seedbed.cli.terminal.fitting import TableColumn
from seedbed.cli.terminal.output import kept_stdout, write_json
from seedbed.cli.terminal.printing import DIM, Painted, echo, visible
from seedbed.cli.terminal.text_columns import write_columns
from seedbed.engine.engine import Engine, Job
from seedbed.engine.forecast.amounts import dollars, number_text
from seedbed.engine.forecast.forecast import (
    Forecast,
    PlannedPrompt,
    cost_line,
    probe_lines,
    summary_lines,
)
from seedbed.engine.forecast.plan_run import Probed, check_input, forecast_of
from seedbed.engine.forecast.probing import check_probe, probe_plan
from seedbed.engine.forecast.step_forecast import StepForecast
from seedbed.engine.observing.named import observers_of
from seedbed.engine.open_session import open_session
from seedbed.engine.plan import Plan
from seedbed.engine.run import Run
from seedbed.llm.conversation import added_messages, message_text
from seedbed.llm.messages import Message
from seedbed.plugins.registry import Registry

_COLUMNS = (
    TableColumn("STEP", name=True),
    TableColumn("LLM", weight=1, name=True),
    TableColumn("ROWS", weight=3, right=True, brief=brief_number),
    TableColumn("KEPT", weight=2, right=True, brief=brief_number),
    TableColumn("CALLS", right=True, brief=brief_number),
    TableColumn("INPUT", weight=4, right=True, brief=brief_number),
    TableColumn("OUTPUT", weight=4, right=True, brief=brief_number),
    TableColumn("COST", right=True),
)


@dataclass(frozen=True)
class Showing:
    """What to plan besides the options of a run: its name, whether it starts over, the rows to pay for."""

    name: str | None = None
    restart: bool = False
    probe: int | None = None
    as_json: bool = False
    full: bool = False


def show_plan(options: CommandOptions, registry: Registry, how: Showing) -> ExitStatus:
    """Write what a run with these options would take; raises what the run would raise before it starts."""
    with kept_stdout():
        plan, engine = plan_of(options, registry), engine_for(options, registry)
        name = how.name or (plan.outputs[0].name if plan.outputs else plan.name)
        probed = None
        if how.probe is not None:
            probed = Probed(how.probe, _probed(options, plan, name, how, engine))
            # A run uses up the steps of its plan.
            plan = plan_of(options, registry)
        forecast = forecast_of(plan, None if how.restart else name, probed)
    if how.as_json:
        write_json(forecast.as_json())
    else:
        _write(forecast, full=how.full)
    return ExitStatus.COMPLETE if probed is None or probed.run is None else exit_status(probed.run)


def _probed(
    options: CommandOptions, plan: Plan, name: str, how: Showing, engine: Callable[[Job], Engine]
) -> Run | None:
    """Pay for the first rows of a run, unless they're there; return the session that did."""
    assert how.probe is not None
    check_probe(how.probe, plan, name, restart=how.restart)
    check_input(plan)
    small = probe_plan(plan, how.probe, name)
    if small is None:
        return None
    session = open_session(
        small,
        name=name,
        order=kept_options(replace(options, n=small.n), small, None),
        observers=observers_of(options.plugins, registry=plan.registry),
        engine=engine,
    )
    run = supervised(session, progress_of(session, silent=how.as_json, rows_on_terminal=False))
    show_stop(run)
    show_notes(run)
    return run


def _write(forecast: Forecast, *, full: bool) -> None:
    _write_prompts(forecast.prompts, full=full)
    write_columns(_COLUMNS, [_cells(step) for step in forecast.steps])
    echo()
    echo(Painted(f"cost: {cost_line(forecast)}", bold=True))
    for line in summary_lines(forecast):
        echo(line)
    if forecast.probe is not None:
        echo()
        first, *rest = probe_lines(forecast.probe)
        echo(Painted(first, bold=True))
        for line in rest:
            echo(line)


def _cells(step: StepForecast) -> list[str]:
    if step.llm is None:
        return [step.step, "-", number_text(step.rows), "", "-", "", "", ""]
    cost = "unknown" if step.cost is None else dollars(step.cost)
    counts = (step.rows, step.kept, step.calls, step.input_tokens, step.output_tokens)
    return [step.step, step.llm, *map(number_text, counts), cost]


def _write_prompts(prompts: Sequence[PlannedPrompt], *, full: bool) -> None:
    """Write the prompts of the first rows, folded on a terminal as in a preview."""
    folder = None if full or not sys.stdout.isatty() else PromptFolder(wrapped)
    row: str | None = None
    earlier: Sequence[Message] = ()
    for prompt in prompts:
        call = prompt.call
        if prompt.row != row:
            row, earlier = prompt.row, ()
            rule(prompt.title)
        sent = ", ".join(f"{name}={value}" for name, value in call.parameters.items() if name != "schema")
        about = " · ".join(text for text in (call.step, prompt.llm, sent) if text)
        for message in added_messages(call.request.messages, earlier):
            _write_message(message, f"{message['role']} · {about}", prompt.title, folder)
        earlier = call.request.messages


def _write_message(message: Message, title: str, row: str, folder: PromptFolder | None) -> None:
    text = visible(message_text(message).strip())
    if folder is None:
        line_block(title, ((line,) for line in wrapped(text)), "cyan")
        return
    lines = folder.folded(row, text)
    line_block(title, ((Painted(one.text, DIM) if one.is_mark else one.text,) for one in lines), "cyan")
