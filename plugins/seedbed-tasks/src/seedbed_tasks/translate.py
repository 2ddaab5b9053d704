"""Translations, which a translation back may check."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from seedbed import Example, InvalidOutputError, PromptTemplate, Reject, Row, UsageError
from seedbed.reading import read_rating
from seedbed_tasks.chrf import chrf
from seedbed_tasks.prompt_text import prompt_with
from seedbed_tasks.text_task import TextTask, is_same, text_of, written

_SHORT = 4
_BEST = 5

_BACK = ("_to", "_from", "_text", "_translation")


class Translate(TextTask):
    """Translates each text, and can check each translation by translating it back.

    Reads `column`; adds `translation` (text). With `check`, it also adds `back_translation` (text) and
    `agreement` (number from 0 to 1), and rejects a row whose agreement is below `at_least`. The check
    `similarity` compares the text with its back-translation by chrF; `judged` asks the model from 1 to 5 how
    well they mean the same.
    """

    goals = ("translation",)
    keywords = ("languages", "multilingual", "parallel corpus", "back-translation", "localization")
    example = Example(rows=[{"text": "Good morning. The train leaves at nine."}], parameters={"to": "French"})
    refuses_cut: ClassVar[bool] = True

    template: str = (
        "Translate this text{% if _from %} from {{ _from }}{% endif %} into {{ _to }}. Write the translation "
        "and nothing else.\n\n{{ _text }}"
    )
    back_template: Annotated[str, prompt_with(*_BACK)] = Field(
        default="Translate this text from {{ _to }} into {{ _from }}. Write the translation and nothing else."
        "\n\n{{ _translation }}",
        description="Prompt that translates back, with _to, _from, _text and _translation.",
    )
    judge_template: Annotated[str, prompt_with(*_BACK, "_back")] = Field(
        default="Text A:\n{{ _text }}\n\nText B:\n{{ _back }}\n\nHow well does text B mean the same as text "
        "A, from 1 (another meaning) to 5 (the same meaning)? Answer with the number.",
        description="Prompt that compares a text with its back-translation, _back, from 1 to 5.",
    )
    to: str = Field(default="English", min_length=1, description="Language to translate into.")
    source: str = Field(default="", description="Language of the texts; needed for `check`.")
    check: Literal["none", "similarity", "judged"] = Field(
        default="none", description="How to check a translation, by translating it back."
    )
    at_least: float = Field(default=0.5, ge=0, le=1, description="Least agreement of a row that is kept.")

    @property
    def outputs(self) -> list[str]:
        """The columns made; with a check, the back-translation and the agreement as well."""
        checked = ["back_translation", "agreement"] if self.check != "none" else []
        return ["translation", *checked]

    def prompt_values(self) -> dict[str, Any]:
        """Return the languages."""
        return {"_to": self.to, "_from": self.source}

    def model_post_init(self, context: Any, /) -> None:
        """Check that a text can be translated back."""
        super().model_post_init(context)
        if self.check != "none" and not self.source:
            raise UsageError(
                f"task '{self.name}' can't translate back without the language of the texts",
                "give it as `source`, such as --set source=German (source= in Python), or set check=none",
            )

    async def generate_row(self, input: Row) -> list[Row]:
        """Return the row of each generation, checked."""
        text = text_of(input, self.column)
        translation = await self.ask(self.format_input(input), read=lambda answer: _translation(answer, text))
        if self.check == "none":
            return [{"translation": translation}]
        values = {**self.prompt_values(), "_text": text, "_translation": translation}
        back = await self.ask(PromptTemplate(self.back_template).render(values), read=written)
        agreement = chrf(back, text) if self.check == "similarity" else await self._judged(values, back)
        if agreement < self.at_least:
            raise Reject("the translation back is too unlike the text", text=back)
        return [{"translation": translation, "back_translation": back, "agreement": round(agreement, 4)}]

    async def _judged(self, values: dict[str, Any], back: str) -> float:
        prompt = PromptTemplate(self.judge_template).render({**values, "_back": back})
        rating: float = await self.ask(prompt, read=lambda answer: read_rating(answer, 1, _BEST))
        return (rating - 1) / (_BEST - 1)


def _translation(answer: str, text: str) -> str:
    translation = written(answer)
    # A name or a number may be the same in both languages; a sentence isn't.
    if len(text.split()) >= _SHORT and is_same(translation, text):
        raise InvalidOutputError("the translation is the text itself", text=answer)
    return translation
