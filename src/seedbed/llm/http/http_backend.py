"""A backend that asks its model over HTTP: what its server's own errors and headers mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from seedbed.errors import LLMError
from seedbed.llm.base_backend import BaseBackend
from seedbed.llm.http.http_errors import Assemble, error_told, parse_body
from seedbed.llm.limits.retry_after import wait_wanted
from seedbed.llm.response import Limits

if TYPE_CHECKING:
    from seedbed.llm.http.http_answer import HTTPAnswer


class HTTPBackend(BaseBackend):
    """What `HTTPLLM` and `HTTPEmbedder` have in common: errors, waits and rate limits of a server."""

    @property
    def server_title(self) -> str:
        """The server's name in messages."""
        return f"the server at '{self.endpoint}'"

    def read_body(self, answer: HTTPAnswer, assemble: Assemble | None = None) -> dict[str, Any]:
        """Return the JSON object of an answer, or raise the typed error that it means.

        `assemble` combines the events of a stream into one body, if a server streams without being asked to.
        """
        return parse_body(answer, self.server_title, self.secrets, self.read_limits, assemble, self._error_in)

    def read_error(self, answer: HTTPAnswer, body: dict[str, Any]) -> LLMError | None:
        """Return the typed error that an answer means, or None for a good one.

        `body` is the JSON object of the answer, empty if there's none. It's called for every answer,
        including those of status 200. The default knows the statuses, an `error`, `message` or `detail` in
        the body, and the words of the known providers. Translate your server's form into that one, or return
        your own error; if it lacks status, wait or limits, they're filled in, and keys are removed from it:

            def read_error(self, answer, body):
                if body.get("fault") == "TALK_TOO_LONG":
                    return ContextOverflowError(f"{self.server_title}: the talk is too long")
                if "fault" in body:
                    body = {"error": {"message": body["fault"]}}
                return super().read_error(answer, body)

        A server that answers with status 200 whatever happens has a code of its own in the body. Give it the
        status that it means: `super().read_error(answer._replace(status=401), body)`.
        """
        error = error_told(answer, body, self.server_title, self.secrets)
        if error is not None:
            error.retry_after = self.read_retry_after(answer.headers, body)
        return error

    def read_retry_after(self, headers: Mapping[str, str], body: dict[str, Any]) -> float | None:
        """Return the seconds that a refused call should wait, or None if the server doesn't say.

        It's called if there's an error. The default reads `retry-after-ms`, `retry-after` (in seconds, or as
        a date), and a `retryDelay` in the body. For your server's own header, in milliseconds:

            def read_retry_after(self, headers, body):
                if wait := headers.get("x-wait-ms"):
                    return float(wait) / 1000
                return super().read_retry_after(headers, body)
        """
        return wait_wanted(headers, body)

    def read_limits(self, headers: Mapping[str, str]) -> Limits | None:
        """Return what headers say about the rate limits, None if they say nothing; the default reads none.

        It's called for every answer, good or bad, and the pace of later calls follows it. Requests and tokens
        are counts of one period: how many the server admits in it (`requests`, `tokens`), and how many are
        left now (`requests_left`, `tokens_left`). `requests_reset` and `tokens_reset` are the seconds from
        now until all of it is back, not a point in time; without them the period counts as a minute:

            def read_limits(self, headers):
                if "x-calls-left" not in headers:
                    return None
                return Limits(requests=int(headers["x-calls"]), requests_left=int(headers["x-calls-left"]))
        """
        return None

    def _error_in(self, answer: HTTPAnswer, body: dict[str, Any]) -> LLMError | None:
        """Return the error of an answer, with everything that its headers say."""
        error = self.read_error(answer, body)
        if error is None and type(self).read_error is not HTTPBackend.read_error:
            # An override that forgets the other errors must not turn a refusal into a row.
            error = HTTPBackend.read_error(self, answer, body)
        if error is None:
            return None
        if error.status is None:
            error.status = answer.status
        # Also for an override's own error: its author shouldn't have to think of the wait.
        if error.retry_after is None:
            error.retry_after = self.read_retry_after(answer.headers, body)
        return error
