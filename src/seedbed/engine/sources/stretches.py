"""Stretches of consecutive input rows, which pass the steps together."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from seedbed.engine.segments.row_lines import RowLines
from seedbed.engine.segments.rows_in_flight import InFlight
from seedbed.engine.sources.content_ids import ContentIds
from seedbed.engine.sources.id_giving import RowIds
from seedbed.engine.sources.sources import Item, digested
from seedbed.errors import InvalidRowError
from seedbed.store.read_options import Placed
from seedbed.store.row_blocks import entries
from seedbed.tasks.rows import Row, plain_row

MOST_ROWS = 256
"""Rows of a stretch at most."""

MOST_BYTES = 2**20
"""Bytes of rows after which a stretch has no more of them."""

OF_A_FILE = 64
"""Rows of a file that are taken at once."""

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
    ids: RowIds | None = None,
    at_a_time: int = 1,
) -> Iterator[Stretch | Item]:
    """Yield the rows of an input in stretches; single items where a row has no JSON.

    They're the items that `digested` yields, whose other arguments these are. `at_a_time` rows are taken
    between two looks at the clock: more than one if no row has to be waited for.
    """
    ids = ids or ContentIds()
    for taken, lines in _in_parts(rows, at_a_time):
        data = _data(lines)
        if lines is None or data is None:
            yield from digested(taken, step, name_of, first, ids)
        else:
            encoded = entries(data, "rows of the input")
            yield from _named(ids, encoded, lines.rows(), [number for number, _ in taken], name_of)
        first += len(taken)


def _named(
    ids: RowIds,
    encoded: list[bytes],
    rows: list[Row],
    numbers: Sequence[int],
    name_of: Callable[[int], str],
) -> Iterator[Stretch]:
    """Yield rows as a stretch; if one of them can't have an id, those before it, and raise the error."""
    named = ids.of_all(encoded, lambda i: name_of(numbers[i]), rows)
    if named.error is None:
        yield Stretch(named.ids, encoded, rows, numbers, name_of)
        return
    if end := len(named.ids):
        yield Stretch(named.ids, encoded[:end], rows[:end], numbers[:end], name_of)
    raise named.error


def _in_parts(rows: Iterable[Placed], at_a_time: int) -> Iterator[tuple[list[Placed], RowLines | None]]:
    """Yield the rows of one stretch after the other, with their JSON; without if one of them has none."""
    left = iter(rows)
    is_over = False
    while not is_over:
        taken: list[Placed] = []
        lines: RowLines | None = RowLines()
        error: BaseException | None = None
        end = time.monotonic() + MOST_SECONDS
        while lines is not None and len(taken) < MOST_ROWS and lines.size < MOST_BYTES:
            before = len(taken)
            try:
                taken.extend(islice(left, min(at_a_time, MOST_ROWS - before)))
            except BaseException as raised:  # noqa: BLE001 - raised again, after the rows before it
                error = raised
            lines = _with(lines, [row for _, row in taken[before:]])
            is_over = error is not None or len(taken) == before
            if is_over or time.monotonic() > end:
                break
        if taken:
            yield taken, lines
        if error is not None:
            raise error


def _with(lines: RowLines, rows: list[Any]) -> RowLines | None:
    """Add rows to lines, and return them; None if one of the rows can't be written, or has no columns."""
    try:
        plain = rows if {*map(type, rows)} <= {dict} else [*map(plain_row, rows)]
        lines.add_all(plain)
    except (InvalidRowError, TypeError):
        return None
    # The line of such a row says that there's none, so it isn't among the rows of the lines.
    return lines if all(plain) else None


def _data(lines: RowLines | None) -> bytes | None:
    try:
        return None if lines is None else lines.data()
    except TypeError:
        return None
