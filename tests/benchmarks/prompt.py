"""The prompt of a one-call row: about 300 characters, none like another."""

from __future__ import annotations

TEMPLATE = (
    "Write the story of seed number {{ number }}: where it fell, who stepped over it, what it saw of the "
    "winter, and what became of it in the end. Keep it short, plain and true to nature; let no one speak, "
    "name no year, and end with the sentence that the story began with."
)


def prompt(number: int) -> str:
    """Return the prompt of one row, as the template renders it."""
    return TEMPLATE.replace("{{ number }}", str(number))
