"""Texts in other words, with the same facts."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from seedbed import Example, InvalidOutputError, PromptTemplate, Reject, Row
from seedbed.reading import read_choice
from seedbed_tasks.prompt_text import prompt_with
from seedbed_tasks.text_task import TextTask, is_same, text_of, written

# A number: digits, with separators between them; "3.", at the end of a sentence, is 3.
_NUMBER = re.compile(r"\d+(?:[.,'\u00a0\u202f]\d+)*")


class Rewrite(TextTask):
    """Rewrites each text after instructions for its style, and keeps its facts.

    Reads `column`; adds `rewritten` (text). `check` says how facts are held: `numbers` asks again if a number
    of the text is missing, or one is new; `judged` also has the model compare both texts, and rejects the
    row if facts were lost or added. A text that comes back in the same words is asked for again.
    """

    goals = ("sft", "documents")
    keywords = ("paraphrase", "style transfer", "simplify", "tone", "rephrase", "augmentation")
    example = Example(rows=[{"text": "The meeting is at 9 on Monday, and everyone has to be there."}])
    refuses_cut: ClassVar[bool] = True

    template: str = (
        "Text:\n{{ _text }}\n\nRewrite the text: {{ _instructions }}\nKeep all facts, names and numbers, and "
        "add none. Write the new text and nothing else."
    )
    judge_template: Annotated[str, prompt_with("_text", "_rewritten")] = Field(
        default="Text A:\n{{ _text }}\n\nText B:\n{{ _rewritten }}\n\nDoes text B say the same facts as text "
        "A, with none lost, changed or added? Answer yes or no.",
        description="Prompt that asks whether the facts are the same, with _text and _rewritten.",
    )
    instructions: str = Field(
        default="use plain words and short sentences.", min_length=1, description="What the new style is."
    )
    check: Literal["none", "numbers", "judged"] = Field(
        default="numbers", description="How to check that the facts are the same."
    )

    @property
    def outputs(self) -> list[str]:
        """The column made."""
        return ["rewritten"]

    def prompt_values(self) -> dict[str, Any]:
        """Return the instructions."""
        return {"_instructions": self.instructions}

    async def generate_row(self, input: Row) -> list[Row]:
        """Return the row of each generation, checked."""
        text = text_of(input, self.column)
        rewritten = await self.ask(self.format_input(input), read=lambda answer: self._read(answer, text))
        if self.check == "judged":
            prompt = PromptTemplate(self.judge_template).render({"_text": text, "_rewritten": rewritten})
            if await self.ask(prompt, read=lambda answer: read_choice(answer, ["yes", "no"])) == "no":
                raise Reject("the judge finds other facts in the new text", text=rewritten)
        return [{"rewritten": rewritten}]

    def _read(self, answer: str, text: str) -> str:
        rewritten = written(answer)
        if is_same(rewritten, text):
            raise InvalidOutputError("the text is the same as before", text=answer)
        if self.check != "none":
            before, after = numbers_in(text), numbers_in(rewritten)
            if before - after:
                raise InvalidOutputError("a number of the text is missing", text=answer)
            if after - before:
                raise InvalidOutputError("there's a number that isn't in the text", text=answer)
        return rewritten


def numbers_in(text: str) -> set[str]:
    """Return the numbers of a text as digits alone, so that 1,000 and 1000 are the same."""
    return {re.sub(r"\D", "", found) for found in _NUMBER.findall(text)}
