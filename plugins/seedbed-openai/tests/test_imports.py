"""What importing the plugin costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import sys
import seedbed_openai
heavy = {"openai", "aiohttp", "pydantic", "numpy", "seedbed_openai.llm", "httpx2"} & sys.modules.keys()
assert not heavy, heavy
assert seedbed_openai.seedbed_llm("openai") is seedbed_openai.OpenAILLM
assert seedbed_openai.seedbed_embedder("openai") is seedbed_openai.OpenAIEmbedder
assert "numpy" not in sys.modules
for fields in (
    {"preset": "ollama"},
    {"api_key": "sk-x"},
    {"api_key": "sk-x", "api": "responses", "organization": "o", "default_headers": {"x-a": "b"}},
    {"token_provider": lambda: "token-0001"},
):
    seedbed_openai.OpenAILLM(model="m", **fields).load()
assert "openai" not in sys.modules
"""


@pytest.mark.slow
def test_the_module_is_cheap_until_its_class_is_used() -> None:
    subprocess.run([sys.executable, "-c", SCRIPT], check=True)
