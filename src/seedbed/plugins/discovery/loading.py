"""Imports the module that a claim names, and says what is missing if that fails."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeGuard

from seedbed.errors import UsageError
from seedbed.plugins.discovery.entry_points import load
from seedbed.plugins.discovery.metadata import MetadataHeaders, first_on_path, parse_requirement
from seedbed.plugins.discovery.scan import UNNAMED, Installed
from seedbed.plugins.failures import broken_by
from seedbed.plugins.names import normalise_distribution


def load_plugin(claim: Installed) -> object:
    """Import and return the module of `claim`.

    Raises `BrokenPluginError`, chained, whatever it raises; UsageError if its own code raises that.
    """
    try:
        return load(claim.value)
    except (Exception, SystemExit) as error:
        if not _is_of_settings(error):
            doing = f"importing {claim.value!r}"
            raise broken_by(claim, doing, error, repair_advice(claim, error)) from error
        what = f"the {claim.kind.noun} {claim.name!r} of {claim.owner} can't be used"
        raise UsageError(f"{what}: {error.fact}", *error.advice) from error


def _is_of_settings(error: BaseException) -> TypeGuard[UsageError]:
    """Whether a plugin refuses the user's settings, such as an environment variable: then it isn't broken."""
    # Not what the core raises about a class, which is its author's fault.
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    module = "" if at is None else at.tb_frame.f_globals.get("__name__", "")
    return isinstance(error, UsageError) and not module.startswith("seedbed.")


def repair_advice(claim: Installed, error: BaseException) -> tuple[str, ...]:
    """Return advice for a plugin that raised `error`: if a module is missing, a command that installs it."""
    missing = _missing_module(error)
    if missing is None:
        return (f"report it to the authors of {claim.distribution}; other plugins still work",)
    if missing == claim.value.partition(".")[0].partition(":")[0]:
        if claim.distribution == UNNAMED:
            return ("its own module is not there: install the distribution again, or remove its leftovers",)
        return (f"its own module is not there: pip install --force-reinstall {claim.distribution}",)
    commands = tuple(dict.fromkeys(_commands(claim, missing)))
    return commands or (f"the module {missing!r} is not installed",)


def _missing_module(error: BaseException | None) -> str | None:
    while error is not None:
        if isinstance(error, ModuleNotFoundError) and error.name:
            return error.name.partition(".")[0]
        error = error.__cause__ or error.__context__
    return None


def _commands(claim: Installed, module: str) -> Iterator[str]:
    from packaging.requirements import InvalidRequirement

    for line in _requirements(claim):
        try:
            requirement = parse_requirement(line)
        except InvalidRequirement:
            continue
        if _may_provide(requirement.name, module):
            extra = re.search(r"extra\s*==\s*['\"]([^'\"]+)", line)
            yield (
                f"pip install '{claim.distribution}[{extra[1]}]'"
                if extra
                else f"pip install {requirement.name}"
            )


def _requirements(claim: Installed) -> list[str]:
    distribution = first_on_path(claim.distribution)
    return MetadataHeaders(distribution).all("Requires-Dist") if distribution else []


def _may_provide(distribution: str, module: str) -> bool:
    """Whether a distribution's name suggests that it has `module`; only installing it would tell for sure."""
    name, wanted = normalise_distribution(distribution), normalise_distribution(module)
    # Several distributions may share a namespace: opentelemetry-sdk and opentelemetry-api, mlflow-skinny.
    alike = {wanted, f"py{wanted}", f"python-{wanted}", f"{wanted}-python"}
    return name in alike or name.startswith(f"{wanted}-")
