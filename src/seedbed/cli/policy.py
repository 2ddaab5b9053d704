"""The options that decide which packages plugins may come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from seedbed.plugins.registry import Registry

_Decorated = TypeVar("_Decorated", bound=Callable[..., Any])

_META = "seedbed.policy"
_LOCKED = "seedbed.locked"
_HELP: Mapping[str, str] = MappingProxyType(
    {
        "allow": "Use plugins from this package only (repeatable).",
        "deny": "Use no plugins from this package (repeatable).",
        "prefer": "Use this package's plugin if several have the same name (repeatable).",
    }
)


def policy_options(command: _Decorated) -> _Decorated:
    """Add --allow, --deny, --prefer and --locked to a command; those given before a subcommand count too."""
    command = click.option(
        "--locked",
        type=click.Path(path_type=Path),
        metavar="LOCKFILE",
        expose_value=False,
        callback=_remember_lock,
        help="Use only the versions in this file, from `seedbed plugins lock`.",
    )(command)
    for key in reversed(tuple(_HELP)):
        option = click.option(
            f"--{key}", metavar="DIST", multiple=True, expose_value=False, callback=_remember, help=_HELP[key]
        )
        command = option(command)
    return command


def registry_of(ctx: click.Context, kept: Mapping[str, Any] = MappingProxyType({})) -> Registry:
    """Return the registry with the policy of the options, the environment and the settings files.

    `kept` are the options that a run was started with (see `kept_policy`); options given now replace them.
    """
    from dataclasses import replace

    from seedbed.plugins.policy.policy import read_policy
    from seedbed.plugins.registry import Registry

    given: dict[str, tuple[str, ...]] = {
        **{key: tuple(kept[key]) for key in _HELP if key in kept},
        **ctx.meta.get(_META, {}),
    }
    policy = read_policy(allow=given.get("allow"), deny=given.get("deny"), prefer=given.get("prefer"))
    origins = {**policy.origins, **{key: f"the option --{key}" for key in given}}
    locked = ctx.meta.get(_LOCKED) or kept.get("locked")
    registry = Registry(policy=replace(policy, origins=origins), locked=locked)
    if not ctx.resilient_parsing:
        _note_unknown(ctx.meta.get(_META, {}), registry)
    return registry


def _note_unknown(given: Mapping[str, tuple[str, ...]], registry: Registry) -> None:
    """Say which packages of the options aren't there: a mistyped --deny would deny nothing, silently.

    Not an error: a script may deny a package on machines that don't have it.
    """
    if not given:
        return
    from seedbed.cli.terminal.printing import echo
    from seedbed.plugins.names import normalise_distribution
    from seedbed.suggestions import did_you_mean

    known = {normalise_distribution(entry.installed.distribution) for entry in registry.entries()}
    for key, names in given.items():
        for name in names:
            if (wanted := normalise_distribution(name)) not in known:
                echo(f"--{key} {name}: no plugin comes from a package of this name", err=True)
                for line in did_you_mean(wanted, known):
                    echo(f"  {line}", err=True)


def kept_policy(registry: Registry) -> dict[str, Any]:
    """Return the policy options of a registry, as JSON values, so that a retry uses the same."""
    policy = registry.policy
    given = {
        key: list(getattr(policy, key)) for key in _HELP if policy.origins.get(key) == f"the option --{key}"
    }
    return given | ({"locked": policy.lock.place} if policy.lock is not None else {})


def _remember(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> None:
    if value:
        given = ctx.meta.setdefault(_META, {})
        given[param.name] = (*given.get(param.name, ()), *value)


def _remember_lock(ctx: click.Context, param: click.Parameter, value: Path | None) -> None:
    if value is not None:
        ctx.meta[_LOCKED] = value
