"""Rows that are passed over aren't made, and those after them are the same."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedbed.errors import DatasetError
from seedbed.store.read_options import Reading, Skip
from seedbed.store.readers import read_placed

CELLS = st.text(st.sampled_from('ab",\t\r\n é'), max_size=5) | st.just('5" pipe')
VALUES = st.recursive(
    st.text(st.sampled_from('a"\\{}[],é'), max_size=5) | st.integers(-9, 9) | st.none(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from('a"}]'), inner, max_size=2),
    max_leaves=5,
)


def records(rows: list[tuple[str, str]], delimiter: str, end: str, *, quoted: bool) -> str:
    out = io.StringIO()
    style = csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL
    csv.writer(out, delimiter=delimiter, quoting=style).writerows([("x", "y"), *rows])
    # As spreadsheets write it: a quote within a cell that isn't quoted itself.
    text = out.getvalue().replace("\r\n", end)
    return text.replace('"5"" pipe"', '5" pipe').replace("a" + end, "a" + end + end)


def check(path: Path, encoding: str | None = None) -> None:
    whole = [*read_placed(path, Reading(encoding))]
    for skipped in range(len(whole) + 2):
        skip = Skip(skipped)
        assert [*read_placed(path, Reading(encoding, skip=skip))] == whole[skipped:]
        assert skip.left == max(0, skipped - len(whole))


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".csv.gz"])
@given(
    rows=st.lists(st.tuples(CELLS, CELLS), max_size=5),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    quoted=st.booleans(),
)
def test_records_of_csv_are_passed_over(
    ending: str,
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[str, str]],
    end: str,
    encoding: str,
    quoted: bool,
) -> None:
    path = tmp_path_factory.getbasetemp() / f"a{ending}"
    content = records(rows, "\t" if ending == ".tsv" else ",", end, quoted=quoted).encode(encoding)
    path.write_bytes(gzip.compress(content) if ending.endswith(".gz") else content)

    check(path, encoding)


@given(
    rows=st.lists(st.dictionaries(st.sampled_from(["a", '"', "é}", "\\"]), VALUES, max_size=3), max_size=4),
    indent=st.sampled_from([None, orjson.OPT_INDENT_2]),
)
def test_objects_of_a_list_are_passed_over(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, object]], indent: int | None
) -> None:
    path = tmp_path_factory.getbasetemp() / "a.json"
    path.write_bytes(orjson.dumps(rows, option=indent))

    # Pieces that end anywhere, within an escape too.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("seedbed.store.json_file._CHUNK", 3)
        check(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('x,y\n1,2\n"a"b,2\n', "line 3 is not CSV"),
        ('x,y\n1,2\n"a\nb,2\n', "is not CSV: unexpected end of data"),
        ('x,y\n1,2\n"a\nb"c,2\n', "line 4 is not CSV"),
    ],
)
def test_what_is_no_csv_is_refused_where_it_is_passed_over(content: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(content)

    with pytest.raises(DatasetError, match=said):
        [*read_placed(path, Reading(skip=Skip(9)))]


def test_a_cut_off_list_is_refused_where_it_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('[{"a": 1}, {"a": ')

    with pytest.raises(DatasetError, match=r"a\.json' item 2 is not JSON"):
        [*read_placed(path, Reading(skip=Skip(2)))]
