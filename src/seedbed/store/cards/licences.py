"""What is known of the terms for what a model has written."""

from __future__ import annotations

from collections.abc import Iterable

_TERMS = (
    ("openai/", "OpenAI's terms of use", "https://openai.com/policies/terms-of-use/"),
    ("anthropic/", "Anthropic's commercial terms", "https://www.anthropic.com/legal/commercial-terms"),
    ("claude", "Anthropic's commercial terms", "https://www.anthropic.com/legal/commercial-terms"),
    ("llama-", "the licence of Meta's Llama models", "https://www.llama.com/llama-downloads/"),
    ("gemma", "the terms of Gemma", "https://ai.google.dev/gemma/terms"),
    ("smollm", "Apache 2.0", "https://huggingface.co/HuggingFaceTB"),
)
"""Part of a reference, what applies to the model's output as far as we know, and where to read it."""

# Servers of other people's models speak the protocol of OpenAI: the name of the model says more.
_OPENAI_MODELS = ("gpt-", "chatgpt", "o1", "o3", "o4", "text-")


def terms_of(models: Iterable[str]) -> list[tuple[str, str, str]]:
    """Return each model with what applies to its output, and where that's written; empty if unknown."""
    return [(model, *_known(model)) for model in models]


def _known(model: str) -> tuple[str, str]:
    name = model.lower()
    for part, terms, address in _TERMS:
        if part == "openai/" and not name.removeprefix(part).startswith(_OPENAI_MODELS):
            continue
        if part in name:
            return terms, address
    return "not known: read the licence of the model and the terms of its provider", ""
