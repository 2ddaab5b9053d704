"""An environment without any provider's variables."""

from __future__ import annotations

import os

import pytest

_PREFIXES = ("OPENAI_", "AZURE_OPENAI_")
_KEYS = (
    "VLLM_API_KEY",
    "OLLAMA_API_KEY",
    "LM_API_TOKEN",
    "GROQ_API_KEY",
    "TOGETHER_API_KEY",
    "OPENROUTER_API_KEY",
    "MISTRAL_API_KEY",
    "GEMINI_API_KEY",
    "DEEPSEEK_API_KEY",
)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(_PREFIXES) or name in _KEYS:
            monkeypatch.delenv(name)
