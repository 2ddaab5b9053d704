"""The prompts of the rows that are measured: of about 300 characters or of 4 kB, none like another."""

from __future__ import annotations

TEMPLATE = (
    "Write the story of seed number {{ number }}: where it fell, who stepped over it, what it saw of the "
    "winter, and what became of it in the end. Keep it short, plain and true to nature; let no one speak, "
    "name no year, and end with the sentence that the story began with."
)


LONG_TEMPLATE = f"{' '.join(f'Rule {rule}: {TEMPLATE}' for rule in range(1, 14))}"
"""As long as a prompt with examples: 4 kB, with a variable in thirteen places."""


def prompt(number: int, template: str = TEMPLATE) -> str:
    """Return the prompt of one row, as the template renders it."""
    return template.replace("{{ number }}", str(number))


def follow_up(number: int, story: str) -> str:
    """Return the prompt of a row's second call, which has the answer to the first in it."""
    return f"Go on with the story of seed number {number}, where it ended:\n\n{story}"
