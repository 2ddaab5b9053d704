"""OpenAI's Embeddings, from the server's side.

https://platform.openai.com/docs/api-reference/embeddings/create
"""

from __future__ import annotations

import struct
from typing import Any
from zlib import crc32

from seedbed.llm.embedding.embeddings import Embeddings
from seedbed.llm.request import Request
from seedbed.llm.response import Response
from seedbed.testing.servers.chat_completions import ChatCompletions
from seedbed.testing.servers.exchange import Received, Reply
from seedbed.testing.servers.wire import Asked, key_in


class EmbeddingsAPI(ChatCompletions):
    """The protocol of OpenAI's POST /embeddings, which many servers speak; the base URL ends in /v1.

    Vectors are numbers, also for clients that ask for base64: not every server knows that.
    """

    def read(self, received: Received) -> Asked:
        """Return what the body asks for: one user message for each text."""
        body: dict[str, Any] = received.json()
        model, given = body.pop("model", ""), body.pop("input", [])
        texts = [given] if isinstance(given, str) else given
        messages = tuple({"role": "user", "content": text} for text in texts)
        return Asked(model, key_in(received), Request(messages, n=0, extra=body))

    def answer(self, response: Response) -> Reply:
        """Return a list of vectors, in no particular order; none for a response without vectors."""
        vectors = response.vectors if isinstance(response, Embeddings) else ()
        data = [
            {"object": "embedding", "index": index, "embedding": [float(number) for number in vector]}
            for index, vector in enumerate(vectors)
        ]
        tokens = response.usage.input_tokens
        return Reply(
            body={
                "object": "list",
                "model": response.model or "some-model",
                # Each entry has its index, so that servers need not keep the order.
                "data": data[::-1],
                "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
            }
        )


def vector_for(text: str) -> list[float]:
    """Return a vector of four numbers that 32-bit floats hold exactly, and those of 16 bits don't.

    Other texts have other vectors.
    """
    return [byte + 1 / 4096 for byte in struct.pack(">I", crc32(text.encode()))]
