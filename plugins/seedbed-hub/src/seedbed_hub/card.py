"""The card that is on the Hub already: what people added to it is kept."""

from __future__ import annotations

import re

import yaml

from seedbed import DatasetError

_MARK = "<!-- written by seedbed"
_FRONT = re.compile(r"\A---[ \t]*\n(.*?)^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)


def merged_card(new: str, old: str, place: str) -> str:
    """Return the new card with the fields that only the old one has in its front matter, such as `license`.

    Raises `DatasetError` if the old one is somebody's own text, or its front matter can't be read.
    """
    try:
        fields, text = _parts(old)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        # Replaced, it would take with it whatever people have written there.
        raise DatasetError(
            f"'{place}' has a README.md whose front matter can't be read: {_fault(error)}",
            "mend it there, or remove it with the fields in it",
        ) from error
    if text.strip() and _MARK not in text:
        raise DatasetError(
            f"'{place}' has a README.md that Seedbed didn't write, and doesn't replace",
            "push to another name or branch, or remove it there; its YAML fields may stay",
        )
    own, rest = _parts(new)
    added = {name: value for name, value in fields.items() if name not in own}
    if not added:
        return new
    dumped = yaml.safe_dump({**added, **own}, sort_keys=False, allow_unicode=True, width=10_000)
    return f"---\n{dumped}---\n{rest}"


def _parts(text: str) -> tuple[dict[str, object], str]:
    """Return the fields of the front matter, and the text after it."""
    found = _FRONT.match(text.replace("\r\n", "\n"))
    if found is None:
        return {}, text
    fields = yaml.safe_load(found[1]) or {}
    if not isinstance(fields, dict):
        raise ValueError("it isn't made of fields")
    return fields, text.replace("\r\n", "\n")[found.end() :]


def _fault(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    if mark is not None:
        return f"{getattr(error, 'problem', None) or 'it ends too early'}, on line {mark.line + 2}"
    return "it's nested too deep" if isinstance(error, RecursionError) else str(error)
