"""Write what each first-party plugin is for into its package; docs/generate.py runs it.

`seedbed plugins` reads these files, so that it doesn't have to import the plugins.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

from seedbed import Registry, Task
from seedbed.plugins.catalogue import FILE
from seedbed.plugins.kinds import kinds
from seedbed.tasks.purpose import purpose_of

PLUGINS = Path(__file__).parents[1] / "plugins"


def catalogues() -> Iterator[tuple[Path, str]]:
    """Yield the file of each first-party package and its text."""
    for package in sorted(PLUGINS.glob("*/src/*/__init__.py")):
        yield package.with_name(FILE), "".join(f"{line}\n" for line in sorted(_lines(package.parent.name)))


def _lines(package: str) -> Iterator[str]:
    registry = Registry()
    for kind in kinds():
        for point in entry_points(group=kind):
            if point.value.partition(".")[0] == package and kind.base:
                yield _line(kind, point.name, registry.find(kind, point.name))


def _line(group: str, name: str, cls: type) -> str:
    text = inspect.cleandoc(cls.__dict__.get("__doc__") or "")
    first, _, rest = text.partition("\n\n")
    purpose = purpose_of(cls)
    said = {
        "group": group,
        "name": name,
        "description": " ".join(first.split()),
        "goals": purpose.goals,
        "keywords": purpose.keywords,
        "takes_rows": issubclass(cls, Task) if group == "seedbed.tasks" else None,
        "text": rest,
    }
    return json.dumps(
        {key: value for key, value in said.items() if value not in ("", (), None)}, ensure_ascii=False
    )


if __name__ == "__main__":
    for path, text in catalogues():
        path.write_text(text, encoding="utf-8")
