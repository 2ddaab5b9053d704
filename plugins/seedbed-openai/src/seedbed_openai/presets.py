"""What is known about each server that speaks OpenAI's protocol.

Every call needs it several times, so it's worked out once for each address.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal
from urllib.parse import urlsplit

from seedbed import Capabilities, SchemaDialect, SchemaInPrompt
from seedbed_openai.dialects import DialectName

StructuredOutput = Literal["json_schema", "json_object", "none"]
PresetName = Literal[
    "openai",
    "azure",
    "vllm",
    "ollama",
    "lmstudio",
    "groq",
    "together",
    "openrouter",
    "mistral",
    "gemini",
    "deepseek",
]

_ALL = Capabilities(
    structured_output=True, tools=True, logprobs=True, images=True, seed=True, n=True, raw_prompt=True
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """One kind of server: where it is, which key it takes, what it can be asked for.

    `key_variable` is the environment variable of the key, or None; `needs_key` says whether requests without
    one are refused; `key_hosts` are the provider's own. `price_provider` is the name under which prices are
    listed, None for the user's own servers. `schemas` is the part of JSON Schema that it takes, and
    `schema_in_prompt` when it's part of the prompt, if not as is usual for that part.
    """

    title: str
    base_url: str = ""
    key_variable: str | None = None
    key_hosts: tuple[str, ...] = ()
    needs_key: bool = True
    structured_output: StructuredOutput = "json_schema"
    schemas: DialectName = "strict"
    schema_in_prompt: SchemaInPrompt | None = None
    capabilities: Capabilities = _ALL
    max_tokens_field: str = "max_tokens"
    seed_field: str = "seed"
    developer_role: bool = False
    price_provider: str | None = None


def _all_but(*lacking: str) -> Capabilities:
    lacked: dict[str, Any] = dict.fromkeys(lacking, False)
    return replace(_ALL, **lacked)


OPENAI = Preset(
    title="OpenAI",
    base_url="https://api.openai.com/v1",
    key_variable="OPENAI_API_KEY",
    key_hosts=("*.openai.com",),
    max_tokens_field="max_completion_tokens",
    developer_role=True,
    price_provider="openai",
)
AZURE = Preset(
    title="Azure OpenAI",
    key_variable="AZURE_OPENAI_API_KEY",
    key_hosts=("*.openai.azure.com",),
    max_tokens_field="max_completion_tokens",
    developer_role=True,
    price_provider="azure",
)
COMPATIBLE = Preset(
    title="the server",
    key_variable="OPENAI_API_KEY",
    key_hosts=OPENAI.key_hosts,
    needs_key=False,
    # Most are llama.cpp, vLLM, SGLang and the like, which don't show it to the model.
    schema_in_prompt="described",
    capabilities=_all_but("n"),
)
"""A server at an address that the user gives: what llama.cpp, vLLM and so on have in common."""

PRESETS: dict[PresetName, Preset] = {
    "openai": OPENAI,
    "azure": AZURE,
    "vllm": Preset(
        title="vLLM",
        base_url="http://localhost:8000/v1",
        key_variable="VLLM_API_KEY",
        needs_key=False,
        schemas="grammar",
    ),
    "ollama": Preset(
        title="Ollama",
        base_url="http://localhost:11434/v1",
        key_variable="OLLAMA_API_KEY",
        needs_key=False,
        schemas="grammar",
        capabilities=_all_but("n"),
    ),
    "lmstudio": Preset(
        title="LM Studio",
        base_url="http://localhost:1234/v1",
        key_variable="LM_API_TOKEN",
        needs_key=False,
        schemas="grammar",
        capabilities=_all_but("n", "logprobs"),
    ),
    "groq": Preset(
        title="Groq",
        base_url="https://api.groq.com/openai/v1",
        key_variable="GROQ_API_KEY",
        key_hosts=("api.groq.com",),
        # Only some of its models take a JSON Schema, all of them JSON mode.
        structured_output="json_object",
        capabilities=_all_but("n", "logprobs", "raw_prompt"),
        max_tokens_field="max_completion_tokens",
        price_provider="groq",
    ),
    "together": Preset(
        title="Together",
        base_url="https://api.together.xyz/v1",
        key_variable="TOGETHER_API_KEY",
        key_hosts=("api.together.xyz",),
        # https://docs.together.ai/docs/inference/chat/structured-outputs
        schema_in_prompt="described",
        capabilities=_all_but("logprobs"),
        price_provider="together_ai",
    ),
    "openrouter": Preset(
        title="OpenRouter",
        base_url="https://openrouter.ai/api/v1",
        key_variable="OPENROUTER_API_KEY",
        key_hosts=("openrouter.ai",),
        capabilities=_all_but("n"),
        price_provider="openrouter",
    ),
    "mistral": Preset(
        title="Mistral",
        base_url="https://api.mistral.ai/v1",
        key_variable="MISTRAL_API_KEY",
        key_hosts=("api.mistral.ai",),
        capabilities=_all_but("logprobs", "raw_prompt"),
        seed_field="random_seed",
        price_provider="mistral",
    ),
    "gemini": Preset(
        title="Gemini",
        base_url="https://generativelanguage.googleapis.com/v1beta/openai",
        key_variable="GEMINI_API_KEY",
        key_hosts=("generativelanguage.googleapis.com",),
        capabilities=_all_but("seed", "logprobs", "raw_prompt"),
        price_provider="gemini",
    ),
    "deepseek": Preset(
        title="DeepSeek",
        base_url="https://api.deepseek.com",
        key_variable="DEEPSEEK_API_KEY",
        key_hosts=("api.deepseek.com",),
        structured_output="json_object",
        capabilities=_all_but("n", "seed", "images", "raw_prompt"),
        price_provider="deepseek",
    ),
}


@lru_cache(maxsize=256)
def preset_for(name: PresetName, base_url: str) -> Preset:
    """Return the preset; `openai` at an address that isn't OpenAI's is a compatible server."""
    try:
        host = urlsplit(base_url).hostname or ""
    except ValueError:
        # Of the environment, since fields are checked: whoever asks there says that it's no URL.
        host = ""
    if name != "openai" or host == "openai.com" or host.endswith(".openai.com"):
        return PRESETS[name]
    return AZURE if host.endswith(".openai.azure.com") else COMPATIBLE


@lru_cache(maxsize=256)
def without(
    capabilities: Capabilities, dialect: SchemaDialect | None, lacking: tuple[str, ...]
) -> Capabilities:
    """Return capabilities with this dialect of JSON Schema, and without those in `lacking`."""
    lacked: dict[str, Any] = dict.fromkeys(lacking, False)
    return replace(capabilities, structured_output=dialect is not None, schema_dialect=dialect, **lacked)
