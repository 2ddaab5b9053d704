"""Mathematical problems with a worked solution, whose answer several solutions reach."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from seedbed import (
    LLM,
    ContentFilteredError,
    Example,
    GenerationParameters,
    GeneratorTask,
    InvalidOutputError,
    PromptTemplate,
    Reject,
    Row,
)
from seedbed_tasks.final_answers import final_answer
from seedbed_tasks.math_topics import MATH_TOPICS
from seedbed_tasks.math_values import answer_in, comparable, value_of
from seedbed_tasks.parallel_calls import together
from seedbed_tasks.prompt_text import prompt_with
from seedbed_tasks.text_task import written

NOT_AGREED = "too few solutions reach the same answer"
_SHOWN = 300
_SHORTEST = 4
"""Words of a problem."""

_PROMPT = """\
Write a mathematical problem on {{ topic }}. Its level is {{ level }}.

It's complete in itself, has no picture, and has exactly one answer, \
{% if _answers == "number" %}which is a number{% else %}which is short{% endif %}. Let it be unlike what \
comes to mind first. Write the problem only, as it's given to a student: no title, no solution, no hints."""

_SOLVE = """\
{{ problem }}

Solve this step by step, each step on a line of its own. Then end with one line: 'The answer is', and the \
answer alone{% if _answers == "number" %}, a number or a fraction{% endif %}."""

_LABEL = re.compile(r"^\s*[*#]*\s*(?:problem|question)(?:\s+statement)?\s*[*]*\s*:\s*[*]*\s*", re.IGNORECASE)
_SOLVED = re.compile(
    r"^\s*[*#]*\s*(?:solution|answer)\b\s*[*]*\s*:|\bthe answer is\b", re.IGNORECASE | re.MULTILINE
)


class MathProblems(GeneratorTask):
    """Mathematical problems with a worked solution and an answer that several solutions agree on.

    Draws `topic` and `level`; makes `instruction` (the problem), `solution` (text, a step a line), `answer`
    (text: its final answer alone), `answers` (list: the final answers of `samples` independent solutions,
    None where there's none to read) and `agreement` (the share of them that is the same as `answer`, 0 to 1).
    `answer` is the one that most solutions reach, and `solution` the first that does; rows whose share is
    below `at_least` are rejected. Answers are the same if their values are: 0.5, 1/2 and one half in LaTeX.
    The solutions are those of `solver`, or of `llm`. For labels on each step, follow with `math-shepherd`.
    """

    goals = ("math", "sft")
    keywords = (
        "word problems",
        "chain of thought",
        "reasoning",
        "verified",
        "self-consistency",
        "GSM8K",
        "RLVR",
    )
    example = Example(
        {
            "topics": ["money and prices"],
            "levels": ["elementary school"],
            "samples": 2,
            "at_least": 0.5,
            "generation": {"max_tokens": 256},
        }
    )
    sampled = ("topic", "level")

    template: str = _PROMPT
    solve_template: Annotated[str, prompt_with("problem", "_answers")] = Field(
        default=_SOLVE, description="Prompt of a solution, with problem."
    )
    topics: list[str] = Field(
        default=list(MATH_TOPICS), min_length=1, description="What the problems are about."
    )
    levels: list[str] = Field(
        default=["elementary school", "middle school", "high school", "mathematical contests"],
        min_length=1,
        description="How hard the problems are.",
    )
    final: Literal["number", "text"] = Field(
        default="number",
        description="What answers are: numbers (also fractions, roots and pi), or any short text.",
    )
    samples: int = Field(default=4, ge=1, le=100, description="Solutions of each problem.")
    at_least: float = Field(
        default=0.75, ge=0, le=1, description="Share of the solutions that have to reach the answer."
    )
    solver: LLM | None = Field(
        default=None, description="The model that solves the problems; by default that which writes them."
    )
    generation: GenerationParameters = Field(
        default_factory=lambda: GenerationParameters(temperature=0.8, max_tokens=1024),
        description="Sampling parameters; they override those of the LLM.",
    )

    @property
    def outputs(self) -> list[str]:
        """The columns made."""
        return ["topic", "level", "instruction", "solution", "answer", "answers", "agreement"]

    def sample(self, index: int, rng: random.Random) -> dict[str, Any]:
        """Draw topic and level of one row."""
        drawn = {"topic": rng.choice(self.topics), "level": rng.choice(self.levels)}
        return {**drawn, "_answers": self.final}

    async def generate_row(self, input: Row) -> Row:
        """Return a problem with the answer that enough solutions reach."""
        problem = await self.ask(self.format_input(input), read=read_problem)
        values = {"problem": problem, "_answers": self.final}
        prompt = PromptTemplate(self.solve_template).render(values)
        solutions = await together(*(self._solution(prompt) for _ in range(self.samples)))
        return {"instruction": problem, **self.agreed(solutions)}

    async def _solution(self, prompt: str) -> str | None:
        try:
            solution: str = await self.ask(prompt, llm=self.solver, read=written)
        except (InvalidOutputError, ContentFilteredError):
            return None
        return solution

    def agreed(self, solutions: Sequence[str | None]) -> Row:
        """Return the answer that most solutions reach, with the first of them; Reject if too few reach it."""
        answers = [None if solution is None else self._answer_in(solution) for solution in solutions]
        places: dict[str, list[int]] = {}
        for place, answer in enumerate(answers):
            if answer is not None:
                places.setdefault(comparable(answer), []).append(place)
        # Of equally many, the first: a dictionary keeps the order.
        best = max(places.values(), key=len, default=[])
        agreement = len(best) / len(solutions)
        if not best or agreement < self.at_least:
            raise Reject(NOT_AGREED, f"answers: {', '.join(map(str, answers))}"[:_SHOWN])
        return {
            "solution": solutions[best[0]],
            "answer": answers[best[0]],
            "answers": answers,
            "agreement": agreement,
        }

    def _answer_in(self, solution: str) -> str | None:
        if self.final == "number":
            found = answer_in(solution)
            return found if found is not None and value_of(found) is not None else None
        return final_answer(solution, "boxed") or final_answer(solution, "text")


def read_problem(answer: str) -> str:
    """Return the problem in an answer; raise InvalidOutputError if there's none, or its solution follows."""
    problem = _LABEL.sub("", written(answer)).strip()
    if len(re.findall(r"\w+", problem)) < _SHORTEST:
        raise InvalidOutputError(f"the problem has less than {_SHORTEST} words", text=answer)
    if _SOLVED.search(problem):
        raise InvalidOutputError("the problem has its solution in it", text=answer)
    return problem
