"""Text templates over the columns of a row, for prompts and steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from seedbed.errors import UsageError
from seedbed.tasks.templates.template import check_template, needed_variables, render


@dataclass(frozen=True)
class PromptTemplate:
    """A Jinja2 template of text: `{{ name }}` is replaced by a column, single braces are only text.

        PromptTemplate("Translate: {{ text }}").render({"text": "Guten Tag"})

    It runs in a sandbox with bounds on work and size. Raises UsageError if the text isn't a template.
    """

    text: str

    def __post_init__(self) -> None:
        try:
            check_template(self.text)
        except ValueError as error:
            raise UsageError(str(error)) from error

    @property
    def columns(self) -> frozenset[str]:
        """The columns that the template needs."""
        return needed_variables(self.text)

    def render(self, row: Mapping[str, Any]) -> str:
        """Return the text for a row.

        Raises UsageError for a column that isn't there, and InvalidRowError for one that is None or lacks a
        part that the template reads.
        """
        return render(self.text, row)
