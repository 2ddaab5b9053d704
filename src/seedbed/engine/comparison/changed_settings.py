"""What two runs were made with, from their manifests: parameters, prompts, models, code and versions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from seedbed.engine.lineage.changes import differ
from seedbed.store.manifest_parts import is_prompt, parts_in, plugin_versions

_OF_RUN = ("n", "seed", "leaf", "input", "reading", "id", "ways")
_OF_STEP = ("class", "columns", "code")


class ChangedSetting(NamedTuple):
    """Something that two runs were made with, and that differs; None where a run doesn't have it.

    `name` is written as for `--set`, with the step before it: `qa-pairs.llm.temperature`.
    """

    name: str
    before: Any
    after: Any

    @property
    def is_prompt(self) -> bool:
        """Whether it's a text that a model is sent."""
        return is_prompt(self.name.rpartition(".")[2], self.before, self.after)


def changed_settings(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[ChangedSetting]:
    """Return what differs between the manifests of two runs, without versions."""
    return _differing(dict(_settings(first)), dict(_settings(second)))


def changed_versions(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[ChangedSetting]:
    """Return the distributions whose version differs, with Seedbed and Python."""
    return _differing(dict(_versions(first)), dict(_versions(second)))


def step_names(manifest: Mapping[str, Any]) -> list[str]:
    """Return the names of the steps of a run."""
    return [step["name"] for step in manifest.get("steps", ())]


def _differing(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[ChangedSetting]:
    pairs = (ChangedSetting(name, first.get(name), second.get(name)) for name in {**first, **second})
    return [pair for pair in pairs if differ(pair.before, pair.after)]


def _settings(manifest: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    yield "task", manifest.get("task")
    yield "steps", step_names(manifest)
    yield from ((name, manifest.get(name)) for name in _OF_RUN)
    for step in manifest.get("steps", ()):
        yield from ((f"{step['name']}.{name}", step.get(name)) for name in _OF_STEP)
        yield f"{step['name']}.llms", [llm["reference"] for llm in step.get("llms", ())] or None
        yield from _flat(step["name"], step.get("fields") or {})


def _flat(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _flat(f"{name}.{key}", inner)
    else:
        yield name, value


def _versions(manifest: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield from plugin_versions(manifest)
    # A class that no plugin registers may still come from an installed package.
    for part in parts_in(manifest):
        name, _, version = (part.get("package") or "").partition(" ")
        if version:
            yield name, version
    yield from manifest.get("versions", {}).items()
