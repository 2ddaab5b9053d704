"""The embedder `static`: vectors of tokens, looked up and averaged inside the process."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from functools import cached_property
from typing import Any, ClassVar

from pydantic import Field

from seedbed import Embedder, Embeddings
from seedbed_embed_static.models import WORDLLAMA, Model, content_digest, folder_of, load_model

_QUICK = 4000
"""Characters below which texts are embedded on the loop."""


class StaticEmbedder(Embedder):
    """A model of model2vec, from a folder or the hub, or the one in the package wordllama.

    get_embedder("static/wordllama").vectors(["a river", "a stream"])
    get_embedder("static/minishlab/potion-base-8M", dimensions=128)
    """

    backend: ClassVar[str] = "static"
    repeatable: ClassVar[bool] = True

    batch_size: int = Field(default=1024, ge=1, description="The most texts in one call.")
    dimensions: int | None = Field(
        default=None, ge=1, description="Length of the vectors, if shorter than the model's own."
    )
    max_tokens: int | None = Field(
        default=None, ge=1, description="Tokens at which texts are cut off; unset, the model's own maximum."
    )

    @property
    def price_id(self) -> str:
        """The model runs on this machine, so its calls cost nothing."""
        return "free"

    @property
    def needed_packages(self) -> dict[str, str]:
        """The package that has the weights of `static/wordllama`."""
        return {"wordllama": "seedbed-embed-static[wordllama]"} if self.model == WORDLLAMA else {}

    @property
    def slots(self) -> int:
        """One call at a time: it takes one processor, and the tokenizer can't be shared."""
        return 1

    @property
    def answer_settings(self) -> dict[str, Any]:
        """The settings, and what is in the folder: with other files, rows are made again."""
        return {**super().answer_settings, **self._content}

    @cached_property
    def _content(self) -> dict[str, str]:
        folder = folder_of(self.model)
        return {"content": content_digest(folder)} if folder is not None and folder.is_dir() else {}

    def load(self) -> None:
        """Read the model, or get it from the hub; raises LLMError if that can't be done."""
        vars(self)["_model"] = load_model(self.model, self.dimensions, self.max_tokens)

    def unload(self) -> None:
        """Forget the model."""
        for name in ("_model", "_content"):
            vars(self).pop(name, None)
        super().unload()

    async def embed(self, texts: Sequence[str]) -> Embeddings:
        """Look up the tokens of texts, and average their vectors; many texts in a thread."""
        given = [*texts]
        if sum(map(len, given)) < _QUICK and self._turn.acquire(blocking=False):
            # A row's text takes 0.1 ms. A hop to a thread and back takes as long, more on a busy machine.
            try:
                return Embeddings(vectors=self._model.vectors(given))
            finally:
                self._turn.release()
        return Embeddings(vectors=await asyncio.to_thread(self._computed, given))

    def _computed(self, texts: list[str]) -> Any:
        with self._turn:
            return self._model.vectors(texts)

    @cached_property
    def _model(self) -> Model:
        return load_model(self.model, self.dimensions, self.max_tokens)

    @cached_property
    def _turn(self) -> threading.Lock:
        # model2vec sets its tokenizer's maximum length in each call, which fails while another one is in it.
        return threading.Lock()
