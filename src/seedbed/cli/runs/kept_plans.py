"""The plan of a run on disk, made again from the options that it was started with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from shlex import quote
from types import MappingProxyType
from typing import Any

from seedbed.cli.run.kept_options import missing_settings, renewed_options
from seedbed.cli.run.planning import plan_of
from seedbed.engine.plan import Plan
from seedbed.errors import UsageError
from seedbed.plugins.registry import Registry
from seedbed.store import RunReader, SessionRecord

_NOTHING_NEW: Mapping[str, Any] = MappingProxyType({"llm": None, "settings": (), "plugins": ()})


def kept_plan(folder: Path, registry_with: Callable[[Mapping[str, Any]], Registry]) -> Plan:
    """Return the plan of the run in a folder, as `seedbed runs retry` makes it; nothing is sent.

    `registry_with` returns the registry with the policy that the run was started with. Raises UsageError and
    PluginError if the options aren't known, a secret one wasn't kept, or what they name isn't there any more.
    """
    with RunReader.open(folder) as reader:
        session = reader.last_working_session()
    kept = kept_order(folder.name, session)
    check_place(folder.name, kept)
    if missing := missing_settings(kept, _NOTHING_NEW):
        raise UsageError(
            f"the run '{folder.name}' was made with --set {missing[0]}=..., which is secret and isn't kept",
            "put the key into the environment, and make the run with it: docs/how-to/keys.md says how",
        )
    return plan_of(renewed_options(kept, _NOTHING_NEW, str(folder)), registry_with(kept.get("policy") or {}))


def kept_order(name: str, session: SessionRecord | None) -> dict[str, Any]:
    """Return the options that a run was started with; raise UsageError if they aren't known."""
    if session is None:
        raise UsageError(f"the run '{name}' has made nothing yet", "start it with `seedbed run`")
    order: dict[str, Any] | None = session.manifest.get("order")
    if order is None:
        raise UsageError(
            f"the run '{name}' was made from Python, so its options aren't known here",
            f"call it as before with one more argument: run(..., name={name!r}, retry=True)",
        )
    return order


def check_place(name: str, order: Mapping[str, Any]) -> None:
    """Raise UsageError if the run was started in another folder: its paths are relative to that one."""
    folder = Path(order["folder"])
    if folder != Path.cwd() and folder.is_dir():
        raise UsageError(
            f"the run '{name}' was made in '{folder}', and its file names start there",
            f"cd {quote(str(folder))}, then repeat the command (SEEDBED_RUNS names the folder of the runs)",
        )
