"""What a refused row came of: its input and the prompts that were sent for it, kept with its reason.

Of all other rows the prompts follow from the task, and keeping them would double what a run takes on disk.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from seedbed.engine.segments.rows_in_flight import InFlight
from seedbed.errors import InvalidRowError
from seedbed.llm.calling.scope import CallScope
from seedbed.llm.json_text import json_text
from seedbed.llm.keys.redaction import redact
from seedbed.store import Result
from seedbed.store.refused_rows import digest_of, kept_step
from seedbed.tasks.rows import Row, encode_row


def evidence_of(step: str, cell: InFlight, scopes: Iterable[CallScope], attempt: int = 0) -> Result:
    """Return what is to be kept of a row that is refused under the name `step`.

    `scopes` are those of the item's steps so far: calls of the row count, and of those that it comes from.
    """
    root = cell
    while root.parent is not None:
        root = root.parent
    own = [scope for scope in scopes if scope.asked and f"{cell.id}/".startswith(f"{scope.row}/")]
    evidence = {
        "input": _reference(cell) or {"row": _row_of(cell)},
        "source_row": None if root is cell else _reference(root) or _beside(_row_of(cell), _row_of(root)),
        "asked": [asked for scope in own for asked in _asked(scope)],
    }
    data = json_text([evidence], option=orjson.OPT_NON_STR_KEYS)
    return Result(kept_step(step), cell.id, digest_of(cell.encoded), attempt, "done", data)


def holds_prompts(result: Result) -> bool:
    """Whether evidence has prompts: of a step whose result was there before, nobody has sent any."""
    return not result.data.endswith(b'"asked":[]}]')


def redacted(result: Result, secrets: Sequence[str]) -> Result:
    """Return evidence without the secrets of the run, which an author may have put into a prompt."""
    shown = redact(text := result.data.decode(), secrets)
    return result if shown == text else result._replace(data=shown.encode())


def _reference(cell: InFlight) -> dict[str, Any] | None:
    """Return where the run keeps a row anyway: among those that a step has made."""
    return {"of": [cell.node, cell.source, cell.k]} if cell.node else None


def _row_of(cell: InFlight) -> Row | None:
    """Return the row of a cell; of variables those that are not private, as those are no part of a row."""
    encoded = cell.encoded
    if cell.given is not None:
        public = {name: value for name, value in cell.given.items() if not name.startswith("_")}
        try:
            encoded = encode_row(public)
        except InvalidRowError:
            return None
    row: Row = orjson.loads(encoded)
    return row


def _beside(row: Row | None, source_row: Row | None) -> dict[str, Any]:
    """Return a source row as it is kept with a row: as the names of its columns where that has them all.

    Most steps add columns, and long texts would be kept twice.
    """
    if row is not None and source_row is not None:
        same = {name: row[name] for name in source_row if name in row}
        # As JSON, since 1 and true are equal in Python.
        if orjson.dumps(same) == orjson.dumps(source_row):
            return {"columns": list(source_row)}
    return {"row": source_row}


def _asked(scope: CallScope) -> Iterable[dict[str, Any]]:
    for asked in scope.asked or ():
        yield {
            "step": scope.step,
            "row": scope.row,
            "attempt": scope.attempt,
            "digest": asked.digest.hex(),
            "k": asked.k,
            "messages": [_without_images(message) for message in asked.messages],
        }


def _without_images(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return a message with the size of each image in place of it: it is in the row, and may be megabytes."""
    content = message.get("content")
    if not isinstance(content, list):
        return dict(message)
    return {**message, "content": [_without_image(part) for part in content]}


def _without_image(part: Mapping[str, Any]) -> Mapping[str, Any]:
    image = part.get("image_url")
    url = image.get("url") if isinstance(image, Mapping) else None
    if not isinstance(url, str) or not url.startswith("data:"):
        return part
    head = url.partition(",")[0]
    return {
        **part,
        "image_url": {"url": f"{head}, {len(url) - len(head) - 1:,} characters that are not kept"},
    }
