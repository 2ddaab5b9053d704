"""Rows that users bring: what is read, and what the error says where it cannot be."""

from __future__ import annotations

import bz2
import datetime
import gzip
import json
import lzma
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedbed.errors import DatasetError, UsageError
from seedbed.store import export_rows, read_rows
from seedbed.store.read_options import Reading, Skip
from seedbed.store.readers import read_placed

BOM = b"\xef\xbb\xbf"


def test_json_lines_may_have_a_byte_order_mark_blank_lines_and_no_last_line_end(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(BOM + b'{"a":1}\r\n\n  \n{"a":"\xc3\xa9"}')
    assert list(read_rows(path)) == [{"a": 1}, {"a": "é"}]


def test_csv_cells_are_text_and_empty_ones_none(tmp_path):
    path = tmp_path / "rows.csv"
    path.write_bytes(BOM + b'a,b\n1,"x\n""y"""\n\n,true\n')
    assert list(read_rows(path)) == [{"a": "1", "b": 'x\n"y"'}, {"a": None, "b": "true"}]


@pytest.mark.parametrize(
    "text", ["[]", " [ ] \n", '[{"a": 1}]', '\ufeff[ {"a": 1} ,\n{"a": {"b": [1, "]"]}} ]\n']
)
def test_a_json_list_of_objects_is_read(tmp_path, text):
    path = tmp_path / "rows.json"
    path.write_text(text, encoding="utf-8")
    assert list(read_rows(path)) == json.loads(text.removeprefix("\ufeff"))


def test_a_json_list_longer_than_any_buffer_is_read(tmp_path):
    path = tmp_path / "rows.json"
    rows = [{"index": index, "text": "x" * 50_000} for index in range(70)] + [
        {"text": "y" * 5_000_000},
        {"a": 1},
    ]
    path.write_text(json.dumps(rows))
    assert list(read_rows(path)) == rows


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("rows.jsonl", b'{"a":1}\n' * 6 + b"[1]\n", "rows.jsonl' line 7 is not a JSON object"),
        ("rows.jsonl", b'{"a":1}\n{"a":', "rows.jsonl' line 2 is not JSON: "),
        ("rows.jsonl", b'{"a":1}\n{"a":"\xff"}\n', "rows.jsonl' line 2 is not UTF-8 text: byte 0xff"),
        (
            "rows.jsonl",
            b'{"a":18446744073709551616}\n',
            "line 1: column 'a' holds an int of more than 64 bits",
        ),
        ("rows.jsonl", b'{"a":' + b"[" * 200 + b"]" * 200 + b"}\n", "line 1: column 'a' is nested more than"),
        ("rows.csv", b"a,b\n1,2\n1,2,3\n", "rows.csv' line 3 has too many cells: 3 for 2 columns"),
        ("rows.csv", b"a,b\n1\n", "rows.csv' line 2 has too few cells: 1 for 2 columns"),
        ("rows.csv", b"a,b,a\n", "rows.csv' has two columns named 'a'"),
        ("rows.csv", b'a,b\n1,"2\n', "rows.csv' line 2 is not CSV: "),
        ("rows.csv", b"a,b\n\xff,2\n", "rows.csv' is not UTF-8 text"),
        ("rows.csv", b"PK\x03\x04\xff\xfe", "rows.csv' is not text: it begins like a ZIP archive"),
        ("rows.jsonl", b"\x1f\x8b\x08\x00", "line 1 is not text: it begins like a file compressed by gzip"),
        ("rows.jsonl", b"%PDF-1.7\n\xe2\xe3\n", "rows.jsonl' line 1 is not JSON"),
        ("rows.json", b"PAR1\xff", "rows.json' is not text: it begins like a Parquet file"),
        ("rows.json", b'{"a":1}', "rows.json' is not a list of objects"),
        ("rows.json", b"", "rows.json' is not a list of objects"),
        ("rows.json", b'[{"a":1}, 2]', "rows.json' item 2 is not a JSON object"),
        ("rows.json", b'[{"a":1},]', "rows.json' item 2 is not a JSON object"),
        ("rows.json", b'[{"a":1} {"a":2}]', "rows.json' item 1 is followed by neither"),
        ("rows.json", b'[{"a":1}, {"a":', "rows.json' item 2 is not JSON: "),
        ("rows.json", b'[{"a":1}', "rows.json' item 1 is followed by neither"),
        ("rows.json", b'[{"a":1}] x', "rows.json' has more text after the end of its list"),
        ("rows.json", b'[{"a":"\xff"}]', "rows.json' is not UTF-8 text"),
        ("rows.parquet", b"no", "rows.parquet' cannot be read as Parquet"),
        ("rows.arrow", b"no", "rows.arrow' cannot be read as Arrow"),
        ("rows.arrow", b"", "rows.arrow' cannot be read as Arrow"),
        ("rows.feather", b"ARROW1\0\0 no", "rows.feather' cannot be read as Arrow"),
    ],
)
def test_what_is_not_rows_is_named_by_file_and_place(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DatasetError) as caught:
        list(read_rows(path))
    assert message in str(caught.value)


def test_rows_before_a_bad_line_are_read(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"a":1}\nno\n')
    rows = read_rows(path)
    assert next(rows) == {"a": 1}
    with pytest.raises(DatasetError, match="line 2"):
        next(rows)


def test_a_long_decimal_fraction_is_read_as_a_float(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"a":0.1234567890123456789012}\n')
    assert list(read_rows(path)) == [{"a": 0.12345678901234568}]


def test_a_missing_file_is_refused_at_once_with_the_nearest_name(tmp_path):
    (tmp_path / "prompts.jsonl").write_text("{}")
    with pytest.raises(UsageError) as caught:
        read_rows(tmp_path / "prompt.jsonl")
    assert "prompt.jsonl'" in caught.value.fact
    assert caught.value.advice == ("did you mean 'prompts.jsonl'?",)
    with pytest.raises(UsageError, match="there is no file"):
        read_rows(tmp_path / "no folder" / "prompt.jsonl")


def test_a_folder_and_an_unknown_ending_are_refused_at_once(tmp_path):
    with pytest.raises(UsageError, match="is a folder"):
        read_rows(tmp_path)
    (tmp_path / "rows.txt").write_text("{}")
    with pytest.raises(UsageError, match=r"use one of .jsonl, .ndjson, .json, .csv, .tsv, .parquet"):
        read_rows(tmp_path / "rows.txt")


def test_dates_and_decimals_of_a_foreign_parquet_file_become_text(tmp_path):
    path = tmp_path / "rows.parquet"
    when = datetime.datetime(2024, 5, 6, 7, 8, 9)
    pq.write_table(
        pa.table(
            {
                "when": [when, None],
                "day": [when.date(), None],
                "price": [Decimal("1.50"), None],
                "tag": pa.array(["a", "b"]).dictionary_encode(),
                "small": pa.array([1, 2], pa.int8()),
            }
        ),
        path,
    )
    first, second = read_rows(path)
    assert first == {
        "when": "2024-05-06T07:08:09",
        "day": "2024-05-06",
        "price": "1.50",
        "tag": "a",
        "small": 1,
    }
    assert second == {"when": None, "day": None, "price": None, "tag": "b", "small": 2}


@pytest.mark.parametrize("new", [pa.ipc.new_file, pa.ipc.new_stream])
def test_foreign_arrow_is_read_as_file_and_as_stream(tmp_path, new):
    path = tmp_path / "rows.arrow"
    table = pa.table(
        {"day": [datetime.date(2024, 5, 6)] * 700, "text": pa.array(["é"] * 700, pa.string_view())}
    )
    with new(path, table.schema) as writer:
        writer.write_table(table, max_chunksize=300)
    assert list(read_rows(path)) == [{"day": "2024-05-06", "text": "é"}] * 700


def test_a_cut_arrow_file_is_named_and_its_first_rows_of_a_stream_are_read(tmp_path):
    whole, path = tmp_path / "whole.arrow", tmp_path / "rows.arrow"
    table = pa.table({"a": list(range(1000))})
    with pa.ipc.new_stream(whole, table.schema) as writer:
        writer.write_table(table, max_chunksize=500)
    path.write_bytes(whole.read_bytes()[:-3000])
    rows = read_rows(path)
    assert [next(rows)["a"] for _ in range(500)] == list(range(500))
    with pytest.raises(DatasetError, match="cannot be read as Arrow"):
        next(rows)


LINES = '{"a":"é"}\n{"a":"b"}\n'
ROWS = [{"a": "é"}, {"a": "b"}]


def zstandard(data):
    return pa.Codec("zstd").compress(data, asbytes=True)


PACKED = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress, ".zst": zstandard}


@pytest.mark.parametrize("ending", PACKED)
@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (".jsonl", LINES),
        (".json", '[{"a":"é"},{"a":"b"}]'),
        (".csv", "a\né\nb\n"),
        (".tsv", "a\né\nb\n"),
    ],
)
def test_a_compressed_file_is_read(tmp_path, ending, kind, text):
    path = tmp_path / f"rows{kind}{ending}"
    path.write_bytes(PACKED[ending](text.encode()))
    assert list(read_rows(path)) == ROWS


@pytest.mark.parametrize("ending", PACKED)
def test_a_compressed_file_that_is_cut_or_none_is_named(tmp_path, ending):
    path = tmp_path / f"rows.jsonl{ending}"
    for content in (PACKED[ending](LINES.encode() * 1000)[:-9], b"no", LINES.encode()):
        path.write_bytes(content)
        with pytest.raises(DatasetError, match=rf"rows.jsonl{ending}' cannot be decompressed"):
            list(read_rows(path))


def test_a_compressed_file_of_an_unknown_kind_is_refused_at_once(tmp_path):
    (tmp_path / "rows.txt.gz").write_bytes(b"")
    with pytest.raises(UsageError, match=r"rows.txt.gz' has the unknown ending '.txt'"):
        read_rows(tmp_path / "rows.txt.gz")


def test_cells_with_tabs_between_them_are_read(tmp_path):
    path = tmp_path / "rows.tsv"
    path.write_text('a\tb\n1,5\t"x\ty"\n')
    assert list(read_rows(path)) == [{"a": "1,5", "b": "x\ty"}]


TEXTS = [(".jsonl", LINES), (".json", '[{"a":"é"},{"a":"b"}]'), (".csv", "a\né\nb\n"), (".tsv", "a\né\nb\n")]


@pytest.mark.parametrize(("kind", "text"), TEXTS)
@pytest.mark.parametrize(
    "encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "utf-8-sig"]
)
def test_a_file_in_another_unicode_is_known_by_its_first_bytes(tmp_path, kind, text, encoding):
    path = tmp_path / f"rows{kind}"
    path.write_text(text, encoding=encoding)
    assert list(read_rows(path)) == ROWS


@pytest.mark.parametrize(("kind", "text"), TEXTS)
def test_a_file_in_another_encoding_is_read_when_that_is_said(tmp_path, kind, text):
    path = tmp_path / f"rows{kind}"
    path.write_text(text, encoding="cp1252")
    with pytest.raises(DatasetError, match=r"is not UTF-8 text: byte 0xe9") as caught:
        list(read_rows(path))
    assert "--encoding cp1252" in caught.value.advice[0]
    assert list(read_rows(path, Reading("cp1252"))) == ROWS
    with pytest.raises(DatasetError, match="is not ascii text"):
        list(read_rows(path, Reading("ascii")))


def test_an_encoding_that_is_none_or_has_no_place_is_refused_at_once(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text(LINES)
    for encoding in ("klingon", "base64", "uu", "undefined"):
        with pytest.raises(UsageError, match=f"there is no encoding '{encoding}'"):
            read_rows(path, Reading(encoding))
    pq.write_table(pa.table({"a": [1]}), tmp_path / "rows.parquet")
    with pytest.raises(UsageError, match="isn't a text file"):
        read_rows(tmp_path / "rows.parquet", Reading("latin-1"))


@pytest.mark.parametrize("kind", [".jsonl", ".json"])
@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('{"a":NaN,"b":[-Infinity]}', {"a": None, "b": [None]}),
        ('{"a":NaN,"b":12345678901234567890}', {"a": None, "b": 12345678901234567890}),
        ('{"a":"cut \\ud83d"}', {"a": "cut \ufffd"}),
        ('{"a":["\\ude00\\ud83d"],"\\ud83d":1}', {"a": ["\ufffd\ufffd"], "\ufffd": 1}),
        ('{"a":"\\ud83d\\ude00"}', {"a": "\U0001f600"}),
    ],
)
def test_json_as_other_programs_write_it_is_read_and_noted_once(tmp_path, kind, written, read):
    path = tmp_path / f"rows{kind}"
    path.write_text(f"{written}\n{written}\n" if kind == ".jsonl" else f"[{written},{written}]")
    notes: list[str] = []
    assert list(read_rows(path, Reading(note=notes.append))) == [read, read]
    assert len(notes) == ("NaN" in written or "\ufffd" in str(read))


@pytest.mark.parametrize("kind", [".jsonl", ".json"])
@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('{"a":1,"a":2}', {"a": 2}),
        ('{"a":"x","b":"\\\\","a":"y"}', {"a": "y", "b": "\\"}),
        ('{"b":[{"a":{"c":1},"a":"\\""}]}', {"b": [{"a": '"'}]}),
        ('{"b":NaN,"a":"x","a":"y"}', {"b": None, "a": "y"}),
    ],
)
def test_a_key_that_is_there_twice_is_noted_once(tmp_path, kind, written, read):
    path = tmp_path / f"rows{kind}"
    rows = ['{"a":"one"}', written, written]
    path.write_text("\n".join(rows) if kind == ".jsonl" else f"[{','.join(rows)}]")
    notes: list[str] = []

    assert list(read_rows(path, Reading(note=notes.append))) == [{"a": "one"}, read, read]
    place = "line 2" if kind == ".jsonl" else "item 2"
    said = f"'{path}' {place}: the key 'a' is there twice in one object, and only its last value is read"
    assert [note for note in notes if "NaN" not in note] == [said]


VALUES = st.recursive(
    st.none() | st.integers(-9, 9) | st.text(st.sampled_from('"\\a{,:é'), max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.sampled_from('"\\ab'), max_size=2), inner)
    ),
    max_leaves=6,
)


@given(st.dictionaries(st.text(st.sampled_from('"\\ab'), max_size=2), VALUES, max_size=3))
def test_a_row_whose_keys_are_all_different_is_not_noted(tmp_path_factory, row):
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    path.write_text("".join(f"{json.dumps(row, ensure_ascii=ascii)}\n" for ascii in (True, False)))
    notes: list[str] = []

    assert list(read_rows(path, Reading(note=notes.append))) == [row, row]
    assert notes == []


def test_half_a_character_in_the_bytes_of_a_line_is_replaced(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"a":"cut \xed\xa0\xbd"}\n')
    assert list(read_rows(path)) == [{"a": "cut \ufffd"}]


@pytest.mark.parametrize("ending", [".jsonl", ".csv", ".parquet", ".arrow", ".hf"])
def test_only_the_columns_that_are_wanted_are_read(tmp_path, ending):
    path = tmp_path / f"rows{ending}"
    export_rows([b'{"a":"1","b":"2","c":"3"}'], path)
    assert list(read_rows(path, Reading(columns=("a", "b"), drop=("b",)))) == [{"a": "1"}]
    assert list(read_rows(path, Reading(drop=("b",)))) == [{"a": "1", "c": "3"}]


@pytest.mark.slow
def test_a_folder_of_datasets_is_read_with_all_its_files(tmp_path):
    datasets = pytest.importorskip("datasets")
    data = datasets.Dataset.from_dict({"n": list(range(50)), "day": [datetime.date(2024, 1, 2)] * 50})
    data.shuffle(seed=1).select(range(10)).save_to_disk(tmp_path / "plain", num_shards=3)
    assert sorted(row["n"] for row in read_rows(tmp_path / "plain")) == sorted(
        data.shuffle(seed=1).select(range(10))["n"]
    )
    assert next(read_rows(tmp_path / "plain"))["day"] == "2024-01-02"
    datasets.DatasetDict(train=data, test=data).save_to_disk(tmp_path / "splits")
    with pytest.raises(UsageError, match="several datasets: test, train"):
        read_rows(tmp_path / "splits")
    assert len(list(read_rows(tmp_path / "splits" / "test"))) == 50


def test_rows_of_a_folder_of_several_files_have_their_numbers_whatever_is_skipped(tmp_path):
    folder = tmp_path / "rows.hf"
    export_rows([b'{"a":1}', b'{"a":2}', b'{"a":3}'], folder)
    state = json.loads((folder / "state.json").read_text())
    state["_data_files"] *= 3
    (folder / "state.json").write_text(json.dumps(state))
    whole = list(read_placed(folder))
    assert [number for number, _ in whole] == [*range(1, 10)]
    for count in range(11):
        assert list(read_placed(folder, Reading(skip=Skip(count)))) == whole[count:]
