"""The contract of a backend, part three: each failure raises the right typed error, without retries."""

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
from seedbed.llm.base_backend import BaseBackend
from seedbed.llm.response import Response
from seedbed.testing.backends.llm_facts import KEY, PATIENCE, LLMFacts, ask, start
from seedbed.testing.servers.exchange import Reply
from seedbed.testing.servers.scripted_server import ScriptedServer
from seedbed.testing.servers.wire import Refusal

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


def failure(llm: BaseBackend) -> LLMError:
    """Return the typed error of one call."""
    with pytest.raises(LLMError) as caught:
        ask(llm)
    return caught.value


class LLMFailureContract(LLMFacts):
    """A failure raises the right typed error, at once; the backend never retries."""

    @pytest.mark.parametrize(
        ("status", "kind", "retryable"), STATUSES, ids=[str(status) for status, *_ in STATUSES]
    )
    def test_a_status_is_its_typed_error(
        self, llm: BaseBackend, server: ScriptedServer, status: int, kind: type[LLMError], retryable: bool
    ) -> None:
        """The HTTP status of a refusal decides the error, and the error says whether a retry can help.

        Retrying a wrong key wastes an hour. Not retrying an overloaded server loses the row.
        """
        server.answer_with(self.protocol.refusal(Refusal(status, "something is wrong")))
        error = failure(llm)
        assert isinstance(error, kind), (
            f"status {status} raised {type(error).__name__}, not {kind.__name__}: use `http_error`"
        )
        assert error.retryable is retryable, f"status {status} must have retryable={retryable}"

    def test_a_context_that_is_too_small_is_told_apart(
        self, llm: BaseBackend, server: ScriptedServer
    ) -> None:
        """A prompt that is too long raises ContextOverflowError, not just BadRequestError.

        Only that row fails; the others continue.
        """
        server.answer_with(self.protocol.refusal(self.protocol.overflow))
        error = failure(llm)
        assert isinstance(error, ContextOverflowError), (
            f"it raised {type(error).__name__}: recognise `overflow` of the wire in `read_error`"
        )

    def test_the_wait_that_a_server_asks_for_is_kept(self, llm: BaseBackend, server: ScriptedServer) -> None:
        """If the headers of a refusal ask to wait, the error has `retry_after`, in seconds.

        The gateway waits exactly that long. Without it, it would have to guess.
        """
        refused = self.protocol.refusal(Refusal(429, "slow down"))
        server.answer_with(refused._replace(headers=self.protocol.retry_headers(1)))
        given = failure(llm).retry_after
        assert given == 1, f"the headers ask for 1 s, but `retry_after` is {given!r}: see `read_retry_after`"

    def test_a_refusal_is_passed_on_at_once(self, llm: BaseBackend, server: ScriptedServer) -> None:
        """A refused call ends at once, even if the server asks for a long wait.

        A backend that waits itself occupies a place among the calls in flight, and the wait is not reported.
        """
        refused = self.protocol.refusal(Refusal(429, "slow down"))
        server.answer_with(refused._replace(headers=self.protocol.retry_headers(A_LONG_WAIT)))
        call = start(llm)
        server.wait_for(1)
        try:
            error = call.exception(self.patience / 2)
        except TimeoutError:
            pytest.fail("the backend waits before it raises the error: raise it at once, Seedbed waits")
        finally:
            call.cancel()
        assert isinstance(error, RateLimitedError), f"the refusal raised {error!r}, not a RateLimitedError"

    @pytest.mark.parametrize("trouble", ["429", "500", "503", "closed connection", "no choices"])
    def test_a_call_is_sent_once(self, llm: BaseBackend, server: ScriptedServer, trouble: str) -> None:
        """A call that fails has sent one request: the backend does not retry.

        The gateway retries: it knows the limits, the budget, and what other calls were answered.
        """
        if trouble.isdigit():
            server.answer_with(self.protocol.refusal(Refusal(int(trouble), "try later")))
        elif trouble == "no choices":
            server.answer_with(self.protocol.answer(Response(choices=())))
        else:
            server.answer_with(Reply(drop=True))
        start(llm).exception(PATIENCE)
        assert server.count == 1, (
            f"one call sent {server.count} requests: switch the retries of its SDK or client off"
        )

    @pytest.mark.parametrize("cut", [False, True], ids=["without an answer", "in the middle of one"])
    def test_a_closed_connection_is_told(self, llm: BaseBackend, server: ScriptedServer, cut: bool) -> None:
        """If the server closes the connection, the error is an LLMConnectionError, which can be retried.

        The request may be fine: half an answer is useless, and a retry can succeed.
        """
        server.answer_with(self.protocol.answer(self.good)._replace(cut=cut, drop=not cut))
        error = failure(llm)
        assert isinstance(error, LLMConnectionError), f"it raised {error!r}, not an LLMConnectionError"
        assert error.retryable, "an LLMConnectionError must be retryable"

    def test_a_server_that_is_not_there_is_told(self) -> None:
        """If no server listens, the error is an LLMConnectionError.

        This is how the gateway notices that a server is down, and ends the run with one message instead of
        thousands.
        """
        # Bound, and not listening: a port that is free could be another server's by now.
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            port = silent.getsockname()[1]
            error = failure(self.new_llm(**self.protocol.fields(f"http://127.0.0.1:{port}", KEY)))
        assert isinstance(error, LLMConnectionError), f"it raised {error!r}, not an LLMConnectionError"

    @pytest.mark.parametrize(
        "body", [PAGE, b'{"choices": [', b"", b"[]"], ids=["HTML", "half of JSON", "nothing", "a list"]
    )
    def test_what_is_no_answer_is_told(
        self, llm: BaseBackend, server: ScriptedServer, body: str | bytes
    ) -> None:
        """A status 200 whose body isn't an answer raises InvalidResponseError.

        Proxies and wrong addresses answer like this; their page must not become a row.
        """
        server.answer_with(Reply(200, body))
        error = failure(llm)
        assert isinstance(error, InvalidResponseError), f"it raised {error!r}, not an InvalidResponseError"

    def test_an_answer_without_choices_is_told(self, llm: BaseBackend, server: ScriptedServer) -> None:
        """A body that follows the protocol but has no answer raises InvalidResponseError.

        If it became an empty text, there would be an empty row, and no retry.
        """
        server.answer_with(self.protocol.answer(Response(choices=())))
        error = failure(llm)
        assert isinstance(error, InvalidResponseError), f"it raised {error!r}, not an InvalidResponseError"

    def test_an_error_inside_of_an_answer_is_told(self, llm: BaseBackend, server: ScriptedServer) -> None:
        """A status 200 whose body is an error raises a typed error with the server's message.

        Some servers and many proxies answer like this.
        """
        server.answer_with(self.protocol.refusal(Refusal(200, "something is wrong")))
        error = str(failure(llm))
        assert "something is wrong" in error, f"the error does not quote the server's message: {error}"

    def test_a_page_with_a_status_is_told_by_its_status(
        self, llm: BaseBackend, server: ScriptedServer
    ) -> None:
        """A proxy's HTML page with status 503 raises ServerError: the status counts, not the body.

        Even if the body can't be parsed, the error must say that a retry can help.
        """
        server.answer_with(Reply(503, PAGE, {"content-type": "text/html"}))
        error = failure(llm)
        assert isinstance(error, ServerError), f"it raised {error!r}, not a ServerError"
