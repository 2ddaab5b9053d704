"""A backend in a few lines: it repeats the prompt."""

from __future__ import annotations

from seedbed import LLM, Request, Response


class ParrotLLM(LLM):
    """Repeats the last message."""

    async def respond(self, request: Request) -> Response:
        return Response.of_text(str(request.messages[-1]["content"]))
