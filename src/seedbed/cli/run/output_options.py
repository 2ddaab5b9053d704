"""The options of a command that say how a dataset is written, as an `Output`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from seedbed.errors import UsageError
from seedbed.store import Output

NAMES = ("form", "parts", "chat_template", "split", "shard_rows", "private", "push_every", "card")
"""The options that say how a dataset is written to `out`."""


def take_output(options: dict[str, Any]) -> Output | None:
    """Take the options for an output out of those of a command; return the output, None without -o."""
    return output_of(options.pop("out"), **{name: options.pop(name) for name in NAMES})


def output_of(
    out: str | None,
    *,
    leaf: str | None = None,
    form: str | None = None,
    parts: Sequence[str] = (),
    chat_template: str | None = None,
    split: str | None = None,
    shard_rows: int | None = None,
    private: bool | None = None,
    push_every: int | None = None,
    card: bool | None = None,
) -> Output | None:
    """Return the output that options describe, None without -o; raises UsageError."""
    if parts and form is None:
        raise UsageError("--column is for a trainer's form, and none is given", "add --form chat")
    columns = columns_of(parts)
    if out is not None:
        return Output(
            out,
            leaf,
            form,
            columns,
            split,
            shard_rows,
            chat_template=chat_template,
            private=private,
            push_every=push_every,
            card=card,
        )
    given = {
        "--form": form,
        "--chat-template": chat_template,
        "--split": split,
        "--shard-rows": shard_rows,
        "--private": private,
        "--push-every": push_every,
        "--card": card,
    }
    if wrong := [name for name, value in given.items() if value is not None]:
        raise UsageError(f"{wrong[0]} says how to write a dataset, and there is none", "add -o OUT")
    return None


def columns_of(parts: Sequence[str]) -> dict[str, str]:
    """Return the columns of the parts of a form, from texts such as `prompt=title`; raises UsageError."""
    columns: dict[str, str] = {}
    for text in parts:
        part, equals, column = text.partition("=")
        if not (equals and part and column):
            raise UsageError(f"'{text}' is not of the form PART=COLUMN", "for example --column prompt=title")
        columns[part] = column
    return columns


def kept_output(output: Output | None) -> dict[str, Any]:
    """Return what has to be kept of an output to write it again, as JSON values."""
    return {"out": None} if output is None else output.options()


def renewed_output(kept: Mapping[str, Any]) -> Output | None:
    """Return the output in the manifest of a run."""
    return output_of(kept["out"], **{name: kept[name] for name in NAMES if kept.get(name) is not None})
