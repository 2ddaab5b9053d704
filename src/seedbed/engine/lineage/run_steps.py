"""The steps of a run as its manifest describes them: which one gets its rows from which, and how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from seedbed.engine.segments.segments import INPUT
from seedbed.engine.sources.id_columns import IdColumns
from seedbed.engine.sources.input_lookup import described_files
from seedbed.store.row_files import RowFiles
from seedbed.store.run_queries import RunQueries
from seedbed.tasks.rows import Row

_JOIN = "seedbed.tasks.join_steps.Join"


class RunSteps:
    """The steps of a run's last session, in their order.

    `names` has their names and `ways` the links between them, as in the manifest: parent, child, condition.
    `leaf` is the step whose rows are the dataset. `over_all` are the steps that read all rows at once.
    `id_columns` are the columns that rows have their ids in, if the user named any, and `id_step` is the
    source of such rows, unless the run read them itself.
    """

    def __init__(self, manifest: Mapping[str, Any], over_all: Sequence[str] = ()) -> None:
        self.manifest = manifest
        self.over_all = frozenset(over_all)
        self.leaf = str(manifest.get("leaf", ""))
        self.ways: Sequence[Sequence[str]] = manifest.get("ways", ())
        self._described = {step["name"]: step for step in manifest.get("steps", ())}
        self.names = list(self._described)
        self.id_columns = IdColumns(tuple(named)) if (named := manifest.get("id")) else None
        self.id_step: str | None = manifest.get("id_step")
        self._parents: dict[str, list[str]] = {}
        for parent, child, *_ in self.ways:
            self._parents.setdefault(child, []).append(parent)

    @classmethod
    def of(cls, queries: RunQueries) -> RunSteps:
        """Return the steps of the run's last session that did something; none if there's no such session."""
        session = queries.last_working_session()
        manifest = session.manifest if session else {}
        names = (step["name"] for step in manifest.get("steps", ()))
        # The engine marks a step once it has read all of its rows.
        return cls(manifest, [name for name in names if queries.get_mark(f"all rows: {name}") is not None])

    def parents(self, step: str) -> Sequence[str]:
        """Return the steps whose rows a step gets; none if it gets those of the input, or makes its own."""
        return self._parents.get(step, ())

    def is_first(self, step: str) -> bool:
        """Whether a step gets no rows of another one."""
        return not self.parents(step)

    def is_source(self, step: str) -> bool:
        """Whether a step is where rows come from, or the first one that gets those of the input."""
        return self.is_first(step) and step not in self.over_all

    def reader_of_all(self, step: str) -> str:
        """Return the step that reads all rows of this one, or of the input if that's empty; else nothing."""
        readers = (name for name in self.names if name in self.over_all)
        return next((name for name in readers if step in (self.parents(name) or [INPUT])), "")

    def sampled_variables(self, step: str, row: Row) -> Row | None:
        """Return the variables that a generator sampled for a row: the columns that no model filled in.

        None if the step isn't a generator that asks a model.
        """
        described = self._described.get(step, {})
        if self.manifest.get("input") is not None or not described.get("llms") or "columns" not in described:
            return None
        return {name: value for name, value in row.items() if name not in described["columns"]}

    def files_of(self, step: str) -> str:
        """Return the files that a source reads; empty if it reads none, or if a step isn't a source."""
        paths = self._described.get(step, {}).get("fields", {}).get("path")
        named = paths if isinstance(paths, list) else [paths]
        return ", ".join(str(path) for path in named if path) if self.is_first(step) else ""

    def row_files(self, step: str) -> RowFiles | None:
        """Return the files whose rows a source reads, if it isn't the input and they're still there."""
        described = self._described.get(step, {})
        return described_files(self.manifest, described.get("files"), described.get("reading"))

    def join_columns(self, step: str) -> tuple[str, ...]:
        """Return the columns that a `Join` matches rows by; none for any other step."""
        described = self._described[step]
        return tuple(described.get("fields", {}).get("on", ())) if described["class"] == _JOIN else ()
