"""Static embeddings inside the process, as the Seedbed embedder `static`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seedbed import hookimpl

if TYPE_CHECKING:
    from seedbed_embed_static.embedder import StaticEmbedder as StaticEmbedder

__all__ = ["StaticEmbedder"]


@hookimpl
def seedbed_embedder(name: str) -> type[StaticEmbedder]:
    """Return the class of the embedder `static`."""
    from seedbed_embed_static.embedder import StaticEmbedder

    return StaticEmbedder


def __getattr__(name: str) -> Any:
    if name in __all__:
        from seedbed_embed_static import embedder

        return getattr(embedder, name)
    raise AttributeError(f"module 'seedbed_embed_static' has no attribute {name!r}")
