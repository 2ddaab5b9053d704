"""Evidence on a refused row: its input and the prompts that were sent for it, kept with the reason.

The prompts of answered calls are kept with the answers (`prompts/`); a refused row may have had none.
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


def evidence_of(step: str, in_flight: InFlight, scopes: Iterable[CallScope], attempt: int = 0) -> Result:
    """Return what to keep of a row that is refused under the name `step`.

    `scopes` are those of the item's steps so far. Calls of the row and of the rows that it comes from count.
    """
    root = in_flight
    while root.parent is not None:
        root = root.parent
    # "7/1" comes from "7", and "7/10" doesn't come from "7/1": hence the slashes. Siblings' prompts don't
    # count.
    own = [scope for scope in scopes if scope.asked and f"{in_flight.id}/".startswith(f"{scope.row}/")]
    evidence = {
        "input": _reference(in_flight) or {"row": _row_of(in_flight)},
        "source_row": None
        if root is in_flight
        else _reference(root) or _beside(_row_of(in_flight), _row_of(root)),
        "asked": [asked for scope in own for asked in _asked(scope)],
    }
    data = json_text([evidence], option=orjson.OPT_NON_STR_KEYS)
    return Result(kept_step(step), in_flight.id, digest_of(in_flight.encoded), attempt, "done", data)


def holds_prompts(result: Result) -> bool:
    """Whether evidence has prompts; a step whose result was stored before has sent none in this session."""
    # Without decoding: the row may be megabytes, and "asked" is the last key.
    return not result.data.endswith(b'"asked":[]}]')


def redacted(result: Result, secrets: Sequence[str]) -> Result:
    """Return evidence without the run's secrets, which an author may have put into a prompt."""
    shown = redact(text := result.data.decode(), secrets)
    return result if shown == text else result._replace(data=shown.encode())


def _reference(in_flight: InFlight) -> dict[str, Any] | None:
    """Return where the run keeps a row already: among the rows that a step made."""
    # A copy of each refused row, of megabytes perhaps, took as long to write as all else of a run.
    return {"of": [in_flight.node, in_flight.source, in_flight.k]} if in_flight.node else None


def _row_of(in_flight: InFlight) -> Row | None:
    """Return a row in flight as a dictionary; private variables are left out, as they're no part of a row."""
    encoded = in_flight.encoded
    if in_flight.given is not None:
        public = {name: value for name, value in in_flight.given.items() if not name.startswith("_")}
        try:
            encoded = encode_row(public)
        except InvalidRowError:
            # A variable that JSON lacks may be why the row failed: its reason is worth more than its input.
            return None
    row: Row = orjson.loads(encoded)
    return row


def _beside(row: Row | None, source_row: Row | None) -> dict[str, Any]:
    """Return a source row as it's kept with a row: only the names of its columns if the row has them all.

    Most steps add columns, and long texts would be kept twice.
    """
    if row is not None and source_row is not None:
        same = {name: row[name] for name in source_row if name in row}
        # Compared as JSON, since 1 and true are equal in Python.
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
            "messages": [without_images(message) for message in asked.messages],
        }


def without_images(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return a message with each image replaced by its size: it's in the row, and may be megabytes."""
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
