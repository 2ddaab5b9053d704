"""The embedder `openai`: vectors from OpenAI or from a server that speaks its protocol."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from seedbed import BadRequestError, Embeddings, HTTPEmbedder, post_json
from seedbed_openai.backend import OpenAIBackend
from seedbed_openai.embeddings import embeddings_body, read_embeddings
from seedbed_openai.settings import CONNECTION_FIELDS

_RESERVED = ("model", "input", "dimensions", "encoding_format")
_BASE64 = frozenset({"openai", "azure"})
"""Providers that certainly know base64, which is a third of the bytes of numbers."""


class OpenAIEmbedder(OpenAIBackend, HTTPEmbedder):
    """An embedding model of OpenAI, of Azure, or of any server that speaks OpenAI's protocol.

    get_embedder("openai/text-embedding-3-small", dimensions=256).vectors(["a river", "a stream"])
    get_embedder("openai/bge-m3", preset="ollama")
    """

    connection_fields: ClassVar[frozenset[str]] = CONNECTION_FIELDS | {"encoding_format"}
    # OpenAI takes at most 300,000 tokens in one request, and no text has more tokens than bytes.
    batch_bytes: ClassVar[int | None] = 300_000

    batch_size: int = Field(default=64, ge=1, le=2048, description="The most texts in one call.")
    dimensions: int | None = Field(
        default=None, ge=1, description="Length of the vectors, if the model can shorten them."
    )
    encoding_format: Literal["base64", "float"] | None = Field(
        default=None,
        description="How vectors are sent; unset, base64 at OpenAI, and elsewhere as the server does it.",
    )
    extra: dict[str, Any] = Field(
        default_factory=dict, description="Further fields of each request, as the server names them."
    )

    @field_validator("extra")
    @classmethod
    def _has_no_own_field(cls, value: dict[str, Any]) -> dict[str, Any]:
        if own := [name for name in _RESERVED if name in value]:
            raise ValueError(f"{own[0]!r} is set by the embedder itself")
        return value

    @property
    def path(self) -> str:
        """That of Embeddings."""
        return "/embeddings"

    async def embed(self, texts: Sequence[str]) -> Embeddings:
        """Post the texts to Embeddings."""
        connection = self._connection
        headers = await connection.request_headers()
        body = embeddings_body(
            texts,
            model=self.model,
            dimensions=self.dimensions,
            encoding_format=self.encoding_format or self._usual_encoding,
            extra=self.extra,
        )
        answer = await post_json(connection.url, body, headers=headers)
        try:
            found = await self.read_answer(answer, headers)
        except BadRequestError as error:
            error.advice = (*_empty_texts(texts), *error.advice)
            raise
        return read_embeddings(found, connection.title, self.read_limits(answer.headers), self.dimensions)

    @property
    def _usual_encoding(self) -> str | None:
        return "base64" if self._connection.preset.price_provider in _BASE64 else None


def _empty_texts(texts: Sequence[str]) -> tuple[str, ...]:
    """Return the usual reason for which OpenAI refuses a batch; it doesn't say which text it is."""
    empty = [number for number, text in enumerate(texts) if not text]
    return (f"texts[{empty[0]}] is empty: leave such rows out",) if empty else ()
