"""Measures a run: two passes over its rows, and a sample for what takes longer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from seedbed import Embedder, RunReader
from seedbed_data import NearDuplicates, token_counter
from seedbed_report import figures
from seedbed_report.causes import causes_of
from seedbed_report.column_profiles import Profiles
from seedbed_report.declared import declarations
from seedbed_report.judges import Judges
from seedbed_report.languages import languages_of
from seedbed_report.run_time import session_of, step_times
from seedbed_report.sample import RowSample, Sampled
from seedbed_report.text_counts import estimated_tokens
from seedbed_report.typical_rows import typical_and_odd
from seedbed_report.values import columns_of, text_of

ESTIMATE = "estimate"
"""The name of the counter of tokens that is used if none is given."""

_SAMPLE = 1000
"""Rows of the sample: a language takes 0.3 ms, and TF-IDF holds all of them."""
_SAMPLE_CHARACTERS = 2000
"""Characters of a text in the sample."""
_NEAR = 0.8
"""Similarity from which a row is a near duplicate, as for the step `dedup-near`."""
_NEAR_ROWS = 50_000
_NEAR_CHARACTERS = 2**26
"""Rows and characters that are compared for near duplicates: texts are kept, and 3 kB of index for each."""
_COMPARED = 2**20
"""Characters of one text that are compared: its runs of words take thirty times as much memory."""


def report_of(
    reader: RunReader,
    name: str,
    *,
    leaf: str | None = None,
    embedder: Embedder | None = None,
    tokenizer: str | None = None,
) -> figures.Report:
    """Return the figures of a run; the rows are read twice, and memory doesn't grow with their number.

        with RunReader.open(Path("runs/qa")) as reader:
            report = report_of(reader, "qa")
        print(report.duplicates.share)

    `leaf` is the step whose rows are the dataset, that of the run if unset. `embedder` finds the typical and
    the odd rows among 1,000, instead of TF-IDF; its calls are paid for. `tokenizer` is what
    `seedbed_data.token_counter` takes; without one, tokens are estimated. Raises UsageError for a tokenizer
    that can't be loaded, and StoreError for a run that can't be read.
    """
    session = reader.last_working_session()
    manifest: Mapping[str, Any] = session.manifest if session else {}
    leaf = str(manifest.get("leaf") or "") if leaf is None else leaf
    measured = _Measured(reader, leaf, manifest, tokenizer)
    counts = reader.count_up_to(leaf)
    return figures.Report(
        run=name,
        task=str(manifest.get("task") or ""),
        outcome=(session.outcome if session else None) or "unfinished",
        leaf=leaf,
        counts=figures.Counts(wanted=manifest.get("wanted"), **counts),
        causes=causes_of(reader, leaf),
        columns=measured.profiles.figures(),
        duplicates=measured.duplicates,
        balance=[declared.figures() for declared in measured.declared if declared.rows],
        agreement=measured.judges.figures(),
        languages=list(languages_of(measured.sample, measured.texts)),
        spending=[figures.Spending(**spent._asdict()) for spent in reader.spent_by_step()],
        sessions=[session_of(one) for one in reader.sessions()],
        times=list(step_times(reader.sessions())),
        likeness=typical_and_odd(measured.sample, measured.texts, embedder),
        notes=list(_notes(measured)),
    )


class _Measured:
    """What is counted row by row: the profiles first, which say what the texts are that are compared."""

    def __init__(
        self, reader: RunReader, leaf: str, manifest: Mapping[str, Any], tokenizer: str | None
    ) -> None:
        count = estimated_tokens if tokenizer is None else token_counter(tokenizer)
        self.profiles = Profiles(count, tokenizer or ESTIMATE)
        self.judges = Judges()
        self.declared = list(declarations(manifest))
        self._sample = RowSample(_SAMPLE)
        for row in _rows(reader, leaf):
            self._count(row)
        self.texts = self.profiles.texts()
        self.duplicates: figures.NearDuplicates | None = None
        if self.texts:
            self._compare(reader, leaf)
        self.sample = self._sample.rows()

    def _count(self, row: dict[str, Any]) -> None:
        self.profiles.add(row)
        self.judges.add(row)
        for declared in self.declared:
            if declared.column in row:
                declared.add(row[declared.column])

    def _compare(self, reader: RunReader, leaf: str) -> None:
        seen = NearDuplicates(threshold=_NEAR)
        rows = near = size = 0
        for line, placed in enumerate(reader.rows(leaf).placed(), start=1):
            columns = dict(columns_of(placed.data))
            texts = {name: text for name in self.texts if (text := text_of(columns.get(name)))}
            if not texts:
                continue
            if self._sample.takes(placed.row):
                cut = {name: text[:_SAMPLE_CHARACTERS] for name, text in texts.items()}
                self._sample.add(Sampled(placed.row, line, cut))
            if rows < _NEAR_ROWS and size < _NEAR_CHARACTERS:
                whole = "\n".join(texts.values())
                rows, size = rows + 1, size + len(whole)
                near += not seen.add(whole[:_COMPARED])
        self.duplicates = figures.NearDuplicates(
            columns=self.texts, threshold=_NEAR, rows=rows, near=near, share=near / rows if rows else 0.0
        )


def _rows(reader: RunReader, leaf: str) -> Iterator[dict[str, Any]]:
    # A row is always an object; the store keeps it as JSON.
    yield from map(orjson.loads, reader.rows(leaf))


def _notes(measured: _Measured) -> Iterator[str]:
    if left_out := measured.profiles.left_out:
        yield f"only the first {Profiles.MOST} columns are described, not {', '.join(sorted(left_out)[:5])}"
    duplicates = measured.duplicates
    if duplicates is None:
        yield "no column holds texts that differ, so nothing is said about duplicates, languages and odd rows"
    elif duplicates.rows < measured.profiles.rows:
        yield f"near duplicates were counted among {duplicates.rows:,} of {measured.profiles.rows:,} rows"
    if measured.profiles.rows > _SAMPLE:
        yield f"languages, typical and odd rows are those of a sample of {len(measured.sample):,} rows"
