"""A model on a server that repeats prompts, and counts who asked for what, from whatever process."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any, ClassVar

from aiohttp import web
from pydantic import Field, SecretStr

from seedbed.llm.http.http_llm import HTTPLLM
from seedbed.llm.http.transport import post_json
from seedbed.llm.request import Request
from seedbed.llm.response import Choice, Response, Usage
from seedbed.testing.servers.loopback import LoopbackServer

KEY = "sk-engine-0a1b2c3d4e5f60718293"
"""The key that the server wants."""


class ServedLLM(HTTPLLM):
    """The model of a `ModelServer`; it can be pickled, so that any process can ask it."""

    # Where it is and who asks don't matter to its answers: a run goes on with another server.
    connection_fields: ClassVar[frozenset[str]] = frozenset({"timeout", "api_key", "base_url"})

    model: str = "served"
    base_url: str = Field(default="", description="Address of the server.")

    @property
    def endpoint(self) -> str:
        """Where requests go."""
        return self.base_url

    @property
    def server_title(self) -> str:
        """The server's name in messages, without its port: reasons of rows are compared."""
        return "the server"

    async def respond(self, request: Request) -> Response:
        """Send the text of the last message, and return what comes back."""
        key = self.api_key.get_secret_value() if self.api_key else ""
        payload = {"prompt": request.messages[-1]["content"], "most": request.max_tokens}
        answer = await post_json(f"{self.base_url}/ask", payload, headers={"x-key": key})
        body = self.read_body(answer)
        choice = Choice(text=body["text"], finish_reason=body["end"])
        return Response(choices=(choice,), usage=Usage(body["heard"], body["said"]), model=self.model)


class ModelServer(LoopbackServer):
    """Answers each prompt with the prompt, in the words that it may have; each word counts as a token.

        with ModelServer() as server:
            run(task, 3, llm=server.llm(), engine="cluster")

    The first word of a prompt decides: `busy` is refused with a 503 the first time, `overlong` is refused
    as too long for the model, with the key in the message, and `filtered` gets no text. Without the key
    `KEY`, a request is refused with a 401.

    `asked` has the prompts that arrived, `answered` those that were answered, both in order. From `hold_from`
    on, requests wait until `release`.
    """

    notices_disconnection = True

    def __init__(self, *, patience: float = 30.0) -> None:
        super().__init__(patience=patience)
        self.asked: list[str] = []
        self.answered: list[str] = []
        self.held = 0
        self.tokens = 0
        self._most: int | None = None
        self._open = asyncio.Event()

    def llm(self, key: str = KEY) -> ServedLLM:
        """Return an LLM that asks this server."""
        return ServedLLM(base_url=self.url, api_key=SecretStr(key))

    @property
    def repeated(self) -> list[str]:
        """The prompts that were answered more than once."""
        return [prompt for prompt, times in Counter(self.answered).items() if times > 1]

    def hold_from(self, number: int) -> None:
        """Hold the requests after this many answers; those before are answered at once."""
        self._most = number

    def wait_until_held(self, number: int = 1) -> None:
        """Wait until this many requests are held."""
        self.wait_until(lambda: self.held >= number, f"the request number {len(self.answered) + number}")

    def release(self) -> None:
        """Answer what is held, and hold nothing more."""
        self._most = None
        self.loop.call_soon_threadsafe(self._open.set)

    def application(self) -> web.Application:
        """Return the application that answers prompts."""
        application = web.Application()
        application.router.add_post("/ask", self._answer)
        return application

    async def _answer(self, request: web.Request) -> web.Response:
        body: dict[str, Any] = await request.json()
        prompt: str = body["prompt"]
        first = prompt.split(maxsplit=1)[0]
        if request.headers.get("x-key") != KEY:
            return _refusal(401, f"the key {request.headers.get('x-key')!r} is not valid")
        self.asked.append(prompt)
        await self._wait()
        if first == "busy" and self.asked.count(prompt) == 1:
            return _refusal(503, "busy")
        if first == "overlong":
            return _refusal(400, f"maximum context length exceeded by the holder of {KEY}")
        self.answered.append(prompt)
        self.wake()
        said = prompt.split()[: body["most"]]
        self.tokens += len(prompt.split()) + len(said)
        return web.json_response(
            {
                "text": None if first == "filtered" else " ".join(said),
                "end": "content_filter" if first == "filtered" else "stop",
                "heard": len(prompt.split()),
                "said": len(said),
            }
        )

    async def _wait(self) -> None:
        if self._most is None or len(self.answered) < self._most:
            self.wake()
            return
        self.held += 1
        self.wake()
        try:
            await self._open.wait()
        finally:
            self.held -= 1


def _refusal(status: int, message: str) -> web.Response:
    return web.json_response({"error": {"message": message}}, status=status)
