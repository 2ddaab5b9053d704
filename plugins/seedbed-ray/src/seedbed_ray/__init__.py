"""Rows made by Ray's workers, as the Seedbed engine `ray`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from seedbed import hookimpl

if TYPE_CHECKING:
    from seedbed_ray.engine import RayEngine as RayEngine

__all__ = ["RayEngine"]


@hookimpl
def seedbed_engine(name: str) -> type[RayEngine]:
    """Return the engine `ray`."""
    from seedbed_ray.engine import RayEngine

    return RayEngine


def __getattr__(name: str) -> Any:
    if name in __all__:
        from seedbed_ray import engine

        return getattr(engine, name)
    raise AttributeError(f"module 'seedbed_ray' has no attribute {name!r}")
