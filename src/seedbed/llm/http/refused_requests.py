"""What a server's words mean: a wrong key, no credit, an unknown model, a parameter, or just this row.

The status isn't enough: 400 is a wrong key at Gemini, an empty account at Anthropic, an unknown model at
Mistral and too long a prompt at most others. Taken for one row's fault, a wrong key would be asked for every
row.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

from seedbed.errors import (
    AuthenticationError,
    BadRequestError,
    ContentFilteredError,
    ContextOverflowError,
    InvalidResponseError,
    LLMError,
    UnknownModelError,
)

# OpenAI: maximum context length; Anthropic: prompt is too long; llama.cpp: exceed_context_size_error.
_OVERFLOW = (
    r"context.?(length|window|size|limit)|maximum context|prompt is too long|"
    r"too many (input )?tokens|exceed_context|input is too long|reduce the length"
)
# Azure: content management policy, Responsible AI; Gemini: PROHIBITED_CONTENT; Alibaba:
# data_inspection_failed.
_FILTERED = (
    r"content.?(filter|policy|management)|safety system|moderation|flagged|prohibited.?content|"
    r"data_inspection_failed|responsible ?ai"
)
# OpenAI: does not exist; DeepSeek: Model Not Exist; OpenRouter: not a valid model ID; LM Studio: not loaded.
_NO_MODEL = (
    r"model.?not.?found|model.*(not exist|not found|is unknown|no longer available|not available)|"
    r"(unknown|invalid|no such|unsupported).?model|not a valid model|model_not_available|"
    r"model.{0,80}not (loaded|supported by)|model requires? to be (loaded|pulled)"
)
# Gemini answers 400 with API_KEY_INVALID; others say it in words, with any status.
_NO_KEY = (
    r"(api.?key|credential|x-api-key|token provided|auth\w* header|access token)\w*.{0,40}"
    r"(not valid|invalid|incorrect|expired|missing|required|revoked|not provided|not found)|"
    r"(invalid|incorrect|wrong|expired|missing|revoked|no|provide an?|provided) .{0,20}"
    r"(api.?key|credentials?|x-api-key|access token)\b|(invalid|wrong|expired) key\b|"
    r"API_KEY_INVALID|invalid_api_key|unauthenticated|authentication_error|unauthorized"
)
# Anthropic: 400, credit balance; DeepSeek: 402, Insufficient Balance; Hugging Face: monthly included credits.
# Neither "billing" nor "current quota": messages about plain rate limits contain these, and link to its page.
_NO_MONEY = (
    r"insufficient.?(quota|balance|funds|credits?)|billing_(not_active|hard_limit|error)|credit balance|"
    r"credit_balance|payment.?required|out of credits|(requires|need) more credits|no credits? left|"
    r"(spending|hard|monthly usage|usage) limit (has been )?(reached|exceeded)|account is not active|arrears|"
    r"budget.?(has been )?exceeded|exceeded.?budget|(any|no|monthly included) credits"
)
# A parameter that the model doesn't take is the same in every row, so the run stops at the first one.
_NO_PARAMETER = (
    r"unsupported.?(parameter|value)|(unknown|unrecogni[sz]ed|unexpected|invalid) "
    r"(request )?(parameter|argument|field|name)|"
    r"extra inputs are not permitted|not supported (with|by|for) this model|"
    r"does not support ((the )?parameter|tool|thinking|reasoning|json|response_format|logprobs)|"
    r"unknown_parameter|invalid schema for response_format|not permitted in strict"
)
_UNFIT_ANSWER = r"json_validate_failed|failed to (generate|validate) json|tool_use_failed"
"""What Groq answers with status 400 if the model, and not the request, was at fault: worth another try."""
_NAMED = (
    r"(max_tokens|max_completion_tokens|temperature|top_p|top_k|thinking|tools|tool_choice|stop_sequences|"
    r"output_config|response_format|metadata|service_tier)[.\w]*: "
)
"""A parameter that's only named at the beginning of a message, as in Anthropic's."""
_ROWS_OWN = ("messages", "input", "prompt", "contents", "system")
"""The parts of a request that come from the row; an error in any other part affects every row."""
_DEEPEST_ERROR = 24
"""Levels of errors within errors; the deepest that was seen had 5. A hostile one has a thousand."""
_MOST_ERRORS = 50
_LONGEST_WORD = 200
"""Words are searched for patterns, which takes time in proportion to the square of their length."""

WORDS: Mapping[str, int] = {
    "rate_limit_exceeded": 429,
    "rate_limit_error": 429,
    "resource_exhausted": 429,
    "too_many_requests": 429,
    "overloaded_error": 529,
    "overloaded": 529,
    "engine_overloaded": 529,
    "server_error": 500,
    "internal_error": 500,
    "internal_server_error": 500,
    "internal": 500,
    "api_error": 500,
    "unavailable": 503,
    "unavailable_error": 503,
    "service_unavailable": 503,
    "bad_gateway": 502,
    "provider_error": 502,
    "timeout": 504,
    "timeout_error": 504,
    "deadline_exceeded": 504,
    "authentication_error": 401,
    "invalid_api_key": 401,
    "unauthenticated": 401,
    "permission_error": 403,
    "permission_denied": 403,
    "billing_error": 402,
    "insufficient_quota": 402,
    "not_found_error": 404,
    "model_not_found": 404,
    "invalid_request_error": 400,
    "invalid_argument": 400,
    "invalid_prompt": 400,
    "bad_request": 400,
    "content_filter": 400,
    "context_length_exceeded": 400,
    "request_too_large": 413,
}
"""Words in the `code`, `type` or `status` of providers' errors, and the HTTP status that each stands for."""


def _speaks_of(pattern: str, hints: str) -> bool:
    # Compiled when the first refusal is read, and cached by `re`: it takes 6 ms, and most runs have no
    # refusal.
    return re.search(pattern, hints, re.IGNORECASE) is not None


class Refusal(NamedTuple):
    """The class of an error, what to do about it, and whether every other row would get it too."""

    kind: type[LLMError]
    advice: tuple[str, ...] = ()
    fatal: bool | None = None


def refusal(status: int, hints: str, parameter: str | None) -> Refusal:
    """Return what a status of 400 to 499 means, by the server's words and the parameter that it blames.

    The order is from what concerns every row to what concerns one: a message about credit often also names
    the key, the model or `max_tokens`.
    """
    if status == 402 or _speaks_of(_NO_MONEY, hints):
        return Refusal(AuthenticationError, ("the account has no credit left",))
    # Before the key: a moderation service answers 403 to one prompt, and the next one may pass.
    if _speaks_of(_FILTERED, hints) and status != 401:
        return Refusal(ContentFilteredError)
    # A 403 may mean that the key, or its project, may not use this one model.
    if status == 401 or _speaks_of(_NO_KEY, hints) or (status == 403 and not _speaks_of(_NO_MODEL, hints)):
        return Refusal(AuthenticationError, ("check the API key, and that it may use this model",))
    if _speaks_of(_NO_MODEL, hints):
        return Refusal(UnknownModelError, ("check the model's name, and that the key may use it",))
    if status == 404:
        return Refusal(UnknownModelError, ("check base_url and the model's name",))
    return _of_request(status, hints, parameter)


def _of_request(status: int, hints: str, parameter: str | None) -> Refusal:
    if _speaks_of(_OVERFLOW, hints):
        return Refusal(ContextOverflowError, ("shorten the prompt or lower max_tokens",))
    if _speaks_of(_UNFIT_ANSWER, hints):
        return Refusal(InvalidResponseError)
    if status == 413:
        return Refusal(BadRequestError, ("the request is too large: shorten the prompt or its images",))
    if parameter is not None and not parameter.startswith(_ROWS_OWN):
        return Refusal(
            BadRequestError, (f"every row would be refused: change or leave out '{parameter}'",), True
        )
    if parameter is None and _speaks_of(_NO_PARAMETER, hints):
        return Refusal(BadRequestError, ("every row would be refused: leave that parameter out",), True)
    return Refusal(BadRequestError)


def has_no_money(hints: str) -> bool:
    """Whether the words say that the account is empty, so that waiting doesn't help."""
    return _speaks_of(_NO_MONEY, hints)


def means_something(hints: str) -> bool:
    """Whether the words name a cause that doesn't go away by waiting."""
    patterns = (_NO_MONEY, _NO_KEY, _NO_MODEL, _OVERFLOW, _FILTERED, _NO_PARAMETER)
    return any(_speaks_of(pattern, hints) for pattern in patterns)


def words_of(body: object) -> str:
    """Return the codes, types and reasons of an error body, in any of the known forms."""
    return " ".join(
        str(value)[:_LONGEST_WORD]
        for error in islice(errors_in(body), _MOST_ERRORS)
        for name in ("code", "type", "status", "reason")
        if isinstance(value := error.get(name), str | int) and value != ""
    )


def parameter_of(body: object) -> str | None:
    """Return the parameter of the request that an error body blames, or None."""
    # OpenAI names it in `param`, FastAPI (vLLM and other Python servers) in `loc`, Anthropic in its message.
    for error in errors_in(body):
        for value in (error.get("param"), error.get("loc")):
            names = [str(part) for part in value if part != "body"] if isinstance(value, list) else [value]
            if names and isinstance(names[0], str) and names[0]:
                return names[0]
        message = error.get("message")
        if isinstance(message, str) and (named := re.match(_NAMED, message)):
            return named[1]
    return None


def errors_in(body: object, deepest: int = _DEEPEST_ERROR) -> Iterator[dict[str, Any]]:
    """Yield the objects that describe an error: the body, its `error`, `errors`, `detail`, and so on.

    One within the other: Google sends a list of one, Azure an `innererror`, and OpenRouter the provider's own
    error in `metadata`.
    """
    if deepest == 0:
        return
    if isinstance(body, list):
        for item in body:
            yield from errors_in(item, deepest - 1)
    elif isinstance(body, dict):
        yield body
        for name in ("error", "errors", "detail", "details", "message", "metadata", "innererror"):
            yield from errors_in(body.get(name), deepest - 1)
