"""What each step would ask: rows, calls, tokens, money."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any, Literal

from seedbed.engine.backend_fields import backends_in
from seedbed.engine.forecast.earlier_run import EarlierRun
from seedbed.engine.forecast.placeholders import placeholders_in
from seedbed.engine.forecast.rehearsal import Rehearsal
from seedbed.engine.forecast.rehearsal_gateway import RehearsedCall
from seedbed.engine.forecast.rehearsed_steps import decides_calls
from seedbed.engine.forecast.segment_walk import FEWEST, SegmentWalk, items_of
from seedbed.engine.plan import Plan
from seedbed.llm.budget.prices import Prices
from seedbed.llm.embedding.embedder import Embedder
from seedbed.llm.llm import LLM
from seedbed.llm.pools.fallback import FallbackLLM
from seedbed.llm.request import Request
from seedbed.llm.response import Usage
from seedbed.tasks.base_step import BaseStep

ASSUMED_ANSWER = 1024
"""Tokens that an answer counts as if nothing bounds it; caps on money reserve as many."""

CHARACTERS = 3
"""Characters of a token, as `LLM.estimate_tokens` counts: on the safe side for English, which has four."""

_HAIR = 1e-9

TokensFrom = Literal["measured", "backend", "characters"]
AnswersFrom = Literal["measured", "max_tokens", "assumed"]


@dataclass(frozen=True)
class StepForecast:
    """What a step would ask of one model: `rows` that it takes, `calls` to make, tokens and dollars of these.

    `kept` calls are answered on disk, and cost nothing. Input tokens are `measured` in the earlier run,
    counted by the `backend`, or estimated from `characters`. Output tokens are `measured`, or the most that
    they can be (`max_tokens`), or `assumed`: 1,024 each if nothing bounds them. `cost` is None if the price
    isn't known, `batch_cost` if there's no batch price; None for tokens and calls means that nobody knows.
    `waits_for` names the steps whose answers are in the prompts: each counts as its most tokens. A step that
    asks no model has no `llm`. `has_more` says that further calls depend on the answers, `decides_calls` that
    they may: the step's own code makes them, and was only seen to work with placeholders.
    """

    step: str
    llm: str | None = None
    rows: int | None = None
    calls: int | None = 0
    kept: int = 0
    input_tokens: int | None = 0
    output_tokens: int | None = 0
    input_from: TokensFrom = "characters"
    output_from: AnswersFrom = "measured"
    cost: float | None = 0.0
    batch_cost: float | None = None
    waits_for: tuple[str, ...] = ()
    has_more: bool = False
    decides_calls: bool = False
    endpoints: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {name: value for name, value in asdict(self).items() if name != "endpoints"}


@dataclass(frozen=True)
class _Tokens:
    """Tokens of a call on average, and where the numbers come from."""

    input: float
    output: float
    input_from: TokensFrom
    output_from: AnswersFrom
    waits_for: tuple[str, ...] = ()
    cached: float = 0.0


def step_forecasts(
    plan: Plan, earlier: EarlierRun, rehearsal: Rehearsal, prices: Prices
) -> list[StepForecast]:
    """Return what the steps of a plan would ask, in their order, one entry for each model of a step."""
    return list(_Scaling(plan, earlier, rehearsal, prices).forecasts())


class _Scaling:
    def __init__(self, plan: Plan, earlier: EarlierRun, rehearsal: Rehearsal, prices: Prices) -> None:
        self._plan = plan
        self._earlier = earlier
        self._rehearsal = rehearsal
        self._prices = prices
        self._fresh: dict[tuple[str, str], list[RehearsedCall]] = defaultdict(list)
        # Calls of rows that the run has, and answers of rows that it has begun with.
        self._kept: Counter[tuple[str, str]] = Counter()
        self._answered: Counter[tuple[str, str]] = Counter()
        self._kept_rows: Counter[str] = Counter()
        self._llms: dict[tuple[str, str], Any] = {}
        self._answers: dict[str, float] = {}
        for call in rehearsal.calls:
            key = call.step, call.llm.model_name
            self._llms[key] = call.llm
            if call.is_kept:
                self._answered[key] += 1
            else:
                self._fresh[key].append(call)
        for walk in rehearsal.walks:
            for step, row in walk.kept:
                self._kept_rows[step] += 1
                for model, count in earlier.queries.count_calls_of(step, row).items():
                    self._kept[step, model] += count

    def forecasts(self) -> Iterator[StepForecast]:
        walks = {node.name: walk for walk in self._rehearsal.walks for node in _nodes(walk)}
        # The longest answer that a step's rows hold.
        longest: dict[str, float] = {}
        for node in self._plan.topology.nodes:
            before = max((longest[parent.step] for parent in node.parents), default=0.0)
            if not backends_in(node.step):
                # What it makes of answers counts like them: it has no answer of its own.
                self._answers[node.name] = before
            yield from self._of_step(node.step, walks[node.name])
            longest[node.name] = max(before, self._answers.get(node.name, ASSUMED_ANSWER))

    def _of_step(self, step: BaseStep, walk: SegmentWalk) -> Iterator[StepForecast]:
        rows = self._rows(walk, step.name)
        for backend in backends_in(step):
            self._llms.setdefault((step.name, backend.model_name), backend)
        asked = [*self._fresh, *self._answered, *self._kept]
        models = [model for name, model in asked if name == step.name]
        more = step.name in self._rehearsal.cut_off or walk.source_failed
        more = more and self._kept_rows[step.name] < FEWEST
        if not models:
            unknown = step.name in self._rehearsal.unrendered
            yield _silent(step.name, rows, unknown, self._llms, more)
        for model in dict.fromkeys(models):
            yield self._asked(walk, step.name, model, rows, more)

    def _rows(self, walk: SegmentWalk, step: str) -> int | None:
        items = items_of(walk, self._plan, self._earlier)
        return None if items is None else round(self._taken(walk, step) * items)

    def _taken(self, walk: SegmentWalk, step: str) -> float:
        """Return the rows that a step takes of each item; one, if it makes the items."""
        return 1.0 if walk.makes_itself(step) else walk.taken_each(step, self._earlier)

    def _asked(self, walk: SegmentWalk, step: str, model: str, rows: int | None, more: bool) -> StepForecast:
        llm = self._llms.get((step, model)) or next(iter(self._plan.llms))
        tokens = self._tokens(step, model, self._fresh[step, model], llm)
        self._answers[step] = max(self._answers.get(step, 0.0), tokens.output)
        share = 1.0 if walk.makes_itself(step) else self._share_walked(walk)
        if walk.makes_itself(step):
            self._note_source(walk, step, model)
        kept = self._kept[step, model] / share + self._answered[step, model]
        named = StepForecast(
            step,
            llm.reference,
            rows,
            kept=round(kept),
            input_from=tokens.input_from,
            output_from=tokens.output_from,
            waits_for=tokens.waits_for,
            has_more=more,
            decides_calls=self._kept_rows[step] < FEWEST
            and decides_calls(self._plan.topology.node(step).step),
            endpoints=_endpoints(llm),
        )
        items = items_of(walk, self._plan, self._earlier)
        if items is None:
            return replace(named, calls=None, input_tokens=None, output_tokens=None, cost=None)
        left = self._taken(walk, step) * items - self._kept_rows[step] / share
        calls = left * self._calls_of_row(walk, step, model) - self._answered[step, model]
        # A ratio of whole numbers may come out a hair above one.
        return self._priced(replace(named, calls=max(0, math.ceil(calls - _HAIR))), llm, tokens)

    def _calls_of_row(self, walk: SegmentWalk, step: str, model: str) -> float:
        """Return the calls that a row takes: those of the rows that the run has, if there are enough."""
        kept_rows = self._kept_rows[step]
        taken = walk.walked if walk.makes_itself(step) else walk.tally[step].taken
        fresh_rows = max(0, taken - kept_rows)
        if kept_rows >= FEWEST or not fresh_rows:
            # For a generator that asks a model itself, all of them: only its first rows were walked.
            return self._kept[step, model] / max(1, kept_rows)
        return (len(self._fresh[step, model]) + self._answered[step, model]) / fresh_rows

    def _priced(self, step: StepForecast, llm: Any, tokens: _Tokens) -> StepForecast:
        calls = step.calls or 0
        cost = _cost_of_mean(partial(self._prices.cost_of, llm), tokens)
        batch = _cost_of_mean(partial(self._prices.batch_cost_of, llm), tokens)
        return replace(
            step,
            input_tokens=round(calls * tokens.input),
            output_tokens=round(calls * tokens.output),
            cost=0.0 if not calls else None if cost is None else cost * calls,
            batch_cost=None if batch is None else batch * calls,
        )

    def _note_source(self, walk: SegmentWalk, step: str, model: str) -> None:
        """Count what the run has of a generator that asks a model itself: its rows, and their calls."""
        known, measured = self._earlier.results.get(step, 0), self._earlier.measured.get((step, model))
        if known and measured is not None:
            self._kept_rows[step], self._kept[step, model] = known, measured.calls
            self._answered[step, model] = 0

    def _share_walked(self, walk: SegmentWalk) -> float:
        """Return which share of the items that the run has was walked: all, unless it's very large."""
        known = self._earlier.items_of(walk.segment)
        return min(1.0, walk.walked / known) if known and walk.walked else 1.0

    def _tokens(self, step: str, model: str, fresh: Sequence[RehearsedCall], llm: Any) -> _Tokens:
        measured = self._earlier.measured.get((step, model))
        if measured is not None:
            calls = measured.calls
            means = measured.input_tokens / calls, measured.output_tokens / calls
            return _Tokens(*means, "measured", "measured", cached=measured.cached_tokens / calls)
        counted = [_prompt_tokens(llm, call.request, self._answers) for call in fresh]
        waits_for = dict.fromkeys(one for _, waiting in counted for one in waiting)
        outputs = [_answer_tokens(call.request) for call in fresh]
        bounded = all(call.request.max_tokens or not call.request.n for call in fresh)
        return _Tokens(
            sum(tokens for tokens, _ in counted) / max(1, len(fresh)),
            sum(outputs) / max(1, len(fresh)),
            "backend" if _counts_itself(llm) else "characters",
            "max_tokens" if bounded else "assumed",
            tuple(waits_for),
        )


def _nodes(walk: SegmentWalk) -> list[Any]:
    source = [walk.segment.source] if walk.segment.source is not None else []
    return [*source, *walk.segment.nodes]


def _silent(
    step: str, rows: int | None, unknown: bool, llms: Mapping[tuple[str, str], Any], more: bool
) -> StepForecast:
    """Return the forecast of a step that made no call in the rehearsal."""
    if not unknown:
        return StepForecast(step, None, rows, has_more=more)
    named = [llm.reference for (name, _), llm in llms.items() if name == step]
    return StepForecast(
        step, next(iter(named), None), rows, None, 0, None, None, cost=None, output_from="assumed"
    )


def _cost_of_mean(price: Callable[[Usage], float | None], tokens: _Tokens) -> float | None:
    """Return what calls cost on average that take so many tokens on average; None without a price."""
    # Not of rounded tokens: a third of the price of answers of one or two. And not of all tokens at once, as
    # the price of a token may depend on the length of the prompt.
    means = tokens.input, tokens.output, tokens.cached
    whole = [math.floor(mean) for mean in means]
    least = price(Usage(*whole))
    if least is None:
        return None
    cost = least
    for place, mean in enumerate(means):
        if rest := mean - whole[place]:
            more = price(Usage(*(count + (one == place) for one, count in enumerate(whole))))
            cost += rest * ((more or 0.0) - least)
    return cost


def _endpoints(llm: Any) -> tuple[str, ...]:
    """Return the endpoints that share the calls of an LLM: those of a pool, the first one of a fallback."""
    if isinstance(llm, FallbackLLM):
        return _endpoints(llm.of[0])
    return tuple(dict.fromkeys(leaf.endpoint for leaf in llm._leaves))


def _counts_itself(llm: Any) -> bool:
    return type(llm).estimate_tokens not in (LLM.estimate_tokens, Embedder.estimate_tokens)


def _answer_tokens(request: Request) -> int:
    return (request.max_tokens or ASSUMED_ANSWER) * request.n


def _prompt_tokens(llm: Any, request: Request, answers: Mapping[str, float]) -> tuple[float, Sequence[str]]:
    """Return the tokens of a prompt, and the steps whose answers it waits for: each as long as it may be."""
    found, length = placeholders_in(request.messages)
    estimated = llm.estimate_tokens(request) - _answer_tokens(request) - length / CHARACTERS
    longest = sum(answers.get(step, ASSUMED_ANSWER) * count for step, count in found.items())
    return max(0.0, estimated) + longest, list(found)
