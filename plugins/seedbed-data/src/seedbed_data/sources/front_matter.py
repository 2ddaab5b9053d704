"""The front matter of a text: YAML between two lines of `---` at its beginning."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from seedbed import DatasetError, Row

# The last line may lack its end, and both may have space after them.
_FRONT = re.compile(r"---[ \t]*\n(.*?^)---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_ADVICE = "front_matter: false leaves it as text"

_MOST_DEPTH = 50
"""Lists and mappings within each other: PyYAML's time for a token grows with those that are open."""

_MOST_DIGITS = 400
"""Of a number: Python reads no longer ones than 4,300 digits, and YAML's to base 60 in quadratic time."""

_NUMBER = re.compile(r"[-+0-9:_.]+")
_STARTS = (
    yaml.BlockSequenceStartToken,
    yaml.BlockMappingStartToken,
    yaml.FlowSequenceStartToken,
    yaml.FlowMappingStartToken,
)
_ENDS = (yaml.BlockEndToken, yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken)


def parted(path: Path, text: str) -> tuple[Row, str]:
    """Return the columns of a file's front matter, and the text after it; DatasetError if it isn't YAML."""
    found = _FRONT.match(text)
    if found is None:
        return {}, text
    columns = _columns(path, found[1])
    if columns is None:
        # A ruled line, and not front matter.
        return {}, text
    for name in ("path", "text"):
        if name in columns:
            raise DatasetError(f"'{path}' has front matter that names a column '{name}'", _ADVICE)
    return columns, text[found.end() :].lstrip("\n")


def _columns(path: Path, front: str) -> Row | None:
    try:
        _check(path, front)
        columns = yaml.safe_load(front)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 2}" if mark is not None else ""
        raise DatasetError(
            f"'{path}'{line} is not YAML: {getattr(error, 'problem', None) or 'the front matter is cut off'}",
            _ADVICE,
        ) from error
    except ValueError as error:
        # Such as a 30th of February.
        raise DatasetError(f"'{path}' has front matter that cannot be read: {error}", _ADVICE) from error
    if columns is None:
        return {}
    return {str(name): value for name, value in columns.items()} if isinstance(columns, dict) else None


def _check(path: Path, front: str) -> None:
    """Refuse what a few kilobytes make large or slow; tokens are read one by one, so this ends early."""
    depth = 0
    for token in yaml.scan(front):
        depth += isinstance(token, _STARTS) - isinstance(token, _ENDS)
        if isinstance(token, yaml.AliasToken):
            # Nested aliases of a few lines can stand for gigabytes.
            raise DatasetError(f"'{path}' has front matter with an alias (*name)", "write the value out")
        if depth > _MOST_DEPTH:
            raise DatasetError(
                f"'{path}' has front matter with lists or mappings in more than {_MOST_DEPTH} others", _ADVICE
            )
        if isinstance(token, yaml.ScalarToken) and _is_long_number(token):
            raise DatasetError(
                f"'{path}' has front matter with a number of {len(token.value):,} digits", "put it in quotes"
            )


def _is_long_number(token: yaml.ScalarToken) -> bool:
    return token.plain and len(token.value) > _MOST_DIGITS and bool(_NUMBER.fullmatch(token.value))
