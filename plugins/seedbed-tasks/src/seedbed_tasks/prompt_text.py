"""Further prompts of a task: fields that hold a template, checked when the task is made."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from seedbed import PromptTemplate, UsageError


def _checked(text: str) -> str:
    try:
        PromptTemplate(text)
    except UsageError as error:
        raise ValueError(error.fact) from error
    return text


PromptText = Annotated[str, AfterValidator(_checked)]
"""A Jinja2 template of a prompt, for fields whose names end in `_template`: `Compare: {{ first }}`."""
