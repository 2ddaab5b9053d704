"""Write what each first-party plugin is for into its package; docs/generate.py runs it.

`seedbed plugins` reads these files, so that it doesn't have to import the plugins.
"""

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from seedbed import Registry, Task
from seedbed.plugins.catalogue.catalogue import FILE
from seedbed.plugins.kinds import PluginKind, kinds
from seedbed.tasks.description.purpose import purpose_of

PLUGINS = Path(__file__).parents[1] / "plugins"


def catalogues() -> Iterator[tuple[Path, str]]:
    """Yield the file of each first-party package and its text."""
    # Once for all packages: each look at the entry points reads the metadata of every installed package.
    points = [(kind, point) for kind in kinds() for point in entry_points(group=kind)]
    registry = Registry()
    for package in sorted(PLUGINS.glob("*/src/*/__init__.py")):
        own = [(kind, one) for kind, one in points if one.value.partition(".")[0] == package.parent.name]
        lines = sorted(_text_of(kind, point, registry) for kind, point in own)
        yield package.with_name(FILE), "".join(f"{line}\n" for line in lines)


def _text_of(kind: PluginKind[Any], point: EntryPoint, registry: Registry) -> str:
    if kind.base:
        return _line_of_class(kind, point.name, registry.find(kind, point.name))
    return _line(kind, point.name, _module_text(point))


def _line_of_class(group: str, name: str, cls: type) -> str:
    purpose = purpose_of(cls)
    takes_rows = issubclass(cls, Task) if group == "seedbed.tasks" else None
    more = {"goals": purpose.goals, "keywords": purpose.keywords, "takes_rows": takes_rows}
    return _line(group, name, inspect.cleandoc(cls.__dict__.get("__doc__") or ""), **more)


def _module_text(point: EntryPoint) -> str:
    # An observer is a module, which may need a server or a package of its own when it's imported.
    spec = find_spec(point.module)
    assert spec is not None
    assert spec.origin is not None
    return ast.get_docstring(ast.parse(Path(spec.origin).read_text(encoding="utf-8"))) or ""


def _line(group: str, name: str, text: str, **more: object) -> str:
    first, _, rest = text.partition("\n\n")
    said = {"group": group, "name": name, "description": " ".join(first.split()), **more, "text": rest}
    return json.dumps(
        {key: value for key, value in said.items() if value not in ("", (), None)}, ensure_ascii=False
    )


if __name__ == "__main__":
    for path, text in catalogues():
        path.write_text(text, encoding="utf-8")
