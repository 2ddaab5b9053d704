"""What `input=` takes: files, tables of other libraries, and iterables of mappings; and what it refuses."""

from __future__ import annotations

import dataclasses
import datetime
import re
import sys
from collections import UserDict
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pydantic
import pytest
from tests.support.lazy_module import lazy_module
from tests.support.scripted_llm import scripted

from seedbed import DatasetError, Pipeline, Step, Task, UsageError, run

pandas, polars = lazy_module("pandas"), lazy_module("polars")


class Same(Step):
    def process(self, row):
        return row


class Ask(Task):
    template: str = "{{ text }}"


class Shape(pydantic.BaseModel):
    text: str
    day: datetime.date


@dataclasses.dataclass
class Point:
    text: str
    day: datetime.date


DAY = datetime.date(2024, 1, 2)
DATA = {"text": ["a", "b"], "day": [DAY, None]}
ROWS = [{"text": "a", "day": "2024-01-02"}, {"text": "b", "day": None}]


def rows(given: Any, **options: Any) -> list[dict[str, Any]]:
    return list(run(Same(), input=given, **options).rows())


TABLES = {
    "pandas": lambda: pandas.DataFrame(DATA),
    "pandas, by another index": lambda: pandas.DataFrame(DATA, index=[7, 3]),
    "polars": lambda: polars.DataFrame(DATA),
    "arrow": lambda: pa.table(DATA),
    "batch": lambda: pa.RecordBatch.from_pydict(DATA),
    "reader": lambda: pa.table(DATA).to_reader(),
    "list": lambda: [{"text": "a", "day": DAY}, {"text": "b", "day": None}],
    "tuple": lambda: tuple(ROWS),
    "generator": lambda: (row for row in ROWS),
    "mappings": lambda: [UserDict(row) for row in ROWS],
    "map": lambda: map(dict, ROWS),
}


@pytest.mark.parametrize("kind", TABLES)
def test_rows_are_taken_from_tables_and_iterables(kind):
    assert rows(TABLES[kind]()) == ROWS


@pytest.mark.parametrize("kind", TABLES)
def test_columns_are_kept_and_dropped(kind):
    assert rows(TABLES[kind](), columns=["text"]) == [{"text": "a"}, {"text": "b"}]
    assert rows(TABLES[kind](), drop=["text"]) == [{"day": "2024-01-02"}, {"day": None}]


def test_rows_may_be_objects_with_fields():
    assert rows([Shape(text="a", day=DAY), Point(text="a", day=DAY)]) == ROWS[:1] * 2
    assert rows([Point(text="a", day=DAY)], drop=["day"]) == [{"text": "a"}]


def test_a_data_frame_that_arrow_cannot_hold_is_read_row_by_row():
    frame = pandas.DataFrame({"any": [1, "x", Decimal("1.5")], "at": pandas.to_datetime([0, 1, None])})
    assert rows(frame) == [
        {"any": 1, "at": "1970-01-01T00:00:00"},
        {"any": "x", "at": "1970-01-01T00:00:00.000000001"},
        {"any": "1.5", "at": None},
    ]


@pytest.mark.slow
def test_no_library_is_imported_for_rows_that_need_none(tmp_path):
    import subprocess

    program = (
        "import sys, seedbed\n"
        "class Same(seedbed.Step):\n"
        "    def process(self, row): return row\n"
        "print(list(seedbed.run(Same(), input=[{'a': 1}]).rows()))\n"
        "print(sorted({'pandas', 'polars', 'pyarrow', 'datasets', 'numpy'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout == "[{'a': 1}]\n[]\n", done.stderr


@pytest.mark.slow
def test_rows_are_taken_from_datasets_of_hugging_face(tmp_path):
    datasets = pytest.importorskip("datasets")
    data = datasets.Dataset.from_dict(DATA)
    assert rows(data) == ROWS
    assert rows(data.select([1])) == ROWS[1:]
    assert rows(data.to_iterable_dataset()) == ROWS
    with pytest.raises(UsageError, match="several datasets: train"):
        rows(datasets.DatasetDict(train=data))
    labelled = data.add_column("label", [0, 1]).cast_column("label", datasets.ClassLabel(names=["no", "yes"]))
    assert [row["label"] for row in rows(labelled)] == [0, 1]


WRONG: list[tuple[Callable[[], Any], str]] = [
    (lambda: {"text": ["a"]}, "is a single dict, not rows"),
    (lambda: Shape(text="a", day=DAY), "is a single Shape, not rows"),
    (lambda: 5, "of type int, which holds no rows"),
    (lambda: b"text", "of type bytes, which holds no rows"),
    (lambda: ["a", "b"], "holds values of type str where rows were expected"),
    (lambda: [["a"]], "holds values of type list where rows were expected"),
    (lambda: iter([1]), "holds values of type int"),
    (lambda: pandas.Series([1, 2]), "isn't a table|values of type"),
    (lambda: polars.Series([1, 2]), "isn't a table"),
    (lambda: polars.DataFrame(DATA).lazy(), "a query that has not run yet"),
    (lambda: pa.array([1]), "isn't a table"),
]


@pytest.mark.parametrize(("given", "said"), WRONG, ids=[str(n) for n in range(len(WRONG))])
def test_what_holds_no_rows_is_refused_before_anything_is_read(given, said):
    with pytest.raises(UsageError, match=said):
        rows(given())


@pytest.mark.filterwarnings("ignore:The DataFrame has column names of mixed type")
@pytest.mark.parametrize("names", [["a", "a"], [1, "1"]])
def test_columns_of_one_name_are_refused_and_not_left_out(names):
    with pytest.raises(DatasetError, match="the input has two columns named"):
        rows(pandas.DataFrame([[1, 2]], columns=names))


@pytest.mark.parametrize("name", [1, None, True, ("a", "b")])
@pytest.mark.parametrize("made", [list, iter])
def test_a_column_whose_name_is_no_text_is_refused_before_anything_is_read(name, made):
    for chosen in ({}, {"columns": ["1"]}, {"drop": ["1"]}, {"id": "1"}):
        with pytest.raises(UsageError, match=rf"a column named {re.escape(repr(name))}, which isn't a text"):
            run(Ask(llm=scripted()), input=made([{name: "tea"}]), **chosen)


def test_a_later_row_whose_column_has_no_text_for_a_name_fails_alone():
    done = run(Ask(llm=scripted()), input=[{"text": "tea"}, {1: "tea"}, {"text": "tea", 2: "x"}])

    assert [failure.reason for failure in done.failures] == [
        "the name of column 1 is an int, not a str",
        "the name of column 2 is an int, not a str",
    ]
    assert done.accepted == 1


def test_an_author_who_asks_for_the_number_of_a_column_is_told_its_name():
    class First(Step):
        def process(self, row):
            return {"first": row[0]}

    (failure,) = run(First(), input=pandas.DataFrame([[1, 2]])).failures

    assert failure.reason.splitlines()[2:] == ["  did you mean '0'?", "  columns of the row: 0, 1"]


def test_an_asynchronous_input_is_refused():
    async def given():
        yield {"a": 1}

    with pytest.raises(UsageError, match="asynchronous"):
        rows(given())


@pytest.mark.parametrize("kind", ["pandas", "polars", "arrow", "list"])
def test_a_column_that_a_table_lacks_is_found_before_a_call(kind):
    class Wanting(Ask):
        template: str = "{{ txet }}"

    llm = scripted()
    with pytest.raises(UsageError, match="'txet', but the input doesn't have it"):
        run(Wanting(llm=llm), input=TABLES[kind]())
    with pytest.raises(UsageError, match="the input has no column 'txet'"):
        run(Ask(llm=llm), input=TABLES[kind](), drop=["txet"])
    assert not llm.requests


@pytest.mark.parametrize("kind", ["pandas", "polars", "arrow"])
def test_the_types_of_a_table_come_back_in_a_file(tmp_path, kind):
    out = tmp_path / "out.parquet"
    run(Same(), input=TABLES[kind](), out=out)
    assert pq.read_schema(out).field("day").type == pa.date32()


def test_the_types_of_a_file_come_back_also_after_steps(tmp_path: Path):
    moment = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
    table = pa.table(
        {
            "text": ["a", "b"],
            "at": pa.array([{"created": moment}] * 2),
            "embedding": pa.array([[1.0, 2.0]] * 2, pa.list_(pa.float32(), 2)),
            "half": pa.array([1.5, None], pa.float16()),
            "counts": pa.array([[("k", 1)]] * 2, pa.map_(pa.string(), pa.int64())),
            "image": pa.array([{"bytes": b"x", "path": "a.png"}] * 2),
            "price": pa.array([Decimal("1.50")] * 2, pa.decimal128(5, 2)),
        }
    )
    pq.write_table(table, tmp_path / "in.parquet")
    for ending in (".parquet", ".arrow"):
        out = tmp_path / f"out{ending}"
        made = run(Ask(llm=scripted()) >> Same(), input=tmp_path / "in.parquet", out=out)
        assert made.outcome == "complete"
        back = pq.read_table(out) if ending == ".parquet" else pa.ipc.open_file(out).read_all()
        assert back.select(table.column_names).equals(table)


def test_a_run_that_is_exported_later_has_the_types_of_its_input(tmp_path: Path, runs: Path):
    from seedbed.cli import invoke

    pq.write_table(pa.table({"day": pa.array([DAY])}), tmp_path / "in.parquet")
    run(Same(), input=tmp_path / "in.parquet", name="dated")
    assert invoke(["runs", "export", "dated", "-o", str(tmp_path / "out.parquet")]) == 0
    assert pq.read_schema(tmp_path / "out.parquet").field("day").type == pa.date32()


def test_columns_of_a_pipeline_and_its_file_are_kept_and_dropped(tmp_path: Path):
    from seedbed.pipeline.file import load_pipeline

    given = [{"a": 1, "b": 2, "c": 3}]
    assert list(Pipeline([Same()], drop=["a"]).run(input=given).rows()) == [{"b": 2, "c": 3}]
    (tmp_path / "p.yaml").write_text("columns: [a, b]\ndrop: [b]\nsteps: [{use: pass}]\n")
    pipeline = load_pipeline(tmp_path / "p.yaml")
    assert list((pipeline >> Same()).run(input=given).rows()) == [{"a": 1}]
    assert list(pipeline.run(input=given, columns=["c"], drop=["a"]).rows()) == [{"c": 3}]


def test_a_command_says_encoding_and_columns_and_a_retry_remembers_them(tmp_path: Path, runs: Path):
    from seedbed.cli import invoke
    from seedbed.store import RunReader

    (tmp_path / "p.yaml").write_text("steps: [{use: pass}]\n")
    (tmp_path / "in.jsonl").write_text('{"a":"é","b":1,"c":2}\n', encoding="cp1252")
    options = ["--input", str(tmp_path / "in.jsonl"), "-o", str(tmp_path / "out.jsonl"), "--columns", "a, b"]
    assert invoke(["run", str(tmp_path / "p.yaml"), *options]) in (1, 2)
    assert invoke(["run", str(tmp_path / "p.yaml"), *options, "--encoding", "cp1252", "--drop", "b"]) == 0
    assert orjson.loads((tmp_path / "out.jsonl").read_bytes()) == {"a": "é"}
    with RunReader.open(runs / "out") as reader:
        order = reader.last_working_session().manifest["order"]
    assert (order["encoding"], order["columns"], order["drop"]) == ("cp1252", "a,b", ["b"])
    assert invoke(["runs", "retry", "out"]) == 0
