"""Judges: models that score an answer, compare two, or rank several."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import Field

from seedbed import LLM, Citation, Example, GenerationParameters, Message, PromptTemplate, Row
from seedbed_tasks import listwise, pairwise, pointwise
from seedbed_tasks.judging import answers_of
from seedbed_tasks.parallel_calls import together
from seedbed_tasks.prompt_text import PromptText
from seedbed_tasks.rubric import RubricTask

_OUTPUTS: Mapping[str, list[str]] = {
    "pointwise": ["score", "scores", "verdicts", "agreement"],
    "pairwise": ["winner", "chosen", "rejected", "verdicts", "agreement"],
    "listwise": ["ranks", "ranking", "chosen", "rejected", "verdicts", "agreement"],
}


class Judge(RubricTask):
    """Scores an answer, compares two, or ranks several, by one or several judges who give their reasons.

    With `mode: pointwise`, reads `instruction` and `generation`; adds `score` (a number: the mean over
    judges and criteria) and `scores` (the mean of each criterion). Each judge is asked for each criterion by
    itself.

    With `pairwise`, reads `instruction` and two `generations`; adds `winner` ("first", "second" or "tie"),
    `chosen` and `rejected` (texts, None for a tie). Each judge compares them in both orders, and a verdict
    that changes with the order is a tie. With several judges the majority decides.

    With `listwise`, reads `instruction` and two or more `generations`; adds `ranks` (the mean rank of each,
    1 is the best), `ranking` (their places, the best first), `chosen` (the best) and `rejected` (the worst).

    All add `verdicts` (what each judge says, with reasons; None for a judge without a verdict that can be
    read) and `agreement` (the share of pairs of judges who agree on this row; None with fewer than two). The
    step `rater-agreement` computes kappa and alpha over all rows. A column `reference`, if the rows have one,
    is shown as a good answer. Templates see the columns, and `_criteria`, `_criterion`, `_meaning`, `_scale`,
    `_points`, `_first`, `_second`, `_answers` where their mode has them. Judges, swapped orders and ties
    follow Zheng et al., 2023 (https://arxiv.org/abs/2306.05685).

    Differences from the paper: the prompts are our own, the answer is JSON with the reason before the
    verdict, scales are described point by point, and there may be several judges.
    """

    goals = ("evaluation", "preference", "reward")
    keywords = ("LLM as a judge", "rubric", "score", "rating", "ranking", "position bias", "kappa", "alpha")
    citation = Citation(
        "Judging LLM-as-a-Judge with MT-Bench and Chatbot Arena",
        authors=("Lianmin Zheng", "Wei-Lin Chiang", "Ying Sheng", "Siyuan Zhuang", "others"),
        year=2023,
        arxiv="2306.05685",
    )
    example = Example(
        rows=[{"instruction": "Name the capital of France.", "generation": "It is Paris."}],
        parameters={"generation": {"max_tokens": 200}},
    )

    mode: Literal["pointwise", "pairwise", "listwise"] = Field(
        default="pointwise", description="Score one answer, compare two, or rank several."
    )
    answers: str = Field(
        default="generations", min_length=1, description="Column with the answers to compare or rank."
    )
    orders: int = Field(
        default=2, ge=1, le=24, description="In how many orders a list is shown to each judge."
    )
    template: str = Field(default=pointwise.POINTWISE, description="Prompt for one answer.")
    pairwise_template: PromptText = Field(
        default=pairwise.PAIRWISE, description="Prompt for two answers: _first and _second."
    )
    listwise_template: PromptText = Field(
        default=listwise.LISTWISE, description="Prompt for a list of answers: _answers."
    )
    generation: GenerationParameters = Field(
        default_factory=lambda: GenerationParameters(max_tokens=512, temperature=0),
        description="Sampling parameters; they override those of the LLM.",
    )

    @property
    def inputs(self) -> list[str]:
        """The columns that the prompt of this mode reads."""
        read = PromptTemplate(self._prompt).columns | PromptTemplate(self.system_prompt).columns
        several = set() if self.mode == "pointwise" else {self.answers}
        return sorted({name for name in read if not name.startswith("_")} | several)

    @property
    def outputs(self) -> list[str]:
        """The columns of this mode."""
        return list(_OUTPUTS[self.mode])

    @property
    def _prompt(self) -> str:
        prompts = {"pairwise": self.pairwise_template, "listwise": self.listwise_template}
        return prompts.get(self.mode, self.template)

    async def generate_row(self, input: Row) -> Row:
        """Return the verdict of all judges."""
        if self.mode == "listwise":
            return await self._rank(input)
        if self.mode == "pointwise":
            return await self.scored(self._messages, input)
        answers = answers_of(input, self.answers, at_least=2, at_most=2)
        return await self.compared(self._messages, input, answers)

    async def _rank(self, input: Row) -> Row:
        answers = answers_of(input, self.answers)
        orders = listwise.shown_orders(len(answers), self.orders, json.dumps(answers))
        ranking = listwise.ranking_type(len(answers))
        prompts = [
            self._messages(
                {**input, "_criteria": self.listed_criteria, "_answers": [answers[place] for place in order]}
            )
            for order in orders
        ]

        async def ranked(judge: LLM) -> list[listwise.Ranking]:
            given = await together(*(self.ask(prompt, schema=ranking, llm=judge) for prompt in prompts))
            return [listwise.ranked(order, answer) for order, answer in zip(orders, given, strict=True)]

        return listwise.combined(answers, await self.every_judge(ranked))

    def _messages(self, variables: Mapping[str, Any]) -> Sequence[Message]:
        prompt: Message = {"role": "user", "content": PromptTemplate(self._prompt).render(variables)}
        if not self.system_prompt:
            return [prompt]
        return [{"role": "system", "content": PromptTemplate(self.system_prompt).render(variables)}, prompt]
