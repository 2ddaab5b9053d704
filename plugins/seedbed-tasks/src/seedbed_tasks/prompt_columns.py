"""Which columns the prompts of a task with several prompts read, and their texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from seedbed import Message, PromptTemplate, Reject, Row


def prompt_columns(columns: Iterable[str], *templates: str) -> list[str]:
    """Return these columns and those that further templates read.

    Names that begin with `_`, such as `_answer`, are what the task itself fills in.
    """
    read = {name for text in templates for name in PromptTemplate(text).columns}
    return sorted({*columns, *(name for name in read if not name.startswith("_"))})


def prompt_text(template: str, row: Row, made: Mapping[str, Any]) -> str:
    """Return a prompt over the columns of a row and what the task has made so far."""
    return PromptTemplate(template).render({**row, **made})


def task_text(messages: Sequence[Message]) -> str:
    """Return what the model is asked, from the messages of a task's first prompt; reject an empty one."""
    text = str(messages[-1]["content"])
    if not text.strip():
        raise Reject("the prompt is empty")
    return text
