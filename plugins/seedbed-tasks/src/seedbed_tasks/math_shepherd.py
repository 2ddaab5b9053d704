"""Math-Shepherd: each step of a solution, labelled by how often the right answer follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from seedbed import (
    LLM,
    Citation,
    ContentFilteredError,
    Example,
    GenerationParameters,
    InvalidOutputError,
    InvalidRowError,
    PromptTemplate,
    Reject,
    Row,
    Task,
)
from seedbed_tasks.given_texts import text_in
from seedbed_tasks.math_values import answer_in, is_same_answer
from seedbed_tasks.parallel_calls import together
from seedbed_tasks.prompt_text import prompt_with
from seedbed_tasks.solution_steps import split_steps
from seedbed_tasks.text_task import written

_SOLVE = """\
{{ instruction }}

Solve this step by step. Write each step on a line of its own that begins with its number, such as \
'Step 1:'. End the last step with 'The answer is', and the answer alone."""

_COMPLETE = """\
{{ _instruction }}

Solve this step by step. Here is the beginning of a solution:

{{ _steps }}

Go on from there, without repeating it: write the steps that are missing, each on a line of its own that \
begins with its number, such as 'Step {{ _next }}:'. End the last step with 'The answer is', and the answer \
alone."""


class MathShepherd(Task):
    """Solutions whose every step is labelled by whether the right answer follows from it, for reward models.

    Reads `instruction` (a problem) and `answer` (its final answer, text or a number); adds `steps` (list of
    texts), `labels` (list of booleans: hard estimation, whether any rollout from this step reaches the
    answer), `soft_labels` (list of numbers, 0 to 1: soft estimation, the share that does), `rollouts` (list
    of lists: the final answers of the rollouts from each step, None where there's none to read) and
    `is_correct` (whether the solution's own answer is right). The model writes the solution, several with
    `num_generations`; with `column`, the one in that column is labelled. `completer`, or `llm`, makes
    `samples` rollouts from each step but the last, whose label is that of the solution's answer. Answers are
    compared by value. The method is that of Wang et al., 2023 (https://arxiv.org/abs/2312.08935). For
    trainers, rename `steps` to `completions` and `instruction` to `prompt`.

    Differences from the paper: solution and rollouts come from models that are asked to reason in numbered
    steps, not from ones fine-tuned to; one solution instead of 15 by default, and rollouts continue a
    beginning that is shown in the prompt. No reward model is trained here.
    """

    goals = ("reward", "math")
    keywords = (
        "process reward model",
        "PRM",
        "process supervision",
        "rollouts",
        "step labels",
        "verification",
    )
    citation = Citation(
        "Math-Shepherd: Verify and Reinforce LLMs Step-by-step without Human Annotations",
        authors=("Peiyi Wang", "Lei Li", "Zhihong Shao", "Runxin Xu", "Damai Dai", "others"),
        year=2023,
        arxiv="2312.08935",
    )
    example = Example(
        rows=[{"instruction": "I have 3 apples and buy 2 more. How many apples do I have?", "answer": "5"}],
        parameters={"samples": 2, "most_steps": 4, "generation": {"max_tokens": 120}},
    )

    template: str = _SOLVE
    complete_template: Annotated[str, prompt_with("_instruction", "_steps", "_next")] = Field(
        default=_COMPLETE, description="Prompt of a rollout, with _instruction, _steps and _next."
    )
    column: str | None = Field(
        default=None, description="Column with the solution to label; without it, the model writes one."
    )
    answer_column: str = Field(default="answer", min_length=1, description="Column with the right answer.")
    samples: int = Field(default=8, ge=1, le=1000, description="Rollouts from each step.")
    most_steps: int = Field(
        default=20,
        ge=1,
        le=200,
        description="Solutions with more steps are rejected: each costs rollouts.",
    )
    completer: LLM | None = Field(
        default=None, description="The model that makes the rollouts; by default that which writes."
    )
    generation: GenerationParameters = Field(
        default_factory=lambda: GenerationParameters(temperature=0.7, max_tokens=1024),
        description="Sampling parameters; they override those of the LLM.",
    )

    @property
    def inputs(self) -> list[str]:
        """The columns needed."""
        given = () if self.column is None else (self.column,)
        return sorted({"instruction", self.answer_column, *given, *super().inputs})

    @property
    def outputs(self) -> list[str]:
        """The columns made."""
        return ["steps", "labels", "soft_labels", "rollouts", "is_correct"]

    @property
    def needs_llm(self) -> bool:
        """Whether `llm` is asked: not if another model completes solutions that are given."""
        return self.column is None or self.completer is None

    async def generate_row(self, input: Row) -> Row:
        """Return the steps of a solution with their labels."""
        answer = self._right_answer(input)
        problem = text_in(input, "instruction")
        solution = await self._solution(input)
        steps = split_steps(solution)
        if len(steps) > self.most_steps:
            raise Reject("the solution has more steps than most_steps")
        is_correct = is_same_answer(answer_in(solution), answer)
        rollouts = await together(*(self._rollouts(problem, steps[:count]) for count in range(1, len(steps))))
        shares = [sum(is_same_answer(one, answer) for one in answers) / self.samples for answers in rollouts]
        soft = [*shares, float(is_correct)]
        return {
            "steps": steps,
            "labels": [share > 0 for share in soft],
            "soft_labels": soft,
            "rollouts": [*rollouts, []],
            "is_correct": is_correct,
        }

    def _right_answer(self, input: Row) -> str:
        value = input[self.answer_column]
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise InvalidRowError(
                f"column '{self.answer_column}' has no final answer, but {type(value).__name__}",
                "give it as text or a number: '7', '1/2'",
            )
        text = str(value).strip()
        if not text:
            raise Reject(f"the column '{self.answer_column}' has no text")
        # Datasets such as GSM8K have the whole solution there, with the answer at its end.
        return (answer_in(text) or text) if "\n" in text or "####" in text else text

    async def _solution(self, input: Row) -> str:
        if self.column is not None:
            return text_in(input, self.column)
        solution: str = await self.ask(self.format_input(input), read=written)
        return solution

    async def _rollouts(self, problem: str, steps: Sequence[str]) -> list[str | None]:
        """Return the final answers of rollouts from the last of these steps."""
        values = {"_instruction": problem, "_steps": "\n".join(steps), "_next": len(steps) + 1}
        prompt = PromptTemplate(self.complete_template).render(values)
        return await together(*(self._rollout(prompt) for _ in range(self.samples)))

    async def _rollout(self, prompt: str) -> str | None:
        try:
            return answer_in(await self.ask(prompt, llm=self.completer))
        except (InvalidOutputError, ContentFilteredError):
            return None
