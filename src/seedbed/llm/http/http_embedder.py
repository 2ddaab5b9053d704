"""An embedder whose model is asked over HTTP."""

from __future__ import annotations

from seedbed.llm.embedding.embedder import Embedder
from seedbed.llm.http.http_backend import HTTPBackend


class HTTPEmbedder(HTTPBackend, Embedder):
    """Base of embedders that ask a server over HTTP; override what your server does in its own way.

        class AcmeEmbedder(HTTPEmbedder):
            async def embed(self, texts):
                answer = await post_json(f"{self.base_url}/embed", {"texts": [*texts]}, headers={...})
                body = self.read_body(answer)
                return Embeddings(vectors=body["vectors"], limits=self.read_limits(answer.headers))

    `read_body` and the methods that it calls are those of `HTTPLLM`.
    """
