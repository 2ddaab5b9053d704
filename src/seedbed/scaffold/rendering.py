"""The files of a new package, from the templates in `templates/`."""

from __future__ import annotations

import json
from collections.abc import Iterator

from jinja2 import Environment, PackageLoader, StrictUndefined

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
    "task": ("src/MODULE/__init__.py", "src/MODULE/task.py", "tests/test_task.py"),
    "llm": ("src/MODULE/__init__.py", "src/MODULE/llm.py", "tests/test_llm.py"),
    "http": ("src/MODULE/__init__.py", "src/MODULE/llm.py", "tests/fake_server.py", "tests/test_llm.py"),
    "embedder": ("src/MODULE/__init__.py", "src/MODULE/embedder.py", "tests/test_embedder.py"),
    "step": ("src/MODULE/__init__.py", "src/MODULE/step.py", "tests/test_step.py"),
    "engine": (
        "src/MODULE/__init__.py",
        "src/MODULE/engine.py",
        "src/MODULE/worker.py",
        "tests/test_engine.py",
    ),
    "format": ("src/MODULE/__init__.py", "src/MODULE/format.py", "tests/test_format.py"),
    "observer": ("src/MODULE/__init__.py", "src/MODULE/observer.py", "tests/test_observer.py"),
}
"""The files of each folder of templates, besides its README; a template has the name of its file."""
_ELSEWHERE = {"http/__init__.py": "llm/__init__.py"}


def rendered(package: NewPackage) -> dict[str, str]:
    """Return the text of each file of a package, by its path in the package's folder."""
    return dict(sorted(_files(package)))


def _files(package: NewPackage) -> Iterator[tuple[str, str]]:
    # `<<` because prompts and workflows use braces themselves; no autoescape because this isn't HTML.
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
    for path, template in {**_SHARED, **_own(package.template)}.items():
        text = environment.get_template(f"{template}.jinja").render(package=package)
        yield path.replace("MODULE", package.module), text


def _own(folder: str) -> dict[str, str]:
    """Return the templates of a folder by the paths of their files."""
    templates = {path: f"{folder}/{path.rpartition('/')[2]}" for path in ("README.md", *_OWN[folder])}
    return {path: _ELSEWHERE.get(template, template) for path, template in templates.items()}


def _toml_string(text: str) -> str:
    # A JSON string is a TOML string.
    return json.dumps(text, ensure_ascii=False)
