"""A backend whose model is asked over HTTP: what its server's own errors and headers mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from seedbed.errors import LLMError
from seedbed.llm.http.http_errors import Assemble, error_told, parse_body
from seedbed.llm.limits.retry_after import wait_wanted
from seedbed.llm.llm import LLM
from seedbed.llm.response import Limits

if TYPE_CHECKING:
    from seedbed.llm.http.transport import HTTPAnswer


class HTTPLLM(LLM):
    """Base of backends that ask a server over HTTP; override what your server does in a way of its own.

        class AcmeLLM(HTTPLLM):
            async def respond(self, request):
                answer = await post_json(f"{self.base_url}/ask", {...}, headers={...})
                body = self.read_body(answer)
                return Response.of_text(body["text"], limits=self.read_limits(answer.headers))

    `read_body` gives the JSON of a good answer, and raises the typed error that any other means. Of errors it
    asks `read_error`, of the wait that a server wants `read_retry_after`, of its rate limits `read_limits`.
    All three are quick and ask nobody: they run on the loop that all calls share.

    `headers` are those of the answer, as text. Look-ups do not care for case: `headers["Retry-After"]` is
    `headers["retry-after"]`. Going through them gives each name as the server wrote it.
    """

    @property
    def server_title(self) -> str:
        """The server as messages name it."""
        return f"the server at '{self.endpoint}'"

    def read_body(self, answer: HTTPAnswer, assemble: Assemble | None = None) -> dict[str, Any]:
        """Return the JSON object of an answer, or raise the typed error that it means.

        `assemble` makes one body of the events of a stream, where a server sends one without being asked.
        """
        return parse_body(answer, self.server_title, self.secrets, self.read_limits, assemble, self._error_in)

    def read_error(self, answer: HTTPAnswer, body: dict[str, Any]) -> LLMError | None:
        """Return the typed error that an answer means, or None where it is a good one.

        `body` is the JSON object of the answer, empty where it holds none. It is asked of every answer, those
        of status 200 too. This one knows the statuses, an `error`, `message` or `detail` in the body, and the
        words of the known providers. Translate your server's form into that one, or return an error of your
        own; whatever status, wait and limits it lacks are filled in, and keys are taken out of it:

            def read_error(self, answer, body):
                if body.get("fault") == "TALK_TOO_LONG":
                    return ContextOverflowError(f"{self.server_title}: the talk is too long")
                if "fault" in body:
                    body = {"error": {"message": body["fault"]}}
                return super().read_error(answer, body)
        """
        error = error_told(answer, body, self.server_title, self.secrets)
        if error is not None:
            error.retry_after = self.read_retry_after(answer.headers, body)
        return error

    def read_retry_after(self, headers: Mapping[str, str], body: dict[str, Any]) -> float | None:
        """Return the seconds that a refused call is to wait for, or None where nothing is said of it.

        It is asked where there is an error. This one reads `retry-after-ms`, `retry-after` (in seconds, or as
        a date), and a `retryDelay` in the body. A header of your server's own, in milliseconds:

            def read_retry_after(self, headers, body):
                if wait := headers.get("x-wait-ms"):
                    return float(wait) / 1000
                return super().read_retry_after(headers, body)
        """
        return wait_wanted(headers, body)

    def read_limits(self, headers: Mapping[str, str]) -> Limits | None:
        """Return what headers say of the rate limits, None where they say nothing; this one reads none.

        It is asked of every answer, good or bad, and the pace of the calls to come follows it. Requests and
        tokens are counts of one period: how many the server admits in it (`requests`, `tokens`), and how many
        are left of it now (`requests_left`, `tokens_left`). `requests_reset` and `tokens_reset` are the
        seconds from now until all of it is back, and no moment; without them it counts as a minute:

            def read_limits(self, headers):
                if "x-calls-left" not in headers:
                    return None
                return Limits(requests=int(headers["x-calls"]), requests_left=int(headers["x-calls-left"]))
        """
        return None

    def _error_in(self, answer: HTTPAnswer, body: dict[str, Any]) -> LLMError | None:
        """Return the error of an answer, with all that its headers say."""
        error = self.read_error(answer, body)
        if error is None:
            # An override that has forgotten the rest must not turn a refusal into a row.
            error = HTTPLLM.read_error(self, answer, body)
        if error is None:
            return None
        if error.status is None:
            error.status = answer.status
        if error.retry_after is None:
            error.retry_after = self.read_retry_after(answer.headers, body)
        return error
