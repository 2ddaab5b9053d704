"""The backend `openai`: one model at OpenAI or at a server that speaks its protocol."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from pydantic import Field

from seedbed import HTTPLLM, Capabilities, Request, Response, SchemaDialect, SchemaInPrompt, post_json
from seedbed_openai.backend import OpenAIBackend
from seedbed_openai.chat import chat_body
from seedbed_openai.chat_answer import read_chat
from seedbed_openai.completions import completion_body, read_completion
from seedbed_openai.dialects import DIALECTS, JSON_MODE, DialectName
from seedbed_openai.presets import Preset, StructuredOutput, without
from seedbed_openai.responses import responses_body
from seedbed_openai.responses_answer import read_responses
from seedbed_openai.settings import CONNECTION_FIELDS
from seedbed_openai.streamed import chat_of_events, response_of_events

_PATHS = {"chat": "/chat/completions", "responses": "/responses"}
_READERS = {"chat": (read_chat, chat_of_events), "responses": (read_responses, response_of_events)}
_COMPLETIONS = (read_completion, chat_of_events)

Lack = Literal["tools", "logprobs", "images", "seed", "n", "raw_prompt"]


class OpenAILLM(OpenAIBackend, HTTPLLM):
    """A model of OpenAI, of Azure, or of any server that speaks OpenAI's protocol.

    OpenAILLM(model="gpt-4.1-mini", temperature=0.2)
    OpenAILLM(model="qwen3-4b", preset="vllm", base_url="http://localhost:8000/v1")
    """

    reasoning_fields = ("reasoning_effort",)
    connection_fields = CONNECTION_FIELDS | {"lacks"}

    api: Literal["chat", "responses"] = Field(
        default="chat", description="Chat Completions, or the Responses API."
    )
    reasoning_effort: str | None = Field(
        default=None, description="How long a reasoning model may think: low, medium, high, ..."
    )
    structured_output: StructuredOutput | None = Field(
        default=None, description="How the server is held to a JSON Schema, if not in the preset's way."
    )
    schemas: DialectName | None = Field(
        default=None,
        description="What the server takes of JSON Schema: OpenAI's strict mode, or a grammar's.",
    )
    schema_in_prompt: SchemaInPrompt | None = Field(
        default=None, description="When the JSON Schema is part of the prompt, if not in the preset's way."
    )
    lacks: tuple[Lack, ...] = Field(
        default=(), description="What this model or server lacks of what its preset has."
    )

    @property
    def path(self) -> str:
        """That of Chat Completions or of the Responses API."""
        return _PATHS[self.api]

    @property
    def capabilities(self) -> Capabilities:
        """What the preset has, without what `lacks` names and what the Responses API doesn't take."""
        lacking = (*self.lacks, *(("seed", "n", "raw_prompt") if self.api == "responses" else ()))
        preset = self.effective_preset
        return without(preset.capabilities, self._schema_dialect(preset), lacking)

    def _structured_output(self, preset: Preset) -> StructuredOutput:
        wanted = self.structured_output or preset.structured_output
        # No JSON mode in the Responses API: every server that has this API also takes schemas.
        return "json_schema" if self.api == "responses" and wanted == "json_object" else wanted

    def _schema_dialect(self, preset: Preset) -> SchemaDialect | None:
        """Return the part of JSON Schema that the server takes, or None if it takes none."""
        wanted = self._structured_output(preset)
        if wanted == "none":
            return None
        dialect = JSON_MODE if wanted == "json_object" else DIALECTS[self.schemas or preset.schemas]
        preset_way = None if wanted == "json_object" else preset.schema_in_prompt
        return replace(dialect, in_prompt=self.schema_in_prompt or preset_way or dialect.in_prompt)

    async def respond(self, request: Request) -> Response:
        """Post the request to Chat Completions or the Responses API, a raw prompt to Completions."""
        connection = self._connection
        read, assemble = _COMPLETIONS if request.raw_prompt else _READERS[self.api]
        url = connection.completions_url if request.raw_prompt else connection.url
        headers = await connection.request_headers()
        answer = await post_json(url, self._body(request, connection.preset), headers=headers)
        body = await self.read_answer(answer, headers, assemble)
        return read(body, connection.title, self.read_limits(answer.headers))

    def _body(self, request: Request, preset: Preset) -> dict[str, Any]:
        if request.raw_prompt:
            return completion_body(request, model=self.model, preset=preset)
        if self.api == "responses":
            return responses_body(request, model=self.model, reasoning_effort=self.reasoning_effort)
        return chat_body(
            request,
            model=self.model,
            preset=preset,
            structured_output=self._structured_output(preset),
            reasoning_effort=self.reasoning_effort,
        )
