"""What a run keeps as JSON, checked as it's read: files get damaged, and runs come from other people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard, TypeVar

import orjson

from seedbed.errors import StoreError
from seedbed.llm.answer_json import without_halves
from seedbed.tasks.rows import Row

_Entry = TypeVar("_Entry")

_ADVICE = "the run is damaged, or another program has changed it; what else is in it can still be read"


def kept_json(value: Any) -> bytes:
    """Return JSON values that describe a run as they are kept, with U+FFFD for what isn't Unicode.

    They hold paths, and names on Linux may be any bytes: without this a run in such a folder couldn't begin.
    """
    try:
        return orjson.dumps(value)
    except TypeError:
        return orjson.dumps(without_halves(value, lambda: None))


def stored_rows(data: bytes | str, whose: str) -> list[Row]:
    """Return the rows of a result; raise StoreError if they aren't a list of objects.

    stored_rows(b'[{"text": "tea"}]', row_of_step("jokes", "7"))
    """
    return _objects(data, whose)


def stored_reasons(data: bytes | str | None, whose: str) -> list[dict[str, Any]]:
    """Return why rows were refused, of a result: each has `reason`, `kind`, `tries`, `text`, `rejected`.

    Raises StoreError if they aren't that.
    """
    reasons = _objects(data or b"[]", f"the reasons of {whose}")
    for why in reasons:
        is_whole = all(isinstance(why.get(name), str) for name in ("reason", "kind"))
        is_text = "text" in why and isinstance(why["text"], str | None)
        if not (is_whole and is_text and type(why.get("tries")) is int and "rejected" in why):
            raise unreadable(f"the reasons of {whose}", "a reason lacks what belongs to it")
    return reasons


def stored_object(data: bytes | str, what: str) -> dict[str, Any]:
    """Return an object of JSON; raise StoreError if it isn't one."""
    value = _value(data, what)
    if not isinstance(value, dict):
        raise unreadable(what, "it isn't an object of JSON")
    return value


def stored_manifest(data: bytes | str) -> dict[str, Any]:
    """Return the manifest of a session; raise StoreError if what it says of the steps isn't of that form."""
    manifest = stored_object(data, "what the session was started with")
    steps, ways = manifest.get("steps", []), manifest.get("ways", [])
    for is_right, what in (
        (_are_steps(steps), "steps"),
        (_are_ways(ways), "ways"),
        (isinstance(manifest.get("leaf", ""), str), "leaf"),
        (isinstance(manifest.get("wanted"), int | None), "wanted"),
        (_is_input(manifest.get("input")), "input"),
        (isinstance(manifest.get("order"), Mapping | None), "order"),
        (_are_texts(manifest.get("outputs", [])), "outputs"),
        (isinstance(manifest.get("reading"), Mapping | None), "reading"),
    ):
        if not is_right:
            raise unreadable("what the session was started with", f"'{what}' isn't of the form that it has")
    return manifest


def _is_input(value: Any) -> bool:
    paths = value if isinstance(value, list) else [value]
    return value is None or all(isinstance(path, str) for path in paths)


def stored_summary(data: bytes | str) -> dict[str, Any]:
    """Return how a session has ended; raise StoreError if its counts aren't counts."""
    summary = stored_object(data, "how the session has ended")
    for name in ("calls", "replayed", "accepted", "rejected", "failed"):
        if not isinstance(summary.get(name), int | None):
            raise unreadable("how the session has ended", f"'{name}' isn't a count")
    if not isinstance(summary.get("quality"), Mapping | None):
        raise unreadable("how the session has ended", "'quality' isn't an object of JSON")
    return summary


def stored_texts(data: bytes | str, what: str) -> list[str]:
    """Return a list of texts; raise StoreError if it isn't one."""
    value = _value(data, what)
    if not _are_texts(value):
        raise unreadable(what, "it isn't a list of texts")
    return value


def entry_at(found: Sequence[_Entry], k: object) -> _Entry | None:
    """Return entry `k` of a list, None if it has none: what a damaged run says needn't be a number.

    entry_at(["a", "b"], 1)  # "b"
    """
    return found[k] if isinstance(k, int) and 0 <= k < len(found) else None


def row_of_step(step: str, row: str) -> str:
    """Return how errors name what a step made of a row."""
    return f"row '{row}' of the step '{step}'"


def unreadable(what: str, why: object) -> StoreError:
    """Return the error for something in a run that can't be read."""
    return StoreError(f"{what} can't be read: {why}", _ADVICE)


def _are_steps(steps: Any) -> bool:
    return isinstance(steps, list) and all(
        isinstance(one, Mapping)
        and isinstance(one.get("name"), str)
        and isinstance(one.get("fields", {}), Mapping)
        and isinstance(one.get("columns", []), list | None)
        for one in steps
    )


def _are_ways(ways: Any) -> bool:
    return isinstance(ways, list) and all(
        isinstance(one, list) and len(one) > 1 and all(isinstance(name, str) for name in one[:2])
        for one in ways
    )


def _are_texts(values: Any) -> TypeGuard[list[str]]:
    return isinstance(values, list) and all(isinstance(one, str) for one in values)


def _objects(data: bytes | str, whose: str) -> list[dict[str, Any]]:
    value = _value(data, whose)
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise unreadable(whose, "it isn't a list of objects of JSON")
    return value


def _value(data: bytes | str, what: str) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise unreadable(what, error) from error
