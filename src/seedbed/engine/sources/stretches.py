"""Rows of an input that are taken up together."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence

from seedbed.engine.segments.row_lines import RowLines
from seedbed.engine.segments.rows_in_flight import InFlight
from seedbed.engine.sources.content_ids import ContentIds
from seedbed.engine.sources.sources import Item, digested
from seedbed.errors import InvalidRowError
from seedbed.store.read_options import Placed
from seedbed.store.row_blocks import entries
from seedbed.tasks.rows import Row, plain_row

MOST_ROWS = 256
"""Rows of a stretch."""

MOST_BYTES = 2**20
"""Bytes of rows after which a stretch has no more of them."""

MOST_SECONDS = 0.05
"""Time after which a stretch has no more rows: a slow one doesn't hold back those before it."""


class Stretch:
    """Consecutive rows of an input: their `ids`, their JSON (`encoded`), and the `rows`.

    The rows belong to whoever takes the stretch. `numbers` are their lines in a file, or positions in a list.
    """

    __slots__ = ("_name_of", "encoded", "ids", "numbers", "rows")

    def __init__(
        self,
        ids: list[str],
        encoded: list[bytes],
        rows: list[Row],
        numbers: Sequence[int],
        name_of: Callable[[int], str],
    ) -> None:
        self.ids, self.encoded, self.rows, self.numbers = ids, encoded, rows, numbers
        self._name_of = name_of

    def __len__(self) -> int:
        return len(self.ids)

    def item(self, i: int) -> Item:
        """Return row `i` as an item of its own."""
        row_id, place = self.ids[i], self.place(i)
        return Item(row_id, InFlight(row_id, self.encoded[i], "", None, row_id, place=place))

    def place(self, i: int) -> str:
        """Return what people call row `i`: its file and line, for example."""
        return self._name_of(self.numbers[i])

    def part(self, first: int, end: int) -> Stretch:
        """Return the rows from number `first` on and before `end`."""
        here = slice(first, end)
        return Stretch(self.ids[here], self.encoded[here], self.rows[here], self.numbers[here], self._name_of)


def stretches(
    rows: Iterable[Placed],
    step: str,
    name_of: Callable[[int], str],
    first: int = 0,
    ids: ContentIds | None = None,
) -> Iterator[Stretch | Item]:
    """Yield the rows of an input in stretches; single items where a row has no JSON.

    They're the items that `digested` yields, whose arguments these are.
    """
    ids = ids or ContentIds()
    for taken, lines in _in_parts(rows):
        data = _data(lines)
        if lines is None or data is None:
            yield from digested(taken, step, name_of, first, ids)
        else:
            encoded = entries(data, "rows of the input")
            numbers = [number for number, _ in taken]
            yield Stretch(ids.of_all(encoded), encoded, lines.rows(), numbers, name_of)
        first += len(taken)


def _in_parts(rows: Iterable[Placed]) -> Iterator[tuple[list[Placed], RowLines | None]]:
    """Yield the rows of one stretch after the other, with their JSON; without if one of them has none."""
    taken: list[Placed] = []
    lines: RowLines | None = RowLines()
    end = time.monotonic() + MOST_SECONDS
    try:
        for placed in rows:
            taken.append(placed)
            lines = _with(lines, placed[1])
            if lines is None or len(taken) >= MOST_ROWS or lines.size >= MOST_BYTES or time.monotonic() > end:
                yield taken, lines
                taken, lines, end = [], RowLines(), time.monotonic() + MOST_SECONDS
    except GeneratorExit:
        # Nobody wants more.
        raise
    except BaseException:
        # The source's: the rows before it stand.
        if taken:
            yield taken, lines
        raise
    if taken:
        yield taken, lines


def _with(lines: RowLines | None, row: object) -> RowLines | None:
    """Add a row to lines, and return them; None if one of their rows can't be written."""
    try:
        if lines is not None:
            lines.add(row if type(row) is dict else plain_row(row))
    except (InvalidRowError, TypeError):
        return None
    return lines


def _data(lines: RowLines | None) -> bytes | None:
    try:
        return None if lines is None else lines.data()
    except TypeError:
        return None
