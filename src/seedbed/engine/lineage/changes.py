"""What a step changes in a row, column by column."""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson

from seedbed.tasks.rows import Row


class Change(NamedTuple):
    """The columns that a row has gained, changed and lost, and those that are the same.

    `changed` has the value before and the value after.
    """

    added: dict[str, Any]
    changed: dict[str, tuple[Any, Any]]
    removed: dict[str, Any]
    kept: tuple[str, ...]

    @classmethod
    def between(cls, before: Row, after: Row) -> Change:
        """Return what has changed from one row to another."""
        common = [name for name in after if name in before]
        changed = {name: (before[name], after[name]) for name in common if differ(before[name], after[name])}
        return cls(
            {name: value for name, value in after.items() if name not in before},
            changed,
            {name: value for name, value in before.items() if name not in after},
            tuple(name for name in common if name not in changed),
        )

    @property
    def counts(self) -> str:
        """How many columns were added, changed and removed: `1 added, 2 changed`; or `unchanged`."""
        parts = {"added": self.added, "changed": self.changed, "removed": self.removed}
        return ", ".join(f"{len(part)} {word}" for word, part in parts.items() if part) or "unchanged"

    def as_json(self) -> dict[str, Any]:
        """Return the change as JSON values."""
        changed = {name: {"before": old, "after": new} for name, (old, new) in self.changed.items()}
        return {**self._asdict(), "changed": changed, "kept": list(self.kept)}


def differ(one: Any, other: Any) -> bool:
    """Whether two values differ as JSON: in Python, 1, 1.0 and True are equal."""
    if isinstance(one, str) and isinstance(other, str):
        # A text may be as long as a book, and its JSON takes several times its memory.
        return one != other
    return orjson.dumps(one, option=orjson.OPT_SORT_KEYS) != orjson.dumps(other, option=orjson.OPT_SORT_KEYS)
