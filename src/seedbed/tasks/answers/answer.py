"""The text of an answer, or the error that says why there is none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from seedbed.errors import ContentFilteredError, InvalidOutputError
from seedbed.llm.conversation import message_text
from seedbed.llm.llm import LLM
from seedbed.llm.messages import Message
from seedbed.llm.response import Choice, Response, Usage
from seedbed.reading.thinking import ASKED_FOR, may_have_reasoning, split_reasoning


def reasoning_apart(response: Response, messages: Sequence[Message]) -> Response:
    """Return the response with reasoning that is in an answer's text moved to `Choice.reasoning`.

    What a server already keeps apart stays as it is. A tag such as `<reasoning>` that the messages have was
    asked for, and belongs to the answer. The run on disk has the answer as it was received.
    """
    choices = response.choices
    # Nearly every answer ends here: a search for one character.
    if not any(choice.text and may_have_reasoning(choice.text) for choice in choices):
        return response
    keep = _asked_for(messages)
    apart = tuple(_apart(choice, keep) for choice in choices)
    return response if apart == choices else replace(response, choices=apart)


def _apart(choice: Choice, keep: Sequence[str]) -> Choice:
    if choice.reasoning or not choice.text:
        return choice
    reasoning, answer = split_reasoning(choice.text, keep=keep)
    return choice if reasoning is None else replace(choice, text=answer, reasoning=reasoning)


def _asked_for(messages: Sequence[Message]) -> list[str]:
    texts = [message_text(message) for message in messages if message["role"] != "assistant"]
    return [name for name in ASKED_FOR if any(f"<{name}>" in text for text in texts)]


def answer_text(choice: Choice, usage: Usage, llm: LLM | None) -> str:
    """Return the text of one answer; `usage` and `llm` help to explain why there is none.

    Raises ContentFilteredError if the provider declined, InvalidOutputError if there is no text. If the model
    spent its tokens on reasoning, the error names the parameters to change.
    """
    if choice.finish_reason == "content_filter":
        raise ContentFilteredError("the provider declined to answer", *([choice.text] if choice.text else []))
    is_cut = choice.finish_reason == "length"
    if choice.text and choice.text.strip():
        return choice.text
    reasoned = bool(choice.reasoning) or usage.reasoning_tokens > 0
    raise InvalidOutputError(
        _fact(is_cut, reasoned), *(_advice(llm) if is_cut or reasoned else ()), text=choice.text
    )


def _fact(is_cut: bool, reasoned: bool) -> str:
    if is_cut and reasoned:
        return "the model spent all its tokens on reasoning and was cut off before it wrote any text"
    if reasoned:
        return "the model wrote no text after its reasoning"
    return f"the model {'was cut off before it wrote any' if is_cut else 'wrote no'} text"


def _advice(llm: LLM | None) -> tuple[str, ...]:
    """Return advice that leaves more tokens for the answer."""
    fields = type(llm).reasoning_fields if llm is not None else ()
    less = (
        [f"or have the model reason less: {' or '.join(f'llm.{name}' for name in fields)}"] if fields else []
    )
    return (
        "raise max_tokens, which includes reasoning: --set llm.max_tokens=... (max_tokens=... in Python)",
        *less,
    )
