"""Writing a new plugin package, and the next commands for it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from shlex import quote

from seedbed.cli.failures import ExitStatus
from seedbed.cli.terminal.printing import echo
from seedbed.plugins.registry import Registry
from seedbed.scaffold.naming import check_author, check_name
from seedbed.scaffold.new_package import NewPackage
from seedbed.scaffold.rendering import rendered
from seedbed.scaffold.writing import write_files

_TRIAL = {
    "task": "seedbed run {name} --llm BACKEND/MODEL -n 3",
    "llm": "seedbed run TASK --llm {name}/MODEL -n 3",
    "http": "seedbed run TASK --llm {name}/MODEL -n 3 --set llm.base_url=ADDRESS",
    "embedder": "seedbed run embed --input FILE --set embedder={name}/MODEL",
    "step": "seedbed run {name} --input FILE",
    "engine": "seedbed run TASK --llm BACKEND/MODEL -n 3 --engine {name}",
    "format": "seedbed run TASK --llm BACKEND/MODEL -n 3 -o rows.{name}",
    "observer": "seedbed run TASK --llm BACKEND/MODEL -n 3 --plugin {name}",
}


def make_package(package: NewPackage, directory: Path | None, registry: Registry) -> ExitStatus:
    """Write a package; list its files and the next commands on standard output. Raises UsageError."""
    check_name(package, registry)
    check_author(package.author)
    folder = directory if directory is not None else Path(package.distribution)
    files = rendered(package)
    write_files(files, folder)
    echo(f"made {package.distribution} in {folder}:")
    for path in files:
        echo(f"  {path}")
    _write_next(
        {
            f"cd {quote(str(folder))} && pip install -e '.[test]' && pytest": "test it",
            _TRIAL[package.template].format(name=package.name): "run it",
            "git tag v0.1.0 && git push origin main v0.1.0": "publish it; see README.md for what comes first",
        }
    )
    return ExitStatus.COMPLETE


def _write_next(commands: Mapping[str, str]) -> None:
    width = max(map(len, commands))
    echo()
    for command, purpose in commands.items():
        echo(f"  {command:{width}}   # {purpose}")
