"""Amounts of resources in words."""

from __future__ import annotations

from collections.abc import Mapping

from seedbed import Resources


def wanted_by(needed: Resources) -> dict[str, float]:
    """Return what a process needs, by Ray's names; one processor if it doesn't say."""
    return {"CPU": needed.cpus or 1.0, "GPU": needed.gpus or 0.0, **needed.custom}


def shown(needed: Resources) -> str:
    """Return what a process needs in words: `1 CPU, 2 GPU`."""
    return listed(wanted_by(needed))


def listed(amounts: Mapping[str, float]) -> str:
    """Return amounts in words, without those that are 0: processors, GPUs, then others by name.

    Ray names what a cluster has in no order.
    """
    first = ("CPU", "GPU")
    names = [*first, *sorted(amounts.keys() - set(first))]
    return ", ".join(f"{amounts[name]:g} {name}" for name in names if amounts.get(name)) or "nothing"
