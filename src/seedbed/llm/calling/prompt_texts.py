"""A value of a row that stands in prompts."""

from __future__ import annotations

from typing import NamedTuple


class RowText(NamedTuple):
    """A value of a row, as it may stand in a prompt; the run keeps it in a row if `is_kept`."""

    text: str
    is_kept: bool
