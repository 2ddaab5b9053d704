"""Further prompts of a task: fields that hold a template, checked when the task is made."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator

from seedbed import PromptTemplate, UsageError, did_you_mean


def _checked(text: str) -> str:
    try:
        PromptTemplate(text)
    except UsageError as error:
        raise ValueError(error.fact) from error
    return text


def prompt_with(*names: str) -> AfterValidator:
    """Return a check of a template that is filled in with these variables, and no others.

        judge_template: Annotated[str, prompt_with("topic", "_speeches")]

    A name that's misspelt is an error when the task is made. Otherwise it would be one once the prompt is
    filled in, when the row's first calls have been paid for.
    """

    def check(text: str) -> str:
        for name in sorted(PromptTemplate(_checked(text)).columns - {*names}):
            advice = "; ".join([*did_you_mean(name, names), f"variables here: {', '.join(names)}"])
            raise ValueError(f"{name!r} isn't one of the template's variables ({advice})")
        return text

    return AfterValidator(check)


PromptText = Annotated[str, AfterValidator(_checked)]
"""A Jinja2 template of a prompt that may name any column of the row: `Compare: {{ first }}`.

Its columns belong to the `inputs` of the task, see `prompt_columns`.
"""
