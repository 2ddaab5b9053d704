"""A step that rejects copies of earlier rows."""

from __future__ import annotations

import hashlib
import unicodedata
from typing import Any, ClassVar

from pydantic import Field, PrivateAttr

from seedbed import Example, Reject, Row, Step, row_id
from seedbed_data.earlier_rows import like_row
from seedbed_data.equal_values import key_of


class DedupExact(Step):
    """Rejects rows that are equal to an earlier one in some columns.

    DedupExact(by=["instruction"])

    Rejected rows of a generator upstream are replaced. Text is compared without regard to case, to how
    much white space there is and to how accents are composed, unless `strict` is set. 1 and 1.0 are equal.
    """

    goals = ("cleaning",)
    keywords = ("duplicates", "deduplication")
    example = Example(
        rows=[{"text": "Name a river."}, {"text": "name  a RIVER."}, {"text": "Name a lake."}],
        parameters={"by": ["text"]},
    )

    # A row is compared with those before it, so what's first is kept whatever the timing.
    ordered: ClassVar[bool] = True
    keeps: ClassVar[bool] = True

    by: list[str] = Field(default_factory=list, description="Columns to compare; all of them if left out.")
    strict: bool = Field(
        default=False, description="Whether case, white space and how accents are composed count."
    )

    _seen: dict[bytes, str] = PrivateAttr(default_factory=dict)

    @property
    def inputs(self) -> list[str]:
        """The columns that are compared."""
        return self.by

    def load(self) -> None:
        """Begin with no rows."""
        self._seen = {}

    def process(self, row: Row) -> Row:
        """Return the row, or reject it."""
        chosen = {column: row[column] for column in self.by} if self.by else row
        text = key_of(chosen if self.strict else _folded(chosen))
        # 16 bytes and an id a row instead of its text: a million rows take some 180 MB.
        digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
        seen = self._seen
        if (earlier := seen.get(digest)) is not None:
            raise Reject("a copy of an earlier row", like_row(earlier))
        seen[digest] = row_id() or ""
        return row


def _folded(value: Any) -> Any:
    if isinstance(value, str):
        return " ".join(unicodedata.normalize("NFC", value).casefold().split())
    if isinstance(value, dict):
        return {key: _folded(item) for key, item in value.items()}
    return [_folded(item) for item in value] if isinstance(value, list) else value
