"""The files of a new package, from the templates in `templates/`."""

from __future__ import annotations

import json
from collections.abc import Iterator

from jinja2 import Environment, PackageLoader, StrictUndefined

from seedbed.plugins.kinds import PluginKind
from seedbed.scaffold.new_package import NewPackage

_SHARED = {
    "pyproject.toml": "package/pyproject.toml",
    "CHANGELOG.md": "package/CHANGELOG.md",
    "LICENSE": "package/LICENSE",
    ".gitignore": "package/gitignore",
    ".github/workflows/ci.yml": "package/ci.yml",
    "src/MODULE/py.typed": "package/py.typed",
}
_OWN = {
    PluginKind.TASK: {
        "README.md": "task/README.md",
        "src/MODULE/__init__.py": "task/__init__.py",
        "src/MODULE/task.py": "task/task.py",
        "tests/test_task.py": "task/test_task.py",
    },
    PluginKind.LLM: {
        "README.md": "llm/README.md",
        "src/MODULE/__init__.py": "llm/__init__.py",
        "src/MODULE/llm.py": "llm/llm.py",
        "tests/test_llm.py": "llm/test_llm.py",
    },
}


def rendered(package: NewPackage) -> dict[str, str]:
    """Return the text of each file of a package, by its path in the package's folder."""
    return dict(sorted(_files(package)))


def _files(package: NewPackage) -> Iterator[tuple[str, str]]:
    # Prompts and workflows have braces of their own; the files are no web pages.
    environment = Environment(
        loader=PackageLoader("seedbed.scaffold"),
        variable_start_string="<<",
        variable_end_string=">>",
        block_start_string="<%",
        block_end_string="%>",
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        autoescape=False,
    )
    environment.filters["toml"] = _toml_string
    for path, template in {**_SHARED, **_OWN[package.kind]}.items():
        text = environment.get_template(f"{template}.jinja").render(package=package)
        yield path.replace("MODULE", package.module), text


def _toml_string(text: str) -> str:
    # A JSON string is a TOML string.
    return json.dumps(text, ensure_ascii=False)
