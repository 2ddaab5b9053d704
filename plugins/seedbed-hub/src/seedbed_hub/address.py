"""Addresses of datasets on the Hub: `hf://USER/NAME`, and `hf://USER/NAME@REVISION`."""

from __future__ import annotations

import re
from typing import NamedTuple

from seedbed import UsageError

_SCHEME = "hf://"
# The Hub's own rules: letters, digits, `-`, `_` and `.`, no `-` or `.` at an end, no `--` or `..`.
# https://huggingface.co/docs/huggingface_hub/package_reference/utilities#huggingface_hub.utils.validate_repo_id
_PART = re.compile(r"\w(?:[\w.-]*\w)?", re.ASCII)
_LONGEST = 96
"""Characters of a name with its user, by the rules of the Hub."""
_OTHER_KINDS = ("models", "spaces", "buckets", "kernels")
_ADVICE = "write hf://USER/NAME, or hf://USER/NAME@BRANCH"


class HubAddress(NamedTuple):
    """A dataset on the Hub, and the branch of it."""

    repository: str
    revision: str | None

    def __str__(self) -> str:
        return f"{_SCHEME}{self.repository}{f'@{self.revision}' if self.revision else ''}"

    @classmethod
    def parse(cls, text: str) -> HubAddress:
        """Return the address in `hf://USER/NAME@REVISION` or `hf://datasets/USER/NAME`.

        HubAddress.parse("hf://ada/jokes@v2")

        Raises `UsageError` if it's none, names a model or space, or a file in a dataset.
        """
        place, at, revision = text.removeprefix(_SCHEME).partition("@")
        parts = place.removeprefix("datasets/").rstrip("/").split("/")
        if parts[0] in _OTHER_KINDS and len(parts) > 1:
            raise UsageError(
                f"'{text}' is the address of a {parts[0].removesuffix('s')}, not of a dataset", _ADVICE
            )
        if len(parts) != 2:
            said = "names no user" if len(parts) == 1 else "names a file or folder in a dataset"
            raise UsageError(f"'{text}' {said}", _ADVICE)
        if at and not _is_revision(revision):
            raise UsageError(f"'{text}' has {revision!r} as its branch, which can't be one", _ADVICE)
        for part in parts:
            if not _is_name(part):
                raise UsageError(
                    f"{part!r} in '{text}' can't be a name on the Hub",
                    "use letters, digits, and `-`, `_` and `.` within",
                    _ADVICE,
                )
        if len(place) > _LONGEST:
            raise UsageError(f"'{text}' is longer than {_LONGEST} characters", "choose a shorter name")
        return cls("/".join(parts), revision or None)


def _is_name(part: str) -> bool:
    is_odd = "--" in part or ".." in part or part.endswith(".git")
    return _PART.fullmatch(part) is not None and not is_odd


def _is_revision(text: str) -> bool:
    # Git's rules, as far as people run into them.
    return bool(re.fullmatch(r"[\w./-]+", text)) and ".." not in text and not text.startswith(("-", "/"))
