"""What a manifest says about a step for the card of a dataset: its purpose, and what to cite."""

from __future__ import annotations

import inspect
from typing import Any

from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.description.purpose import citation_text, purpose_of


def card_entries(step: BaseStep) -> dict[str, Any]:
    """Return the first paragraph of the class's docstring, its citation, and which fields are set.

    A class says with a class variable `citation` what to cite; several citations are one text here.
    """
    cls = type(step)
    citations = map(citation_text, purpose_of(cls).citations)
    return {
        "description": inspect.cleandoc(cls.__dict__.get("__doc__") or "").partition("\n\n")[0],
        "citation": "\n\n".join(filter(None, citations)) or None,
        "set": [name for name in cls.model_fields if name in step.model_fields_set],
    }
