"""A backend that asks a server, in a protocol of its own."""

from __future__ import annotations

import hashlib

from pydantic import Field, SecretStr

from seedbed import (
    LLM,
    AuthenticationError,
    Capabilities,
    Choice,
    Limits,
    Request,
    Response,
    Usage,
    get_json,
    http_error,
    parse_body,
    parts,
    post_json,
    public_url,
)


class FrozenHTTPLLM(LLM):
    """Posts the prompt to `base_url`, and reads the answer."""

    backend = "frozen-http"
    connection_fields = frozenset({"timeout", "api_key", "base_url"})

    api_key: SecretStr | None = Field(default=None, description="Key of the server.")
    base_url: str = Field(description="Address of the server.")
    manner: str = Field(default="plain", description="Manner of the answers.")

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(tools=False, seed=True)

    @property
    def endpoint(self) -> str:
        return public_url(self.base_url)

    @property
    def credential_id(self) -> str:
        return hashlib.sha256("".join(self.secrets()).encode()).hexdigest()[:16]

    def load(self) -> None:
        if self.api_key is None:
            raise AuthenticationError("no key for the frozen server", "pass api_key=...")

    async def check(self) -> None:
        answer = await get_json(f"{self.base_url}/models", headers=self._headers(), timeout=10.0)
        if answer.status != 200:
            raise http_error(answer, "Frozen", self.secrets())

    async def respond(self, request: Request) -> Response:
        messages = [
            {"role": message["role"], "text": "".join(part["text"] for part in parts(message))}
            for message in request.messages
        ]
        payload = {
            "model": self.model,
            "messages": messages,
            "manner": self.manner,
            "max_tokens": request.max_tokens,
            "temperature": request.temperature,
            "seed": request.seed,
            **request.extra,
        }
        answer = await post_json(f"{self.base_url}/complete", payload, headers=self._headers())
        body = parse_body(answer, "Frozen", self.secrets())
        left = answer.headers.get("x-requests-left")
        return Response(
            choices=(Choice(text=body["text"], finish_reason="length" if body["cut"] else "stop"),),
            usage=Usage(input_tokens=body["read"], output_tokens=body["written"]),
            model=body["model"],
            raw=body,
            limits=Limits(requests_left=int(left) if left else None),
        )

    def _headers(self) -> dict[str, str]:
        key = self.api_key.get_secret_value() if self.api_key else ""
        return {"authorization": f"Bearer {key}"}
