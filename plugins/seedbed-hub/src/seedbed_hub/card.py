"""Puts a new card in the place of the one on the Hub, and keeps what people added to it.

A card is the dataset's README.md: fields in YAML between two lines of `---`, then text.
"""

from __future__ import annotations

import re

import yaml

from seedbed import DatasetError

_MARK = "<!-- written by seedbed"
"""What a card of Seedbed's has in its text; text without it is somebody's own."""

LONGEST = 1_000_000
"""Bytes that a card may have: what people write has a few thousand."""

# Front matter of a few lines may take gigabytes to read, or minutes.
_MOST_ALIASES = 100
_DEEPEST = 50
_FRONT = re.compile(r"\A---[ \t]*\n(.*?)^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)


def text_of(card: bytes, place: str) -> str:
    """Return a card's text; raise `DatasetError` if it isn't text, or too long to be one."""
    if len(card) > LONGEST:
        raise too_long(len(card), place)
    try:
        return card.decode()
    except UnicodeDecodeError as error:
        raise DatasetError(
            f"'{place}' has a README.md that isn't text in UTF-8: byte {error.start + 1} of it",
            "mend it there, or remove it with the fields in it",
        ) from error


def too_long(size: int, place: str) -> DatasetError:
    """Return the error for a card of so many bytes, too long to be looked through for fields to keep."""
    return DatasetError(
        f"'{place}' has a README.md of {size:,} bytes, and Seedbed reads no more than {LONGEST:,}",
        "shorten it there, or remove it with the fields in it",
    )


def merged_card(new: str, old: str, place: str) -> str:
    """Return the new card with the fields that only the old one has in its front matter, such as `license`.

    `place` is the dataset's address, for errors. Raises `DatasetError` if the old card is somebody's own
    text, or its front matter can't be read.
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
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    found = _FRONT.match(text)
    if found is None:
        if text.startswith("---\n") and _MARK in text:
            # The fields in it would be lost with the text that is replaced.
            raise ValueError("no line `---` ends it")
        return {}, text
    _check_bounds(found[1])
    fields = yaml.safe_load(found[1]) or {}
    if not isinstance(fields, dict):
        raise ValueError("it isn't made of fields")
    return fields, text[found.end() :]


def _check_bounds(front: str) -> None:
    """Raise ValueError for front matter of a few lines that would take minutes, or gigabytes."""
    depth = aliases = 0
    # They come one by one, so what is nested too deep isn't read to its end.
    for event in yaml.parse(front):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        # A merge of aliases of aliases makes millions of entries.
        aliases += isinstance(event, yaml.AliasEvent)
        if depth > _DEEPEST:
            raise ValueError("it's nested too deep")
        if aliases > _MOST_ALIASES:
            raise ValueError(f"it has more than {_MOST_ALIASES} aliases")


def _fault(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    if mark is not None:
        return f"{getattr(error, 'problem', None) or 'it ends too early'}, on line {mark.line + 2}"
    return "it's nested too deep" if isinstance(error, RecursionError) else str(error)
