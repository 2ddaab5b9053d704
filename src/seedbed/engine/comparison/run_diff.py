"""The difference between two runs, for `seedbed runs diff`, `Run.diff` and `diff_runs`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from seedbed.engine.comparison.changed_settings import (
    ChangedSetting,
    changed_settings,
    changed_versions,
    step_names,
)
from seedbed.engine.comparison.compared_run import ComparedRun, OpenedRun
from seedbed.engine.comparison.diff_text import Line, plain, row_lines, settings_lines, total_lines
from seedbed.engine.comparison.row_changes import RowsDiff, rows_diff
from seedbed.errors import UsageError
from seedbed.llm.visible_text import visible
from seedbed.store import RunReader, run_folder
from seedbed.store.run_lock import holder_of

SHOWN_ROWS = 10
"""Rows of each kind that are shown, unless told otherwise."""


class RunDiff(NamedTuple):
    """What differs between two runs; `print` shows it, and `as_json` returns it as JSON values.

        diff = diff_runs("qa", "qa-other")
        print(diff)
        diff.second.counts["accepted"] - diff.first.counts["accepted"]
        [(one.name, one.before, one.after) for one in diff.settings]  # [("qa-pairs.llm.temperature", ...)]
        diff.rows.changed, diff.rows.columns                          # 3, {"answer": 3, "question": 1}
        diff.rows.changed_rows[0].change.changed                      # {"answer": (before, after)}

    `settings` are the parameters, prompts, models and code that differ, `versions` those of the plugins, of
    Seedbed and of Python. `rows` compares the rows of the datasets by their ids: `same`, `changed`,
    `only_first` and `only_second` count them, and `changed_rows`, `first_rows` and `second_rows` have some.
    """

    first: ComparedRun
    second: ComparedRun
    settings: Sequence[ChangedSetting]
    versions: Sequence[ChangedSetting]
    rows: RowsDiff

    def __str__(self) -> str:
        return visible("\n".join(map(plain, self.lines())))

    def lines(self) -> Iterator[Line]:
        """Yield the lines of the text, each in parts that say what only one run has."""
        yield from total_lines(self.first, self.second)
        yield from settings_lines("Parameters", [one for one in self.settings if not one.is_prompt])
        yield from settings_lines("Prompts", [one for one in self.settings if one.is_prompt])
        yield from settings_lines("Versions", self.versions)
        yield from row_lines(self.rows, self.first.name, self.second.name)

    def as_json(self) -> dict[str, Any]:
        """Return the difference as JSON values."""
        return {
            "first": self.first.as_json(),
            "second": self.second.as_json(),
            "parameters": [one._asdict() for one in self.settings if not one.is_prompt],
            "prompts": [one._asdict() for one in self.settings if one.is_prompt],
            "versions": [one._asdict() for one in self.versions],
            "rows": self.rows.as_json(),
        }


def diff_runs(
    first: str | Path, second: str | Path, *, rows: int = SHOWN_ROWS, leaf: str | None = None
) -> RunDiff:
    """Return what differs between two runs: settings, counts, rows by id, tokens and cost.

        print(diff_runs("qa", "qa-other"))

    Each is the name of a run on disk, or its folder. All rows are compared; `rows` of each kind are in the
    result. `leaf` names the step whose rows to compare, if the runs end in several. Memory doesn't grow with
    the number of rows: their ids and digests go to a temporary file.

    Raises UsageError if there's no such run, if both are the same one or if they have no step in common.
    """
    with opened_folder(first) as one, opened_folder(second) as other:
        return diff_of(one, other, rows, leaf)


def diff_of(first: OpenedRun, second: OpenedRun, rows: int, leaf: str | None) -> RunDiff:
    """Return what differs between two runs that are open; see `diff_runs`."""
    if rows < 0:
        raise UsageError(f"rows is {rows}", "give the number of rows to show, 0 for none")
    if first.queries.path.resolve() == second.queries.path.resolve():
        raise UsageError(f"the run '{first.name}' is compared with itself", "name two different runs")
    one, other = first.compared(leaf), second.compared(leaf)
    manifests = first.session.manifest, second.session.manifest
    if not {*step_names(manifests[0])} & {*step_names(manifests[1])}:
        raise UsageError(
            f"the runs '{one.name}' and '{other.name}' have no step in common",
            *(f"'{run.name}' is a run of '{run.task}'" for run in (one, other)),
            "compare two runs of one task or pipeline; steps are matched by name",
        )
    return RunDiff(
        one,
        other,
        changed_settings(*manifests),
        changed_versions(*manifests),
        rows_diff((first.queries, one.leaf), (second.queries, other.leaf), rows),
    )


@contextmanager
def opened_folder(given: str | Path) -> Iterator[OpenedRun]:
    """Open a run by its name or its folder; raises UsageError if there's none."""
    folder = given if isinstance(given, Path) else run_folder(given)
    with RunReader.open(folder) as reader:
        yield OpenedRun.of(folder.name, reader, is_going_on=holder_of(reader.path) is not None)
