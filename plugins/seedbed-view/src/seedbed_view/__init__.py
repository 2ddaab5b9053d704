"""Runs of Seedbed in the browser, on this machine alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seedbed_view.server import Viewer as Viewer

__all__ = ["Viewer"]


def __getattr__(name: str) -> Any:
    if name == "Viewer":
        from seedbed_view.server import Viewer

        return Viewer
    raise AttributeError(f"module 'seedbed_view' has no attribute {name!r}")
