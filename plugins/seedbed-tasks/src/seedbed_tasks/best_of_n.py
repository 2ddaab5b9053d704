"""Best of n: several answers to each instruction, judged, of which the best and the worst are kept apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from statistics import fmean
from typing import Any, ClassVar, Literal, NamedTuple

from pydantic import Field

from seedbed import Citation, Example, GenerationParameters, Message, PromptTemplate, Reject, Row
from seedbed_tasks.judging import MISSING, NO_VERDICT
from seedbed_tasks.pairwise import PAIRWISE
from seedbed_tasks.parallel_calls import together
from seedbed_tasks.pointwise import POINTWISE
from seedbed_tasks.prompt_columns import task_text
from seedbed_tasks.prompt_text import PromptText
from seedbed_tasks.rubric import RubricTask

TOO_FEW = "fewer than two answers"
_POINTS = {"first": (1.0, 0.0), "second": (0.0, 1.0), "tie": (0.5, 0.5)}


class Ratings(NamedTuple):
    """The score of each answer, None without a verdict, and what the judges said."""

    scores: list[float | None]
    verdicts: list[Row]


class BestOfN(RubricTask):
    """Several answers to each instruction, judged; keeps the best, the worst for a pair, and all scores.

    Reads `instruction`; adds `generations` (list of texts), `scores` (list of numbers, None for an answer
    without a verdict), `verdicts` (what each judge said, with reasons), `generation` (the best answer, the
    first of equal ones), and the pair `chosen` and `rejected` (the best and the worst, None if all scores are
    equal).

    With `method: pointwise`, a score is a point of `scale`, the mean over judges and criteria. With
    `pairwise`, each answer meets each other one in both orders, and its score is the share of the points: 1
    for a win, half for a tie; that's `samples` * (`samples` - 1) calls of each judge. `judges` are further
    models; without any, the model judges its own answers. Equal answers are judged once. A column
    `reference`, if the rows have one, is shown to the judges as a good answer. Best of n is described by
    Stiennon et al., 2020 (https://arxiv.org/abs/2009.01325).

    Differences from the paper: judges are language models that are asked, not a trained reward model; all
    answers and their scores are kept.
    """

    goals = ("preference", "reward", "sft")
    keywords = ("rejection sampling", "reranking", "LLM as a judge", "DPO", "tournament", "round robin")
    citation = Citation(
        "Learning to Summarize from Human Feedback",
        authors=("Nisan Stiennon", "Long Ouyang", "Jeff Wu", "Daniel M. Ziegler", "others"),
        year=2020,
        arxiv="2009.01325",
    )
    example = Example(
        rows=[{"instruction": "Explain in one sentence what a tide is."}],
        parameters={"samples": 2, "generation": {"max_tokens": 60}, "judge_generation": {"max_tokens": 120}},
    )

    judging: ClassVar[str] = "judge_generation"

    template: str = "{{ instruction }}"
    num_generations: int = Field(default=1, ge=1, description="Rows to make from each input.")
    samples: int = Field(default=4, ge=2, le=100, description="Answers to each instruction.")
    method: Literal["pointwise", "pairwise"] = Field(
        default="pointwise", description="Score each answer by itself, or compare each with each."
    )
    pointwise_template: PromptText = Field(
        default=POINTWISE, description="Prompt to a judge of one answer: instruction and generation."
    )
    pairwise_template: PromptText = Field(
        default=PAIRWISE, description="Prompt to a judge of two answers: instruction, _first and _second."
    )
    generation: GenerationParameters = Field(
        default_factory=lambda: GenerationParameters(temperature=1.0, max_tokens=2048),
        description="Sampling parameters of answers; they override those of the LLM.",
    )
    judge_generation: GenerationParameters = Field(
        default_factory=lambda: GenerationParameters(temperature=0, max_tokens=512),
        description="Sampling parameters of judges; they override those of the judges.",
    )

    @property
    def needs_llm(self) -> bool:
        """True: `llm` writes the answers, whoever judges them."""
        return True

    @property
    def inputs(self) -> list[str]:
        """The columns that the prompts read."""
        to_judges = PromptTemplate(self._judge_template).columns - {"instruction", "generation"}
        return sorted({*super().inputs, *(name for name in to_judges if not name.startswith("_"))})

    @property
    def outputs(self) -> list[str]:
        """The columns made."""
        return ["generations", "scores", "verdicts", "generation", "chosen", "rejected"]

    @property
    def _judge_template(self) -> str:
        return self.pairwise_template if self.method == "pairwise" else self.pointwise_template

    async def generate_row(self, input: Row) -> Row:
        """Return the answers with their scores, the best and the worst."""
        messages = self.format_input(input)
        # Judges see the task as the writer did, whatever the template makes of the row.
        shown = {**input, "instruction": task_text(messages)}
        texts = await together(*(self._answer(messages) for _ in range(self.samples)))
        answers = [text for text in texts if text is not None]
        if len(answers) < 2:
            raise Reject(TOO_FEW)
        different = list(dict.fromkeys(answers))
        rated = await (self._tournament if self.method == "pairwise" else self._rate)(shown, different)
        by_text = dict(zip(different, rated.scores, strict=True))
        scores = [by_text[answer] for answer in answers]
        return {
            "generations": answers,
            "scores": scores,
            "verdicts": [_placed(one, different, answers) for one in rated.verdicts],
            **best_and_worst(answers, scores),
        }

    async def _answer(self, messages: Sequence[Message]) -> str | None:
        try:
            text: str = await self.ask(messages)
        except MISSING:
            return None
        return text.strip()

    async def _rate(self, shown: Row, answers: Sequence[str]) -> Ratings:
        async def rated(answer: str) -> Row | None:
            try:
                return await self.scored(self._prompt, {**shown, "generation": answer})
            except MISSING:
                return None

        given = await together(*(rated(answer) for answer in answers))
        verdicts = [
            {"answer": place, **verdict}
            for place, one in enumerate(given)
            for verdict in (one["verdicts"] if one else ())
        ]
        return Ratings([one["score"] if one else None for one in given], verdicts)

    async def _tournament(self, shown: Row, answers: Sequence[str]) -> Ratings:
        async def compared(first: int, second: int) -> Row | None:
            try:
                return await self.compared(self._prompt, shown, [answers[first], answers[second]])
            except MISSING:
                return None

        pairs = list(combinations(range(len(answers)), 2))
        given = await together(*(compared(*pair) for pair in pairs))
        points: list[list[float]] = [[] for _ in answers]
        for pair, one in zip(pairs, given, strict=True):
            for place, point in zip(pair, _POINTS[one["winner"]] if one else (), strict=False):
                points[place].append(point)
        verdicts = [
            {"answer": first, "other": second, **verdict}
            for (first, second), one in zip(pairs, given, strict=True)
            for verdict in (one["verdicts"] if one else ())
        ]
        # An answer that is alone, since all are equal, ties with its copies.
        alone = [0.5] if len(answers) == 1 else []
        return Ratings([fmean(got or alone) if got or alone else None for got in points], verdicts)

    def _prompt(self, variables: Mapping[str, Any]) -> list[Message]:
        return [{"role": "user", "content": PromptTemplate(self._judge_template).render(variables)}]


def best_and_worst(answers: Sequence[str], scores: Sequence[float | None]) -> Row:
    """Return the best answer, and the pair of the best and the worst; raise Reject without any score."""
    rated = [(score, place) for place, score in enumerate(scores) if score is not None]
    if not rated:
        raise Reject(NO_VERDICT)
    best = max(rated, key=lambda one: (one[0], -one[1]))
    worst = min(rated)
    is_tie = best[0] == worst[0]
    return {
        "generation": answers[best[1]],
        "chosen": None if is_tie else answers[best[1]],
        "rejected": None if is_tie else answers[worst[1]],
    }


def _placed(verdict: Row, different: Sequence[str], answers: Sequence[str]) -> Row:
    """Return a verdict with the places of its answers among all answers."""
    made = dict(verdict)
    for name in verdict.keys() & {"answer", "other"}:
        made[name] = answers.index(different[verdict[name]])
    return made
