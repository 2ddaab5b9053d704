"""Runs of Seedbed in the browser, on this machine alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seedbed_view.server import Viewer as Viewer
    from seedbed_view.sharing import shared_page as shared_page

__all__ = ["Viewer", "shared_page"]


def __getattr__(name: str) -> Any:
    if name == "Viewer":
        from seedbed_view.server import Viewer

        return Viewer
    if name == "shared_page":
        from seedbed_view.sharing import shared_page

        return shared_page
    raise AttributeError(f"module 'seedbed_view' has no attribute {name!r}")
