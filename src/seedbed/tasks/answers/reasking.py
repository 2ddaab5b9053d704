"""Asks the model again, with the reason, when an answer doesn't fit; a bounded number of times."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from seedbed.errors import InvalidOutputError, Reject
from seedbed.llm.calling.scope import current_scope
from seedbed.llm.messages import Message
from seedbed.llm.response import Choice, Response, Usage
from seedbed.reading.refusals import is_refusal

T = TypeVar("T")

REFUSED = "the model refused"
"""The reason of rows whose answer is a refusal where a form was asked for."""

_QUOTED_ANSWER = 1000
_TOO_LONG = "Your answer was too long and broke off. Answer again, briefly, in the form that was asked for."
"""What the model is told of an answer that was cut. The error says what the user can do, which a model would
only repeat."""


async def fit_or_ask_again(
    messages: Sequence[Message],
    answer: tuple[Choice, Usage],
    *,
    fit: Callable[[Choice, Usage], T],
    ask: Callable[[Sequence[Message]], Awaitable[Response]],
    max_reasks: int,
    is_greedy: Callable[[], bool],
    reminds: bool = True,
    reask_refusals: bool = False,
) -> T:
    """Return `fit` of the answer to `messages`; if it doesn't fit, `ask` again with the reason.

    Without `reminds`, the same messages are sent again: a raw prompt has no place for a reason. If the model
    `is_greedy`, no reminder is sent twice: at temperature 0, equal messages get equal answers. Otherwise
    another answer to the same words may fit, and small models understand few words best.
    Raises the InvalidOutputError of the last answer if none fits. A refusal raises Reject at once, unless
    `reask_refusals`: a model that refuses once mostly refuses again, and each time costs.
    """
    choice, usage = answer
    reminder: list[Message] = []
    told: list[list[Message]] = []
    for asks_left in range(max_reasks, -1, -1):
        try:
            made = fit(choice, usage)
            _refuse_echo(choice, reminder)
            return made
        except InvalidOutputError as error:
            if choice.text and is_refusal(choice.text) and not (reask_refusals and asks_left):
                raise Reject(REFUSED, text=choice.text) from error
            if not asks_left:
                raise
            # The model doesn't see a truncated answer again: it fills the context, and if the model was
            # repeating itself, it would continue.
            cut = choice.finish_reason == "length"
            reminder = _reminder(None if cut else choice.text or "", error)
            told.append(reminder)
            if is_greedy():
                reminder = _numbered(reminder, told.count(reminder))
        if (scope := current_scope.get()) is not None:
            scope.note_reask()
        response = await ask([*messages, *reminder] if reminds else messages)
        choice, usage = response.choices[0], response.usage
    raise AssertionError("unreachable: the last answer is returned or its error raised")


def refuse_cut(choice: Choice, text: str) -> None:
    """Raise InvalidOutputError for an answer that reached max_tokens, since its JSON isn't complete."""
    if choice.finish_reason == "length":
        raise InvalidOutputError(
            "the answer was cut off at max_tokens: be brief, or raise max_tokens", text=text
        )


def _refuse_echo(choice: Choice, reminder: Sequence[Message]) -> None:
    """Raise InvalidOutputError for an answer that repeats why it was asked for, as small models do."""
    if reminder and reminder[-1]["content"].partition(".")[0].casefold() in (choice.text or "").casefold():
        raise InvalidOutputError("the answer repeats what it was told about the one before", text=choice.text)


def _numbered(reminder: list[Message], time: int) -> list[Message]:
    """Return a reminder that no earlier one equals."""
    if time == 1:
        return reminder
    *quoted, request = reminder
    return [*quoted, {**request, "content": f"{request['content']} This is reminder {time} of this fault."}]


def _reminder(answer: str | None, error: InvalidOutputError) -> list[Message]:
    """Return what is added to the prompt; `answer` is None if it was cut."""
    if answer is None:
        return [{"role": "user", "content": _TOO_LONG}]
    request: Message = {
        "role": "user",
        "content": f"That cannot be used: {error.fact}. Answer again, in the form that was asked for.",
    }
    if not answer.strip():
        return [request]
    # A rambling answer in full could leave no room in the context for the next one.
    return [{"role": "assistant", "content": answer[:_QUOTED_ANSWER]}, request]
