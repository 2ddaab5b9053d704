"""A forecast on the terminal: prompts, a table of the steps, and what they come to."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from seedbed.cli.failures import ExitStatus
from seedbed.cli.preview.folding import PromptFolder
from seedbed.cli.run.planning import RunOptions, plan_of
from seedbed.cli.terminal.blocks import line_block, rule, wrapped
from seedbed.cli.terminal.columns import write_columns
from seedbed.cli.terminal.counting import brief_number
from seedbed.cli.terminal.fitting import Column
from seedbed.cli.terminal.output import kept_stdout, write_json
from seedbed.cli.terminal.printing import DIM, Painted, echo, visible
from seedbed.engine.forecast.forecast import Forecast, PlannedPrompt, cost_line, dollars, summary_lines
from seedbed.engine.forecast.plan_run import forecast_of
from seedbed.engine.forecast.step_forecast import StepForecast
from seedbed.llm.conversation import added_messages, message_text
from seedbed.llm.messages import Message
from seedbed.plugins.registry import Registry

_COLUMNS = (
    Column("STEP", name=True),
    Column("LLM", weight=1, name=True),
    Column("ROWS", weight=3, right=True, brief=brief_number),
    Column("KEPT", weight=2, right=True, brief=brief_number),
    Column("CALLS", right=True, brief=brief_number),
    Column("INPUT", weight=4, right=True, brief=brief_number),
    Column("OUTPUT", weight=4, right=True, brief=brief_number),
    Column("COST", right=True),
)


def show_plan(
    options: RunOptions, registry: Registry, name: str | None, *, restart: bool, as_json: bool, full: bool
) -> ExitStatus:
    """Write what a run with these options would take; raises what the run would raise before it starts."""
    with kept_stdout():
        plan = plan_of(options, registry)
        outputs = plan.outputs
        run_name = name or (outputs[0].name if outputs else plan.name)
        forecast = forecast_of(plan, None if restart else run_name)
    if as_json:
        write_json(forecast.as_json())
    else:
        _write(forecast, full=full)
    return ExitStatus.COMPLETE


def _write(forecast: Forecast, *, full: bool) -> None:
    _write_prompts(forecast.prompts, full=full)
    write_columns(_COLUMNS, [_cells(step) for step in forecast.steps])
    echo()
    echo(Painted(f"cost: {cost_line(forecast)}", bold=True))
    for line in summary_lines(forecast):
        echo(line)


def _cells(step: StepForecast) -> list[str]:
    if step.llm is None:
        return [step.step, "-", _number(step.rows), "", "-", "", "", ""]
    cost = "unknown" if step.cost is None else dollars(step.cost)
    counts = (step.rows, step.kept, step.calls, step.input_tokens, step.output_tokens)
    return [step.step, step.llm, *map(_number, counts), cost]


def _number(count: int | None) -> str:
    return "?" if count is None else f"{count:,}"


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
