"""Prometheus: feedback and a grade by a rubric, for one answer or for two."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field, create_model, model_validator

from seedbed import (
    Citation,
    Example,
    GenerationParameters,
    InvalidOutputError,
    Message,
    PromptTemplate,
    Row,
    Task,
)
from seedbed.reading import is_refusal, split_reasoning
from seedbed_tasks.judging import answers_of
from seedbed_tasks.pointwise import as_number
from seedbed_tasks.prompt_text import PromptText

_RESULT = re.compile(r"\[RESULT\][\s:*(]{0,5}(?:Response\s|Score\s)?\s?([1-5AB])(?![\w.]*\w)", re.IGNORECASE)
_MARK = "[RESULT]"
_GRADE = 'The grade is missing. Write the one that follows from your feedback, as JSON: {{"grade": {grades}}}'

_SHARED = """\
{% if reference is defined and reference %}
An answer that would get the highest grade:
{{ reference }}
{% endif %}
The rubric: {{ _criteria }}
"""
DIRECT = (
    "Grade the answer to an instruction strictly by the rubric.\n\n"
    "The instruction:\n{{ instruction }}\n\nThe answer to grade:\n{{ generation }}\n"
    + _SHARED
    + "{% for score, meaning in _scores %}Score {{ score }}: {{ meaning }}\n{% endfor %}\n"
    "Write detailed feedback on the answer by the rubric alone, then the score, a whole number from 1 "
    "to 5. Use this form and nothing else:\nFeedback: (the feedback) [RESULT] (the score)"
)
RELATIVE = (
    "Decide which of two answers to an instruction is better, strictly by the rubric.\n\n"
    "The instruction:\n{{ instruction }}\n\nAnswer A:\n{{ _first }}\n\nAnswer B:\n{{ _second }}\n"
    + _SHARED
    + "\nWrite detailed feedback that compares both by the rubric alone, then the better one, A or B. "
    "Use this form and nothing else:\nFeedback: (the feedback) [RESULT] (A or B)"
)


class Prometheus(Task):
    """Grades an answer from 1 to 5, or picks the better of two, with feedback by a rubric of your own.

    With `mode: direct`, reads `instruction` and `generation`; adds `feedback` (text) and `score` (1 to 5).
    With `mode: relative`, reads `instruction` and two `generations`; adds `feedback`, `winner` ("first" or
    "second"), `chosen` and `rejected`. A column `reference`, if there's one, is shown as an answer of the
    highest grade. Made for the models of Kim et al., 2024 (https://arxiv.org/abs/2405.01535), and works with
    any.

    Differences from the paper: the wording of the prompts is our own; the form of the answer, `Feedback: ...
    [RESULT] ...`, is the paper's. A model that ends its feedback without a grade is asked for the grade that
    follows from it. Two answers are compared in the order given; `judge` compares both orders.
    """

    explains_output = True
    goals = ("evaluation", "preference", "reward")
    keywords = ("judge", "rubric", "score", "grading", "absolute", "relative")
    citation = Citation(
        "Prometheus 2: An Open Source Language Model Specialized in Evaluating Other Language Models",
        authors=("Seungone Kim", "Juyoung Suk", "Shayne Longpre", "others"),
        year=2024,
        arxiv="2405.01535",
    )
    example = Example(rows=[{"instruction": "Name a colour.", "generation": "Blue."}])

    mode: Literal["direct", "relative"] = Field(
        default="direct", description="Grade one answer, or compare two."
    )
    criteria: str = Field(
        default="Is the answer correct, complete and clear?",
        min_length=1,
        description="What the rubric asks.",
    )
    scores: dict[int, str] = Field(
        default={
            1: "It's wrong or beside the point.",
            2: "It's mostly wrong, or most is missing.",
            3: "It's partly right, with clear gaps.",
            4: "It's right, with small flaws.",
            5: "It's right, complete and clear.",
        },
        description="What each score from 1 to 5 means.",
    )
    template: str = Field(default=DIRECT, description="Prompt for one answer.")
    relative_template: PromptText = Field(default=RELATIVE, description="Prompt for two.")
    generation: GenerationParameters = Field(
        default_factory=lambda: GenerationParameters(max_tokens=1024),
        description="Sampling parameters; they override those of the LLM.",
    )

    @model_validator(mode="after")
    def _check_scores(self) -> Prometheus:
        if set(self.scores) != {1, 2, 3, 4, 5}:
            raise ValueError(f"`scores` describes {sorted(self.scores)}, not each of 1 to 5")
        return self

    @property
    def inputs(self) -> list[str]:
        """The columns that the prompt of this mode reads."""
        read = PromptTemplate(self._prompt).columns | PromptTemplate(self.system_prompt).columns
        two = {"generations"} if self.mode == "relative" else set()
        return sorted({name for name in read if not name.startswith("_")} | two)

    @property
    def outputs(self) -> list[str]:
        """The columns of this mode."""
        return (
            ["feedback", "score"] if self.mode == "direct" else ["feedback", "winner", "chosen", "rejected"]
        )

    @property
    def _prompt(self) -> str:
        return self.template if self.mode == "direct" else self.relative_template

    def format_input(self, input: Row) -> list[Message]:
        """Return the prompt of this mode."""
        variables = {**input, "_criteria": self.criteria, "_scores": sorted(self.scores.items())}
        if self.mode == "relative":
            first, second = answers_of(input, "generations", at_least=2, at_most=2)
            variables |= {"_first": first, "_second": second}
        user: Message = {"role": "user", "content": PromptTemplate(self._prompt).render(variables)}
        if not self.system_prompt:
            return [user]
        return [{"role": "system", "content": PromptTemplate(self.system_prompt).render(variables)}, user]

    async def generate_row(self, input: Row) -> Row:
        """Return the feedback and the grade; an answer without exactly one grade is asked for again."""
        messages = self.format_input(input)
        feedback, grade = await self.ask(messages, read=self.read)
        if not grade:
            said: Message = {"role": "assistant", "content": feedback}
            asked: Message = {"role": "user", "content": _GRADE.format(grades=" or ".join(self._written))}
            made: Any = await self.ask([*messages, said, asked], schema=_grade_type(self._grades))
            grade = str(made.grade)
        return self._row(feedback, grade, input)

    def read(self, answer: str) -> tuple[str, str]:
        """Return the feedback and the grade of an answer; an empty one for feedback that has none."""
        text = split_reasoning(answer).answer
        if _MARK not in text.upper() and text.strip() and not is_refusal(text):
            return _feedback(text), ""
        return read_result(answer, self._grades)

    @property
    def _grades(self) -> str:
        return "12345" if self.mode == "direct" else "AB"

    @property
    def _written(self) -> list[str]:
        return [grade if grade.isdigit() else f'"{grade}"' for grade in self._grades]

    def _row(self, feedback: str, grade: str, input: Row) -> Row:
        if self.mode == "direct":
            return {"feedback": feedback, "score": int(grade)}
        answers = answers_of(input, "generations", at_least=2, at_most=2)
        best = "AB".index(grade)
        return {
            "feedback": feedback,
            "winner": ("first", "second")[best],
            "chosen": answers[best],
            "rejected": answers[1 - best],
        }


def _grade_type(grades: str) -> type[BaseModel]:
    values = tuple(int(grade) if grade.isdigit() else grade for grade in grades)
    grade: Any = Annotated[Literal[values], BeforeValidator(as_number)]
    return create_model("Grade", grade=(grade, Field(description="The grade.")))


def _feedback(text: str) -> str:
    return re.sub(r"\A\W*feedback\W*:\W*", "", text.strip(), flags=re.IGNORECASE).strip()


def read_result(text: str, labels: str) -> tuple[str, str]:
    """Return the feedback before `[RESULT]`, and the one of the labels after it.

    Raises InvalidOutputError if there's no such result, or if there are several that differ: the answer that
    was graded may have had the mark, and been quoted.
    """
    answer = split_reasoning(text).answer
    found = [match for match in _RESULT.finditer(answer) if match[1].upper() in labels]
    if answer.upper().count(_MARK) != len(found) or not found:
        raise InvalidOutputError(f"the answer has no {_MARK} with one of {', '.join(labels)}", text=text)
    if len({match[1].upper() for match in found}) > 1:
        raise InvalidOutputError(f"the answer has several {_MARK}, and they differ: give one", text=text)
    feedback = _feedback(answer[: found[0].start()])
    if not feedback:
        raise InvalidOutputError(f"the answer has no feedback before {_MARK}", text=text)
    return feedback, found[0][1].upper()
