"""The rows of a dataset, each with the model that made it."""

from __future__ import annotations

from collections.abc import Iterator

import orjson

from seedbed.errors import UsageError
from seedbed.store.row_ids import ids_upstream
from seedbed.store.run_queries import RunQueries


class ModelRows:
    """The accepted rows of a leaf in order, as encoded JSON, with the models that made each in `column`.

    If steps or calls asked different models, the column names all of them in the order of the calls,
    separated by `, `. It's null for a row that no model made. Iterating raises UsageError if the rows already
    have a column of that name.
    """

    def __init__(self, queries: RunQueries, leaf: str, column: str) -> None:
        self._queries = queries
        self._leaf = leaf
        self._column = column

    def __iter__(self) -> Iterator[bytes]:
        steps = self._queries.asking_steps()
        verdicts = (one for one in self._queries.verdicts(self._leaf) if one.verdict == "accepted")
        for encoded, verdict in zip(self._queries.rows(self._leaf), verdicts, strict=False):
            row = orjson.loads(encoded)
            if self._column in row:
                raise UsageError(
                    f"the rows already have a column '{self._column}'",
                    "choose another name: --model-column made_by",
                )
            models = self._queries.models_of(steps, ids_upstream(verdict.row))
            yield orjson.dumps({**row, self._column: ", ".join(models) or None})
