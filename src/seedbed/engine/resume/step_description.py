"""What a manifest says about a step for the card of a dataset: its purpose, and what to cite."""

from __future__ import annotations

import inspect
from typing import Any

from seedbed.tasks.steps import BaseStep


def card_entries(step: BaseStep) -> dict[str, Any]:
    """Return the first paragraph of the class's docstring, its citation, and which fields are set.

    A class says with a class variable `citation` what to cite, in BibTeX or words.
    """
    cls = type(step)
    citation = getattr(cls, "citation", None) if "citation" not in cls.model_fields else None
    return {
        "description": inspect.cleandoc(cls.__dict__.get("__doc__") or "").partition("\n\n")[0],
        "citation": citation if isinstance(citation, str) and citation.strip() else None,
        "set": [name for name in cls.model_fields if name in step.model_fields_set],
    }
