"""An embedder that asks a server for the letters of texts, and the server's side of it."""

from __future__ import annotations

from collections.abc import Sequence

from seedbed import Embeddings, HTTPEmbedder, Usage, join_url, post_json
from seedbed.testing import Received, Reply

LETTERS = "abcdefghijklmnopqrstuvwxyz"


class LettersEmbedder(HTTPEmbedder):
    """Counts the letters of texts, on a server."""

    base_url: str
    ignore_case: bool = False

    @property
    def endpoint(self) -> str:
        return self.base_url

    async def embed(self, texts: Sequence[str]) -> Embeddings:
        answer = await post_json(join_url(self.base_url, "/letters"), {"texts": [*texts]}, headers={})
        body = self.read_body(answer)
        return Embeddings(vectors=body["vectors"], usage=Usage(input_tokens=body["tokens"]))


def counted(text: str) -> list[float]:
    return [float(text.count(letter)) for letter in LETTERS]


def answer(received: Received) -> dict[str, object]:
    texts = received.json()["texts"]
    return {"vectors": [counted(text) for text in texts], "tokens": sum(map(len, texts))}


ANSWER = Reply(body=answer)
