"""The plugins that a class comes from."""

from __future__ import annotations

from seedbed.plugins.registry import Registry
from seedbed.plugins.scan import Installed, scan


def claims_behind(cls: type, registry: Registry) -> tuple[Installed, ...]:
    """Return the claims that `registry` has resolved to a class.

    Of a class that a program has imported by itself, it is those of the distribution whose plugins are in
    the same package; none for one that no plugin brings.
    """
    return registry.claims_to(cls) or tuple(
        claim for claim in scan() if _package(claim.value) == _package(cls.__module__)
    )


def _package(module: str) -> str:
    return module.partition(":")[0].partition(".")[0]
