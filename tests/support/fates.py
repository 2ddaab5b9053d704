"""A task whose rows are accepted, rejected or fail, as their number says."""

from __future__ import annotations

from typing import Any

from seedbed import Choice, GeneratorTask, LLMConnectionError, Reject, Request, Response, ToolCall, Usage
from seedbed.testing import ScriptedLLM

SECRET = "sk-0123456789abcdefghijklmnopqrstuv"


class Fate(GeneratorTask):
    """Row 1 is rejected, and row 2 fails."""

    template: str = "What of {{ n }}, confidentially?"
    suffix: str = ""

    def sample(self, index: int, rng: Any) -> dict[str, Any]:
        return {"n": index}

    def format_output(self, output: str | None, input: Any) -> dict[str, Any]:
        if input["n"] == 1:
            raise Reject(f"dull: {output}")
        if input["n"] == 2:
            raise ValueError(f"no word in {output}")
        return {"word": f"{output}{self.suffix}"}


def answering(**fields: Any) -> ScriptedLLM:
    """Return an LLM with a key, a price-less model and an address, whose first call of all fails once."""
    failed: list[int] = []

    def answer(request: Request) -> Response:
        if not failed:
            failed.append(1)
            raise LLMConnectionError("no line", retry_after=0.0)
        choice = Choice(
            text="a private answer", finish_reason="length", tool_calls=(ToolCall("c1", "f", "{}"),)
        )
        return Response(
            choices=(choice,), usage=Usage(10, 20, 3, 4), model="scripted-2026", raw={"id": "resp-1"}
        )

    place = f"http://user:{SECRET}@models.example:8080/v1?key={SECRET}"
    return ScriptedLLM(answer, api_key=SECRET, place=place, **fields)
