"""A backend that answers from its request alone, and so shows what reached it."""

from __future__ import annotations

import json

from pydantic import Field, SecretStr

from seedbed import LLM, Capabilities, Choice, ContentFilteredError, Request, Response, Usage


class FrozenLLM(LLM):
    """Repeats the last message; where a schema is asked for, a JSON object that fits it."""

    api_key: SecretStr = Field(default=SecretStr("sk-frozen"), description="Never sent anywhere.")
    prefix: str = Field(default="", description="Text before each answer.")

    _opened: bool = False

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(structured_output=True, seed=True, n=True)

    @property
    def endpoint(self) -> str:
        return "frozen"

    @property
    def credential_id(self) -> str:
        return "one"

    @property
    def slots(self) -> int | None:
        return 4

    @property
    def price_id(self) -> str | None:
        return None

    def load(self) -> None:
        self._opened = True

    def unload(self) -> None:
        super().unload()
        self._opened = False

    async def check(self) -> None:
        pass

    async def respond(self, request: Request) -> Response:
        assert self._opened
        said = str(request.messages[-1]["content"])
        if "forbidden" in said:
            raise ContentFilteredError("the model declined")
        text = self.prefix + said
        if request.schema is not None:
            text = json.dumps({name: said for name in request.schema["properties"]})
        choices = tuple(Choice(text=text, finish_reason="stop") for _ in range(request.n))
        return Response(choices=choices, usage=Usage(len(said), len(text)), model=self.model, raw={"text": text})
