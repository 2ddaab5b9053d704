"""The Responses API, from the server's side.

https://platform.openai.com/docs/api-reference/responses/create
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from seedbed.llm.messages import Message
from seedbed.llm.request import Request
from seedbed.llm.response import Choice, Response, Usage
from seedbed.testing.servers.chat_completions import ChatCompletions, logprobs_of
from seedbed.testing.servers.exchange import Received, Reply
from seedbed.testing.servers.wire import Asked, key_in

_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}


class ResponsesAPI(ChatCompletions):
    """The protocol of OpenAI's POST /responses; errors are those of Chat Completions."""

    def read(self, received: Received) -> Asked:
        """Return what the body asks for."""
        body: dict[str, Any] = received.json()
        model = body.pop("model", "")
        return Asked(model, key_in(received), _request(body))

    def answer(self, response: Response) -> Reply:
        """Return a body of type `response`, which has at most one choice."""
        output = [item for choice in response.choices for item in _output(choice)]
        reason = next((_INCOMPLETE.get(choice.finish_reason) for choice in response.choices), None)
        return Reply(
            body={
                "id": "resp_1",
                "object": "response",
                "model": response.model or "some-model",
                "status": "incomplete" if reason else "completed",
                "incomplete_details": {"reason": reason} if reason else None,
                "error": None,
                "output": output,
                "usage": _usage(response.usage),
            }
        )


def _request(body: dict[str, Any]) -> Request:
    top = body.pop("top_logprobs", None)
    includes = body.pop("include", None) or ()
    return Request(
        messages=tuple(_messages(body.pop("instructions", None), body.pop("input", ()))),
        temperature=body.pop("temperature", None),
        top_p=body.pop("top_p", None),
        max_tokens=body.pop("max_output_tokens", None),
        schema=(body.pop("text", None) or {}).get("format", {}).get("schema"),
        tools=tuple(_tool(tool) for tool in body.pop("tools", None) or ()),
        tool_choice=_tool_choice(body.pop("tool_choice", None)),
        logprobs=(top or 0) if "message.output_text.logprobs" in includes else None,
        extra=body,
    )


def _messages(instructions: str | None, items: str | Iterable[Mapping[str, Any]]) -> Iterator[Message]:
    if instructions is not None:
        yield {"role": "system", "content": instructions}
    if isinstance(items, str):
        yield {"role": "user", "content": items}
        return
    for item in items:
        yield _message(item)


def _message(item: Mapping[str, Any]) -> Message:
    if item.get("type") == "function_call_output":
        return {"role": "tool", "tool_call_id": item["call_id"], "content": item["output"]}
    if item.get("type") == "function_call":
        function = {"name": item["name"], "arguments": item["arguments"]}
        call = {"id": item["call_id"], "type": "function", "function": function}
        return {"role": "assistant", "content": None, "tool_calls": [call]}
    content = item["content"]
    return {
        "role": item["role"],
        "content": content if isinstance(content, str) else [_part(part) for part in content],
    }


def _part(part: Mapping[str, Any]) -> dict[str, Any]:
    if part["type"] == "input_image":
        return {"type": "image_url", "image_url": {"url": part["image_url"]}}
    return {"type": "text", "text": part["text"]}


def _tool(tool: Mapping[str, Any]) -> dict[str, Any]:
    function = {name: value for name, value in tool.items() if name not in ("type", "strict")}
    return {"type": "function", "function": function}


def _tool_choice(choice: str | Mapping[str, Any] | None) -> str | Mapping[str, Any] | None:
    if choice is None or isinstance(choice, str):
        return choice
    return {"type": "function", "function": {"name": choice.get("name")}}


def _output(choice: Choice) -> Iterator[dict[str, Any]]:
    if choice.text is not None:
        part: dict[str, Any] = {"type": "output_text", "text": choice.text, "annotations": []}
        if choice.logprobs is not None:
            part["logprobs"] = logprobs_of(choice.logprobs)
        yield {"type": "message", "id": "msg_1", "role": "assistant", "content": [part]}
    for call in choice.tool_calls:
        yield {
            "type": "function_call",
            "id": "fc_1",
            "call_id": call.id,
            "name": call.name,
            "arguments": call.arguments,
        }


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {"cached_tokens": usage.cached_tokens},
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.total_tokens,
    }
