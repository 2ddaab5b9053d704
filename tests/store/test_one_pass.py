"""A dataset written in one pass is the one that two passes write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seedbed.store import export_rows, one_pass, read_rows
from seedbed.store.columnar import ColumnarRows
from seedbed.store.row_chunks import columns_of, decoded_rows

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=4).filter(lambda text: text.isprintable()),
    st.lists(st.integers(0, 3), max_size=2),
    st.dictionaries(st.sampled_from("xy"), st.integers(0, 3) | st.text("ab"), max_size=2),
)
ROWS = st.lists(st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3), max_size=12)

NUMBERS = st.integers(-9, 9) | st.sampled_from([2**53, 2**53 + 1, -(2**53) - 1, 2**63 - 1, 2**63, -(2**63)])
# Most values of a column fit, so most batches are those of the first rows' schema.
COLUMNS = st.sampled_from(
    [
        NUMBERS | st.none(),
        NUMBERS | st.floats(-(2.0**54), 2.0**54) | st.none(),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=3) | st.none(),
        st.lists(NUMBERS | st.none(), max_size=2) | st.none(),
        st.lists(st.fixed_dictionaries({"x": st.text("ab\n"), "y": NUMBERS | st.floats(0, 1)}), max_size=2),
        st.dictionaries(st.sampled_from("xy"), NUMBERS | st.none(), max_size=2) | st.none(),
        st.booleans() | st.none(),
        st.none(),
    ]
)
ALIKE = st.dictionaries(st.sampled_from("abc"), COLUMNS, min_size=1).flatmap(
    lambda columns: st.lists(st.fixed_dictionaries(columns), min_size=3, max_size=20)
)


class Counted:
    """Rows that count how often they're read."""

    def __init__(self, rows: list[bytes]) -> None:
        self.rows, self.passes = rows, 0

    def __iter__(self):
        self.passes += 1
        return iter(self.rows)


def two_passes(rows: list[bytes]) -> pa.Table:
    columnar = ColumnarRows(rows)
    return pa.Table.from_batches(columnar.batches(), schema=columnar.schema)


def written(rows: Any, folder: Path, ending: str = "parquet") -> pa.Table:
    path = folder / f"out.{ending}"
    export_rows(rows, path)
    return pq.read_table(path) if ending == "parquet" else pa.ipc.open_file(path).read_all()


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["parquet", "arrow"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS | ALIKE)
def test_whatever_comes_after_the_first_rows_the_types_are_those_of_all(ending, rows, tmp_path, monkeypatch):
    monkeypatch.setattr(one_pass, "FIRST_ROWS", 2)
    monkeypatch.setattr("seedbed.store.row_chunks.BATCH_ROWS", 2)
    encoded = [orjson.dumps(row) for row in rows]
    expected = two_passes(encoded)
    made = written(encoded, tmp_path, ending)
    if ending == "parquet":
        # Parquet has names of its own for the items of lists.
        pq.write_table(expected, tmp_path / "expected.parquet")
        expected = pq.read_table(tmp_path / "expected.parquet")
    assert made.schema.equals(expected.schema, check_metadata=True)
    assert made.equals(expected)


def test_rows_of_one_form_are_read_once(tmp_path):
    rows = Counted([b'{"a":%d,"b":"x"}' % number for number in range(12_000)])
    assert written(rows, tmp_path).num_rows == 12_000
    assert rows.passes == 1


def test_a_type_that_changes_late_changes_for_the_first_rows_too(tmp_path):
    rows = Counted([*[b'{"a":1}'] * 11_000, b'{"a":2.5,"b":null}'])
    made = written(rows, tmp_path)
    assert made.schema.field("a").type == pa.float64()
    assert made.column_names == ["a", "b"]
    assert made["a"].to_pylist() == [1.0] * 11_000 + [2.5]
    assert rows.passes == 2
    assert len(list(read_rows(tmp_path / "out.parquet"))) == 11_001


def test_rows_decoded_together_are_those_decoded_alone():
    encoded = [b'{"a":1}', b'{"a":"\xc3\xa9","b":[{}]}', b"{}"]
    assert decoded_rows(encoded) == [orjson.loads(row) for row in encoded]
    with pytest.raises(orjson.JSONDecodeError):
        decoded_rows([b'{"a":1},{"a":2}', b'{"a":3}'])
    with pytest.raises(orjson.JSONDecodeError):
        decoded_rows([b'{"a":', b"1}"])


def test_columns_are_those_of_even_rows_only():
    assert columns_of([{"a": 1, "b": 2}, {"b": 4, "a": 3}]) == {"a": (1, 3), "b": (2, 4)}
    assert columns_of([{"a": 1}, {"a": 3}]) == {"a": [1, 3]}
    assert columns_of([{"a": 1}, {"b": 3}]) is None
    assert columns_of([{"a": 1}, {}]) is None
    assert columns_of([{}]) is None
