"""One person's rating of one row, and whether the row has changed since."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

import orjson

from seedbed.errors import UsageError
from seedbed.store.stored_json import stored_object, unreadable
from seedbed.tasks.rows import Row

GoodOrBad: TypeAlias = Literal["good", "bad"]
_RATINGS = ("good", "bad")

_LONGEST = {"rater": 100, "label": 200, "note": 10_000}


class RowRating(NamedTuple):
    """What one rater says about one row of a run.

    `rating` is `good`, `bad` or None; `label` is a word of the rater's own, such as `off-topic`; `note` is
    free text. `time` is ISO 8601 in UTC. `columns` has a digest of each column of the row as it was rated.
    `changed` names the columns that have changed since: the rating is of an older text then. `is_gone` says
    that the row is no longer in the dataset.
    """

    leaf: str
    row: str
    rater: str
    rating: GoodOrBad | None
    label: str | None
    note: str | None
    time: str
    columns: Mapping[str, str]
    changed: tuple[str, ...] = ()
    is_gone: bool = False

    @property
    def is_current(self) -> bool:
        """Whether the row still is what was rated."""
        return not (self.changed or self.is_gone)

    def compared(self, row: Row | None, ignored: frozenset[str] = frozenset()) -> RowRating:
        """Return the rating with what has changed in the row since; None is a row that's gone.

        A column that was added since changes nothing in what was rated. Those `ignored` don't count.
        """
        if row is None:
            return self._replace(is_gone=True)
        now = column_digests({name: row[name] for name in self.columns if name in row})
        changed = [name for name, digest in self.columns.items() if now.get(name) != digest]
        return self._replace(changed=tuple(name for name in changed if name not in ignored))

    def as_json(self) -> dict[str, Any]:
        """Return the rating as JSON values."""
        told = {name: value for name, value in self._asdict().items() if name not in ("columns", "is_gone")}
        return {**told, "changed": list(self.changed), "gone": self.is_gone, "current": self.is_current}


def stored_rating(found: Sequence[Any]) -> RowRating:
    """Return the rating of a row of the table of ratings; raise StoreError if it isn't one."""
    *known, columns = found
    whose = f"the rating of row '{known[1]}'"
    *texts, moment = known
    is_rating = known[3] in (*_RATINGS, None) and isinstance(moment, str)
    if not is_rating or not all(isinstance(one, str | None) for one in texts):
        raise unreadable(whose, "a value isn't of the kind that is kept there")
    return RowRating._make((*known, stored_object(columns, whose), (), False))


def column_digests(row: Row) -> dict[str, str]:
    """Return a digest of each column: BLAKE2b of 8 bytes of its JSON with sorted keys, in hexadecimal."""
    encoded = ((name, orjson.dumps(value, option=orjson.OPT_SORT_KEYS)) for name, value in row.items())
    return {name: hashlib.blake2b(value, digest_size=8).hexdigest() for name, value in encoded}


def checked_rating(text: str) -> GoodOrBad:
    """Return a rating; raise UsageError for anything but `good` and `bad`."""
    match text:
        case "good" | "bad":
            return text
        case _:
            raise UsageError(
                f"'{text}' isn't a rating", "rate a row as good or bad", "a word of your own is a label"
            )


def checked_text(kind: str, text: str) -> str:
    """Return the name of a rater, a label or a note without space around it, or raise UsageError.

    Notes may have several lines, names and labels may not. Labels and notes may be empty.
    """
    text = text.strip()
    if kind == "rater" and not text:
        raise UsageError("a rater needs a name", "name one: --rater NAME (`rater=NAME` in Python)")
    if kind != "note" and not text.isprintable():
        raise UsageError(f"{text!r} isn't a {kind}", "write it in one line, of characters that can be seen")
    if len(text) > _LONGEST[kind]:
        fact = f"the {kind} has {len(text):,} characters"
        raise UsageError(fact, f"use {_LONGEST[kind]:,} or fewer")
    # Lone surrogates can't be stored as UTF-8.
    return text.encode(errors="replace").decode()
