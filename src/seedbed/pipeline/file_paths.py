"""Paths in a pipeline file: relative to it, and within its folder unless the user allows others."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

from pydantic import BaseModel

from seedbed.errors import UsageError
from seedbed.llm.keys.hosts import is_public, user_settings_file
from seedbed.pipeline.hub_account import ANONYMOUS, has_hub_account
from seedbed.pipeline.path_fields import with_paths
from seedbed.tasks.files import Files
from seedbed.tasks.remote.public_addresses import PublicAddress

VARIABLE = "SEEDBED_ALLOW_PATHS"
KEY = "allow-paths"

_USER = re.compile(r"://[^/?#@:]*@")

_BETWEEN = re.compile(rf"{os.pathsep}(?!//)")
"""What separates paths in the environment variable; not the colon of `s3://bucket`."""

_WEB = ("http", "https")
_HUB = "hf"
_HUB_DATASETS = "hf://datasets/"
_PUBLIC = (*_WEB, _HUB)
"""Schemes of places that anyone can read, so a file that names one learns nothing of the user's.

The Hub is one unless it's asked with a token, with which it also gives what is private.
"""


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
                _how_to_allow(real if real.is_dir() else real.parent),
                *self._missing(),
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
            is_allowed = self._check_url(text)
            # What its name resolves to is checked when it's connected to.
            return text if is_allowed else PublicAddress(text)
        if not text.strip():
            raise UsageError("the path is empty", "write . for the folder of the pipeline file")
        plain = list(PurePath(text).parts)
        fixed = next((at for at, part in enumerate(plain) if any(sign in part for sign in "*?[")), len(plain))
        # `a/*/../../..`: what follows the first wildcard must not lead up again.
        if ".." in plain[fixed:]:
            raise UsageError(f"'{text}' has `..` after a wildcard", "write the folder first: ../docs/*.md")
        start = self.of(str(PurePath(*plain[:fixed])) if fixed else ".")
        found = str(Path(start, *plain[fixed:]))
        self._check_links(found)
        return found

    def check_addresses(self, addresses: Sequence[str]) -> None:
        """Raise UsageError for an address that the file may not have read."""
        for address in addresses:
            self._check_url(address)

    def in_fields(self, cls: type[BaseModel], fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fields of a step with those resolved that hold paths."""
        return with_paths(cls, fields, path=self._readable, pattern=self.pattern)

    def _readable(self, text: str) -> str:
        path = self.of(text)
        if path.is_dir():
            self._check_links(str(path))
        return str(path)

    def _check_links(self, pattern: str) -> None:
        """Raise UsageError if a file of a pattern or a folder is a link that leads where the file may not go.

        Links come with a repository, and one to `~/.aws/credentials` would be read like any other file.
        """
        folders: set[Path] = set()
        for path in Files(pattern).paths():
            is_new = path.parent not in folders
            folders.add(path.parent)
            # A look at each file takes 1 us, and resolving its path 20.
            if (is_new or path.is_symlink()) and not self._may_use(real := path.resolve()):
                raise UsageError(
                    f"'{path}' is a link out of the pipeline file's folder",
                    "a pipeline file reads and writes only there, and where you allow it",
                    _how_to_allow(real.parent),
                )

    def _may_use(self, real: Path) -> bool:
        if real.is_relative_to(self._file.parent.resolve()):
            return True
        roots = map(_root, self._allowed())
        return any(real.is_relative_to(root) for root in roots if root is not None)

    def _missing(self) -> list[str]:
        """Return lines that say which of the allowed folders aren't there: one may be mistyped."""
        places = [path for path in self._allowed() if "://" not in path]
        roots = {path: _root(path) for path in places}
        there = "is allowed, but isn't there"
        return [f"{path!r} {there}" for path, root in roots.items() if not _is_there(root)]

    def _allowed(self) -> list[str]:
        # Most files name paths of their own folder only, so the settings aren't read before one doesn't.
        return [*self._given, *_allowed_elsewhere()]

    def _check_url(self, text: str, public: Sequence[str] = _PUBLIC) -> bool:
        """Return whether the user allows an address; raise UsageError if it isn't public either."""
        scheme = text.partition("://")[0].lower()
        # An address of this machine or its network is one that the file's author can't ask.
        is_inside = scheme in _WEB and not is_public(text)
        is_own = scheme == _HUB and has_hub_account()
        if any(_is_in(text, path) for path in self._allowed()):
            return True
        if scheme in public and not is_inside and not is_own:
            return False
        how = "on this machine or its network" if is_inside else "with your account"
        without = [f"or read it without your account: {ANONYMOUS}=1"] if is_own and scheme in public else []
        raise UsageError(
            f"'{text}' in the pipeline file is a place that is reached {how}",
            _how_to_allow(_place_of(text)),
            *without,
        )


def _how_to_allow(place: str | Path) -> str:
    return f"if the file is yours: allow_paths=[...] in Python, --allow-path {place}"


def _root(path: str) -> Path | None:
    """Return a folder that is allowed; None if the text can't be the path of one."""
    try:
        return Path(path).expanduser().resolve() if path.strip() else None
    except (ValueError, OSError, RuntimeError):
        return None


def _is_there(root: Path | None) -> bool:
    try:
        return root is not None and root.exists()
    except OSError:
        return False


def _is_in(url: str, place: str) -> bool:
    """Whether a URL is that of a place, or of something in it: `hf://ada/jokes` isn't in `hf://ad`.

    `postgresql://host` has that of each user.
    """
    # Two names of one dataset: libraries have the first, people and pushes the second.
    url, place = (text.replace(_HUB_DATASETS, f"{_HUB}://", 1) for text in (url, place))
    urls = (url, _without_user(url)) if "@" not in place else (url,)
    return any(one == place or one.startswith(f"{place.rstrip('/')}/") for one in urls)


def _place_of(url: str) -> str:
    """Return the place to allow for a URL, without what no message shows: a user, and parameters."""
    place = _without_user(url).partition("?")[0].rpartition("/")[0]
    # Without a host, it would be all places of its kind.
    return place if place.partition("://")[2] else url


def _without_user(url: str) -> str:
    return _USER.sub("://", url, count=1)


def _allowed_elsewhere() -> list[str]:
    """Return the paths that the environment and the user's settings allow."""
    from seedbed.plugins.policy.policy import settings_table

    file = user_settings_file()
    named = (settings_table(file, ()) or {}).get(KEY, []) if file else []
    if not isinstance(named, list) or not all(isinstance(path, str) for path in named):
        raise UsageError(f"'{KEY}' in {file} is not a list of paths", f'write {KEY} = ["/data"]')
    return [*filter(None, _BETWEEN.split(os.environ.get(VARIABLE, ""))), *named]
