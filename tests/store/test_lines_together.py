"""Lines of JSON decoded together are what each of them is alone."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedbed.errors import DatasetError
from seedbed.store import read_placed
from seedbed.store.lines_together import are_plain_rows, decoded_lines

TEXTS = st.text(st.sampled_from('ab"\\{}[],:\u2028\x00é😀'), max_size=4)
NUMBERS = st.integers(-(2**70), 2**70) | st.floats() | st.sampled_from([2**63, 2**64, -(2**63) - 1, 1e19])
CELLS = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)
# What is no object, or no JSON, or only together with the next line.
PARTS = ["", " ", "1", "null", "[]", '{"a":[{}', "{}]}", "{},{}", '{"a":1', '"b":2}', "{}", '[["a"', '"b"]]']
LINES = st.lists(
    st.dictionaries(TEXTS, CELLS, max_size=3).map(json.dumps) | st.sampled_from(PARTS),
    min_size=1,
    max_size=6,
)


def alone(line: bytes):
    try:
        return orjson.loads(line)
    except ValueError:
        return ...


@given(lines=LINES)
def test_each_line_is_decoded_as_it_is_alone(lines):
    encoded = [f"{line}\n".encode() for line in lines]
    values = [alone(line) for line in encoded]
    together = decoded_lines(encoded)
    assert together == (None if ... in values else values)


def rows_of(path: Path) -> tuple[list, str]:
    read: list = []
    try:
        # All before the error are in the list.
        read.extend(read_placed(path))
    except DatasetError as error:
        return read, str(error)
    return read, ""


@given(lines=LINES)
def test_a_file_is_read_as_its_lines_are_in_files_of_their_own(lines, tmp_path_factory):
    folder = tmp_path_factory.mktemp("lines")
    (folder / "all.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    expected, error = [], ""
    for number, line in enumerate(lines, start=1):
        (folder / "one.jsonl").write_text("\n" * (number - 1) + f"{line}\n", encoding="utf-8")
        read, error = rows_of(folder / "one.jsonl")
        expected += read
        if error:
            break
    made, said = rows_of(folder / "all.jsonl")
    assert repr(made) == repr(expected)
    assert said == error.replace("one.jsonl", "all.jsonl")


@pytest.mark.parametrize(
    "cell", ["18446744073709551616", "-9223372036854775809", "1e400", "NaN", '"\\ud800"']
)
def test_what_is_not_read_exactly_is_read_by_itself(cell, tmp_path):
    line = f'{{"a":{cell}}}'.encode()
    lines = [b'{"a":1}', line]
    found = decoded_lines(lines)
    assert found is None or not are_plain_rows(found, lines)


def test_rows_before_damage_stand(tmp_path):
    packed = gzip.compress(b"".join(b'{"n":%d}\n' % number for number in range(20_000)))
    (tmp_path / "cut.jsonl.gz").write_bytes(packed[: len(packed) // 2])
    read, error = rows_of(tmp_path / "cut.jsonl.gz")
    assert read == [(number + 1, {"n": number}) for number in range(len(read))]
    assert len(read) > 1000
    assert "cannot be decompressed" in error
