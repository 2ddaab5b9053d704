"""Judges who go by a rubric: criteria and the points of a scale, or the better of two answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, TypeAlias

from pydantic import Field, field_validator

from seedbed import LLM, Message, Row
from seedbed_tasks import pairwise, pointwise
from seedbed_tasks.judging import JudgingTask
from seedbed_tasks.parallel_calls import together

Prompt: TypeAlias = Callable[[Mapping[str, Any]], Sequence[Message]]
"""Makes the messages to a judge from the columns of a row and the variables of `pointwise` or `pairwise`."""


class RubricTask(JudgingTask):
    """A task whose judges score answers by criteria, or compare two; derive from it."""

    explains_output = True

    judging: ClassVar[str] = "generation"
    """The field with the sampling parameters of judges."""

    criteria: dict[str, str] = Field(
        default=pointwise.CRITERIA, min_length=1, description="What is judged, and what each means."
    )
    scale: dict[int, str] = Field(
        default=pointwise.SCALE, min_length=2, description="Points of the scale, and what each means."
    )
    on_flip: pairwise.OnFlip = Field(
        default="tie",
        description="A verdict that changes with the order of two answers is a tie, is that of the first "
        "order, or is dropped.",
    )

    @field_validator("scale")
    @classmethod
    def _sort_scale(cls, value: dict[int, str]) -> dict[int, str]:
        return dict(sorted(value.items()))

    @property
    def listed_criteria(self) -> list[tuple[str, str]]:
        """The criteria and their meanings, in order."""
        return list(self.criteria.items())

    async def scored(self, prompt: Prompt, shown: Row) -> Row:
        """Return the score of the answer in `shown`, its scores by criterion, verdicts and agreement."""
        verdict = pointwise.verdict_type(list(self.scale))
        variables = {**shown, "_scale": list(self.scale.items()), "_points": list(self.scale)}
        prompts = [
            prompt({**variables, "_criterion": name, "_meaning": meaning})
            for name, meaning in self.criteria.items()
        ]

        async def scores(judge: LLM) -> list[pointwise.Score]:
            given: list[Any] = await together(*(self._verdict(one, verdict, judge) for one in prompts))
            return [pointwise.Score(one.score, one.reason) for one in given]

        return pointwise.combined(list(self.criteria), await self.every_judge(scores))

    async def compared(self, prompt: Prompt, shown: Row, answers: Sequence[str]) -> Row:
        """Return the winner of two answers, which of them is chosen and rejected, verdicts and agreement."""
        variables = {**shown, "_criteria": self.listed_criteria}
        orders = [
            prompt({**variables, "_first": first, "_second": second})
            for first, second in (answers, answers[::-1])
        ]

        async def compared(judge: LLM) -> pairwise.Comparison:
            return pairwise.compared(
                *await together(*(self._verdict(one, pairwise.Preference, judge) for one in orders))
            )

        return pairwise.combined(answers, await self.every_judge(compared), self.on_flip)

    async def _verdict(self, messages: Sequence[Message], schema: type[Any], judge: LLM) -> Any:
        return await self.ask(messages, schema=schema, llm=judge, generation=self.judging)
