"""From an HTTP server's answer to the typed error that it means, for all providers."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from seedbed.errors import (
    AuthenticationError,
    BadRequestError,
    InvalidResponseError,
    LLMError,
    RateLimitedError,
    ServerError,
    TimedOutError,
)
from seedbed.llm.answer_json import ReadJSON, read_json
from seedbed.llm.http.quoting import (
    Secrets,
    described_answer,
    detail_of,
    dumped,
    is_page,
    json_or_none,
    without_secrets,
)
from seedbed.llm.http.refused_requests import (
    WORDS,
    Refusal,
    errors_in,
    has_no_money,
    means_something,
    parameter_of,
    refusal,
    words_of,
)
from seedbed.llm.limits.retry_after import wait_wanted
from seedbed.llm.response import Limits

if TYPE_CHECKING:
    from seedbed.llm.http.http_answer import HTTPAnswer

logger = logging.getLogger(__name__)

_BROKEN_OFF = ("error", "abort", "aborted", "cancelled", "insufficient_system_resource")
"""Reasons for which a server gives up in the middle of an answer; the last one is DeepSeek's."""
_NOT_THE_API = "does base_url name the API itself, with its /v1 where there is one?"

LimitsReader = Callable[[Mapping[str, str]], Limits | None]
"""Reads what a provider's headers say about rate limits; their names are looked up in any case."""

ErrorReader = Callable[["HTTPAnswer", dict[str, Any]], LLMError | None]
"""Returns the error that an answer and the JSON object in it mean; None for a good answer."""

Assemble = Callable[[Sequence[dict[str, Any]]], dict[str, Any]]
"""Combines the events that a server streamed without being asked to into one body."""


def parse_body(
    answer: HTTPAnswer,
    provider: str,
    secrets: Secrets = (),
    read_limits: LimitsReader | None = None,
    assemble: Assemble | None = None,
    read_error: ErrorReader | None = None,
) -> dict[str, Any]:
    """Return the JSON object of a successful answer, or raise the typed error that it means.

        body = parse_body(await post_json(url, payload, headers=headers), "Acme", self.secrets)

    `provider` is the server's name in messages, and `secrets` are removed from what it said. `read_limits`
    fills the error's `limits`, from which the pace of later calls is learned. A body that isn't quite JSON is
    parsed anyway, and logged once; `assemble` combines a stream of events into one body. `read_error` reads a
    protocol's own errors: see `HTTPLLM`, whose `read_body` does all of this.

    Raises what `http_error` returns for a status of 300 or more, and for an `error` in the body or in one of
    its choices; InvalidResponseError if there's no JSON object.
    """
    try:
        return _object_in(answer, provider, secrets, assemble, read_error)
    except LLMError as error:
        # A refusal's headers are the most useful ones: they say when the quota is back.
        if read_limits is not None and error.limits is None:
            error.limits = read_limits(answer.headers)
        raise


def _object_in(
    answer: HTTPAnswer,
    provider: str,
    secrets: Secrets,
    assemble: Assemble | None,
    read_error: ErrorReader | None,
) -> dict[str, Any]:
    if answer.status >= 300:
        error = read_error(answer, _object_or_empty(answer.body)) if read_error else None
        raise error or http_error(answer, provider, secrets)
    try:
        read = read_json(answer.body)
    except ValueError as unreadable:
        what = described_answer(without_secrets(answer, secrets))
        raise InvalidResponseError(
            f"{provider} answered {what} where JSON was expected",
            *([_NOT_THE_API] if is_page(answer) else []),
            status=answer.status,
        ) from unreadable
    # The answer was paid for, so it's used; once in the log, so that someone can tell the server's authors.
    if read.mended:
        note_once(provider, read.mended)
    body = _one_object(read, assemble)
    if not isinstance(body, dict):
        raise InvalidResponseError(
            f"{provider} answered a JSON {type(body).__name__} where an object was expected",
            status=answer.status,
        )
    told = read_error(answer, body) if read_error else error_told(answer, body, provider, secrets)
    if told is not None:
        raise told
    return body


def error_told(
    answer: HTTPAnswer, body: dict[str, Any], provider: str, secrets: Secrets = ()
) -> LLMError | None:
    """Return the error that an answer means, by its status or the JSON object in it; None for a good one.

    `body` counts unless it's empty: a caller may have translated the answer's own body into a known form.
    """
    if answer.status < 300:
        told = error_inside(body)
        return _error_in_disguise(answer, told, provider, secrets) if told else None
    return http_error(answer._replace(body=dumped(body)) if body else answer, provider, secrets)


def _object_or_empty(body: bytes) -> dict[str, Any]:
    value = json_or_none(body)
    found = value[0] if isinstance(value, list) and len(value) == 1 else value
    return found if isinstance(found, dict) else {}


def _one_object(read: ReadJSON, assemble: Assemble | None) -> Any:
    """Return the object of an answer: the value itself, the only one in a list, or combined from events."""
    value = read.value
    if not isinstance(value, list):
        return value
    if len(value) == 1 and not (read.is_stream and assemble):
        return value[0]
    events = [event for event in value if isinstance(event, dict)]
    # An error in any event counts for the whole answer: the pieces before it are an answer that broke off.
    failed = next((event for event in events if error_inside(event)), None)
    if failed is not None:
        return failed
    return assemble(events) if read.is_stream and assemble and events else value


@cache
def note_once(provider: str, what: str) -> None:
    """Log that a server's answers differ from the protocol, once for each server and difference."""
    logger.warning("%s sends answers with %s; they are read anyway", provider, what)


def error_inside(body: Mapping[str, Any]) -> Any:
    """Return the error in a body of status 200, at its top or in a choice; None if there's none.

    Routers such as OpenRouter send one if the server behind them failed in the middle of an answer, after the
    status had been sent. Taken for an answer, it would become a row.
    """
    if body.get("error"):
        return body["error"]
    if "error" in (body.get("object"), body.get("type")):
        return {name: value for name, value in body.items() if name not in ("object", "type")}
    choices = body.get("choices")
    for choice in choices if isinstance(choices, list) else ():
        if isinstance(choice, dict) and (choice.get("error") or _broke_off(choice)):
            return choice.get("error") or f"the answer broke off ({choice['finish_reason']})"
    return None


def _broke_off(choice: Mapping[str, Any]) -> bool:
    reason = choice.get("finish_reason")
    return isinstance(reason, str) and reason.lower() in _BROKEN_OFF


def http_error(answer: HTTPAnswer, provider: str, secrets: Secrets = ()) -> LLMError:
    """Return the typed error for an answer of status 300 or more, with its `retry_after` in seconds.

    401, 402 and 403 are AuthenticationError; 404 UnknownModelError; 408 and 504 TimedOutError; 429 and 529
    RateLimitedError; 409, 425 and other 5xx ServerError; any other BadRequestError. With a status of 400 to
    499, the server's words count first: ContextOverflowError, ContentFilteredError, UnknownModelError,
    AuthenticationError for a wrong key or an account without credit. `fatal` is set if every row would be
    refused, for example for a parameter that the model doesn't take.
    """
    # First of all, so that no part of a key gets into the error's text, whatever happens to it below.
    answer = without_secrets(answer, secrets)
    body = json_or_none(answer.body)
    detail = detail_of(answer, body)
    hints = f"{detail} {words_of(body)}"
    kind, advice, fatal = _classify(answer.status, hints, parameter_of(body))
    error = kind(
        f"{provider} answered {answer.status}: {detail}",
        *advice,
        status=answer.status,
        retry_after=wait_wanted(answer.headers, body),
        fatal=fatal,
    )
    # OpenAI answers 429 for an empty account. Waiting doesn't help: the run stops and says why.
    if kind is RateLimitedError and has_no_money(hints):
        error.retryable, error.fatal = False, True
        error.advice += ("the account has no credit left",)
    if answer.status == 403 and body is None and kind is AuthenticationError:
        # A firewall's page, which one prompt may trigger and the next one not. A provider refuses a key in
        # JSON.
        error.fatal = False
    return error


def _classify(status: int, hints: str, parameter: str | None) -> Refusal:
    # 529 is Anthropic's "overloaded": it lifts by waiting, like a rate limit.
    if status in (429, 529):
        return Refusal(RateLimitedError)
    if status in (408, 504):
        return Refusal(TimedOutError)
    # A conflict, or too early: retried like a server's failure, since the request itself is fine.
    # A cache that says "not modified" (304) has failed, too: no call asks whether something was modified.
    if status >= 500 or status in (409, 425) or status < 301 or status == 304:
        return Refusal(ServerError)
    # Redirects aren't followed, because the key would go along.
    if status < 400:
        return Refusal(BadRequestError, ("base_url is redirected: set it to where the server points",), True)
    return refusal(status, hints, parameter)


def _error_in_disguise(answer: HTTPAnswer, error: Any, provider: str, secrets: Secrets) -> LLMError:
    """Return the typed error for one inside a body of status 200: by its code, or else by its words."""
    status = _status_told(error)
    body = dumped({"error": error})
    if status is not None:
        return http_error(answer._replace(status=status, body=body), provider, secrets)
    redacted = without_secrets(answer._replace(body=body), secrets)
    told = json_or_none(redacted.body)
    detail = detail_of(redacted, told)
    fact = f"{provider} answered {answer.status} with an error inside: {detail}"
    hints = f"{detail} {words_of(told)}"
    if not means_something(hints):
        return ServerError(fact, status=answer.status, retry_after=wait_wanted(answer.headers))
    kind, advice, fatal = refusal(400, hints, parameter_of(told))
    return kind(fact, *advice, status=answer.status, fatal=fatal)


def _status_told(error: Any) -> int | None:
    """Return the HTTP status that an error object names, by a number or one of the known words."""
    for found in errors_in(error):
        for value in (found.get("code"), found.get("status"), found.get("type")):
            text = str(value).lower() if isinstance(value, str | int) else ""
            if re.fullmatch("[45][0-9]{2}", text):
                return int(text)
            if text in WORDS:
                return WORDS[text]
    return None
