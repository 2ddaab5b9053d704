"""Writing the rows of a run to where an output says: a file, a folder of Parquet files, or an address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

from seedbed.counts import count_of
from seedbed.errors import DatasetError
from seedbed.store.atomic_replace import replacing
from seedbed.store.column_schema import Kind
from seedbed.store.columnar import require_pyarrow
from seedbed.store.csv_safety import safe_rows
from seedbed.store.export import Pinned, check_target, check_writable, export_rows, no_place, unwritable
from seedbed.store.format_calls import check_place, upload_with
from seedbed.store.formats import format_of_scheme
from seedbed.store.output import Output
from seedbed.store.parquet_folder import is_parquet_folder, write_parquet_folder
from seedbed.store.run_queries import RunQueries
from seedbed.store.splits import RowSplits
from seedbed.store.training import RowTrial, TrainingRows, check_form

if TYPE_CHECKING:
    from seedbed.plugins.registry import Registry
    from seedbed.store.format import Format

INPUT_TYPES = "input types"
"""The mark of a run that holds the serialised Arrow schema of its input."""


class Written(NamedTuple):
    """How many rows were written, in all and to each split."""

    rows: int
    splits: Mapping[str, int]

    @property
    def notes(self) -> list[str]:
        """A note if splits have no rows."""
        empty = [name for name, rows in self.splits.items() if not rows]
        if not empty or not self.rows:
            return []
        names = ", ".join(map(repr, empty))
        advice = "rows go to a split by chance, so a share needs rows enough: make more, or raise the share"
        return [f"no row went to the split{'s' if empty[1:] else ''} {names}\n  {advice}"]


def check_output(output: Output, registry: Registry | None = None) -> None:
    """Raise `UsageError` if a dataset can't be written, as far as that shows before there are rows."""
    if output.form is not None:
        check_form(output.form, output.columns, output.chat_template)
    if output.file is None:
        require_pyarrow(f"Datasets at '{output.scheme}://' need")
        check_place(format_of_scheme(output.scheme, registry), output.path)
    elif output.is_folder:
        require_pyarrow(f"'{output.path}' is a folder, whose files are Parquet: they need")
        check_writable(output.file, _obstacle)
    else:
        check_target(output.file, registry)


def trial_of(output: Output) -> RowTrial | None:
    """Return what tries rows for the form of an output; None without a form."""
    if output.form is None:
        return None
    return RowTrial(output.form, output.columns, output.chat_template)


def export(
    queries: RunQueries,
    output: Output,
    leaf: str,
    *,
    rows: Iterable[bytes] | None = None,
    seed: int = 0,
    csv_safe: bool = False,
    registry: Registry | None = None,
    where: str = "",
) -> Written:
    """Write the accepted rows of a run's step to where `output` says; return how many were written.

        export(run, Output("data/", split={"train": 0.9, "test": 0.1}), "qa-pairs")

    `rows` replaces the step's rows, one by one; if they're `ChosenRows`, only those for which the expression
    `where` holds: the card says which. `seed` decides which row is in which split.
    Raises `UsageError` for an unknown ending or scheme, and `DatasetError` if the dataset can't be written or
    uploaded; the old one is unchanged then.
    """
    formed, types = rows_of_output(queries, output, leaf, rows)
    if output.file is not None and not output.is_folder:
        return Written(export_rows(safe_rows(formed, csv_safe), output.file, types, registry), {})
    dataset = _Dataset(queries, output, leaf, Pinned(formed), seed, types, where=where, chosen=rows)
    if output.file is None:
        return dataset.upload(registry)
    return dataset.write_to(output.file)


def push_full_files(
    queries: RunQueries, output: Output, leaf: str, *, seed: int = 0, registry: Registry | None = None
) -> int:
    """Upload the files that are full so far, of a run that goes on; return how many rows they have.

    The dataset at the address holds these rows and no others then, and its card says that more will come.
    Raises as `export` does.
    """
    formed, types = rows_of_output(queries, output, leaf)
    dataset = _Dataset(queries, output, leaf, Pinned(formed), seed, types, is_complete=False)
    return dataset.upload(registry).rows


def rows_of_output(
    queries: RunQueries, output: Output, leaf: str, rows: Iterable[bytes] | None = None
) -> tuple[Iterable[bytes], bytes | None]:
    """Return the rows in the form of an output, and the Arrow types that their columns may keep."""
    rows = queries.rows(leaf) if rows is None else rows
    if output.form is not None:
        return TrainingRows(rows, output.form, output.columns, output.chat_template), None
    kept = queries.get_mark(INPUT_TYPES)
    return rows, kept if kept and isinstance(kept, bytes) else None


class _Dataset(NamedTuple):
    """A folder of Parquet files with its card, to be written or uploaded."""

    queries: RunQueries
    output: Output
    leaf: str
    rows: Iterable[bytes]
    seed: int
    types: bytes | None
    is_complete: bool = True
    where: str = ""
    chosen: Iterable[bytes] | None = None

    def write_to(self, path: Path) -> Written:
        """Replace the folder at `path`."""
        try:
            if obstacle := _obstacle(path):
                raise no_place(*obstacle)
            with replacing(path) as made:
                return self._write(made)
        except OSError as error:
            raise unwritable(path, error) from error

    def upload(self, registry: Registry | None) -> Written:
        """Write the files to a temporary folder, and upload them."""
        receiving = format_of_scheme(self.output.scheme, registry)
        with TemporaryDirectory(prefix="seedbed-") as place:
            folder = Path(place) / "dataset"
            try:
                written = self._write(folder)
            except OSError as error:
                raise unwritable(folder, error) from error
            if self.is_complete or written.rows:
                options = {
                    "private": self.output.private,
                    "complete": True,
                    "message": self._message(written),
                }
                _upload(receiving, folder, self.output.path, options)
        return written

    def _message(self, written: Written) -> str:
        rows = count_of(written.rows, "row")
        return f"{rows} by Seedbed" if self.is_complete else f"{rows} so far by Seedbed"

    def _write(self, folder: Path) -> Written:
        splits = RowSplits(self.queries, self.leaf, self.output.split, self.seed, self.chosen)
        counts = write_parquet_folder(
            self.rows,
            splits,
            folder,
            names=splits.names,
            shard_rows=self.output.file_rows,
            types=self.types,
            card=self._card if self.output.has_card else None,
            only_full=not self.is_complete,
        )
        return Written(counts.total(), dict(counts) if self.output.split else {})

    def _card(self, kinds: Mapping[str, Kind], splits: Mapping[str, int]) -> str:
        # Imported late: most runs write no card.
        from seedbed.store.cards.card import card_text
        from seedbed.store.cards.card_facts import RunStory
        from seedbed.store.cards.column_facts import columns_of

        story = RunStory.of(self.queries, self.leaf).written_to(self.output, self.where)
        columns = columns_of(self.rows, kinds)
        return card_text(self.output.name, story, columns, splits, is_complete=self.is_complete)


def card_of(
    queries: RunQueries,
    leaf: str,
    title: str,
    rows: Iterable[bytes],
    splits: Mapping[str, int],
) -> str:
    """Return the card of a run's dataset."""
    from seedbed.store.cards.card import card_text
    from seedbed.store.cards.card_facts import RunStory
    from seedbed.store.cards.column_facts import columns_of

    story = RunStory.of(queries, leaf)
    return card_text(title, story, columns_of(rows), splits)


def _upload(receiving: Format, folder: Path, address: str, options: Mapping[str, Any]) -> None:
    try:
        upload_with(receiving, folder, address, options)
    except DatasetError as error:
        # What a server refuses today, it may accept tomorrow, or another one does.
        error.is_of_place = True
        raise


def _obstacle(path: Path) -> tuple[str, str] | None:
    if not path.exists() or is_parquet_folder(path):
        return None
    what = "holds more than a dataset" if path.is_dir() else "is a file"
    return f"'{path}' {what}, and is not replaced", "name a new folder"
