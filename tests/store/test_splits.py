"""Splits and shards: every row in one file, the children of one row in one split, old files replaced."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.drift import DRIFT

from seedbed import Output, UsageError, run
from seedbed.errors import DatasetError
from seedbed.store.dataset_writing import check_output
from seedbed.store.output import outputs_of, parse_split
from seedbed.store.parquet_folder import write_parquet_folder
from seedbed.store.splits import Splits
from seedbed.tasks.rows import Row, encode_row

HALVES = {"train": 0.5, "test": 0.5}


def written(rows: list[Row], folder: Path, **how: Any) -> dict[str, list[Row]]:
    splits = Splits(how.pop("split", HALVES), how.pop("seed", 0))
    ids = how.pop("ids", [str(index) for index in range(len(rows))])
    names = [splits.of(one) for one in ids]
    write_parquet_folder([encode_row(row) for row in rows], names, folder, names=splits.names, **how)
    found: dict[str, list[Row]] = defaultdict(list)
    for file in sorted(folder.glob("*.parquet")):
        found[file.name.rpartition("-0")[0].split("-")[0]] += pq.read_table(file).to_pylist()
    return dict(found)


def test_each_row_is_in_one_split_in_the_order_of_the_run(tmp_path: Path) -> None:
    found = written([{"i": i} for i in range(1000)], tmp_path / "d")
    numbers = {name: [row["i"] for row in rows] for name, rows in found.items()}
    assert sorted(numbers["train"] + numbers["test"]) == [*range(1000)]
    assert all(part == sorted(part) for part in numbers.values())
    assert 400 < len(numbers["train"]) < 600


@settings(deadline=None)
@given(
    parents=st.lists(st.text("0123456789abcdef.", min_size=1), min_size=1, unique=True),
    children=st.lists(st.lists(st.integers(0, 9), max_size=3), min_size=1, max_size=5),
    seed=st.integers(),
)
def test_rows_of_one_parent_never_leak_into_another_split(parents: Any, children: Any, seed: int) -> None:
    splits = Splits({"train": 0.6, "test": 0.3, "dev": 0.1}, seed)
    for parent in parents:
        ids = ["/".join([parent, *map(str, child)]) for child in children]
        assert len({splits.of(one) for one in ids}) == 1


def test_another_seed_splits_otherwise_and_the_same_one_alike(tmp_path: Path) -> None:
    rows = [{"i": i} for i in range(100)]
    first, again, other = (written(rows, tmp_path / str(i), seed=s) for i, s in enumerate((0, 0, 1)))
    assert first == again
    assert first != other


def test_a_row_stays_in_its_split_when_there_are_more_rows(tmp_path: Path) -> None:
    few = written([{"i": i} for i in range(50)], tmp_path / "few")
    many = written([{"i": i} for i in range(200)], tmp_path / "many")
    assert all(many[name][: len(rows)] == rows for name, rows in few.items())


@pytest.mark.slow
@pytest.mark.parametrize("size", [1, 2, 7, 600, 10_000])
def test_shards_have_as_many_rows_as_asked_for(size: int, tmp_path: Path) -> None:
    count = 1501
    rows = [{"i": i, "text": "x" * (i % 7)} for i in range(count)][: 30 if size < 3 else count]
    found = written(rows, tmp_path / "d", split={"train": 1.0}, shard_rows=size)
    files = sorted((tmp_path / "d").glob("*.parquet"))
    total = -(-len(rows) // size)
    assert [file.name for file in files] == [f"train-{i:05}-of-{total:05}.parquet" for i in range(total)]
    lengths = [pq.read_metadata(file).num_rows for file in files]
    assert lengths[:-1] == [size] * (total - 1)
    assert found["train"] == rows


@pytest.mark.variants(8)
@pytest.mark.parametrize("drift", DRIFT)
def test_all_files_have_one_schema_whatever_the_rows(drift: str, tmp_path: Path) -> None:
    import datasets

    rows = DRIFT[drift]
    written(rows, tmp_path / "d", shard_rows=100)
    assert len({str(pq.read_schema(file)) for file in (tmp_path / "d").glob("*.parquet")}) == 1
    if drift in ("odd names", "lists nested deeply"):
        return
    read = datasets.load_dataset(str(tmp_path / "d"), cache_dir=str(tmp_path / "cache"))
    assert sum(len(split) for split in read.values()) == len(rows)


def test_datasets_finds_splits_of_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import datasets

    monkeypatch.chdir(tmp_path)
    made(Output("d/", split={"seen": 0.5, "un.seen": 0.5}), rows=40)
    read = datasets.load_dataset("d", cache_dir=str(tmp_path / "cache"))
    assert {name: len(rows) for name, rows in read.items()}.keys() == {"seen", "un.seen"}
    assert sum(len(rows) for rows in read.values()) == 40


def test_a_split_without_rows_has_no_file_and_is_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import datasets

    monkeypatch.chdir(tmp_path)
    ended = made(Output("d/", split={"train": 0.999, "test": 0.001}), rows=2)
    assert [note.splitlines()[0] for note in ended.notes] == ["no row went to the split 'test'"]
    assert [file.name for file in Path("d").glob("*.parquet")] == ["train-00000-of-00001.parquet"]
    assert len(datasets.load_dataset("d", cache_dir=str(tmp_path / "cache"))["train"]) == 2


def made(out: Any, rows: int = 20, **options: Any) -> Any:
    from seedbed import Pass

    return run(Pass(), input=[{"i": i} for i in range(rows)], out=out, **options)


def test_a_run_writes_a_folder_and_replaces_it_as_a_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made(Output("data/", split=HALVES, shard_rows=3))
    before = sorted(file.name for file in Path("data").iterdir())
    assert len(before) > 5
    made(Output("data", split={"all.of.it": 1.0}), restart=True)
    assert sorted(file.name for file in Path("data").iterdir()) == [
        "README.md",
        "all.of.it-00000-of-00001.parquet",
    ]


def test_several_outputs_are_written_each_in_its_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    from seedbed import Pass

    rows = [{"question": str(i), "answer": "a"} for i in range(3)]
    chat = Output("chat.jsonl", form="chat")
    ended = run(Pass(), input=rows, out=["rows.jsonl", chat, Output("data/", split=HALVES)])
    assert ended.outputs == ["rows.jsonl", "chat.jsonl", "data/"]
    assert ended.out == Path("rows.jsonl")
    assert [json.loads(line) for line in Path("rows.jsonl").read_text().splitlines()] == rows
    assert "messages" in json.loads(Path("chat.jsonl").read_text().splitlines()[0])


def test_a_column_says_which_split_a_row_belongs_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    from seedbed import Pass

    rows = [{"question": str(i), "answer": "a", "part": "dev" if i % 3 else "train"} for i in range(10)]

    for number, form in enumerate((None, "chat")):
        ended = run(Pass(), input=rows, out=Output(f"data{number}/", form=form, split="part", shard_rows=3))

        files = sorted(Path(f"data{number}").glob("*.parquet"))
        counts = [(file.name, len(pq.read_table(file))) for file in files]
        assert ended.notes == []
        assert counts == [
            ("dev-00000-of-00002.parquet", 3),
            ("dev-00001-of-00002.parquet", 3),
            ("train-00000-of-00002.parquet", 3),
            ("train-00001-of-00002.parquet", 1),
        ]


def test_a_column_that_a_row_lacks_is_answered_with_the_nearest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    from seedbed import Pass

    with pytest.raises(DatasetError, match="a row has no column 'prat' to be split by") as raised:
        run(Pass(), input=iter([{"part": "train"}]), out=Output("data/", split="prat"))
    assert raised.value.advice[:2] == ("did you mean 'part'?", "columns of the row: part")


@pytest.mark.parametrize("value", [3, None, "", "../up", "all", "a b"])
def test_a_row_whose_column_names_no_split_leaves_the_old_folder(
    value: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    from seedbed import Pass

    made(Output("data/"))
    rows = [{"part": "train"}, {"part": value}]
    with pytest.raises(DatasetError, match="a row's column 'part' is"):
        run(Pass(), input=rows, name="r", out=Output("data/", split="part"))
    assert pq.read_table("data").num_rows == 20


def test_a_folder_has_a_card_with_splits_and_otherwise_is_read_as_a_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    cases = {
        "whole/": {},
        "split/": {"split": HALVES},
        "told/": {"card": True},
        "not/": {"split": HALVES, "card": False},
    }
    for path, how in cases.items():
        made(Output(path, **how))

    has_card = {path: (Path(path) / "README.md").exists() for path in cases}
    assert has_card == {"whole/": False, "split/": True, "told/": True, "not/": False}
    assert pq.read_table("whole").num_rows == 20


@pytest.mark.parametrize("content", ["thesis.txt", "README.md", "sub/"])
def test_a_folder_with_anything_else_is_not_replaced(content: str, tmp_path: Path) -> None:
    folder = tmp_path / "d"
    folder.mkdir()
    if content.endswith("/"):
        (folder / content).mkdir()
    else:
        (folder / content).write_text("mine")
    with pytest.raises(UsageError, match="more than a dataset"):
        check_output(Output(folder, split=HALVES))


def test_rows_that_end_badly_leave_the_old_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made(Output("data/", split=HALVES))
    before = {file.name: file.read_bytes() for file in Path("data").iterdir()}
    with pytest.raises((DatasetError, UsageError)):
        made(Output("data/", form="chat"), restart=True)
    assert {file.name: file.read_bytes() for file in Path("data").iterdir()} == before


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("train=x", "not the share"),
        ("train=0.9", "make 0.9, not 1"),
        ("train=0.5,train=0.5", "twice"),
        ("a b=1", "name of a split"),
        ("all=1", "name of a split"),
        ("../up=1", "name of a split"),
        ("train=nan", "between 0 and 1"),
        ("train=2,test=-1", "between 0 and 1"),
    ],
)
def test_a_wrong_split_is_named(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        parse_split(text)


def wrong_outputs() -> Iterator[Any]:
    yield lambda: Output("")
    yield lambda: Output("rows.jsonl", split=HALVES)
    yield lambda: Output("data/", shard_rows=0)
    yield lambda: Output("a.jsonl", columns={"prompt": "q"})
    yield lambda: outputs_of(["a.jsonl", "./a.jsonl"])
    yield lambda: Output("a.jsonl", card=True)
    yield lambda: outputs_of(7)  # type: ignore[arg-type]


@pytest.mark.parametrize("make", [*wrong_outputs()])
def test_outputs_that_make_no_sense_are_refused(make: Any) -> None:
    with pytest.raises(UsageError):
        make()
