"""What gives rows their ids."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from seedbed.errors import DatasetError


class GivenIds(NamedTuple):
    """The ids of some rows; if one can't have its own, those of the rows before it, and the `error`."""

    ids: list[str]
    error: DatasetError | None = None


class RowIds(ABC):
    """Gives the rows of a source their ids, in the order of the rows."""

    @abstractmethod
    def of_all(
        self, encoded: Sequence[bytes], place: Callable[[int], str], rows: Sequence[Any] | None = None
    ) -> GivenIds:
        """Return the ids of the next rows, which are given as JSON, and decoded too if that's at hand.

        `place` returns what people call one of these rows.
        """

    @abstractmethod
    def of_invalid(self, row: Any, number: int, place: str) -> str:
        """Return the id of row `number` of the source, which has no JSON; raise DatasetError if it has none.

        It needn't be remembered: no other row of the source has its number.
        """

    @abstractmethod
    def see(self, row_id: str) -> None:
        """Take the id of a row of an earlier session, which was given by `of_all` or `of_invalid`."""

    def of(self, encoded: bytes, place: str = "", row: Any = None) -> str:
        """Return the id of the next row; raise DatasetError if it can't have one."""
        named = self.of_all([encoded], lambda i: place, None if row is None else [row])
        if named.error is not None:
            raise named.error
        return named.ids[0]
