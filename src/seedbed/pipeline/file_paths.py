"""Paths in a pipeline file: relative to it, and within its folder unless the user allows others."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any, get_args

from pydantic import BaseModel

from seedbed.errors import UsageError
from seedbed.llm.keys.hosts import user_settings_file
from seedbed.tasks.files import Files

VARIABLE = "SEEDBED_ALLOW_PATHS"
KEY = "allow-paths"

_PUBLIC = ("http", "https", "hf")
"""Schemes of places that anyone can read, so a file that names one learns nothing of the user's."""


class FilePaths:
    """Resolves the paths of a pipeline file.

    A pipeline file may come from a stranger, who could have any file of the user's read and sent to a model,
    or replaced by a dataset. So paths lead out of the file's folder only if the user allows where they go.

        paths = FilePaths(Path("pipelines/qa.yaml"), ["data"])
        paths.of("questions.jsonl")  # Path("pipelines/questions.jsonl")
    """

    def __init__(self, file: Path, allowed: Sequence[str | Path] = ()) -> None:
        self._file = file
        self._given = [str(path) for path in allowed]

    def of(self, text: str) -> Path:
        """Return a path that the file names; raise UsageError if it leads where the file may not go.

        The result is relative if the path of the file is.
        """
        try:
            path = self._file.parent / Path(text).expanduser()
            real = path.resolve()
        except (ValueError, OSError, RuntimeError) as error:
            raise UsageError(f"{text!r} isn't a path: {error}") from error
        if not self._may_use(real):
            raise UsageError(
                f"'{text}' is outside of the pipeline file's folder",
                "a pipeline file reads and writes only there, and where you allow it",
                f"if the file is yours: --allow-path {real if real.is_dir() else real.parent}",
            )
        return path

    def target(self, text: str) -> str:
        """Return a place to write to: a path, checked as `of` does, or an address that the user allows."""
        if "://" in text:
            self._check_url(text, public=())
            return text
        # A path loses the `/` at the end, which says that it's a folder.
        return f"{self.of(text)}{'/' if text.endswith('/') else ''}"

    def pattern(self, text: str) -> str:
        """Return a path, a pattern such as `docs/*.md`, or a URL; checked as `of` does."""
        if "://" in text:
            self._check_url(text)
            return text
        plain = list(PurePath(text).parts)
        fixed = next((at for at, part in enumerate(plain) if any(sign in part for sign in "*?[")), len(plain))
        # `a/*/../../..`: what follows the first wildcard must not lead up again.
        if ".." in plain[fixed:]:
            raise UsageError(f"'{text}' has `..` after a wildcard", "write the folder first: ../docs/*.md")
        start = self.of(str(PurePath(*plain[:fixed])) if fixed else ".")
        return str(Path(start, *plain[fixed:]))

    def in_fields(self, cls: type[BaseModel], fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields of a step with those resolved that hold paths."""
        return with_paths(cls, fields, path=lambda text: str(self.of(text)), pattern=self.pattern)

    def _may_use(self, real: Path) -> bool:
        if real.is_relative_to(self._file.parent.resolve()):
            return True
        roots = (Path(path).expanduser().resolve() for path in self._allowed())
        return any(real.is_relative_to(root) for root in roots)

    def _allowed(self) -> list[str]:
        # Most files name paths of their own folder only, so the settings aren't read before one doesn't.
        return [*self._given, *_allowed_elsewhere()]

    def _check_url(self, text: str, public: Sequence[str] = _PUBLIC) -> None:
        scheme = text.partition("://")[0].lower()
        if scheme not in public and not any(text.startswith(path) for path in self._allowed()):
            raise UsageError(
                f"'{text}' in the pipeline file is a place that is reached with your account",
                f"if the file is yours: --allow-path {text.rpartition('/')[0] or text}",
            )


def with_paths(
    cls: type[BaseModel],
    fields: Mapping[str, Any],
    *,
    path: Callable[[str], str],
    pattern: Callable[[str], str],
) -> dict[str, Any]:
    """Return the fields of a step with its paths and its patterns of `Files` replaced, each by a function."""
    known = cls.model_fields

    def of_value(annotation: Any, value: Any) -> Any:
        kinds = set(_classes_in(annotation))
        if any(issubclass(kind, Files) for kind in kinds):
            return _mapped(pattern, value)
        if any(issubclass(kind, PurePath) for kind in kinds):
            return _mapped(path, value)
        model = next((kind for kind in kinds if issubclass(kind, BaseModel)), None)
        if model is not None and isinstance(value, Mapping):
            return with_paths(model, value, path=path, pattern=pattern)
        return value

    return {
        name: of_value(known[name].annotation, value) if name in known else value
        for name, value in fields.items()
    }


def _mapped(resolve: Any, value: Any) -> Any:
    if isinstance(value, str):
        return resolve(value)
    return [_mapped(resolve, item) for item in value] if isinstance(value, list) else value


def _classes_in(annotation: Any) -> Iterable[type]:
    if isinstance(annotation, type) and not get_args(annotation):
        yield annotation
    for part in get_args(annotation):
        yield from _classes_in(part)


def _allowed_elsewhere() -> list[str]:
    """Return the paths that the environment and the user's settings allow."""
    from seedbed.plugins.policy import settings_table

    file = user_settings_file()
    named = (settings_table(file, ()) or {}).get(KEY, []) if file else []
    if not isinstance(named, list) or not all(isinstance(path, str) for path in named):
        raise UsageError(f"'{KEY}' in {file} is not a list of paths", f'write {KEY} = ["/data"]')
    return [*filter(None, os.environ.get(VARIABLE, "").split(os.pathsep)), *named]
