"""What a manifest says of the steps and LLMs of a run: their plugins, their prompts, and what is upstream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

_OF_PROMPTS = ("template", "prompt", "instruction")
"""Words in the names of parameters whose text is sent to a model: no task declares which ones are."""


def parts_in(manifest: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield what a manifest has of each step and of each of its LLMs."""
    for step in manifest.get("steps", ()):
        yield step
        yield from step.get("llms", ())


def plugin_versions(manifest: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the distributions of a run's plugins with their versions; one comes for each part that it made.

    dict(plugin_versions(session.manifest))  # {"seedbed-tasks": "0.1.0", "seedbed-openai": "0.1.0"}
    """
    for part in parts_in(manifest):
        for claim in part.get("plugins", ()):
            yield claim["distribution"], claim["version"]


def is_prompt(name: str, *values: Any) -> bool:
    """Whether the parameter of this name, with such values, is a text that's sent to a model."""
    is_text = all(value is None or isinstance(value, str) for value in values)
    return is_text and any(word in name for word in _OF_PROMPTS)


def upstream_of(step: str, ways: Iterable[Sequence[Any]]) -> set[str]:
    """Return the steps upstream of one, by the edges of a manifest: parent, child, condition."""
    parents: dict[str, set[str]] = {}
    for parent, child, *_ in ways:
        parents.setdefault(child, set()).add(parent)
    found: set[str] = set()
    left = [step]
    while left:
        new = parents.get(left.pop(), set()) - found
        found |= new
        left += new
    return found
