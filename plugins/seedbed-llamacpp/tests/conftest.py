"""The real model, loaded once for the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from seedbed_llamacpp import LlamaCppLLM


@pytest.fixture(scope="module")
def llm() -> Iterator[LlamaCppLLM]:
    # One thread: where tests share their cores, several wait for each other.
    model = LlamaCppLLM(model="smollm2-135m", threads=1, context=256, parallel=8, max_tokens=8)
    yield model
    model.unload()
