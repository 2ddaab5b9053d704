"""The embedder `llamacpp`: vectors of a GGUF model that llama.cpp runs inside this process."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field, PrivateAttr

from seedbed import Embedder, Embeddings, Usage
from seedbed_llamacpp.embedding import EmbeddingCall
from seedbed_llamacpp.model_files import model_file, model_name
from seedbed_llamacpp.server import Pooling, Settings
from seedbed_llamacpp.servers import Lease, answered, servers


class LlamaCppEmbedder(Embedder):
    """A model in a GGUF file whose vectors llama.cpp computes inside the process.

        get_embedder("llamacpp/./bge-small-en-v1.5-q8_0.gguf").vectors(["a river", "a stream"])

    `model` is what it is for `LlamaCppLLM`. All embedders with the same file and settings share one loaded
    model. Vectors have length 1.
    """

    backend: ClassVar[str] = "llamacpp"
    connection_fields: ClassVar[frozenset[str]] = frozenset({"timeout", "threads", "gpu_layers"})

    batch_size: int = Field(default=16, ge=1, description="The most texts in one call.")
    context: int = Field(default=2048, ge=256, description="Tokens of the longest text.")
    pooling: Pooling | None = Field(
        default=None,
        description="How the vectors of tokens become one; unset, the model's own way, or else their mean.",
    )
    threads: int | None = Field(
        default=None, ge=1, description="Threads that compute; one per core if unset."
    )
    gpu_layers: int | None = Field(
        default=None, ge=0, description="Layers of the model on the GPU; as many as fit if unset."
    )

    _lease: Lease | None = PrivateAttr(default=None)

    @property
    def model_name(self) -> str:
        """The model as written, or the stem of its file."""
        return model_name(self.model)

    @property
    def endpoint(self) -> str:
        """The server inside the process, by its model and settings."""
        return f"{self.backend}:embeddings:{self.model}:{self.context}:{self.threads}:{self.gpu_layers}"

    @property
    def price_id(self) -> str:
        """The model runs on this machine, so its calls cost nothing."""
        return "free"

    @property
    def slots(self) -> int:
        """One call at a time, which uses all threads."""
        return 1

    def load(self) -> None:
        """Load the model, unless another embedder of this process has; downloads a file first."""
        settings = Settings(
            model_file(self.model), 1, self.context, self.threads, self.gpu_layers, True, self.pooling
        )
        self._lease = servers().lease(settings)

    def unload(self) -> None:
        """Release the model; the last embedder that does so frees it, and stops the calls in flight."""
        super().unload()
        if self._lease is not None:
            servers().release(self._lease)
            self._lease = None

    async def check(self) -> None:
        """Raise if there's no such model, or if its file isn't a GGUF file; nothing is loaded yet."""
        await asyncio.to_thread(model_file, self.model)

    async def embed(self, texts: Sequence[str]) -> Embeddings:
        """Compute the vectors, one after another; if it's cancelled, it stops after the current text."""
        lease = self._lease
        if lease is None or lease.server.closed:
            await asyncio.to_thread(self.load)
            lease = self._lease
        assert lease is not None
        made = await answered(lease, EmbeddingCall([*texts]))
        return Embeddings(vectors=made.vectors, usage=Usage(input_tokens=made.tokens), model=self.model_name)
