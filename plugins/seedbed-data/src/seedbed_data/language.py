"""A step that tells in which language a text is."""

from __future__ import annotations

from functools import cache
from typing import Any, ClassVar

from pydantic import Field, field_validator, model_validator

from seedbed import Example, Reject, Row, Step, UsageError, did_you_mean
from seedbed_data.texts import check_distinct
from seedbed_data.words import text_of

# Without any feature of a language, all of them are as likely: 1/140.
_LEAST = 0.02


class Language(Step):
    """Adds the language of a text, and keeps or rejects languages.

    Language(by=["text"], keep=["en", "de"], at_least=0.8)

    The package py3langid tells 140 languages apart, by their ISO 639 codes; `und` is a text without a
    language, such as an empty one, and `zxx` one of digits or code. Of a few words it often says something
    wrong, with a low confidence.
    """

    goals = ("cleaning",)
    keywords = ("language identification",)
    example = Example(
        rows=[
            {"text": "The tide is rising and the boats are coming home."},
            {"text": "Die Flut steigt und die Boote kommen nach Hause."},
        ],
        parameters={"keep": ["en"]},
    )

    keeps: ClassVar[bool] = True

    by: list[str] = Field(default=["text"], min_length=1, description="Columns with the text.")
    keep: list[str] | None = Field(
        default=None, min_length=1, description="Languages that stay, such as en; all if unset."
    )
    reject: list[str] = Field(default_factory=list, description="Languages whose rows are rejected.")
    at_least: float = Field(default=0, ge=0, le=1, description="Confidence below which rows are rejected.")
    column: str = Field(default="language", min_length=1, description="Column that is made.")
    confidence: str | None = Field(default=None, description="Column for the confidence, from 0 to 1.")

    @field_validator("keep", "reject")
    @classmethod
    def _check_codes(cls, codes: list[str] | None) -> list[str] | None:
        for code in codes or ():
            # Whether it's a language that the model knows takes half a second to find out: `load` does.
            if not (code.isascii() and code.islower() and 2 <= len(code) <= 3):
                raise ValueError(f"{code!r} isn't the code of a language: write en, de, fr")
        return codes

    @model_validator(mode="after")
    def _check_names(self) -> Language:
        check_distinct([*self.by, *self.outputs])
        return self

    @property
    def inputs(self) -> list[str]:
        """The columns with the text."""
        return self.by

    @property
    def outputs(self) -> list[str]:
        """The language, and the confidence if it has a column."""
        return [self.column, *([self.confidence] if self.confidence is not None else [])]

    @property
    def needed_packages(self) -> dict[str, str]:
        """What tells languages apart."""
        return {"py3langid": "seedbed-data[language]"}

    def load(self) -> None:
        """Read the model, and check that it knows the languages."""
        known = ["und", *_identifier().labels]
        for code in [*(self.keep or ()), *self.reject]:
            if code not in known:
                raise UsageError(f"the language '{code}' is unknown", *did_you_mean(code, known))

    def process(self, row: Row) -> Row:
        """Return the row with its language, or reject it."""
        found, confidence = _identifier().classify(text_of(row, self.by))
        if confidence < self.at_least:
            raise Reject(f"the confidence in the language is below {self.at_least:g}")
        if found in self.reject or (self.keep is not None and found not in self.keep):
            raise Reject(f"the language is {found}")
        more = {} if self.confidence is None else {self.confidence: round(confidence, 4)}
        return {**row, self.column: found, **more}


@cache
def _identifier() -> Any:
    # 0.3 s to import, and numpy with it; 0.1 s to read its model.
    try:
        from py3langid.langid import MODEL_FILE, LanguageIdentifier
    except ImportError as error:
        raise UsageError(
            "the step `language` needs the package py3langid", "pip install 'seedbed-data[language]'"
        ) from error
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True, min_confidence=_LEAST)
