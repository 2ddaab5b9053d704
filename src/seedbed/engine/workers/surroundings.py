"""What a process takes over from the run before it loads anything: variables, folders, modules."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from seedbed.engine.plan import Plan
from seedbed.plugins.discovery.source_file import FileModule, file_modules, import_modules


class Surroundings(NamedTuple):
    """What code of a run may find around it, in another process as in its own.

    `environment` has the variables of keys and servers, `modules` the Python files that classes come from,
    and `path` the folders that modules are imported from.
    """

    environment: Mapping[str, str]
    folder: str
    path: Sequence[str]
    modules: Sequence[FileModule]

    @classmethod
    def of(cls, plan: Plan) -> Surroundings:
        """Return those of this process, for a plan's steps and LLMs."""
        path = [str(Path(folder or ".").resolve()) for folder in sys.path]
        return cls(dict(_environment(plan)), str(Path.cwd()), path, file_modules())

    def enter(self) -> None:
        """Make this process's surroundings the same."""
        os.environ.update(self.environment)
        if Path(self.folder).is_dir():
            # Relative paths in parameters are meant from where the run was started.
            os.chdir(self.folder)
        # At the end: what is installed here comes before what is there.
        sys.path += [one for one in self.path if one not in sys.path and Path(one).exists()]
        import_modules(self.modules)


def _environment(plan: Plan) -> Iterator[tuple[str, Any]]:
    """Yield the variables of keys and servers that the plan's LLMs read."""
    for backend in plan.backends:
        for leaf in backend._leaves:
            source = leaf.key_source
            for name in (*source.env_vars, source.base_url_env_var):
                if name and name in os.environ:
                    yield name, os.environ[name]
