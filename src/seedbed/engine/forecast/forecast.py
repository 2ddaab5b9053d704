"""What a run would take, as data and as text."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from seedbed.counts import count_or_no
from seedbed.engine.forecast.amounts import dollars, duration_text, interval_text, number_text
from seedbed.engine.forecast.probing import Probe
from seedbed.engine.forecast.step_forecast import ASSUMED_ANSWER, CHARACTERS, StepForecast
from seedbed.engine.forecast.time_needed import TimeForecast
from seedbed.engine.preview.trace import PreviewedCall
from seedbed.llm.visible_text import visible
from seedbed.store.row_names import row_name

_Number = TypeVar("_Number", int, float)


@dataclass(frozen=True)
class PlannedPrompt:
    """A prompt of one of the first rows: who would be asked, and what; `is_kept` if the answer is on disk."""

    row: str
    llm: str
    call: PreviewedCall
    is_kept: bool
    source: str = ""

    @property
    def title(self) -> str:
        """What people call the row: `row 7`, or `questions.jsonl, line 7`."""
        return row_name(self.row, self.source) if self.row else "calls of no single row"

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "row": self.row,
            "source": self.source or None,
            "step": self.call.step,
            "llm": self.llm,
            "kept": self.is_kept,
            "messages": list(self.call.request.messages),
            "parameters": self.call.parameters,
        }


@dataclass(frozen=True, repr=False)
class Forecast:
    """What a run would ask and cost, step by step, and how long it would take.

        forecast = seedbed.plan("qa-pairs", n=1000, llm="openai/gpt-4.1-mini")
        print(forecast)
        print(forecast.cost, forecast.calls)

    `n` is the number of rows asked for. `earlier` names the run on disk that would go on, with `kept_rows`
    rows; None if there's none. `prompts` are those of the first rows. `unpriced` names the models whose
    price isn't known, and `is_bound` says that tokens and cost are upper bounds, not expectations. `probe` is
    what rows that were paid for say about the rest; None unless some were. At `max_cost` dollars the run
    stops. `failing` counts the first rows that fail before a model is asked, or did before, by reason.
    """

    name: str
    n: int | None
    steps: Sequence[StepForecast]
    prompts: Sequence[PlannedPrompt] = ()
    time: TimeForecast = field(default_factory=TimeForecast)
    earlier: str | None = None
    kept_rows: int = 0
    probe: Probe | None = None
    max_cost: float | None = None
    failing: Mapping[str, int] = field(default_factory=dict)

    @property
    def calls(self) -> int | None:
        """The calls to make; None if nobody knows how many."""
        return _sum(step.calls for step in self.steps)

    @property
    def kept_calls(self) -> int:
        """The calls whose answers are on disk, which cost nothing."""
        return sum(step.kept for step in self.steps)

    @property
    def input_tokens(self) -> int | None:
        """Tokens of the prompts to send."""
        return _sum(step.input_tokens for step in self.steps)

    @property
    def output_tokens(self) -> int | None:
        """Tokens of the answers."""
        return _sum(step.output_tokens for step in self.steps)

    @property
    def cost(self) -> float | None:
        """Dollars for the calls to make; None if a price or the number of calls isn't known."""
        return _sum(step.cost for step in self.steps)

    @property
    def batch_cost(self) -> float | None:
        """Dollars at the price of a batch; None unless the price list has one for each model."""
        # Those of which nobody knows the calls count, too: what they cost isn't known either.
        asked = [step for step in self.steps if step.calls != 0]
        return _sum(step.batch_cost for step in asked) if asked else None

    @property
    def unpriced(self) -> list[str]:
        """The models whose price isn't known."""
        return list(dict.fromkeys(step.llm for step in self.steps if step.llm and step.cost is None))

    @property
    def is_bound(self) -> bool:
        """Whether tokens of answers are upper bounds, as none was measured."""
        return any(step.calls and step.output_from != "measured" for step in self.steps)

    def as_json(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        totals = ("calls", "kept_calls", "input_tokens", "output_tokens", "cost", "batch_cost")
        return {
            "name": self.name,
            "n": self.n,
            **{name: getattr(self, name) for name in totals},
            "is_bound": self.is_bound,
            "max_cost": self.max_cost,
            "failing": dict(self.failing),
            "unpriced": self.unpriced,
            "earlier": self.earlier,
            "kept_rows": self.kept_rows,
            "time": self.time.as_json(),
            "probe": None if self.probe is None else self.probe.as_json(),
            "steps": [step.as_json() for step in self.steps],
            "prompts": [prompt.as_json() for prompt in self.prompts],
        }

    def __repr__(self) -> str:
        return visible("\n".join(forecast_lines(self)))


def forecast_lines(forecast: Forecast) -> Iterator[str]:
    """Yield a line for each step, and then what they come to."""
    for step in forecast.steps:
        yield _step_line(step)
    yield f"cost: {cost_line(forecast)}"
    yield from summary_lines(forecast)
    if forecast.probe is not None:
        yield from probe_lines(forecast.probe)


def summary_lines(forecast: Forecast) -> Iterator[str]:
    """Yield the price of a batch, the time, what is on disk, and how all of it was found."""
    if forecast.batch_cost:
        yield f"in a batch: {dollars(forecast.batch_cost)}"
    if forecast.max_cost is not None and (forecast.cost or 0.0) > forecast.max_cost:
        yield f"that may be more than the run is allowed: it stops at {dollars(forecast.max_cost)}"
    yield f"time: {time_line(forecast)}"
    if forecast.earlier is not None:
        kept = count_or_no(forecast.kept_rows, "row")
        free = f"and the answers of {count_or_no(forecast.kept_calls, 'call')}, which cost nothing"
        said = free if forecast.kept_calls or not forecast.calls else "but no answer to these prompts"
        yield f"the run '{forecast.earlier}' has {kept}, {said}"
    yield from notes(forecast)


def probe_lines(probe: Probe) -> Iterator[str]:
    """Yield what a probe says about all rows."""
    paid = "at a price that isn't known" if probe.paid is None else f"for {dollars(probe.paid)}"
    tried = count_or_no(probe.items, "row")
    failed = f", {probe.failed:,} failed" if probe.failed else ""
    bought = "" if probe.bought else "; nothing was bought, as the run had them"
    yield f"probe: {tried} tried {paid}, {probe.accepted:,} accepted{failed}{bought}"
    yield f"accepted: {interval_text(probe.acceptance, '{:.0%}'.format)}"
    if probe.items_needed is not None:
        yield f"rows to try: {interval_text(probe.items_needed, lambda count: f'{math.ceil(count):,}')}"
    if probe.cost is not None:
        yield f"total cost: {interval_text(probe.cost, dollars)}, including what has been spent"
    if probe.seconds is not None:
        in_flight = count_or_no(probe.in_flight, "call")
        yield f"time left: {interval_text(probe.seconds, duration_text)}, with {in_flight} in flight"
    yield (
        "95 % intervals: Wilson's for the rows accepted; Student's t, of the cost per accepted row, for the "
        "total, with room for rejections that so few rows don't show"
    )


def cost_line(forecast: Forecast) -> str:
    """Return what the calls to make cost, or why that isn't known."""
    if forecast.calls is None:
        return "unknown, as the number of calls is"
    if forecast.calls == 0:
        return "nothing: there is no call to make"
    known = sum(step.cost or 0.0 for step in forecast.steps)
    if forecast.unpriced:
        names = ", ".join(forecast.unpriced)
        rest = f"{dollars(known)} for the other models; " if known else ""
        return (
            f"{rest}no price known for {names}; "
            "--price-input and --price-output (price_input=... in Python) give one"
        )
    if any(step.has_more for step in forecast.steps):
        return f"{dollars(known)} for the calls that are known, and more depend on the answers"
    if not known:
        return "nothing: calls of these models are free"
    is_bound = forecast.is_bound and not any(step.decides_calls for step in forecast.steps)
    return f"{'at most ' if is_bound else 'about '}{dollars(known)}"


def time_line(forecast: Forecast) -> str:
    """Return how long the run takes, or what isn't known about it."""
    time = forecast.time
    if time.seconds is not None and time.pace is not None and forecast.calls:
        if time.seconds == time.at_least:
            return (
                f"about {duration_text(time.seconds)} at the given rate limit; earlier sessions were faster"
            )
        return f"about {duration_text(time.seconds)}, at {time.pace:.3g} calls/s as in earlier sessions"
    if time.at_least is not None:
        return f"at least {duration_text(time.at_least)} at the given rate limit; no call has been timed yet"
    if forecast.calls == 0:
        return "seconds: there is no call to make"
    return "unknown: no call of this run has been timed yet"


def notes(forecast: Forecast) -> Iterator[str]:
    """Yield where the numbers are from, and what they leave out."""
    for reason, count in forecast.failing.items():
        yield f"{count_or_no(count, 'row')} of the first ones failed: {reason}"
    asked = [step for step in forecast.steps if step.calls]
    sources = {step.input_from for step in asked}
    if "characters" in sources:
        yield f"input tokens are estimated: {CHARACTERS} characters each (English has about 4)"
    if "backend" in sources:
        yield "input tokens are counted by the backend"
    if "measured" in sources:
        yield f"tokens are those that calls of the run '{forecast.earlier}' took on average"
    for kind, text in (
        ("max_tokens", "output tokens are the most that max_tokens allows"),
        (
            "assumed",
            f"no max_tokens is set, so an answer counts as {ASSUMED_ANSWER:,} tokens: "
            "--set llm.max_tokens=N (max_tokens=N in Python)",
        ),
    ):
        if names := _named(step for step in asked if step.output_from == kind):
            yield f"{text} ({names})" if len(forecast.steps) > 1 else text
    for step in asked:
        if step.waits_for:
            made_by = ", ".join(f"'{name}'" for name in step.waits_for)
            are_answers = {*step.waits_for} <= {one.step for one in asked}
            held = f"answers of {made_by}" if are_answers else f"what {made_by} makes of answers"
            yield f"prompts of '{step.step}' hold {held}, counted as long as they may be"
    for step in forecast.steps:
        if step.calls is None and step.llm is not None:
            yield f"'{step.step}' can't be counted: its prompts can't be made before the answers are there"
        if step.has_more:
            yield f"'{step.step}' makes more calls, depending on the answers"
        elif step.decides_calls and step.calls:
            yield f"'{step.step}' decides how many calls a row takes: it was only seen with placeholders"
    if asked and forecast.earlier is None:
        yield "counted as if each answer is usable: rejected rows and answers asked for again cost more"
        yield "--probe 20 (probe=20 in Python) pays for 20 rows of the run and measures all of this"


def _named(steps: Iterator[StepForecast]) -> str:
    return ", ".join(dict.fromkeys(step.step for step in steps))


def _step_line(step: StepForecast) -> str:
    if step.llm is None:
        return f"{step.step}: {number_text(step.rows)} rows, asks no model"
    cost = "no price known" if step.cost is None else dollars(step.cost)
    return (
        f"{step.step}: {number_text(step.rows)} rows, {number_text(step.calls)} calls of {step.llm}, "
        f"{number_text(step.input_tokens)} input + {number_text(step.output_tokens)} output tokens, {cost}"
    )


def _sum(values: Iterable[_Number | None]) -> _Number | None:
    """Return a sum; None if one of the values is unknown."""
    known: list[_Number] = []
    for value in values:
        if value is None:
            return None
        known.append(value)
    return sum(known)
