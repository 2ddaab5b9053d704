"""Queries on the calls of a run: answers, models and what was spent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from seedbed.store.answer_packing import unpack
from seedbed.store.calls_used import IS_USED, RESULTS_OF_CALLS
from seedbed.store.kept_counts import Counts
from seedbed.store.paged_reads import ITEM, PagedReads
from seedbed.store.run_values import Call, ItemSpent, StepSpent, TotalSpent

_CALL = ", ".join(Call._fields)


class CallQueries(PagedReads):
    """Reads the calls of a run."""

    def answer_of(self, step: str, row: str, attempt: int, digest: bytes, k: int) -> tuple[int, bytes] | None:
        """Return the number of a call and its answer (JSON); None if there's none."""
        found = self._all(
            "SELECT rowid, answer FROM calls "
            "WHERE step = ? AND row = ? AND attempt = ? AND digest = ? AND k = ?",
            step,
            row,
            attempt,
            digest,
            k,
        )
        return (found[0][0], unpack(found[0][1])) if found else None

    def answers_below(self, step: str, row: str) -> list[tuple[str, int, bytes, int, int, bytes]]:
        """Return the answers of a row and of the rows that it became (`7`, `7/0`).

        Each is row, attempt, digest, k, the call's number and the answer (JSON).
        """
        found = self._all(
            "SELECT row, attempt, digest, k, rowid, answer FROM calls "
            "WHERE step = ? AND (row = ? OR (row > ? AND row < ?))",
            step,
            row,
            f"{row}/",
            f"{row}0",
        )
        return [(*one[:5], unpack(one[5])) for one in found]

    def has_calls(self) -> bool:
        """Whether there is any call."""
        return bool(self._all("SELECT 1 FROM calls LIMIT 1"))

    def calls(self, step: str, row: str) -> list[Call]:
        """Return all calls of a row, in the order in which they were written."""
        found = self._all(
            f"SELECT {_CALL} FROM calls WHERE step = ? AND row = ? ORDER BY calls.rowid", step, row
        )
        return [Call._make((*call[:-1], unpack(call[-1]))) for call in found]

    def call_keys(self, step: str, row: str, attempt: int) -> set[tuple[bytes, int]]:
        """Return the digest and the count (`k`) of each call of a row at one attempt."""
        found = self._all(
            "SELECT digest, k FROM calls WHERE step = ? AND row = ? AND attempt = ?", step, row, attempt
        )
        return {*found}

    def outdated_calls(self, step: str, row: str) -> set[tuple[int, bytes, int]]:
        """Return the calls of a row that its result isn't made from: attempt, digest and `k` of each.

        They were made at an earlier attempt, or asked something else, such as an earlier prompt of the step.
        """
        found = self._all(
            f"SELECT c.attempt, c.digest, c.k FROM calls AS c {RESULTS_OF_CALLS} "
            f"WHERE c.step = ? AND c.row = ? AND NOT {IS_USED}",
            step,
            row,
        )
        return {*found}

    def shared_ids(self, step: str, prefix: str) -> list[str]:
        """Return the ids of a step's shared calls, which begin with `prefix`, in the order of the calls."""
        # The prefix ends in a colon, and the character after it is the first that none of the ids may have.
        end = prefix[:-1] + chr(ord(prefix[-1]) + 1)
        found = self._all(
            "SELECT row FROM calls WHERE step = ? AND row >= ? AND row < ? GROUP BY row ORDER BY min(rowid)",
            step,
            prefix,
            end,
        )
        return [row for (row,) in found]

    def asking_steps(self) -> list[str]:
        """Return the steps that have called a model."""
        return list(dict.fromkeys(step for step, _ in self._counted_calls()))

    def called_models(self) -> list[str]:
        """Return the models that answered calls, each once."""
        return list(dict.fromkeys(model for _, model in self._counted_calls()))

    def models_of(self, steps: Sequence[str], rows: Sequence[str]) -> list[str]:
        """Return the models whose answers the results of steps for rows are made from, in the order asked."""
        places = [",".join("?" * len(some)) for some in (steps, rows)]
        # The index begins with the step: without the steps each row would scan all calls.
        found = self._all(
            f"SELECT c.model FROM calls AS c {RESULTS_OF_CALLS} "
            f"WHERE c.step IN ({places[0]}) AND c.row IN ({places[1]}) AND {IS_USED} ORDER BY c.rowid",
            *steps,
            *rows,
        )
        return list(dict.fromkeys(model for (model,) in found))

    def count_calls(self) -> int:
        """Return the number of calls of all sessions."""
        return int(sum(sums[0] for sums in self._counted_calls().values()))

    def count_calls_of(self, step: str, row: str) -> dict[str, int]:
        """Return how many calls a step's result for a row is made from, by model."""
        found = self._all(
            f"SELECT c.model, count(*) FROM calls AS c {RESULTS_OF_CALLS} "
            f"WHERE c.step = ? AND c.row = ? AND {IS_USED} GROUP BY c.model",
            step,
            row,
        )
        return dict(found)

    def spent_by_item(self) -> dict[str, ItemSpent]:
        """Return what the calls of each item of a source took in all steps, by the item's id.

        Calls that belong to no single row (of a source, or shared by rows) are together under an empty id.
        """
        # "shared:..." is where answers are kept that rows share.
        found = self._all(
            f"SELECT CASE WHEN row LIKE 'shared:%' THEN '' ELSE {ITEM} END AS item, "
            "count(*), total(cost), count(*) - count(cost) FROM calls GROUP BY item"
        )
        return {item: ItemSpent(*spent) for item, *spent in found}

    def spent(self) -> TotalSpent:
        """Return what all sessions have spent."""
        calls = [sum(column) for column in zip(*self._counted_calls().values(), strict=True)] or [0] * 7
        return TotalSpent._make((*calls, *self._one("SELECT total(seconds) FROM sessions")))

    def spent_by_step(self) -> list[StepSpent]:
        """Return what all sessions have spent, by step and model, in the order of their first calls."""
        return [StepSpent(*key, *sums) for key, sums in self._counted_calls().items()]

    def _counted_calls(self) -> dict[tuple[str, str], list[Any]]:
        """Return the sums of all calls by step and model: those kept, and the calls after them."""
        with self._one_moment() as query:
            counts = Counts.kept(query)
            counts.add_calls(query)
        return {key: sums for key, sums in counts.calls.items() if sums[0]}

    def unpriced(self) -> dict[str, tuple[int, int, int]]:
        """Return the tokens of calls without a cost, by model: input, output and cached ones."""
        found = self._all(
            "SELECT model, sum(input_tokens), sum(output_tokens), sum(cached_tokens) FROM calls "
            "WHERE cost IS NULL GROUP BY model ORDER BY model"
        )
        return {model: tuple(tokens) for model, *tokens in found}
