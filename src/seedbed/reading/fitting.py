"""Why a value doesn't fit its type, in one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import ValidationError


def describe(error: ValidationError) -> str:
    """Return one line on why an answer doesn't fit, for the model and for the report."""
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    if problems[0]["type"] == "json_invalid":
        return f"the answer is not JSON ({problems[0]['msg'].removeprefix('Invalid JSON: ')})"
    listed = "; ".join(
        f"{'.'.join(map(str, item['loc'])) or 'answer'}: {item['msg']}" for item in problems[:5]
    )
    return f"the answer does not fit ({listed})"
