"""From what an HTTP server answered to the typed error it means, alike for all providers."""

from __future__ import annotations

import email.utils
import re
import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import orjson

from seedbed.errors import (
    AuthenticationError,
    BadRequestError,
    ContentFilteredError,
    ContextOverflowError,
    InvalidResponseError,
    LLMError,
    RateLimitedError,
    ServerError,
    TimedOutError,
    UnknownModelError,
)
from seedbed.llm.redaction import redact
from seedbed.llm.response import Limits

if TYPE_CHECKING:
    from seedbed.llm.transport import HTTPAnswer

_LONGEST_DETAIL = 400
_OVERFLOW = re.compile(
    r"context.?(length|window|size|limit)|maximum context|prompt is too long|"
    r"too many (input )?tokens|exceed_context",
    re.IGNORECASE,
)
_FILTERED = re.compile(r"content.?(filter|policy|management)|safety system", re.IGNORECASE)
_NO_MODEL = re.compile(
    r"model.?not.?found|model.*(not exist|not found|is unknown)|(unknown|invalid|no such).?model|"
    r"not a valid model",
    re.IGNORECASE,
)
# Not "billing": messages on plain rate limits point to its page.
_NO_MONEY = re.compile(r"insufficient_quota|billing_(not_active|hard_limit)|credit balance", re.IGNORECASE)


Secrets = Iterable[str] | Callable[[], Iterable[str]]
"""What must not be shown, or a function that returns it: it is asked where there is an error to show."""

LimitsReader = Callable[[Mapping[str, str]], Limits | None]
"""Reads what a provider's headers (names in lower case) say of rate limits."""


def parse_body(
    answer: HTTPAnswer,
    provider: str,
    secrets: Secrets = (),
    read_limits: LimitsReader | None = None,
) -> dict[str, Any]:
    """Return the JSON object of a successful answer, or raise the typed error that it means.

    `read_limits` fills the error's `limits`, from which the pace of the calls to come is learnt.
    """
    try:
        return _object_in(answer, provider, secrets)
    except LLMError as error:
        error.limits = read_limits(answer.headers) if read_limits is not None else None
        raise


def _object_in(answer: HTTPAnswer, provider: str, secrets: Secrets) -> dict[str, Any]:
    if answer.status >= 300:
        raise http_error(answer, provider, secrets)
    try:
        body = orjson.loads(answer.body)
    except orjson.JSONDecodeError as error:
        raise InvalidResponseError(
            f"{provider} answered {_describe(_redacted(answer, secrets))} where JSON was expected",
            "does base_url name the API itself, with its /v1 where there is one?",
            status=answer.status,
        ) from error
    if not isinstance(body, dict):
        raise InvalidResponseError(
            f"{provider} answered a JSON {type(body).__name__} where an object was expected",
            status=answer.status,
        )
    if body.get("error"):
        raise _error_in_disguise(answer, body, provider, secrets)
    return body


def http_error(answer: HTTPAnswer, provider: str, secrets: Secrets = ()) -> LLMError:
    """Return the typed error for an answer of status 300 or more."""
    answer = _redacted(answer, secrets)
    detail = error_detail(answer)
    fact = f"{provider} answered {answer.status}: {detail}"
    hints = f"{detail} {_error_code(answer.body)}"
    kind, advice = _classify(answer.status, hints)
    error = kind(fact, *advice, status=answer.status, retry_after=retry_after(answer.headers))
    if kind is RateLimitedError and _NO_MONEY.search(hints):
        error.retryable, error.fatal = False, True
    return error


def _classify(status: int, detail: str) -> tuple[type[LLMError], tuple[str, ...]]:
    if status in (401, 403):
        return AuthenticationError, ("check the API key, and that it may use this model",)
    if status == 402 or (status == 400 and _NO_MONEY.search(detail)):
        return AuthenticationError, ("the account has no credit left",)
    if status in (429, 529):
        return RateLimitedError, ()
    if status in (408, 504):
        return TimedOutError, ()
    if status >= 500 or status in (409, 425):
        return ServerError, ()
    if 300 <= status < 400:
        return BadRequestError, ("base_url is redirected: set it to where the server points",)
    if status == 404:
        if _NO_MODEL.search(detail):
            return UnknownModelError, ("check the model's name, and that the key may use it",)
        return UnknownModelError, ("check base_url and the model's name",)
    return _classify_refusal(status, detail)


def _classify_refusal(status: int, detail: str) -> tuple[type[LLMError], tuple[str, ...]]:
    if _OVERFLOW.search(detail):
        return ContextOverflowError, ("shorten the prompt or lower max_tokens",)
    if _FILTERED.search(detail):
        return ContentFilteredError, ()
    if _NO_MODEL.search(detail):
        return UnknownModelError, ("check the model's name, and that the key may use it",)
    if status == 413:
        return BadRequestError, ("the request is too large: shorten the prompt or its images",)
    return BadRequestError, ()


def _error_in_disguise(
    answer: HTTPAnswer, body: Mapping[str, Any], provider: str, secrets: Secrets
) -> LLMError:
    """Return the error that a body of status 200 holds, as proxies and some servers send it."""
    error = body["error"]
    code = error.get("code") if isinstance(error, dict) else None
    if isinstance(code, str) and re.fullmatch("[45][0-9]{2}", code):
        code = int(code)
    if isinstance(code, int) and 400 <= code < 600:
        return http_error(answer._replace(status=code), provider, secrets)
    detail = error_detail(_redacted(answer, secrets))
    return InvalidResponseError(
        f"{provider} answered {answer.status} with an error inside: {detail}", status=answer.status
    )


def _redacted(answer: HTTPAnswer, secrets: Secrets) -> HTTPAnswer:
    """Return the answer without secrets, before a cut to length could leave a part of one."""
    if callable(secrets):
        secrets = secrets()
    text = answer.body.decode("utf-8", "surrogateescape")
    return answer._replace(body=redact(text, secrets).encode("utf-8", "surrogateescape"))


def error_detail(answer: HTTPAnswer) -> str:
    """Return the server's own words on an error, in one line of bounded length."""
    try:
        body = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return _describe(answer)
    found = body
    for key in ("error", "message", "detail"):
        if isinstance(found, dict) and found.get(key):
            found = found[key]
    text = found if isinstance(found, str) else orjson.dumps(found).decode()
    return _one_line(text) or "no reason given"


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that a server asks to wait (`retry-after-ms`, `retry-after`), or None."""
    if milliseconds := headers.get("retry-after-ms"):
        seconds = _number(milliseconds)
        return None if seconds is None else seconds / 1000
    value = headers.get("retry-after")
    if value is None:
        return None
    seconds = _number(value)
    if seconds is not None:
        return seconds
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, moment.timestamp() - time.time())


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if 0 <= number < float("inf") else None


def _error_code(body: bytes) -> str:
    try:
        answered = orjson.loads(body)
        error = answered.get("error") or answered
        return f"{error.get('code', '')} {error.get('type', '')}"
    except (orjson.JSONDecodeError, AttributeError):
        return ""


def _describe(answer: HTTPAnswer) -> str:
    text = answer.body.decode("utf-8", "replace")
    if "<html" in text[:1000].lower():
        title = re.search(r"<title>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
        return f"an HTML page ({_one_line(title[1])})" if title else "an HTML page"
    return f"text ({_one_line(text)})" if text.strip() else "nothing"


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_DETAIL else line[:_LONGEST_DETAIL] + "..."
