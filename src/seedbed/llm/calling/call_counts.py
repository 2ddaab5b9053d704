"""What went through a gateway, in numbers."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from seedbed.errors import LLMError
from seedbed.llm.response import FINISH_REASONS, Response, Usage


class Unanswered(NamedTuple):
    """The `tries` that failed since a call was answered last, and `since` when, by `time.monotonic`.

    `fact` is what the last one said, without advice.
    """

    tries: int
    since: float
    fact: str


@dataclass
class CallCounts:
    """What went through a gateway: `retried` tries failed, and `refused` ones were refused for rate limits.

    `in_flight` calls are sent and not answered yet. `seconds` is what all answered calls took together:
    divided by `answered`, it's the latency; `square_seconds` sums their squares. `step_seconds` is what the
    rows of each step waited for answers, with waiting for room and further tries. `truncated` answers reached
    their maximum length, `truncated_steps` counts them by step; `ended_otherwise` counts those that ended for
    a reason of the provider's own, by its word. `cost` is in dollars, as far as prices are known.
    `unanswered` are the tries that failed since the last answer, None if there are none.
    """

    answered: int = 0
    replayed: int = 0
    retried: int = 0
    refused: int = 0
    in_flight: int = 0
    seconds: float = 0.0
    square_seconds: float = 0.0
    step_seconds: dict[str, float] = field(default_factory=dict)
    truncated: int = 0
    truncated_steps: Counter[str] = field(default_factory=Counter)
    ended_otherwise: Counter[str] = field(default_factory=Counter)
    cost: float | None = None
    usage: Usage = field(default_factory=Usage)
    unanswered: Unanswered | None = None

    def retry(self, error: LLMError) -> None:
        """Count one failed try of a call that is sent again."""
        self.retried += 1
        before = self.unanswered or Unanswered(0, time.monotonic(), "")
        self.unanswered = Unanswered(before.tries + 1, before.since, error.fact)

    def add(self, response: Response) -> None:
        """Count one answered call."""
        self.answered += 1
        self.unanswered = None
        self.usage += response.usage
        for choice in response.choices:
            if choice.finish_reason == "length":
                self.truncated += 1
            elif choice.finish_reason not in FINISH_REASONS:
                self.ended_otherwise[choice.finish_reason] += 1

    def add_cut(self, step: str, response: Response) -> None:
        """Count the answers to a call of a step that reached their maximum length."""
        if cut := sum(choice.finish_reason == "length" for choice in response.choices):
            self.truncated_steps[step] += cut
