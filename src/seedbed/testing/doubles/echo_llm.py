"""A backend that repeats its prompt."""

from __future__ import annotations

from seedbed.llm.llm import LLM
from seedbed.llm.messages import parts
from seedbed.llm.request import Request
from seedbed.llm.response import Choice, Response, Usage


class EchoLLM(LLM):
    """Answers each prompt with the text of its last message; each word counts as a token.

        run("qa-pairs", n=3, llm=EchoLLM()).rows()

    It needs no server and no key.
    """

    model: str = "echo"

    async def respond(self, request: Request) -> Response:
        """Repeat the last message, cut after `max_tokens` words."""
        asked = [part.get("text", "") for message in request.messages for part in parts(message)]
        text = "".join(part.get("text", "") for part in parts(request.messages[-1]))
        words = text.split()
        is_cut = request.max_tokens is not None and len(words) > request.max_tokens
        if is_cut:
            words = words[: request.max_tokens]
            text = " ".join(words)
        usage = Usage(len(" ".join(asked).split()), len(words))
        choice = Choice(text=text, finish_reason="length" if is_cut else "stop")
        return Response(choices=(choice,), usage=usage, model=self.model)
