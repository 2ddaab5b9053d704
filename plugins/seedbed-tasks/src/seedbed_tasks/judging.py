"""Several judges of one row: who they are, what each says, and verdicts that are missing."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeVar

from pydantic import Field

from seedbed import LLM, ContentFilteredError, InvalidOutputError, InvalidRowError, Reject, Row, Task

T = TypeVar("T")

NO_VERDICT = "no judge gave a verdict that can be read"
MISSING = (InvalidOutputError, Reject, ContentFilteredError)
"""Errors of a model that gives no answer, or none that can be read."""


class JudgingTask(Task):
    """A task whose rows one or several judges rate; derive from it and ask with `every_judge`."""

    judges: list[LLM] = Field(
        default_factory=list, description="Models that judge, each by itself; without any, `llm` judges."
    )
    num_generations: int = Field(
        default=1, ge=1, le=1, description="One: for several verdicts, list a judge several times."
    )

    @property
    def needs_llm(self) -> bool:
        """Whether `llm` judges, since no others do."""
        return not self.judges

    def panel(self) -> dict[str, LLM]:
        """Return the judges by name; see `by_name`."""
        return by_name(self.judges or [self.require_llm()])

    async def every_judge(self, ask: Callable[[LLM], Awaitable[T]]) -> dict[str, T | None]:
        """Return what `ask` gives for each judge, by name; all are asked concurrently.

        If one of several judges refuses, or gives no verdict that can be read, its verdict is None. Raises
        Reject if all of them do so, and the error of a judge that is alone.
        """
        panel = self.panel()
        given = await asyncio.gather(*map(_awaited(ask), panel.values()), return_exceptions=True)
        made: dict[str, T | None] = {}
        for name, verdict in zip(panel, given, strict=True):
            if isinstance(verdict, BaseException) and (len(panel) == 1 or not isinstance(verdict, MISSING)):
                raise verdict
            made[name] = None if isinstance(verdict, BaseException) else verdict
        if all(verdict is None for verdict in made.values()):
            raise Reject(NO_VERDICT)
        return made


def by_name(llms: Iterable[LLM]) -> dict[str, LLM]:
    """Return LLMs by the names of their models, numbered if one is there several times."""
    seen: Counter[str] = Counter()
    named: dict[str, LLM] = {}
    for llm in llms:
        seen[llm.model_name] += 1
        count = seen[llm.model_name]
        named[llm.model_name if count == 1 else f"{llm.model_name} ({count})"] = llm
    return named


def _awaited(ask: Callable[[LLM], Awaitable[T]]) -> Callable[[LLM], Awaitable[T]]:
    async def one(judge: LLM) -> T:
        return await ask(judge)

    return one


def answers_of(row: Row, column: str, *, at_least: int = 2, at_most: int | None = None) -> Sequence[str]:
    """Return a column's list of texts; raise InvalidRowError if it isn't one of such a length."""
    answers = row.get(column)
    if not isinstance(answers, list):
        raise InvalidRowError(
            f"column '{column}' is {_kind(answers)}, not a list of answers",
            "the step `group` makes lists of rows; text-generation with num_generations makes the rows",
        )
    if len(answers) < at_least or len(answers) > (at_most or len(answers)):
        wanted = str(at_least) if at_least == at_most else f"{at_least} or more"
        count = f"{len(answers)} answer{'' if len(answers) == 1 else 's'}"
        raise InvalidRowError(f"column '{column}' has {count}, not {wanted}")
    for answer in answers:
        if not isinstance(answer, str):
            raise InvalidRowError(f"an answer in '{column}' is {_kind(answer)}, not text")
    return answers


def _kind(value: object) -> str:
    kinds: dict[type[object], str] = {str: "text", dict: "an object", list: "a list", bool: "true or false"}
    return "None" if value is None else kinds.get(type(value), "a number")
