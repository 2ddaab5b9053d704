"""The check of every answer of a backend: a few types, before anything is counted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from seedbed.errors import InvalidResponseError, LLMError
from seedbed.llm.keys.redaction import redact_message
from seedbed.llm.request import Request
from seedbed.llm.response import Choice, Response, TokenLogprob, ToolCall, Usage

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
        fact, *advice = (redact_message(text, llm.secrets()) for text in problem)
        raise LLMError(f"the backend of '{llm.reference}' gave {fact}", *advice)
    if len(response.choices) < request.n:
        raise InvalidResponseError(
            f"'{llm.reference}' gave {len(response.choices)} choices instead of {request.n}"
        )
    # Some servers send more than `n`; rows must not depend on how many.
    if len(response.choices) > request.n:
        response = replace(response, choices=tuple(response.choices[: request.n]))
    if _is_whole(response.model) and all(map(_has_whole_texts, response.choices)):
        return response
    return _mended(response)


def _has_whole_texts(choice: Choice) -> bool:
    # Nearly every answer is one text, and this runs for all of them.
    if choice.reasoning is None and not choice.tool_calls and not choice.logprobs:
        return _is_whole(choice.text)
    return all(map(_is_whole, _texts_of(choice)))


def _texts_of(choice: Choice) -> Iterator[str | None]:
    yield choice.text
    yield choice.reasoning
    for call in choice.tool_calls:
        yield from call
    for token, _, top in choice.logprobs or ():
        yield token
        yield from (text for text, _ in top)


def _is_whole(text: str | None) -> bool:
    return text is None or text.isascii() or _mended_text(text) is text


def _mended(response: Response) -> Response:
    """Return a response with U+FFFD for halves of surrogate pairs, which no file and no store can hold.

    A model that is cut off in the middle of an emoji writes them, and the answer has been paid for.
    """
    choices = tuple(map(_mended_choice, response.choices))
    return replace(response, choices=choices, model=response.model and _mended_text(response.model))


def _mended_choice(choice: Choice) -> Choice:
    tokens = choice.logprobs and tuple(
        TokenLogprob(_mended_text(token), value, tuple((_mended_text(text), one) for text, one in top))
        for token, value, top in choice.logprobs
    )
    return replace(
        choice,
        text=choice.text and _mended_text(choice.text),
        reasoning=choice.reasoning and _mended_text(choice.reasoning),
        tool_calls=tuple(ToolCall(*map(_mended_text, call)) for call in choice.tool_calls),
        logprobs=tokens,
    )


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
