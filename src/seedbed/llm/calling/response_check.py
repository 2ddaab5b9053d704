"""The check of every answer of a backend: a few types, before anything is counted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from seedbed.errors import InvalidResponseError, LLMError
from seedbed.llm.keys.redaction import redact
from seedbed.llm.request import Request
from seedbed.llm.response import Choice, Response, Usage

if TYPE_CHECKING:
    from seedbed.llm.backend import Backend

_SHOWN = 60
_MOST_TOKENS = 2**53


def checked_response(llm: Backend, request: Request, response: object) -> Response:
    """Return the answer to a request, with as many choices as were asked for.

    Raises LLMError, naming the backend, for anything that isn't a valid `Response`, and InvalidResponseError
    for too few choices.
    """
    # Checked here, where the backend is known: a count that is text would raise a TypeError in our own sums.
    if not isinstance(response, Response):
        raise LLMError(
            f"the backend of '{llm.reference}' gave {_expected('a Response', response)}",
            "return Response.of_text(text), or a Response with its choices",
        )
    if problem := _problem(response):
        fact, *advice = (redact(text, llm.secrets()) for text in problem)
        raise LLMError(f"the backend of '{llm.reference}' gave {fact}", *advice)
    if len(response.choices) < request.n:
        raise InvalidResponseError(
            f"'{llm.reference}' gave {len(response.choices)} choices instead of {request.n}"
        )
    # Some servers send more than `n`; rows must not depend on how many.
    if len(response.choices) > request.n:
        response = replace(response, choices=tuple(response.choices[: request.n]))
    return response if all(map(_is_whole, response.choices)) else _mended(response)


def _is_whole(choice: Choice) -> bool:
    texts = (choice.text, choice.reasoning, *(call.arguments for call in choice.tool_calls))
    return all(text is None or text.isascii() or _mended_text(text) is text for text in texts)


def _mended(response: Response) -> Response:
    """Return a response with U+FFFD for halves of surrogate pairs, which no file and no store can hold.

    A model that is cut off in the middle of an emoji writes them, and the answer has been paid for.
    """
    choices = tuple(
        replace(
            choice,
            text=choice.text and _mended_text(choice.text),
            reasoning=choice.reasoning and _mended_text(choice.reasoning),
            tool_calls=tuple(
                call._replace(arguments=_mended_text(call.arguments)) for call in choice.tool_calls
            ),
        )
        for choice in response.choices
    )
    return replace(response, choices=choices)


def _mended_text(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _problem(response: Response) -> tuple[str, ...] | None:
    """Return what has the wrong type: a fact, then advice."""
    if not isinstance(response.choices, (tuple, list)):
        return (_expected("a tuple of choices", response.choices),)
    for choice in response.choices:
        if not isinstance(choice, Choice):
            return (_expected("a Choice", choice),)
        if not isinstance(choice.finish_reason, str) or not choice.finish_reason:
            return f"the finish_reason {choice.finish_reason!r:.{_SHOWN}}", "it is a word; 'other' if unknown"
        if choice.text is not None and not isinstance(choice.text, str):
            return (_expected("the text of a choice", choice.text), "it is a str, or None")
    return _usage_problem(response.usage)


def _usage_problem(usage: Usage) -> tuple[str, ...] | None:
    if not isinstance(usage, Usage):
        return (_expected("a Usage", usage),)
    counts = (usage.input_tokens, usage.output_tokens, usage.cached_tokens, usage.reasoning_tokens)
    for count in counts:
        if not isinstance(count, int):
            return (_expected("a number of tokens", count), "each field of Usage is an int, 0 if unknown")
        # A larger one fits into no run's store, and would end the run; one below zero would earn money.
        if not 0 <= count < _MOST_TOKENS:
            return (f"{count} as a number of tokens", "each field of Usage is 0 or more, 0 if unknown")
    return None


def _expected(wanted: str, given: object) -> str:
    return f"{type(given).__name__} where {wanted} was expected"
