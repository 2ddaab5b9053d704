"""Amounts of resources in words."""

from __future__ import annotations

from seedbed import Resources


def wanted_by(needed: Resources) -> dict[str, float]:
    """Return what a process needs, by Ray's names; one processor if it doesn't say."""
    return {"CPU": needed.cpus or 1.0, "GPU": needed.gpus or 0.0, **needed.custom}


def shown(needed: Resources) -> str:
    """Return what a process needs in words: `1 CPU, 2 GPU`."""
    return listed(wanted_by(needed))


def listed(amounts: dict[str, float]) -> str:
    """Return amounts in words, without those that are 0."""
    return ", ".join(f"{amount:g} {name}" for name, amount in amounts.items() if amount) or "nothing"
