"""What a caller asks of a language model, in no provider's own terms."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import orjson

from seedbed.llm.json_copies import json_copy
from seedbed.llm.messages import Message
from seedbed.llm.schemas.encoded_schema import EncodedSchema


class Request(NamedTuple):
    """One request to a language model; None and empty mean the provider's own default.

        Request(({"role": "user", "content": "Name a river."},), temperature=0.2, max_tokens=100)

    `n` is the number of answers to the same messages (0 if an embedder is asked for vectors of their texts);
    `max_tokens` is per answer; `stop` are texts that end an answer; `schema` is a JSON Schema that the answer
    must fit; `tools` are function definitions and `tool_choice` a choice among them, in OpenAI's form;
    `logprobs` is the number of alternatives per token (0: only the chosen tokens); `extra` goes into the body
    of the provider's request unchanged. With `raw_prompt` there's one user message, whose text (`prompt`)
    goes to the model without a chat template. `explained` says that the messages tell what the properties of
    `schema` are, so that a `SchemaDialect` with `in_prompt="described"` needn't.
    """

    messages: tuple[Message, ...]
    n: int = 1
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    schema: Mapping[str, Any] | None = None
    tools: tuple[Mapping[str, Any], ...] = ()
    tool_choice: str | Mapping[str, Any] | None = None
    logprobs: int | None = None
    extra: Mapping[str, Any] = MappingProxyType({})
    raw_prompt: bool = False
    explained: bool = False

    @property
    def told(self) -> tuple[Any, ...]:
        """The fields that digests are made of: not `explained`, and `raw_prompt` only if it's set.

        So the answers and cassettes of versions without them are still found.
        """
        return tuple(self)[: -1 if self.raw_prompt else -2]

    @property
    def prompt(self) -> str:
        """The text of a raw prompt."""
        text: str = self.messages[0]["content"]
        return text


_MESSAGES, SEED, SCHEMA, _TOOLS, _TOOL_CHOICE, _EXTRA = map(
    Request._fields.index, ("messages", "seed", "schema", "tools", "tool_choice", "extra")
)
"""Places of fields."""


def with_field(request: Request, place: int, value: Any) -> Request:
    """Return a request with another value in a place, such as `SEED`; `_replace` takes four times as long."""
    return tuple.__new__(Request, (*request[:place], value, *request[place + 1 :]))


def own_copy(request: Request) -> Request:
    """Return a request with messages, schema, tools and `extra` of its own, which may be changed."""
    own: list[Any] = [*request]
    # Each call pays for this, and most have messages alone.
    own[_MESSAGES] = tuple(map(json_copy, request.messages))
    own[_EXTRA] = json_copy(request.extra)
    if request.tools or request.tool_choice:
        own[_TOOLS] = json_copy(request.tools)
        own[_TOOL_CHOICE] = json_copy(request.tool_choice)
    if (schema := request.schema) is not None:
        # By JSON, which takes a third of the time: it's deeper than the others.
        own[SCHEMA] = orjson.loads(
            schema.encoded if isinstance(schema, EncodedSchema) else orjson.dumps(schema)
        )
    return tuple.__new__(Request, own)
