"""Checks of a task: its LLM, the columns that a row must have, and what its methods return."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from seedbed.errors import InvalidRowError, RowError, UnsupportedError, UsageError
from seedbed.llm.llm import LLM
from seedbed.suggestions import did_you_mean
from seedbed.tasks.rows import Row

T = TypeVar("T")


def check_llm(task: str, llm: LLM | None) -> LLM:
    """Return the task's LLM; raise UsageError if none was given."""
    if llm is None:
        raise UsageError(
            f"task '{task}' has no LLM",
            "give it one: --llm on the command, llm='openai/gpt-4.1-mini' in Python",
        )
    return llm


def check_raw(task: str, system_prompt: str, llm: LLM) -> None:
    """Raise UsageError if the prompts of this task can't be sent raw, before anything is paid for."""
    if system_prompt:
        raise UsageError(
            f"task '{task}' has a system prompt, but a raw prompt can't hold one",
            "write it into the template, or leave raw_prompt out",
        )
    if not llm.capabilities.raw_prompt:
        raise UnsupportedError(
            f"'{llm.reference}' takes no raw prompts, but task '{task}' sets raw_prompt",
            "use a backend that declares 'raw_prompt', such as llamacpp or openai, or leave raw_prompt out",
        )


def check_inputs(task: str, needed: Iterable[str], row: Row) -> None:
    """Raise InvalidRowError if a row lacks a column that the task needs."""
    for column in needed:
        if column not in row:
            raise InvalidRowError(
                f"task '{task}' needs a column '{column}', but the row doesn't have it",
                *did_you_mean(column, row),
                f"columns of the row: {', '.join(row) or 'none'}",
            )


def check_returned(task: str, method: str, made: T | None) -> T:
    """Return what a method returned; raise RowError for None.

    None is more often a forgotten `return` than a wish to drop the row, so it fails the row.
    """
    if made is None:
        raise RowError(
            f"{method} of '{task}' returned None",
            "return the row, or a list of rows; to drop it, return [] or raise Reject",
        )
    return made
