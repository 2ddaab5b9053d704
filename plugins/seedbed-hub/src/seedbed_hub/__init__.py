"""Datasets on the Hugging Face Hub, as the Seedbed format of the scheme `hf`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seedbed import hookimpl

if TYPE_CHECKING:
    from seedbed_hub.hub import Hub as Hub

__all__ = ["Hub"]


@hookimpl
def seedbed_format(name: str) -> type[Hub]:
    """Return the format of the scheme `hf`."""
    from seedbed_hub.hub import Hub

    return Hub


def __getattr__(name: str) -> Any:
    if name in __all__:
        from seedbed_hub import hub

        return getattr(hub, name)
    raise AttributeError(f"module 'seedbed_hub' has no attribute {name!r}")
