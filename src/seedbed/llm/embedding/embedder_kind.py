"""Embedders as plugins: the group `seedbed.embedders`, its hook and the class that they derive from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seedbed.plugins.kinds import PluginKind

if TYPE_CHECKING:
    from seedbed.llm.embedding.embedder import Embedder


def seedbed_embedder(name: str) -> type[Embedder] | None:
    """Return the `Embedder` class of the backend registered as `name` (group `seedbed.embedders`).

    `name` is what comes before the first `/` of a reference such as `openai/text-embedding-3-small`. A
    package may register an embedder and an LLM backend under one name:

        @hookimpl
        def seedbed_embedder(name):
            from my_package.embedder import MyEmbedder
            return MyEmbedder
    """


EMBEDDERS: PluginKind[Embedder] = PluginKind(
    "seedbed.embedders",
    (seedbed_embedder,),
    base="seedbed.llm.embedding.embedder:Embedder",
    noun="embedder",
    wanted="an Embedder class",
    in_python="embedder={}(model=...)",
    mention="{name!r} is an embedder: a step takes a model of it as embedder={name}/MODEL",
)
