"""Calls of llama.cpp that any thread can stop, and the streamed completion.

It's streamed so that it can be stopped: otherwise a cancelled call would compute until its end.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from seedbed_llamacpp.faults import error_of_exception, error_of_report

T = TypeVar("T")


class Native(Protocol):
    """The part of `xllamacpp.Server` that calls use."""

    def handle_chat_completions(self, prompt: dict[str, Any], callback: Any) -> None:
        """Answer `prompt`, giving `callback` each chunk until it returns True."""

    def handle_completions(self, prompt: dict[str, Any], callback: Any) -> None:
        """The same for a raw prompt."""

    def handle_embeddings(self, prompt: dict[str, Any]) -> dict[str, Any]:
        """Return the vectors of the texts in `prompt`, in the form of OpenAI's API."""


@dataclass
class Answer:
    """The chunks of one answer, put together."""

    text: list[str] = field(default_factory=list)
    reasoning: list[str] = field(default_factory=list)
    logprobs: list[Mapping[str, Any]] = field(default_factory=list)
    finish_reason: str | None = None
    usage: Mapping[str, Any] = field(default_factory=dict)
    timings: Mapping[str, Any] = field(default_factory=dict)

    def add(self, chunk: Mapping[str, Any]) -> None:
        """Add one chunk, or raise the typed error that it reports."""
        if error := chunk.get("error"):
            raise error_of_report(error)
        for choice in chunk.get("choices", ()):
            delta = choice.get("delta", {})
            self.text.append(delta.get("content") or choice.get("text") or "")
            self.reasoning.append(delta.get("reasoning_content") or "")
            self.logprobs.extend((choice.get("logprobs") or {}).get("content") or ())
            self.finish_reason = choice.get("finish_reason") or self.finish_reason
        self.usage = chunk.get("usage") or self.usage
        self.timings = chunk.get("timings") or self.timings


class Stoppable(ABC, Generic[T]):
    """A call that any thread can stop; a stopped call raises what it was stopped with."""

    def __init__(self) -> None:
        self._stopped: BaseException | None = None

    def stop(self, error: BaseException) -> None:
        """Have the call raise `error` where it can next be stopped, or instead of starting."""
        # The first reason counts: a cancelled call that is also unloaded was cancelled.
        if self._stopped is None:
            self._stopped = error

    @abstractmethod
    def run(self, server: Native) -> T:
        """Ask the server and return the whole answer; blocks."""


class Call(Stoppable[Answer]):
    """A completion; it stops between two chunks."""

    def __init__(self, body: dict[str, Any]) -> None:
        super().__init__()
        self._body = body
        self._answer = Answer()

    def run(self, server: Native) -> Answer:
        """Ask the server and return the whole answer; blocks."""
        if self._stopped is None:
            try:
                handle = (
                    server.handle_completions if "prompt" in self._body else server.handle_chat_completions
                )
                handle(self._body, self._receive)
            except (ValueError, TypeError, RuntimeError) as error:
                raise error_of_exception(error) from error
        if self._stopped is not None:
            raise self._stopped
        return self._answer

    def _receive(self, chunk: Mapping[str, Any]) -> bool:
        """Collect a chunk; True ends the call. An exception raised here would be lost in C++."""
        try:
            self._answer.add(chunk)
        except BaseException as error:  # noqa: BLE001
            self.stop(error)
        return self._stopped is not None
