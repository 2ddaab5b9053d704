"""A server's own words as errors quote them: without secrets, in one line of limited length."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import orjson

from seedbed.llm.answer_json import read_json
from seedbed.llm.keys.redaction import redact

if TYPE_CHECKING:
    from seedbed.llm.http.http_answer import HTTPAnswer

Secrets = Iterable[str] | Callable[[], Iterable[str]]
"""What must not be shown, or a function that returns it, which is called only if there's an error to show."""

_LONGEST_DETAIL = 400


def without_secrets(answer: HTTPAnswer, secrets: Secrets) -> HTTPAnswer:
    """Return the answer without secrets: shortening the text first could leave part of a key in it."""
    if callable(secrets):
        secrets = secrets()
    text = answer.body.decode("utf-8", "surrogateescape")
    return answer._replace(body=redact(text, secrets).encode("utf-8", "surrogateescape"))


def detail_of(answer: HTTPAnswer, body: Any) -> str:
    """Return the server's own words about an error, in one line of limited length."""
    if body is None:
        return described_answer(answer)
    found = body[0] if isinstance(body, list) and len(body) == 1 else body
    for key in ("error", "message", "detail"):
        if isinstance(found, dict) and found.get(key):
            found = found[key]
    text = found if isinstance(found, str) else dumped(found).decode()
    return _one_line(text) or "no reason given"


def dumped(value: Any) -> bytes:
    """Return a JSON value as text, to quote an error from it; whatever a server or an author put there."""
    try:
        return orjson.dumps(value, default=str)
    except orjson.JSONEncodeError:
        # It reads 1,024 levels, and writes 254.
        return b'"JSON that is nested too deep to be shown"'


def json_or_none(body: bytes) -> Any:
    """Return the JSON value of a body, or None if there's none."""
    try:
        return read_json(body).value
    except ValueError:
        return None


def described_answer(answer: HTTPAnswer) -> str:
    """Return what an answer that isn't JSON is: a page with its title, text, or nothing."""
    text = answer.body.decode("utf-8", "replace")
    if "<html" in text[:1000].lower():
        title = re.search(r"<title>([^<]*)</title>", text, re.IGNORECASE)
        return f"an HTML page ({_one_line(title[1])})" if title else "an HTML page"
    return f"text ({_one_line(text)})" if text.strip() else "nothing"


def is_page(answer: HTTPAnswer) -> bool:
    """Whether a web server has answered instead of the API: with a page, or with nothing at all."""
    return b"<html" in answer.body[:1000].lower() or not answer.body.strip()


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_DETAIL else line[:_LONGEST_DETAIL] + "..."
