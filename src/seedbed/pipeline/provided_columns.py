"""How rows that have a step's text under another name can get to the step."""

from __future__ import annotations

from collections.abc import Iterator

from seedbed.tasks.base_step import BaseStep


def ways_to_provide(step: BaseStep, column: str) -> Iterator[str]:
    """Yield how a step that reads a column by itself can get it from another one.

    If the user named the column, in a prompt or in another parameter, the mistake is there.
    """
    if any(column in str(getattr(step, name)) for name in step.model_fields_set):
        return
    # A prompt that is nothing but the column.
    if getattr(step, "template", "").strip("{} ") == column:
        yield (
            "if another one has it, name that in the prompt: template='{{ COLUMN }}' in Python, "
            "--set template='{{ COLUMN }}' on the command"
        )
    else:
        yield f"if another one has it, put the step 'rename' before: names={{'COLUMN': '{column}'}}"
