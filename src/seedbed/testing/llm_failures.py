"""The contract of a backend, third part: every failure is the typed error that it means, once."""

from __future__ import annotations

import socket

import pytest

from seedbed.errors import (
    AuthenticationError,
    BadRequestError,
    ContextOverflowError,
    InvalidResponseError,
    LLMConnectionError,
    LLMError,
    RateLimitedError,
    ServerError,
    TimedOutError,
    UnknownModelError,
)
from seedbed.llm.llm import LLM
from seedbed.llm.response import Response
from seedbed.testing.llm_facts import ANSWER, KEY, PATIENCE, LLMFacts, ask, start
from seedbed.testing.scripted_server import Reply, ScriptedServer
from seedbed.testing.wire import Refusal

STATUSES = [
    (400, BadRequestError, False),
    (401, AuthenticationError, False),
    (403, AuthenticationError, False),
    (404, UnknownModelError, False),
    (408, TimedOutError, True),
    (413, BadRequestError, False),
    (429, RateLimitedError, True),
    (500, ServerError, True),
    (502, ServerError, True),
    (503, ServerError, True),
    (504, TimedOutError, True),
    (529, RateLimitedError, True),
]
PAGE = "<html><head><title>Welcome</title></head><body>A proxy's page.</body></html>"
A_LONG_WAIT = 900


def failure(llm: LLM) -> LLMError:
    """Return the typed error of one call."""
    with pytest.raises(LLMError) as caught:
        ask(llm)
    return caught.value


class LLMFailureContract(LLMFacts):
    """A failure is told as the typed error that it means, at once, and is not tried again."""

    @pytest.mark.parametrize(
        ("status", "kind", "retryable"), STATUSES, ids=[str(status) for status, *_ in STATUSES]
    )
    def test_a_status_is_its_typed_error(
        self, llm: LLM, server: ScriptedServer, status: int, kind: type[LLMError], retryable: bool
    ) -> None:
        """A refusal is the error that its status means, which says whether another try can help.

        A wrong key that is retried costs an hour; a full server that is not costs the row.
        """
        server.answer_with(self.protocol.refusal(Refusal(status, "something is wrong")))
        error = failure(llm)
        assert isinstance(error, kind), f"status {status} became {type(error).__name__}"
        assert error.retryable is retryable

    def test_a_context_that_is_too_small_is_told_apart(self, llm: LLM, server: ScriptedServer) -> None:
        """A prompt that does not fit is a ContextOverflowError, and not just a bad request.

        It is the row's fault: the others go on.
        """
        server.answer_with(self.protocol.refusal(self.protocol.overflow))
        assert isinstance(failure(llm), ContextOverflowError)

    def test_the_wait_that_a_server_asks_for_is_kept(self, llm: LLM, server: ScriptedServer) -> None:
        """The wait that headers of a refusal ask for is the error's `retry_after`, in seconds.

        The gateway waits as long, and neither longer nor again and again too short.
        """
        refused = self.protocol.refusal(Refusal(429, "slow down"))
        server.answer_with(refused._replace(headers=self.protocol.retry_headers(1)))
        assert failure(llm).retry_after == 1

    def test_a_refusal_is_passed_on_at_once(self, llm: LLM, server: ScriptedServer) -> None:
        """A refused call ends although the server asks for a long wait: the backend does not wait itself.

        One that does keeps its place among the calls under way, and cannot be stopped or reported.
        """
        refused = self.protocol.refusal(Refusal(429, "slow down"))
        server.answer_with(refused._replace(headers=self.protocol.retry_headers(A_LONG_WAIT)))
        call = start(llm)
        server.wait_for(1)
        try:
            error = call.exception(self.patience / 2)
        except TimeoutError:
            pytest.fail("the backend waits before it tells of a refusal")
        finally:
            call.cancel()
        assert isinstance(error, RateLimitedError), f"the refusal became {error!r}"

    @pytest.mark.parametrize("trouble", ["429", "500", "503", "closed connection", "no choices"])
    def test_a_call_is_sent_once(self, llm: LLM, server: ScriptedServer, trouble: str) -> None:
        """A call that fails has sent one request: the backend does not try again.

        Tries are the gateway's, which knows the limits, the budget, and what the others are told.
        """
        if trouble.isdigit():
            server.answer_with(self.protocol.refusal(Refusal(int(trouble), "try later")))
        elif trouble == "no choices":
            server.answer_with(self.protocol.answer(Response(choices=())))
        else:
            server.answer_with(Reply(drop=True))
        start(llm).exception(PATIENCE)
        assert server.count == 1, f"one try sent {server.count} requests"

    @pytest.mark.parametrize("cut", [False, True], ids=["without an answer", "in the middle of one"])
    def test_a_closed_connection_is_told(self, llm: LLM, server: ScriptedServer, cut: bool) -> None:
        """A connection that the server closes is an LLMConnectionError, which can be tried again.

        It says nothing of the request: half an answer is no answer, and the next try may well succeed.
        """
        server.answer_with(self.protocol.answer(ANSWER)._replace(cut=cut, drop=not cut))
        error = failure(llm)
        assert isinstance(error, LLMConnectionError), f"it became {error!r}"
        assert error.retryable

    def test_a_server_that_is_not_there_is_told(self) -> None:
        """Where nobody listens, that is an LLMConnectionError.

        The gateway tells a server that is down by it, and ends a run with one message in place of thousands.
        """
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        llm = self.new_llm(**self.protocol.fields(f"http://127.0.0.1:{port}", KEY))
        error = failure(llm)
        assert isinstance(error, LLMConnectionError), f"it became {error!r}"

    @pytest.mark.parametrize(
        "body", [PAGE, b'{"choices": [', b"", b"[]"], ids=["HTML", "half of JSON", "nothing", "a list"]
    )
    def test_what_is_no_answer_is_told(self, llm: LLM, server: ScriptedServer, body: str | bytes) -> None:
        """A status 200 with anything but an answer is an InvalidResponseError, and not a text.

        Proxies and misdirected addresses answer so; their page must not become a row.
        """
        server.answer_with(Reply(200, body))
        error = failure(llm)
        assert isinstance(error, InvalidResponseError), f"it became {error!r}"

    def test_an_answer_without_choices_is_told(self, llm: LLM, server: ScriptedServer) -> None:
        """A body that is one of the protocol, and holds no answer, is an InvalidResponseError.

        Made into an empty text it would be a row, and nobody would ask again.
        """
        server.answer_with(self.protocol.answer(Response(choices=())))
        error = failure(llm)
        assert isinstance(error, InvalidResponseError), f"it became {error!r}"

    def test_an_error_inside_of_an_answer_is_told(self, llm: LLM, server: ScriptedServer) -> None:
        """A status 200 whose body is an error is a typed error too, in the server's words.

        Some servers and many proxies answer so.
        """
        server.answer_with(self.protocol.refusal(Refusal(200, "something is wrong")))
        assert "something is wrong" in str(failure(llm))

    def test_a_page_with_a_status_is_told_by_its_status(self, llm: LLM, server: ScriptedServer) -> None:
        """A proxy's page with status 503 is a ServerError: the status counts, not the body.

        A body that cannot be read must not hide that another try can help.
        """
        server.answer_with(Reply(503, PAGE, {"content-type": "text/html"}))
        error = failure(llm)
        assert isinstance(error, ServerError), f"it became {error!r}"
