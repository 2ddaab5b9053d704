"""Examples of requests with their function calls, which a prompt shows."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from typing import Any

from seedbed import InvalidOutputError, UsageError, did_you_mean
from seedbed_tasks.call_format import read_call
from seedbed_tasks.tools import Tool

CallExample = dict[str, Any]
"""{query: text, calls: [{name, arguments}]}"""


def check_form(examples: Sequence[CallExample]) -> None:
    """Raise ValueError for an example that has another form."""
    for number, example in enumerate(examples, start=1):
        if not isinstance(example.get("query"), str) or not isinstance(example.get("calls"), list):
            raise ValueError(f"example {number} isn't {{query: text, calls: [...]}}")


def check_calls(examples: Sequence[CallExample], tools: Mapping[str, Tool], task: str) -> None:
    """Raise UsageError if a call of an example isn't one of the tools: the model would copy it."""
    for number, example in enumerate(examples, start=1):
        for call in example["calls"]:
            try:
                read_call(call, tools, "")
            except InvalidOutputError as error:
                raise UsageError(
                    f"example {number} of task '{task}' has a call that its tools don't allow",
                    error.fact,
                    *did_you_mean(str(call.get("name")) if isinstance(call, dict) else "", tools),
                ) from error


def sampled_examples(examples: Sequence[CallExample], count: int, rng: random.Random) -> list[str]:
    """Return so many of the examples as JSON, or all of them in some order if there are fewer."""
    sampled = rng.sample(examples, min(count, len(examples)))
    return [json.dumps({"query": one["query"], "calls": one["calls"]}, ensure_ascii=False) for one in sampled]
