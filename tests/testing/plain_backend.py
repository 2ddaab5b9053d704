"""A backend that keeps the contract: Chat Completions, in parts that can be broken one by one."""

from __future__ import annotations

import hashlib
from typing import Any, ClassVar

from seedbed import (
    LLM,
    Capabilities,
    Choice,
    HTTPAnswer,
    InvalidResponseError,
    Request,
    Response,
    TokenLogprob,
    ToolCall,
    Usage,
    parse_body,
    post_json,
    public_url,
)


class PlainLLM(LLM):
    """Speaks Chat Completions, and everything that it has."""

    connection_fields: ClassVar[frozenset[str]] = frozenset({"timeout", "base_url", "api_key"})
    key_env_var = "PLAIN_API_KEY"

    base_url: str

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            structured_output=True, tools=True, logprobs=True, images=True, seed=True, n=True, raw_prompt=True
        )

    @property
    def endpoint(self) -> str:
        return public_url(self.base_url)

    @property
    def credential_id(self) -> str:
        return hashlib.sha256(self.key.encode()).hexdigest()[:16]

    @property
    def key(self) -> str:
        return self.resolve_key()

    async def respond(self, request: Request) -> Response:
        return self.read(self.parsed(await self.post(self.body(request))))

    async def post(self, body: dict[str, Any]) -> HTTPAnswer:
        headers = {"authorization": f"Bearer {self.key}"}
        path = "/completions" if "prompt" in body else "/chat/completions"
        return await post_json(f"{self.base_url}{path}", body, headers=headers)

    def parsed(self, answer: HTTPAnswer) -> dict[str, Any]:
        return parse_body(answer, "Plain", self.secrets())

    def body(self, request: Request) -> dict[str, Any]:
        schema = {"type": "json_schema", "json_schema": {"name": "answer", "schema": request.schema}}
        given = {
            "model": self.model,
            "messages": None if request.raw_prompt else list(request.messages),
            "prompt": request.prompt if request.raw_prompt else None,
            "temperature": request.temperature,
            "top_p": request.top_p,
            "max_tokens": request.max_tokens,
            "stop": list(request.stop) or None,
            "seed": request.seed,
            "n": request.n if request.n > 1 else None,
            "tools": list(request.tools) or None,
            "tool_choice": request.tool_choice,
            "response_format": schema if request.schema else None,
            "logprobs": True if request.logprobs is not None else None,
            "top_logprobs": request.logprobs,
        }
        return {name: value for name, value in given.items() if value is not None} | dict(request.extra)

    def read(self, body: dict[str, Any]) -> Response:
        if not body.get("choices"):
            raise InvalidResponseError("Plain answered without any choice")
        return Response(
            choices=tuple(map(self.choice, body["choices"])),
            usage=self.usage(body["usage"]),
            model=body["model"],
            raw=body,
        )

    def choice(self, choice: dict[str, Any]) -> Choice:
        message = choice["message"]
        tokens = (choice["logprobs"] or {}).get("content")
        return Choice(
            text=message["content"],
            finish_reason=choice["finish_reason"],
            tool_calls=tuple(
                ToolCall(call["id"], call["function"]["name"], call["function"]["arguments"])
                for call in message.get("tool_calls", ())
            ),
            logprobs=None if tokens is None else tuple(map(_token, tokens)),
        )

    def usage(self, counted: dict[str, Any]) -> Usage:
        return Usage(
            counted["prompt_tokens"],
            counted["completion_tokens"],
            counted["prompt_tokens_details"]["cached_tokens"],
            counted["completion_tokens_details"]["reasoning_tokens"],
        )


def _token(token: dict[str, Any]) -> TokenLogprob:
    top = tuple((other["token"], other["logprob"]) for other in token["top_logprobs"])
    return TokenLogprob(token["token"], token["logprob"], top)
