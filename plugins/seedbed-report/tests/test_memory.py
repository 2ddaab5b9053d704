"""A report on 300,000 rows in bounded memory."""

from __future__ import annotations

import random
from functools import partial
from pathlib import Path

import pytest
from tests.support.memory import grows_by_less, measured, peak_megabytes

from seedbed import RunReader
from seedbed_report import report_of

from .conftest import write

REPORTED = """
import sys
from pathlib import Path
from seedbed import RunReader
from seedbed_report import report_of
with RunReader.open(Path(sys.argv[1])) as reader:
    assert report_of(reader, "long").counts.accepted == int(sys.argv[2])
"""
WORDS = [f"word{place}" for place in range(5000)]


@measured
@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_rows(runs: Path) -> None:
    rng = random.Random(0)
    for number in (60_000, 240_000):
        write(runs / str(number), ({"text": " ".join(rng.choices(WORDS, k=120))} for _ in range(number)))
    peaks: list[float] = []

    def many() -> float:
        peaks.append(peak_megabytes(REPORTED, runs / "240000", 240_000))
        return peaks[-1]

    # No more texts are compared after 50,000: what comes after them takes nothing.
    # Each peak varies by 60 MB from one process to the next; the texts of 180,000 rows have 135 MB.
    assert grows_by_less(100, partial(peak_megabytes, REPORTED, runs / "60000", 60_000), many)
    assert min(peaks) < 500


@measured
@pytest.mark.slow
def test_one_very_long_text_is_measured_whole_in_bounded_memory(runs: Path) -> None:
    taken = {}
    for words in (1000, 4_000_000):
        folder = runs / str(words)
        write(folder, [{"text": "word " * words}])
        taken[words] = peak_megabytes(REPORTED, folder, 1)
        with RunReader.open(folder) as reader:
            column = report_of(reader, "long").columns[0]
        assert column.lengths is not None
        assert column.lengths.words.max == words
    # The text of 20 MB itself is there several times: as a row, in lower case, as UTF-8.
    assert taken[4_000_000] < taken[1000] + 300
