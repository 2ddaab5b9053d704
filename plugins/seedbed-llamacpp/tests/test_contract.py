"""The backend and the embedder keep their contracts, with a real model inside of the process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from seedbed.testing import EmbedderContract, LLMContract
from seedbed_llamacpp import LlamaCppEmbedder, LlamaCppLLM


@pytest.mark.slow
class TestModelInProcess(LLMContract):
    llm_class = LlamaCppLLM
    model = "smollm2-135m"
    # One thread: where tests share their cores, several wait for each other.
    fields = {"threads": 1, "context": 256, "max_tokens": 4, "timeout": 120}


class TestEmbedderInProcess(EmbedderContract):
    embedder_class = LlamaCppEmbedder
    model = "smollm2-135m"
    fields = {"threads": 1, "context": 256, "timeout": 120}


@pytest.fixture(autouse=True, scope="module")
def _kept_in_memory() -> Iterator[None]:
    # All instances with the same settings share one model, which would be read for each test.
    keepers = [TestModelInProcess().new_llm(), TestEmbedderInProcess().new_llm()]
    for keeper in keepers:
        keeper.load()
    yield
    for keeper in keepers:
        keeper.unload()
