"""What a backend can be asked for."""

from __future__ import annotations

from dataclasses import dataclass

from seedbed.llm.schemas.dialects import SchemaDialect


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What one LLM instance offers beyond messages in and text out.

    Not declared: `n` becomes several requests, `structured_output` an instruction in the prompt,
    a derived `seed` is left out; a tool, an image, logprobs, a given seed or a raw prompt (text for the model
    as it is, without a chat template) is an error. `batch` is there to be declared: nothing asks for it yet.

    `schema_dialect` says what the structured output takes of JSON Schema: `respond` is given schemas in that
    form (shared by all requests: it changes none), and those that have no such form go into the prompt.
    Without a dialect `respond` is given each schema as it is.
    """

    structured_output: bool = False
    tools: bool = False
    logprobs: bool = False
    images: bool = False
    seed: bool = False
    n: bool = False
    raw_prompt: bool = False
    batch: bool = False
    schema_dialect: SchemaDialect | None = None
