"""Columns in which a model judges other columns by a rubric."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from seedbed import PromptTemplate, Reject, Row
from seedbed.reading import read_json
from seedbed_tasks.pointwise import as_number
from seedbed_tasks.table.written import Ask, Template, Written, not_fitting

# Our own words. The reason comes before the score, so that the score follows from it.
PROMPT = """\
Judge the following by this rubric: {{ rubric }}
{% for name, text in judged.items() %}
[{{ name }}]
{{ text if text is string else text | tojson }}
{% endfor %}
Scores:
{% for score, meaning in scores.items() %}{{ score }}: {{ meaning }}
{% endfor %}
Give the reason in one or two sentences, then the score that fits best, as JSON:
{"reason": "...", "score": {{ scores | first }}}"""


class Judge(Written):
    """The score of other columns by a rubric, with the reason: `{"score": 4, "reason": "..."}`.

    Judge(of=["question", "answer"], rubric="Is the answer right?", scores={0: "no", 1: "yes"})
    """

    kind: Literal["judge"] = "judge"
    of: list[str] = Field(min_length=1, description="The columns that are judged.")
    rubric: Template = Field(min_length=1, description="What they are judged by; also a template.")
    scores: dict[int, str] = Field(
        default={1: "poor", 2: "weak", 3: "fair", 4: "good", 5: "excellent"},
        min_length=2,
        description="The scores, and what each means.",
    )
    at_least: int | None = Field(default=None, description="Rows with a lower score are rejected.")
    prompt: Template = Field(
        default=PROMPT,
        min_length=1,
        description="Template of the prompt; it sees `rubric`, `scores`, `judged` and all columns.",
    )

    @model_validator(mode="after")
    def _check_bound(self) -> Judge:
        if self.at_least is not None and not min(self.scores) <= self.at_least <= max(self.scores):
            scores = ", ".join(map(str, self.scores))
            raise ValueError(f"at_least is {self.at_least}, but the scores are {scores}")
        return self

    @property
    def template(self) -> str:
        """The template of the prompt."""
        return self.prompt

    @property
    def own(self) -> Row:
        """The scores; the rubric and what is judged are filled in for each row."""
        return {"rubric": "", "scores": self.scores, "judged": {}}

    @property
    def reads(self) -> frozenset[str]:
        """The columns that are judged, and those that the prompts name."""
        return super().reads.union(self.of, PromptTemplate(self.rubric).columns)

    def shown(self, row: Row) -> Row:
        """Return what the templates see for a row."""
        rubric = PromptTemplate(self.rubric).render(row)
        return {**row, **self.own, "rubric": rubric, "judged": {name: row[name] for name in self.of}}

    async def write(self, row: Row, ask: Ask) -> dict[str, Any]:
        """Return score and reason; raise Reject for a score that is too low."""
        verdict: dict[str, Any] = await ask(self.messages(row), schema=self._schema, read=self.read)
        if self.at_least is not None and verdict["score"] < self.at_least:
            raise Reject(f"a score below {self.at_least}")
        return verdict

    def read(self, text: str) -> dict[str, Any]:
        """Return score and reason of an answer; raise InvalidOutputError if it has none."""
        found = read_json(text)
        score = as_number(found.get("score")) if isinstance(found, dict) else None
        if not isinstance(score, int) or score not in self.scores:
            raise not_fitting(f"score: it is one of {', '.join(map(str, self.scores))}", text)
        reason = found.get("reason")
        if not isinstance(reason, str) or not reason.strip():
            raise not_fitting("reason: it is missing", text)
        return {"score": score, "reason": reason.strip()}

    @property
    def _schema(self) -> dict[str, Any]:
        return {
            "type": "object",
            "properties": {
                "reason": {"type": "string"},
                "score": {"type": "integer", "enum": list(self.scores)},
            },
            "required": ["reason", "score"],
            "additionalProperties": False,
        }
