"""Checks what the options allow a pipeline file: a mistyped value would allow nothing, silently."""

from __future__ import annotations

import re
from pathlib import Path

import click

from seedbed.errors import UsageError
from seedbed.llm.keys.hosts import check_hosts
from seedbed.suggestions import did_you_mean

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def checked_hosts(ctx: click.Context, param: click.Parameter, hosts: tuple[str, ...]) -> tuple[str, ...]:
    """Return the hosts of --allow-host; raise UsageError for what isn't one, such as a URL."""
    if not ctx.resilient_parsing:
        check_hosts(hosts, "--allow-host")
    return hosts


def checked_code(ctx: click.Context, param: click.Parameter, files: tuple[Path, ...]) -> tuple[Path, ...]:
    """Return the Python files of --allow-code; raise UsageError for one that isn't there."""
    for file in () if ctx.resilient_parsing else files:
        if file.suffix != ".py":
            raise UsageError(
                f"--allow-code has '{file}', which isn't a Python file", "give the path of a .py file"
            )
        if not _exists(file) or not file.is_file():
            known = [path.name for path in file.parent.glob("*.py")] if _exists(file.parent) else []
            raise UsageError(
                f"--allow-code has '{file}', but there's no such file",
                *did_you_mean(file.name, known),
                "a path is relative to the working directory",
            )
    return files


def checked_paths(ctx: click.Context, param: click.Parameter, paths: tuple[str, ...]) -> tuple[str, ...]:
    """Return the folders and addresses of --allow-path; raise UsageError for a folder that isn't there."""
    for path in () if ctx.resilient_parsing else paths:
        if "://" not in path and not (path.strip() and _exists(path)):
            raise UsageError(
                f"--allow-path has {path!r}, but there's no such folder or file",
                "a path is relative to the working directory; make the folder first if the run should",
                "an address has its scheme: s3://bucket/folder",
            )
    return paths


def checked_variables(ctx: click.Context, param: click.Parameter, names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of --allow-env; raise UsageError for what can't be the name of a variable."""
    for name in () if ctx.resilient_parsing else names:
        if not _VARIABLE.fullmatch(name):
            # Not quoted: `--allow-env TOKEN=...` has the secret itself.
            raise UsageError(
                "--allow-env has a value that isn't the name of an environment variable",
                "write its name alone: --allow-env HF_TOKEN",
            )
    return names


def _exists(path: str | Path) -> bool:
    try:
        return Path(path).expanduser().exists()
    except (OSError, ValueError, RuntimeError):
        # Too long for a path, or the home of a user who isn't there.
        return False
