"""Measures a run: two passes over its rows, and a sample for what takes longer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from seedbed import Embedder, RunReader, UsageError
from seedbed_data import Language, NearDuplicates, token_counter
from seedbed_report import figures
from seedbed_report.causes import causes_of
from seedbed_report.column import Profiles, estimated_tokens
from seedbed_report.declared import declarations
from seedbed_report.judges import Judges
from seedbed_report.likeness import likeness
from seedbed_report.sample import RowSample, Sampled
from seedbed_report.values import columns_of, shown, text_of

ESTIMATE = "estimate"
"""The name of the counter of tokens that is used if none is given."""

_SAMPLE = 1000
"""Rows of the sample: a language takes 0.3 ms, and TF-IDF holds all of them."""
_SAMPLE_CHARACTERS = 2000
_SHOWN_CHARACTERS = 600
_EXAMPLES = 5
_FEWEST = 5
_NEAR = 0.8
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
        languages=list(_languages(measured.sample, measured.texts)),
        spending=[figures.Spending(**spent._asdict()) for spent in reader.spent_by_step()],
        sessions=[_session(one) for one in reader.sessions()],
        times=list(_times(reader.sessions())),
        likeness=_likeness(measured.sample, measured.texts, embedder),
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


_LETTERS = 24
"""Letters that a text needs for its language to be told. Of pieces of English pages, py3langid takes 48 %
of those of 6 letters for another language, 19 % of 12, 7 % of 18, 2 % of 24 and 0.5 % of 36."""


def _rows(reader: RunReader, leaf: str) -> Iterator[dict[str, Any]]:
    # A row is always an object; the store keeps it as JSON.
    yield from map(orjson.loads, reader.rows(leaf))


def _times(sessions: Sequence[Any]) -> Iterator[figures.StepTime]:
    taken: dict[str, float] = {}
    for one in sessions:
        # Sessions of earlier versions have none; one that was killed has no summary.
        for step, seconds in ((one.summary or {}).get("step_seconds") or {}).items():
            taken[step] = taken.get(step, 0.0) + seconds
    total = sum(taken.values())
    for step, seconds in sorted(taken.items(), key=lambda one: -one[1]):
        yield figures.StepTime(step=step, seconds=seconds, share=seconds / total if total else 0.0)


def _languages(sample: Sequence[Sampled], columns: Sequence[str]) -> Iterator[figures.Languages]:
    for column in columns:
        texts = [one.texts[column] for one in sample if column in one.texts]
        step = Language(name="language", by=[column])
        long = [text for text in texts if _is_long_enough(text)]
        found = Counter(str(step.process({column: text})["language"]) for text in long)
        if texts:
            shares = [
                figures.Share(value=code, rows=count, share=count / len(texts))
                for code, count in found.most_common()
            ]
            short = len(texts) - len(long)
            yield figures.Languages(column=column, rows=len(texts), short=short, shares=shares)


def _is_long_enough(text: str) -> bool:
    """Whether a text is long enough to tell its language: 'Rome' could be any of a dozen."""
    # A Chinese or Japanese character says as much as several letters; no other language has them.
    letters = sum(3 if character > "\u2e80" else 1 for character in text if character.isalpha())
    return letters >= _LETTERS


def _likeness(
    sample: Sequence[Sampled], columns: Sequence[str], embedder: Embedder | None
) -> figures.Likeness | None:
    if len(sample) < _FEWEST:
        if embedder is not None:
            raise UsageError(f"{len(sample)} rows with text are too few to compare", "leave out --embedder")
        return None
    values = likeness(["\n".join(one.texts.values()) for one in sample], embedder).tolist()
    # The first of equal texts: five copies would be the most typical rows.
    found = {
        tuple(one.texts.values()): (value, one) for value, one in zip(values[::-1], sample[::-1], strict=True)
    }
    ranked = sorted(found.values(), key=lambda one: (-one[0], one[1].line))
    few = min(_EXAMPLES, len(ranked) // 2)
    return figures.Likeness(
        method="tf-idf" if embedder is None else embedder.reference,
        columns=list(columns),
        rows=len(sample),
        typical=[_example(*one) for one in ranked[:few]],
        odd=[_example(*one) for one in ranked[::-1][:few]],
    )


def _example(value: float, sampled: Sampled) -> figures.Example:
    text = shown("\n".join(sampled.texts.values()), _SHOWN_CHARACTERS)
    return figures.Example(row=sampled.row, line=sampled.line, likeness=value, text=text)


def _session(session: Any) -> figures.Session:
    summary = session.summary or {}
    return figures.Session(
        started=session.started,
        seconds=session.seconds,
        outcome=session.outcome,
        accepted=summary.get("accepted") or 0,
        calls=summary.get("calls") or 0,
    )


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
