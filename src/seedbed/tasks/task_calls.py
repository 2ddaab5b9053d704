"""How a task asks its LLM, or its judge: with which parameters, and how often if answers don't fit."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, ClassVar, Protocol, TypeVar

from pydantic import BaseModel

from seedbed.errors import MessageError, RowError, UnsupportedError
from seedbed.llm.llm import LLM
from seedbed.llm.messages import Message, has_images
from seedbed.llm.parameters import GenerationParameters
from seedbed.llm.response import Choice, Response, Usage
from seedbed.tasks.answers.answer import answer_text, reasoning_apart
from seedbed.tasks.answers.reasking import fit_or_ask_again, refuse_cut

Value = TypeVar("Value")


class _HasParameters(Protocol):
    """A task's fields, by their names."""

    @property
    def model_fields_set(self) -> set[str]: ...


class _Asks(_HasParameters, Protocol):
    """The part of a task that this module uses."""

    explains_output: ClassVar[bool]
    llm: LLM
    raw_prompt: bool
    max_reasks: int
    reask_refusals: bool
    split_reasoning: bool

    @property
    def answer_schema(self) -> type[BaseModel] | Mapping[str, Any] | None: ...
    @property
    def _asks_for_all(self) -> bool: ...
    def require_llm(self) -> LLM: ...
    def sampling_parameters(self) -> dict[str, Any]: ...


async def complete(
    task: _Asks,
    messages: Sequence[Message],
    /,
    n: int = 1,
    llm: LLM | None = None,
    generation: str = "generation",
    **parameters: Any,
) -> Response:
    """Return `n` answers of the task's LLM, or of `llm`; `generation` names the field of the parameters."""
    merged = {**_own_parameters(task, llm, generation), **parameters}
    # Only where there's one prompt: other tasks say which of their calls is typed.
    if task._asks_for_all and task.answer_schema is not None:
        merged.setdefault("schema", task.answer_schema)
    if "schema" in merged and _explains(task):
        merged.setdefault("explained", True)
    if _sends_raw(task, llm):
        merged.setdefault("raw_prompt", True)
    llm = llm or task.require_llm()
    try:
        response = await llm.acomplete(messages, n, **merged)
    except (MessageError, UnsupportedError) as error:
        # Messages and images depend on the row, so only this row fails. Anything else that the LLM
        # doesn't support comes from the task, would fail every row, and so stops the run.
        if isinstance(error, UnsupportedError) and (llm.capabilities.images or not has_images(messages)):
            raise
        raise RowError(error.fact, *error.advice) from error
    return reasoning_apart(response, messages) if task.split_reasoning else response


async def complete_and_fit(
    task: _Asks,
    messages: Sequence[Message],
    fit: Callable[[Choice, Usage], Value],
    answer: tuple[Choice, Usage] | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> Value:
    """Return `fit` of the first answer to `messages` that fits; `answer`, if there is one, is tried first.

    `parameters` are those of `complete`.
    """
    given = parameters or {}

    async def ask(messages: Sequence[Message]) -> Response:
        return await complete(task, messages, **given)

    if answer is None:
        response = await ask(messages)
        answer = (response.choices[0], response.usage)
    return await fit_or_ask_again(
        messages,
        answer,
        fit=fit,
        ask=ask,
        max_reasks=task.max_reasks,
        reask_refusals=task.reask_refusals,
        reminds=not given.get("raw_prompt", _sends_raw(task, given.get("llm"))),
        # Worked out only for an answer that doesn't fit.
        is_greedy=lambda: _is_greedy(task, given),
    )


async def complete_and_read(
    task: _Asks, messages: Sequence[Message], read: Callable[[str], Value], parameters: Mapping[str, Any]
) -> Value:
    """Return what `read` makes of the text of the first answer that it can read."""

    def fit(choice: Choice, usage: Usage) -> Value:
        text = answer_text(choice, usage, parameters.get("llm", task.llm))
        refuse_cut(choice, text)
        return read(text)

    return await complete_and_fit(task, messages, fit, parameters=parameters)


def parameters_for(task: _HasParameters, llm: LLM | None, field: str = "generation") -> dict[str, Any]:
    """Return the parameters in a field of the task for calls of `llm`, which may be one of its judges.

    Users come before authors: what the user set on the task, then what the user set on this LLM, then the
    task's default.
    """
    own: GenerationParameters = getattr(task, field)
    given = own.given()
    if not given:
        return given
    users: Collection[str] = own.model_fields_set if field in task.model_fields_set else ()
    if llm is None or given.keys() <= set(users):
        return given
    by_llm = {name: value for name, value in llm.given().items() if name in llm.model_fields_set}
    return {name: value if name in users else by_llm.get(name, value) for name, value in given.items()}


def _own_parameters(task: _Asks, llm: LLM | None, generation: str) -> dict[str, Any]:
    # A judge has settings of its own, and those of the writer aren't meant for it. Authors may override
    # `sampling_parameters`, so that's what counts for the task's own LLM.
    is_plain = llm is None and generation == "generation"
    return task.sampling_parameters() if is_plain else parameters_for(task, llm or task.llm, generation)


def _explains(task: _Asks) -> bool:
    """Whether the task's templates say what its schemas do, unless the user has others."""
    return task.explains_output and not any(name.endswith("template") for name in task.model_fields_set)


def _sends_raw(task: _Asks, llm: LLM | None) -> bool:
    """Whether prompts to `llm` are raw: `raw_prompt` says so of the task's own LLM, not of a judge."""
    return task.raw_prompt and (llm is None or llm is task.llm)


def _is_greedy(task: _Asks, parameters: Mapping[str, Any]) -> bool:
    """Whether a call with these parameters takes the most probable token each time."""
    llm = parameters.get("llm")
    own = _own_parameters(task, llm, parameters.get("generation", "generation"))
    asked = llm or task.llm
    of_llm = asked.given() if asked is not None else {}
    return {**of_llm, **own, **parameters}.get("temperature") == 0
