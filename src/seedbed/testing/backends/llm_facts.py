"""The facts that authors give of a backend, and how its contract calls it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar, TypeVar

import pytest

from seedbed.llm.base_backend import BaseBackend
from seedbed.llm.calling.gateway import Gateway
from seedbed.llm.calling.loop import loop_thread
from seedbed.llm.calling.retry import RetryPolicy
from seedbed.llm.llm import LLM
from seedbed.llm.messages import Message
from seedbed.llm.request import Request
from seedbed.llm.response import Response, Usage
from seedbed.testing.contract import Contract, fact
from seedbed.testing.servers.exchange import Received, Reply
from seedbed.testing.servers.scripted_server import ScriptedServer
from seedbed.testing.servers.wire import Asked, Wire

KEY = "sk-contract-a3f09c77be41"
"""The key that the tests give a backend; it must not show up anywhere."""

Backend = TypeVar("Backend", bound=BaseBackend)

PATIENCE = 60.0
"""Seconds to wait for a call that should have ended long ago."""

QUESTION: list[Message] = [{"role": "user", "content": "Name a colour."}]
ANSWER = Response.of_text("Blue.", Usage(11, 7))


class LLMFacts(Contract):
    """The facts of a backend: its class, a model, other fields, and the protocol that it speaks.

    Those of an embedder derive from this class, so that both have the tests of keys, failures and identity.
    """

    subject = "the backend"

    llm_class: ClassVar[type[LLM]] = fact("the class of the backend", "llm_class = ParrotLLM")

    model: ClassVar[str] = "some-model"
    """The model that instances are bound to."""

    fields: ClassVar[Mapping[str, Any]] = {}
    """Other fields of every instance."""

    wire: ClassVar[Wire | None] = None
    """The protocol that the backend speaks to its server; None if the model runs in the process."""

    patience: ClassVar[float] = 60.0
    """Seconds after which a call counts as hanging."""

    good: ClassVar[Response] = ANSWER
    """The answer of the server."""

    much: ClassVar[Sequence[Message]] = QUESTION
    """The messages of a call that keeps a backend busy, if anything does."""

    def answer_to(self, asked: Request) -> Response:
        """Return the server's answer to a request."""
        return replace(ANSWER, choices=ANSWER.choices * asked.n)

    def is_answer(self, response: Response) -> bool:
        """Whether a response is a complete answer to one question."""
        return len(response.choices) == 1

    def new_llm(self, **fields: Any) -> Any:
        """Return a new instance; override this if yours is made in another way."""
        return self.llm_class(**{"model": self.model, "timeout": self.patience, **self.fields, **fields})

    def llm_at(self, server: ScriptedServer, key: str = KEY, **fields: Any) -> Any:
        """Return a new instance that sends its calls to `server`, with a key."""
        return self.new_llm(**{**self.protocol.fields(server.url, key), **fields})

    @property
    def protocol(self) -> Wire:
        """The protocol that the backend speaks; skips the test if it has none."""
        if self.wire is None:
            pytest.skip("the backend does not declare a 'wire': it asks no server")
        return self.wire

    @pytest.fixture(autouse=True)
    def _no_proxy(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setenv("no_proxy", "127.0.0.1")

    @pytest.fixture
    def server(self) -> Iterator[ScriptedServer]:
        """A server that speaks the backend's protocol, and answers `Blue.` unless a test sets its replies."""
        protocol = self.protocol
        with ScriptedServer(patience=self.patience) as server:
            server.hand_out_tickets(protocol)
            server.answer_with(Reply(body=partial(self._body, protocol)))
            yield server

    @pytest.fixture
    def llm(self, request: pytest.FixtureRequest) -> Iterator[Any]:
        """A new instance; it sends its calls to `server` if the backend has a `wire`."""
        llm = self.new_llm() if self.wire is None else self.llm_at(request.getfixturevalue("server"))
        yield llm
        llm.unload()

    def _body(self, wire: Wire, received: Received) -> Any:
        return wire.answer(self.answer_to(wire.read(received).request)).body


def once(llm: Backend, concurrency: int | None = None) -> Backend:
    """Return the LLM, loaded, with its own gateway that never retries."""
    # Load here: each view of an LLM loads for itself.
    llm.ensure_loaded()
    return llm.bound(Gateway(retry=RetryPolicy(tries=1), concurrency=concurrency), None)


def start(
    llm: BaseBackend, messages: Sequence[Message] = QUESTION, n: int = 1, **parameters: Any
) -> Future[Response]:
    """Start one call without retries, on Seedbed's event loop; an embedder takes the texts of messages."""
    return _begin(once(llm), messages, n, **parameters)


def together(llm: BaseBackend, prompts: Sequence[Sequence[Message]]) -> list[Future[Response]]:
    """Start calls of one instance at the same time, as the rows of a run do."""
    # Not `start`: each of its calls has a copy, which would hide what the calls of an instance share.
    view = once(llm, len(prompts))
    return [_begin(view, prompt) for prompt in prompts]


def twice(llm: BaseBackend, messages: Sequence[Message] = QUESTION) -> list[Response]:
    """Return the answers to two equal calls of one instance, the second after the first."""
    view = once(llm)
    return [_begin(view, messages).result(llm.timeout + PATIENCE) for _ in range(2)]


def _begin(view: BaseBackend, messages: Sequence[Message], n: int = 1, **parameters: Any) -> Future[Response]:
    if isinstance(view, LLM):
        coroutine = view.acomplete(messages, n, **parameters)
    else:
        coroutine = view._respond(Request(tuple(messages), n=0), None)
    return asyncio.run_coroutine_threadsafe(coroutine, loop_thread().loop)


def ask(llm: BaseBackend, messages: Sequence[Message] = QUESTION, n: int = 1, **parameters: Any) -> Response:
    """Return the answer to one call without retries."""
    return start(llm, messages, n, **parameters).result(llm.timeout + PATIENCE)


def only(server: ScriptedServer, wire: Wire) -> Asked:
    """Return the only request that a server received."""
    assert server.count == 1, f"one call sent {server.count} requests: send exactly one, and do not retry"
    return wire.read(server.received[0])


def check_arrived(asked: Asked, name: str, sent: object, remedy: str) -> None:
    """Fail the test unless a field of the request arrived with its value; `remedy` says what to do."""
    arrived = getattr(asked.request, name)
    assert arrived == sent, f"'{name}' was {sent!r} in the call, but {arrived!r} at the server: {remedy}"


def texts(messages: Sequence[Message]) -> list[tuple[str, str]]:
    """Return the role and text of each message, whether its content is text or parts."""
    return [(message["role"], text_of(message)) for message in messages]


def text_of(message: Message) -> str:
    """Return the text of a message."""
    content = message.get("content") or ""
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
