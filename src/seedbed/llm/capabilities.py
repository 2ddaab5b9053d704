"""What a backend can be asked for."""

from __future__ import annotations

from dataclasses import dataclass

from seedbed.llm.schemas.dialects import SchemaDialect


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What one LLM instance offers beyond messages in and text out.

        Capabilities(structured_output=True, tools=True, seed=True)

    If it isn't declared, `n` becomes several requests, `structured_output` an instruction in the prompt, and
    a derived `seed` is left out. A tool, an image, logprobs, a given seed or a raw prompt (text for the model
    without a chat template) is an error. `batch` can be declared, but nothing uses it yet.

    `schema_dialect` says which part of JSON Schema the structured output takes. `respond` gets schemas in
    that form, shared by all requests: it must not change them. Schemas that can't be expressed in it go into
    the prompt. Without a dialect, `respond` gets each schema unchanged.
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
