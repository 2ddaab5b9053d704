"""The facts that authors give of an embedder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from seedbed.llm.embedding.embedder import Embedder
from seedbed.llm.embedding.embeddings import Embeddings
from seedbed.llm.request import Request
from seedbed.llm.response import Response, Usage
from seedbed.testing.backends.llm_facts import QUESTION, LLMFacts
from seedbed.testing.contract import fact
from seedbed.testing.servers.embeddings_api import vector_for

TEXTS = ("A colour.", "Zwei Zeilen,\nblau und grün.", '𝄞 and <b>tags</b> & "quotes"')

CLOSE = 1e-3
"""How far the numbers of a vector may differ if its text is embedded along with others."""


class EmbedderFacts(LLMFacts):
    """The facts of an embedder: its class, a model, other fields, and the protocol that it speaks."""

    subject = "the embedder"

    embedder_class: ClassVar[type[Embedder]] = fact(
        "the class of the embedder", "embedder_class = ParrotEmbedder"
    )

    another: ClassVar[Mapping[str, Any]] = {}
    """Fields with which an embedder has other vectors: `{"dimensions": 64}`, or another model."""

    much = [{"role": "user", "content": f"Number {number}"} for number in range(8)]

    good = Embeddings(vectors=[vector_for(QUESTION[0]["content"])], usage=Usage(11))

    @property
    def llm_class(self) -> type[Any]:  # type: ignore[override]
        """The class of the embedder, for the tests that it has in common with LLMs."""
        return self.embedder_class

    def answer_to(self, asked: Request) -> Response:
        """Return the server's answer to a request: a vector for each text."""
        vectors = [vector_for(message["content"]) for message in asked.messages]
        return Embeddings(vectors=vectors, usage=Usage(11))

    def is_answer(self, response: Response) -> bool:
        """Whether a response is the vector of one text."""
        return isinstance(response, Embeddings) and len(response.vectors) == 1
