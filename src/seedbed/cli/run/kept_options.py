"""The options of a run as kept in its manifest, and how to restore them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from seedbed.cli.policy import kept_policy
from seedbed.cli.run.output_options import kept_output
from seedbed.cli.run.planning import CommandOptions, run_options
from seedbed.cli.run.settings import Setting
from seedbed.engine.plan import Plan
from seedbed.llm.keys.url_secrets import holds_url_secret
from seedbed.llm.llm_kind import LLMS
from seedbed.plugins.fields.secret_fields import is_secret
from seedbed.plugins.names import split_llm_reference
from seedbed.store import Output

_LLM = "llm."
_SHORTEST = 4
_JSON_NAME = re.compile(r'"([^"]*)"\s*:')


def kept_options(
    options: CommandOptions, plan: Plan, output: Output | None, csv_safe: bool = False
) -> dict[str, Any]:
    """Return the options that are needed to resume a run, as JSON values.

    Settings that are or contain a secret are named under `withheld`, without their values.
    """
    settings = [
        *options.settings.own,
        *(one._replace(path=("llm", *one.path)) for one in options.settings.llm),
        *(one._replace(path=("engine", *one.path)) for one in options.settings.engine),
    ]
    secrets = plan.secrets()
    withheld = [one.key for one in settings if _is_withheld(one, secrets)]
    return {
        "what": options.what,
        "llm": options.llm,
        "n": options.n,
        "input": str(options.input) if options.input else None,
        "settings": [f"{one.key}={one.text}" for one in settings if one.key not in withheld],
        "withheld": list(dict.fromkeys(withheld)),
        "seed": plan.seed,
        "concurrency": options.concurrency,
        "leaf": options.leaf,
        "max_attempts": options.bounds.max_attempts,
        "give_up_after": options.bounds.give_up_after,
        "quality": options.bounds.quality,
        "max_bytes_in_flight": options.bounds.max_bytes_in_flight,
        "plugins": list(options.plugins),
        "engine": options.engine,
        "columns": ",".join(options.columns) if options.columns else None,
        "drop": list(options.drop),
        "encoding": options.encoding,
        "id": list(options.id),
        "policy": kept_policy(plan.registry),
        **kept_output(output),
        "csv_safe": csv_safe,
        "folder": str(Path.cwd()),
    }


def missing_settings(kept: Mapping[str, Any], given: Mapping[str, Any]) -> list[str]:
    """Return the names of withheld settings that are needed but not given."""
    names = {text.partition("=")[0].strip() for text in given["settings"]}
    needed = [key for key in kept["withheld"] if _still_holds(key, kept, given)]
    return [key for key in needed if key not in names]


def renewed_options(kept: Mapping[str, Any], given: Mapping[str, Any], kept_in: str) -> CommandOptions:
    """Return the options in the manifest of the run in `kept_in`, with those that are given now."""
    settings = [text for text in kept["settings"] if _still_holds(text, kept, given)]
    bounds = ("concurrency", "max_attempts", "give_up_after", "quality", "max_bytes_in_flight")
    names = ("what", "llm", "n", "seed", "leaf", "engine", *bounds)
    options = {name: value for name, value in given.items() if value is not None and name != "settings"}
    return run_options(
        **{
            **{name: kept.get(name) for name in names},
            **options,
            "input": kept["input"],
            "columns": kept.get("columns"),
            "drop": kept.get("drop", ()),
            "encoding": kept.get("encoding"),
            "id": kept.get("id", ()),
            "settings": (*settings, *given["settings"]),
            "plugins": given["plugins"] or kept.get("plugins", ()),
            "uses_out": kept.get("out") is None,
            "kept_in": kept_in,
            "kept_settings": len(settings),
        }
    )


def _still_holds(setting: str, kept: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
    """Whether a setting fits the LLM that is given now: settings of another backend don't."""
    if not setting.startswith(_LLM) or given["llm"] is None or kept["llm"] is None:
        return True
    return _backend(given["llm"]) == _backend(kept["llm"])


def _backend(reference: str) -> str:
    name = reference.partition("/")[0]
    return name if name in LLMS.built_in else split_llm_reference(reference)[0]


def _is_withheld(setting: Setting, secrets: Sequence[str]) -> bool:
    text = setting.text
    # A value may be JSON with a key or headers inside: llm.extra={"api_key": ...}.
    names = (setting.key, *_JSON_NAME.findall(text))
    return any(map(is_secret, names)) or holds_url_secret(text) or _shows(text, secrets)


def _shows(text: str, secrets: Sequence[str]) -> bool:
    # A shorter one, such as the "x" that people give to servers without keys, is part of many words.
    return text in secrets or any(secret in text for secret in secrets if len(secret) >= _SHORTEST)
