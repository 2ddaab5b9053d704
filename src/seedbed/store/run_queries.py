"""Queries on a run: they see what is durable, and hold no transaction open between pages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import orjson

from seedbed.errors import StoreError
from seedbed.store.call_queries import CallQueries
from seedbed.store.kept_counts import LEAVES, Counts
from seedbed.store.paged_reads import ITEM, PAGE
from seedbed.store.refusal_reasons import Reasons
from seedbed.store.result_queries import ResultQueries
from seedbed.store.row_blocks import BLOCKS, entries, entry_of, is_block, reasons_at
from seedbed.store.run_values import PlacedRow, Refused, Result, Verdict
from seedbed.store.session_queries import SessionQueries
from seedbed.store.stored_json import entry_at, row_of_step, stored_object, stored_rows
from seedbed.store.verdict_checks import VerdictChecks

# Between two rows, or a line end, which a row must not have, or the space after a key that the encoder of
# another engine may write: a dataset doesn't depend on who made it. Found within a text, it only costs time.
_ANOTHER = re.compile(rb'\}\s*,\s*\{|\n|": ')

_HAS_REFUSED_INDEX = "SELECT 1 FROM sqlite_master WHERE name = 'verdicts_refused'"


class RunQueries(CallQueries, ResultQueries, SessionQueries, VerdictChecks):
    """Reads a run over its own connection, from any thread.

    Iterators read page by page, so they also see what is written while they run. All methods raise
    `StoreError` if the file can't be read.
    """

    def verdicts(self, leaf: str, first: int = 0) -> Iterator[Verdict]:
        """Yield the verdicts of a leaf in order, beginning with number `first`."""
        select = f"SELECT * FROM verdicts WHERE leaf = ? AND seq > ? ORDER BY seq LIMIT {PAGE}"
        page = self._page(select, leaf, first - 1)
        while page:
            yield from (Verdict(*found) for found in page)
            page = self._page(select, leaf, page[-1][1])

    def refused(self, leaf: str) -> Iterator[Refused]:
        """Yield the rows that were rejected or failed on the way to a leaf, in order, with the reason."""
        # Named, as SQLite would take the primary key, which has the accepted rows as well.
        index = "INDEXED BY verdicts_refused" if self._all(_HAS_REFUSED_INDEX) else ""
        select = (
            "SELECT v.seq, CAST(v.row AS TEXT), v.verdict, CAST(v.step AS TEXT), v.source_row, v.k, "
            f"r.reasons FROM verdicts AS v {index} "
            "LEFT JOIN results AS r ON r.step = v.step AND r.row = v.source_row "
            f"WHERE v.leaf = ? AND v.seq > ? AND v.verdict != 'accepted' ORDER BY v.seq LIMIT {PAGE}"
        )
        reasons = Reasons()
        page = self._page(select, leaf, -1)
        while page:
            for seq, row, verdict, step, source_row, k, encoded in page:
                own = reasons_at(encoded, source_row, k, row_of_step(step, row))
                why = reasons.of(row, verdict, step, own)
                yield Refused(seq, row, verdict, step, *why, source_row, k)
            page = self._page(select, leaf, page[-1][0])

    def verdicts_by_item(self, leaf: str) -> dict[str, tuple[int, int]]:
        """Return how many rows of each item of a source were accepted, and how many failed."""
        found = self._all(
            f"SELECT {ITEM} AS item, sum(verdict = 'accepted'), sum(verdict = 'failed') "
            "FROM verdicts WHERE leaf = ? GROUP BY item",
            leaf,
        )
        return {item: (accepted, failed) for item, accepted, failed in found}

    def verdict_of(self, leaf: str, row: str) -> Verdict | None:
        """Return the first verdict on a row; None if it has none."""
        found = self._all("SELECT * FROM verdicts WHERE leaf = ? AND row = ? ORDER BY seq LIMIT 1", leaf, row)
        return Verdict(*found[0]) if found else None

    def verdicts_below(self, leaf: str, row: str) -> list[Verdict]:
        """Return the verdicts on a row and on the rows that it became (`7`, `7/0`, `7/1/2`), in order."""
        found = self._all(
            "SELECT * FROM verdicts WHERE leaf = ? AND (row = ? OR (row > ? AND row < ?)) ORDER BY seq",
            leaf,
            row,
            f"{row}/",
            f"{row}0",
        )
        return [Verdict(*one) for one in found]

    def find_result(self, step: str, row: str, place: tuple[str, int] | None = None) -> Result | None:
        """Return what a step made of a row, also if it's kept in a block with what became of other rows.

        `place` is where, if it's known: `source_row` and `k` of the row's verdict. `result_of` is enough for
        steps that keep no blocks.
        """
        found = self.result_of(step, row)
        if found is None and (where := place or self._place_in_block(row)) is not None and is_block(where[0]):
            block = self.result_of(step, where[0])
            return block and entry_of(block, where[1], row)
        return found

    def _place_in_block(self, row: str) -> tuple[str, int] | None:
        leaf = self.get_mark(BLOCKS)
        verdict = self.verdict_of(leaf, row) if isinstance(leaf, str) and leaf else None
        return verdict and (verdict.source_row, verdict.k)

    def line_of(self, verdict: Verdict) -> int:
        """Return the line that an accepted row has in the dataset of its leaf, counted from 1."""
        # Verdicts are numbered without gaps, so it's enough to count the refused ones, which have an index:
        # counting the accepted rows would read all of a large run for each row that is looked at.
        index = "INDEXED BY verdicts_refused" if self._all(_HAS_REFUSED_INDEX) else ""
        query = f"SELECT count(*) FROM verdicts {index} WHERE leaf = ? AND seq <= ? AND verdict != 'accepted'"
        return verdict.seq + 1 - int(self._one(query, verdict.leaf, verdict.seq)[0])

    def accepted(self, leaf: str, number: int) -> Verdict | None:
        """Return the verdict on accepted row `number`, counted from 0; None if there are fewer."""
        found = self._all(
            "SELECT * FROM verdicts WHERE leaf = ? AND verdict = 'accepted' ORDER BY seq LIMIT 1 OFFSET ?",
            leaf,
            number,
        )
        return Verdict(*found[0]) if found else None

    def accepted_seqs(self, leaf: str, after: int, most: int) -> list[int]:
        """Return the numbers of at most `most` accepted rows of a leaf, in order, that are above `after`.

        With a negative `most`, those below `after`, nearest first.
        """
        way, order = (">", "ASC") if most >= 0 else ("<", "DESC")
        found = self._all(
            f"SELECT seq FROM verdicts WHERE leaf = ? AND seq {way} ? AND verdict = 'accepted' "
            f"ORDER BY seq {order} LIMIT ?",
            leaf,
            after,
            abs(most),
        )
        return [seq for (seq,) in found]

    def rows_at(self, leaf: str, seqs: Sequence[int]) -> list[PlacedRow]:
        """Return the accepted rows of a leaf with these numbers, in the order of the numbers given."""
        found = self._page(
            "SELECT v.seq, v.row, v.step, v.source_row, v.k, CAST(r.data AS BLOB) "
            "FROM verdicts AS v JOIN results AS r ON r.step = v.step AND r.row = v.source_row "
            f"WHERE v.leaf = ? AND v.seq IN ({','.join('?' * len(seqs))}) AND v.verdict = 'accepted'",
            leaf,
            *seqs,
        )
        rows = {one[0]: self._placed(*one) for one in found}
        return [rows[seq] for seq in seqs if seq in rows]

    def _placed(self, seq: int, row: str, step: str, source_row: str, k: int, data: bytes) -> PlacedRow:
        if (made := _row_in(data, step, source_row, k)) is None:
            raise StoreError(f"row {seq} is missing in '{self.path}'")
        return PlacedRow(seq, row, step, source_row, k, made)

    def count_verdicts(self, leaf: str) -> dict[str, int]:
        """Return how many rows of a leaf were accepted, rejected and failed."""
        with self._one_moment() as query:
            counts = Counts.kept(query)
            counts.add_verdicts(query, leaf)
        found = {verdict: int(sums[0]) for (of, verdict), sums in counts.verdicts.items() if of == leaf}
        return {"accepted": 0, "rejected": 0, "failed": 0, **found}

    def count_refused(self) -> dict[str, int]:
        """Return how many rows were rejected and failed, counting a row on its way to several leaves once."""
        found = self._all(
            "SELECT verdict, sum(most) FROM (SELECT verdict, max(number) AS most FROM ("
            "SELECT leaf, verdict, step, source_row, count(*) AS number FROM verdicts "
            "WHERE verdict != 'accepted' GROUP BY leaf, verdict, step, source_row"
            ") GROUP BY verdict, step, source_row) GROUP BY verdict"
        )
        return {"rejected": 0, "failed": 0, **dict(found)}

    def leaves(self) -> list[str]:
        """Return the leaves that have verdicts, by name."""
        return [leaf for (leaf,) in self._all(LEAVES)]

    def rows(self, leaf: str) -> Rows:
        """Return the accepted rows of a leaf, as encoded JSON."""
        return Rows(self, leaf)

    def rows_by_id(self, leaf: str, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Return the accepted rows of a leaf that have these ids, decoded, by id; others are left out."""
        select = (
            "SELECT v.seq, v.row, v.k, v.step, v.source_row, CAST(r.data AS BLOB) FROM verdicts AS v "
            "JOIN results AS r ON r.step = v.step AND r.row = v.source_row "
            "WHERE v.leaf = ? AND v.seq > ? AND v.verdict = 'accepted' "
            f"AND v.row IN (SELECT value FROM json_each(?)) ORDER BY v.seq LIMIT {PAGE}"
        )
        wanted = orjson.dumps(list(ids)).decode()
        found: dict[str, dict[str, Any]] = {}
        page = self._page(select, leaf, -1, wanted)
        while page:
            for _, row, k, step, source_row, data in page:
                if (made := _row_in(data, step, source_row, k)) is not None:
                    found[row] = made
            page = self._page(select, leaf, page[-1][0], wanted)
        return found

    def _accepted(self, leaf: str, after: int, *, in_blocks: bool = False) -> list[Any]:
        if in_blocks:
            # Without the data: a block is read once for all of its rows, and a longer page is still small.
            return self._all(
                "SELECT seq, row, step, source_row, k, NULL FROM verdicts "
                f"WHERE leaf = ? AND seq > ? AND verdict = 'accepted' ORDER BY seq LIMIT {4 * PAGE}",
                leaf,
                after,
            )
        # A step may make many rows of one, all in one result: only its first row (k = 0) brings the data,
        # which would otherwise be read once for each of them. A join would still look each of them up.
        return self._page(
            "SELECT v.seq, v.row, v.step, v.source_row, v.k, CASE v.k WHEN 0 THEN "
            "(SELECT CAST(r.data AS BLOB) FROM results AS r WHERE r.step = v.step AND r.row = v.source_row) "
            "END FROM verdicts AS v "
            f"WHERE v.leaf = ? AND v.seq > ? AND v.verdict = 'accepted' ORDER BY v.seq LIMIT {PAGE}",
            leaf,
            after,
        )


class Rows:
    """The accepted rows of a leaf in order, each as encoded JSON; can be iterated any number of times."""

    def __init__(self, queries: RunQueries, leaf: str) -> None:
        self._queries = queries
        self._leaf = leaf

    def __len__(self) -> int:
        return self._queries.count_verdicts(self._leaf)["accepted"]

    def __iter__(self) -> Iterator[bytes]:
        after, is_over = -1, False
        while not is_over:
            while (block := self._queries.whole_block(self._leaf, after)) is not None:
                after, rows = block
                yield from rows
            is_over = True
            for number, *_, data in islice(self._kept(after), PAGE):
                yield data if isinstance(data, bytes) else orjson.dumps(data)
                after, is_over = number, False

    def placed(self, after: int = -1) -> Iterator[PlacedRow]:
        """Yield the rows above number `after`, decoded, each with its id and where it's stored."""
        for one in self._kept(after):
            placed = PlacedRow(*one)
            if isinstance(placed.data, bytes):
                whose = row_of_step(placed.step, placed.source_row)
                placed = placed._replace(data=stored_object(placed.data, whose))
            yield placed

    def _kept(self, after: int = -1) -> Iterator[tuple[int, str, str, str, int, Any]]:
        """Yield the values of `PlacedRow`, with rows as bytes if they're cut out of their result."""
        # Plain tuples: making a named one takes a third of the time of reading a row of a block.
        before, made = ("", ""), []
        page = self._queries._accepted(self._leaf, after)
        while page:
            for seq, row, step, source_row, k, data in page:
                if data is None and (source_row, step) != before:
                    # The row is in a block, its page begins in the middle of a result, or it isn't the first.
                    data = self._data(step, source_row)
                if data is not None:
                    if k == 0 and _holds_one(data):
                        yield seq, row, step, source_row, k, data[1:-1]
                        continue
                    before, made = (source_row, step), _made(step, source_row, data)
                if (kept := entry_at(made, k)) is None:
                    raise StoreError(f"row {seq} of {self._leaf!r} is missing in '{self._queries.path}'")
                yield seq, row, step, source_row, k, kept
            last = page[-1]
            page = self._queries._accepted(self._leaf, last[0], in_blocks=is_block(last[3]))

    def _data(self, step: str, row: str) -> bytes:
        result = self._queries.result_of(step, row)
        return result.data if result else b"[]"


def _made(step: str, row: str, data: bytes) -> list[Any]:
    whose = row_of_step(step, row)
    return [*entries(data, whose)] if is_block(row) else stored_rows(data, whose)


def _row_in(data: bytes, step: str, source_row: str, k: int) -> dict[str, Any] | None:
    """Return row `k` of a result; None if it has fewer."""
    whose = row_of_step(step, source_row)
    if is_block(source_row):
        # Of the rows in a block, only the one that's asked for is decoded.
        made = entry_at(entries(data, whose), k)
        return None if made is None else stored_object(made, whose)
    return entry_at(stored_rows(data, whose), k)


def _holds_one(data: bytes) -> bool:
    """Whether a list has certainly only one row, which is all between its brackets, on one line."""
    if not (data.startswith(b"[{") and data.endswith(b"}]")):
        return False
    # Most rows have no further brace, and then two searches for bytes take half of the expression's time.
    if data.find(b"{", 2) < 0:
        return b"\n" not in data and b'": ' not in data
    return not _ANOTHER.search(data)
