"""The options that decide which distributions may serve plugins."""

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
        "allow": "Let only this distribution serve plugins (repeatable).",
        "deny": "Let this distribution serve no plugin (repeatable).",
        "prefer": "Give this distribution the names that others claim too (repeatable).",
    }
)


def policy_options(command: _Decorated) -> _Decorated:
    """Add --allow, --deny, --prefer and --locked to a command; those of its parents count too."""
    command = click.option(
        "--locked",
        type=click.Path(path_type=Path),
        metavar="LOCKFILE",
        expose_value=False,
        callback=_remember_lock,
        help="Let nothing serve that this file, of `seedbed plugins lock`, does not hold.",
    )(command)
    for key in reversed(tuple(_HELP)):
        option = click.option(
            f"--{key}", metavar="DIST", multiple=True, expose_value=False, callback=_remember, help=_HELP[key]
        )
        command = option(command)
    return command


def registry_of(ctx: click.Context) -> Registry:
    """Return the registry under the policy of the options, the environment and the settings files."""
    from dataclasses import replace

    from seedbed.plugins.policy import read_policy
    from seedbed.plugins.registry import Registry

    given: dict[str, tuple[str, ...]] = ctx.meta.get(_META, {})
    policy = read_policy(allow=given.get("allow"), deny=given.get("deny"), prefer=given.get("prefer"))
    origins = {**policy.origins, **{key: f"the option --{key}" for key in given}}
    return Registry(policy=replace(policy, origins=origins), locked=ctx.meta.get(_LOCKED))


def _remember(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> None:
    if value:
        given = ctx.meta.setdefault(_META, {})
        given[param.name] = (*given.get(param.name, ()), *value)


def _remember_lock(ctx: click.Context, param: click.Parameter, value: Path | None) -> None:
    if value is not None:
        ctx.meta[_LOCKED] = value
