"""Every type of Arrow has one form in rows, and columns that nobody has changed come back as their type."""

from __future__ import annotations

import base64
import datetime
import json
import uuid
from decimal import Decimal
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.processor_time import processor_seconds

from seedbed import Step, run
from seedbed.errors import DatasetError
from seedbed.store import export_rows, read_rows
from seedbed.store.arrow_arrays import array_of
from seedbed.store.arrow_values import values_of
from seedbed.store.read_options import Reading
from seedbed.store.readers import types_in
from seedbed.tasks.rows import checked_row

BERLIN = "Europe/Berlin"
MOMENT = datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)

COLUMNS: dict[str, tuple[pa.Array, list[Any]]] = {
    "instant": (pa.array([MOMENT, None], pa.timestamp("us", "UTC")), ["2024-01-02T03:04:05Z", None]),
    "local": (pa.array([MOMENT], pa.timestamp("ms", BERLIN)), ["2024-01-02T04:04:05+01:00"]),
    "nanoseconds": (
        pa.array([1, -1], pa.timestamp("ns")),
        ["1970-01-01T00:00:00.000000001", "1969-12-31T23:59:59.999999999"],
    ),
    "nested time": (
        pa.array([{"at": [MOMENT]}, None], pa.struct([("at", pa.list_(pa.timestamp("s", "UTC")))])),
        [{"at": ["2024-01-02T03:04:05Z"]}, None],
    ),
    "date": (pa.array([MOMENT.date()], pa.date32()), ["2024-01-02"]),
    "date64": (pa.array([MOMENT.date()], pa.date64()), ["2024-01-02"]),
    "time": (pa.array([datetime.time(3, 4, 5, 600)], pa.time64("us")), ["03:04:05.000600"]),
    "duration": (pa.array([1500], pa.duration("ns")), ["PT0.0000015S"]),
    "decimal": (pa.array([Decimal("1.50")], pa.decimal128(5, 2)), ["1.50"]),
    "decimal256": (pa.array([Decimal("-1.50")], pa.decimal256(50, 2)), ["-1.50"]),
    "half": (pa.array([1.5, None, float("nan")], pa.float16()), [1.5, None, None]),
    "single": (pa.array([0.5], pa.float32()), [0.5]),
    "small": (pa.array([1], pa.int8()), [1]),
    "unsigned": (pa.array([2**64 - 1], pa.uint64()), [2**64 - 1]),
    "embedding": (pa.array([[1.0, 2.0], None], pa.list_(pa.float32(), 2)), [[1.0, 2.0], None]),
    "large list": (pa.array([[b"x"], []], pa.large_list(pa.large_binary())), [["eA=="], []]),
    "list view": (pa.array([["a"], None], pa.list_view(pa.string_view())), [["a"], None]),
    "map": (
        pa.array([[("k", 1)], None, []], pa.map_(pa.string(), pa.int64())),
        [{"k": 1}, None, {}],
    ),
    "map of numbers": (
        pa.array([[(1, MOMENT)]], pa.map_(pa.int8(), pa.timestamp("s"))),
        [[{"key": 1, "value": "2024-01-02T03:04:05"}]],
    ),
    "bytes": (pa.array([b"\x00\xff"], pa.binary()), ["AP8="]),
    "fixed bytes": (pa.array([b"ab"], pa.binary(2)), ["YWI="]),
    "bytes view": (pa.array([b"ab"], pa.binary_view()), ["YWI="]),
    "image": (pa.array([{"bytes": b"x", "path": "a.png"}]), [{"bytes": "eA==", "path": "a.png"}]),
    "dictionary": (pa.array(["a", "b", "a"]).dictionary_encode(), ["a", "b", "a"]),
    "nested dictionary": (
        pa.array([["a"], ["b"]], pa.list_(pa.dictionary(pa.int8(), pa.string()))),
        [["a"], ["b"]],
    ),
    "large text": (pa.array(["é"], pa.large_string()), ["é"]),
    "runs": (pa.array(["a", "a"], pa.run_end_encoded(pa.int32(), pa.string())), ["a", "a"]),
    "uuid": (pa.array([uuid.UUID(int=1).bytes], pa.uuid()), [str(uuid.UUID(int=1))]),
    "nothing": (pa.nulls(1), [None]),
    "no fields": (pa.array([{}, None], pa.struct([])), [{}, None]),
}


@pytest.mark.parametrize("name", COLUMNS)
def test_a_type_of_arrow_has_one_form(name):
    array, forms = COLUMNS[name]
    assert values_of(array) == forms
    assert values_of(pa.concat_arrays([array, array]).slice(len(array))) == forms, "of a slice, too"
    assert orjson.loads(orjson.dumps(forms)) == forms, "the forms are JSON"


@pytest.mark.parametrize("name", COLUMNS)
def test_the_form_is_that_of_the_value_in_python(name):
    array, forms = COLUMNS[name]
    if name in ("map", "map of numbers", "nanoseconds", "duration"):
        pytest.skip("Python has no type for it")
    assert checked_row({"a": forms})["a"] == json.loads(
        orjson.dumps(checked_row({"a": array.to_pylist()})["a"])
    )


@pytest.mark.parametrize("name", sorted(COLUMNS.keys() - {"half", "nothing"}))
def test_a_form_goes_back_into_its_type(name):
    array, forms = COLUMNS[name]
    back = array_of(forms, array.type)
    assert back.type == array.type
    assert values_of(back) == forms


UNITS = st.sampled_from(["s", "ms", "us", "ns"])


@given(st.data())
@settings(max_examples=settings().max_examples * 2)
def test_any_time_goes_there_and_back(data):
    unit = data.draw(UNITS)
    kind = data.draw(
        st.sampled_from(
            [pa.timestamp(unit), pa.timestamp(unit, BERLIN), pa.timestamp(unit, "+05:30"), pa.duration(unit)]
        )
    )
    per_second = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    most = 9 * 10**9 * per_second
    array = pa.array(data.draw(st.lists(st.none() | st.integers(-most, most))), kind)
    assert array_of(values_of(array), kind).equals(array)


class Same(Step):
    """Gives back each row."""

    def process(self, row):
        return row


FIRST, LAST = -62_135_596_800, 253_402_300_799
"""The first and the last second of Python's years, since 1970."""


@pytest.mark.parametrize("zone", [None, "UTC", "+14:00", "-12:00", BERLIN])
@pytest.mark.parametrize("unit", ["s", "ms", "us"])
def test_the_ends_of_pythons_years_are_read_in_every_zone(unit, zone):
    per_second = {"s": 1, "ms": 10**3, "us": 10**6}[unit]
    array = pa.array([FIRST * per_second, (LAST + 1) * per_second - 1], pa.timestamp(unit, zone))
    forms = values_of(array)
    assert array_of(forms, array.type).equals(array), forms


@pytest.mark.parametrize("ending", [".parquet", ".arrow"])
def test_years_that_python_lacks_are_read_as_text(tmp_path, ending):
    most = 2**63 - 1
    kinds = [pa.timestamp("ms"), pa.timestamp("us"), pa.timestamp("us", BERLIN), pa.timestamp("us", "+05:30")]
    columns = {str(kind): pa.array([-most, most, 0]).view(kind) for kind in kinds}
    days = pa.array([-(2**31), 2**31 - 1, 0], pa.int32()).view(pa.date32())
    path = written(tmp_path, pa.table({**columns, "days": days}), ending)
    out = tmp_path / "out.parquet"

    ended = run(Same(), input=path, out=out)

    assert ended.outcome == "complete"
    rows = [*ended.rows()]
    assert [row["days"] for row in rows] == [
        "-2147483648 days after 1970",
        "2147483647 days after 1970",
        "1970-01-01",
    ]
    assert all("days after 1970T" in row[str(kind)] for row in rows[:2] for kind in kinds)
    assert read_back(out).to_pylist() == rows


def written(tmp_path, table, ending):
    path = tmp_path / f"given{ending}"
    if ending == ".parquet":
        pq.write_table(table, path)
    else:
        with pa.ipc.new_file(path, table.schema) as writer:
            writer.write_table(table, max_chunksize=2)
    return path


def read_back(path):
    if path.suffix == ".parquet":
        return pq.read_table(path)
    if path.suffix == ".hf":
        return pa.ipc.open_stream(path / "data-00000-of-00001.arrow").read_all()
    return pa.ipc.open_file(path).read_all()


@pytest.mark.parametrize(
    "name", sorted(COLUMNS.keys() - {"nothing", "no fields", "runs", "list view", "half"})
)
@pytest.mark.parametrize("ending", [".parquet", ".arrow", ".hf"])
def test_a_column_that_is_left_alone_comes_back_as_its_type(tmp_path, name, ending):
    array, _ = COLUMNS[name]
    table = pa.table({"text": [str(n) for n in range(len(array))], "it": array})
    source = written(tmp_path, table, ".parquet" if ending == ".parquet" else ".arrow")
    rows = [orjson.dumps({**row, "made": "x"}) for row in read_rows(source)]
    out = tmp_path / f"out{ending}"
    export_rows(rows, out, types_in(source))
    back = read_back(out)
    given = read_back(source).column("it")
    # A file of Parquet does not tell a large type from another: what it gives back is what it gave.
    assert back.schema.field("it").type == given.type
    assert back.column("it").to_pylist() == given.to_pylist()
    assert back.column("made").to_pylist() == ["x"] * len(array)


@pytest.mark.parametrize("changed", ["yesterday", 5, ["2024-01-01T00:00:00"], "2024-01-01T00:00:00.5", ""])
def test_one_value_of_another_kind_and_the_column_is_typed_by_its_values(tmp_path, changed):
    source = written(tmp_path, pa.table({"at": pa.array([1] * 1200, pa.timestamp("s"))}), ".parquet")
    rows = list(read_rows(source))
    rows[900]["at"] = changed
    out = tmp_path / "out.parquet"
    export_rows([orjson.dumps(row) for row in rows], out, types_in(source))
    assert list(read_rows(out)) == rows


def test_a_dictionary_that_grows_over_many_batches_is_one(tmp_path):
    words = [f"word {n}" for n in range(1500)]
    table = pa.table({"word": pa.array(words).dictionary_encode()})
    source = written(tmp_path, table, ".parquet")
    for ending in (".arrow", ".parquet", ".hf"):
        out = tmp_path / f"out{ending}"
        export_rows([orjson.dumps(row) for row in read_rows(source)], out, types_in(source))
        assert pa.types.is_dictionary(read_back(out).schema.field("word").type)
        assert list(read_rows(out)) == [{"word": word} for word in words]


def test_a_dictionary_with_more_words_than_its_index_holds_becomes_plain(tmp_path):
    table = pa.table({"word": pa.array(["a"] * 300, pa.dictionary(pa.int8(), pa.string()))})
    source = written(tmp_path, table, ".parquet")
    rows = [{"word": f"w{n}"} for n in range(300)]
    out = tmp_path / "out.parquet"
    export_rows([orjson.dumps(row) for row in rows], out, types_in(source))
    assert list(read_rows(out)) == rows


def test_text_that_is_no_unicode_is_read_leniently_and_noted_once(tmp_path, caplog):
    bad = pa.array([b"fine", b"cut \xed\xa0\xbd", None], pa.binary()).view(pa.string())
    table = pa.table(
        {"text": bad, "deep": pa.array([{"t": b"\xff"}] * 3).cast(pa.struct([("t", pa.binary())]))}
    )
    path = written(tmp_path, table, ".arrow")
    texts = [row["text"] for row in read_rows(path)]
    assert texts[0] == "fine"
    assert texts[1].startswith("cut \ufffd")
    assert texts[2] is None
    assert len(caplog.records) == 1


def test_nan_is_null_and_noted_once(tmp_path, caplog):
    table = pa.table({"score": [1.5, float("nan")] * 600, "deep": [[float("inf")]] * 1200})
    rows = list(read_rows(written(tmp_path, table, ".parquet")))
    assert rows[:2] == [{"score": 1.5, "deep": [None]}, {"score": None, "deep": [None]}]
    assert len(caplog.records) == 1


def test_bytes_in_rows_are_base64():
    assert base64.b64decode(checked_row({"a": b"\x00\xff"})["a"]) == b"\x00\xff"


TWICE = pa.StructArray.from_arrays(
    [pa.array([1]), pa.array(["a"])], fields=[pa.field("x", pa.int64()), pa.field("x", pa.string())]
)


@pytest.mark.parametrize("ending", [".parquet", ".arrow"])
@pytest.mark.parametrize("depth", [0, 1, 2])
def test_a_struct_with_a_field_twice_is_refused_with_its_column(tmp_path, ending, depth):
    nested = TWICE
    for _ in range(depth):
        nested = pa.StructArray.from_arrays([pa.ListArray.from_arrays([0, 1], nested)], names=["in"])
    path = tmp_path / f"rows{ending}"
    written_to(path, pa.table({"a": nested, "b": [2]}))

    with pytest.raises(DatasetError, match=rf"column 'a' of '.*rows{ending}' have two fields named 'x'"):
        list(read_rows(path))
    assert list(read_rows(path, Reading(drop=("a",)))) == [{"b": 2}]


@pytest.mark.parametrize("ending", [".parquet", ".arrow"])
def test_of_a_key_that_a_map_has_twice_the_last_value_is_read_and_noted(tmp_path, ending):
    maps = pa.array([[("k", 1), ("l", 2), ("k", 3)], None], pa.map_(pa.string(), pa.int64()))
    written_to(path := tmp_path / f"rows{ending}", pa.table({"a": maps}))
    notes = []

    assert list(read_rows(path, Reading(note=notes.append))) == [{"a": {"k": 3, "l": 2}}, {"a": None}]
    assert notes == [f"'{path}': a map has a key twice: the last value is read"]


@pytest.mark.slow
@pytest.mark.parametrize("ending", [".csv", ".parquet", ".arrow"])
def test_a_file_of_very_many_columns_is_read_in_proportion(tmp_path, ending):
    path = tmp_path / f"rows{ending}"
    seconds = []
    for columns in (500, 10_000):
        # Comparing all names with each other would take four hundred times as long.
        names = [f"c{number}" for number in range(columns)]
        if ending == ".csv":
            path.write_text(f"{','.join(names)}\n{','.join(names)}\n")
        else:
            written_to(path, pa.table([["x"]] * columns, names=names))
        rows = []
        seconds.append(processor_seconds(lambda rows=rows, path=path: rows.extend(read_rows(path))))
        assert [len(row) for row in rows] == [columns]
    assert seconds[1] < 100 * max(seconds[0], 0.005)


def written_to(path, table):
    if path.suffix == ".parquet":
        pq.write_table(table, path)
    else:
        with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table)
