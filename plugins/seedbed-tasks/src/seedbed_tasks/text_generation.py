"""Text for each row of a file."""

from __future__ import annotations

from seedbed import Example, Task


class TextGeneration(Task):
    """Answers each row's instruction; adds the column `generation`.

    Works on rows with a column `instruction`, or with the columns that `template` reads:
    `--set template="Summarise in one sentence: {{ text }}"`.
    """

    goals = ("sft",)
    keywords = ("answers", "responses", "completions", "prompt", "inference")
    example = Example(rows=[{"instruction": "Name three things that float."}])

    template: str = "{{ instruction }}"
