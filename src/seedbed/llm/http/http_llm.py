"""An LLM whose model is asked over HTTP."""

from __future__ import annotations

from seedbed.llm.http.http_backend import HTTPBackend
from seedbed.llm.llm import LLM


class HTTPLLM(HTTPBackend, LLM):
    """Base of backends that ask a server over HTTP; override what your server does in its own way.

        class AcmeLLM(HTTPLLM):
            async def respond(self, request):
                answer = await post_json(f"{self.base_url}/ask", {...}, headers={...})
                body = self.read_body(answer)
                return Response.of_text(body["text"], limits=self.read_limits(answer.headers))

    `read_body` returns the JSON of a good answer, and raises the typed error that any other answer means. It
    calls `read_error` for errors, `read_retry_after` for the wait that a server asks for, and `read_limits`
    for its rate limits. All three must be quick and not block: they run on the loop that all calls share.

    `headers` are those of the answer, as text. Names are looked up in any case: `headers["Retry-After"]` is
    `headers["retry-after"]`. Iterating over them gives each name as the server wrote it.
    """
