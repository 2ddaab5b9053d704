"""Rows and parameters that a step isn't made for: what is wrong is said, in words, of that row only."""

from __future__ import annotations

import bz2
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seedbed import DatasetError, ParameterError, Row, UsageError, get_step, run
from seedbed_data import DedupSemantic, Group, HardNegatives, Sort, Template

READERS: dict[str, dict[str, Any]] = {
    "explode": {"column": "text"},
    "dedup-exact": {"by": ["text"]},
    "dedup-near": {},
    "chunk": {"size": 5},
    "language": {},
    "quality-heuristics": {},
    "pii": {},
    "secrets": {},
    "validate": {"column": "text", "json_schema": {}},
    "length": {"at_least": 1},
    "balance": {"by": "text", "each": 1},
    "split": {"parts": {"a": 1.0}, "by": ["text"]},
    "code-run": {"column": "text"},
    "messages": {"user": "text"},
    "select": {"only": ["text"]},
    "rename": {"names": {"text": "said"}},
}


@pytest.mark.variants(6)
@pytest.mark.parametrize("step", READERS)
def test_a_row_without_the_column_is_said_to_lack_it(step: str) -> None:
    done = run(get_step(step, **READERS[step]), input=[{"other": 1}, {"text": "print('a')"}])

    reasons = " ".join([*(one.reason for one in done.failures), *done.rejections])
    assert "KeyError" not in reasons
    if done.failed:
        assert "the row has no column 'text'" in reasons


@pytest.mark.parametrize(
    ("step", "parameters"),
    [
        ("explode", {"column": ""}),
        ("chunk", {"column": ""}),
        ("length", {"column": "", "at_least": 1}),
        ("code-run", {"column": ""}),
        ("messages", {"user": ""}),
        ("validate", {"column": "", "parse": "json"}),
        ("split", {"parts": {"a": 1.0}, "stratify": ""}),
        ("language", {"keep": []}),
        ("rename", {"names": {"text": ""}}),
        ("map", {"make": {"": "1"}}),
        ("group", {"by": ["text"], "make": {"": "1"}}),
        ("split", {"parts": {"": 1.0}}),
    ],
)
def test_an_empty_name_of_a_column_is_refused(step: str, parameters: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match="at least 1"):
        get_step(step, **parameters)


@pytest.mark.parametrize(("value", "said"), [(None, "None"), (["a"], "list"), ({"a": 1}, "dict"), (1, "int")])
def test_what_is_no_text_is_called_what_it_is(value: object, said: str) -> None:
    done = run(get_step("chunk", size=5), input=[{"text": value}])

    assert [one.reason for one in done.failures] == [f"'text' is {said}, not text"]


def test_a_schema_says_where_it_is_wrong() -> None:
    step = get_step("validate", json_schema={"properties": {"a": {"type": "nope"}}})
    with pytest.raises(UsageError, match="isn't valid at properties/a/type: 'nope'"):
        step.load()


def test_files_to_compare_with_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no file '.*nope\.jsonl'"):
        get_step("decontaminate", against=tmp_path / "nope.jsonl").load()
    (tmp_path / "short.txt").write_text("too short")
    with pytest.raises(
        UsageError, match=r"there is no text of 8 words in the files of '.*'\n.*lower `ngram`"
    ):
        get_step("decontaminate", against=tmp_path / "short.txt").load()


@pytest.mark.parametrize("name", ["a.csv", "a.parquet", "a.jsonl.bz2", "a.txt.bz2"])
def test_texts_to_compare_with_are_read_from_any_file_of_rows(name: str, tmp_path: Path) -> None:
    text, path = "one two three four five six seven eight", tmp_path / name
    contents = {"a.csv": f"n,text\n1,{text}\n", "a.jsonl.bz2": f'{{"text": "{text}"}}\n', "a.txt.bz2": text}
    if name == "a.parquet":
        pq.write_table(pa.table({"text": [text]}), path)
    else:
        content = contents[name].encode()
        path.write_bytes(bz2.compress(content) if name.endswith("bz2") else content)

    done = run(get_step("decontaminate", against=path, ngram=8), input=[{"text": text}, {"text": "other"}])
    assert [*done.rows()] == [{"text": "other"}]


def test_a_file_of_rows_that_is_broken_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1\n")
    with pytest.raises(DatasetError, match=r"a\.csv' line 2 has too few cells"):
        get_step("decontaminate", against=tmp_path / "a.csv").load()


EQUAL = [{"id": 1, "of": [2.0, {"x": -0.0}]}, {"id": 1.0, "of": [2, {"x": 0}]}]


@pytest.mark.parametrize(
    ("step", "parameters", "expected"),
    [
        ("dedup-exact", {}, [EQUAL[0]]),
        ("dedup-exact", {"strict": True}, [EQUAL[0]]),
        ("balance", {"by": "of", "each": 1}, [EQUAL[0]]),
        ("balance", {"by": "id", "counts": {1: 1}}, [EQUAL[0]]),
        ("group", {"by": ["id"], "make": {"n": "of | length"}}, [{"id": 1, "n": 2}]),
    ],
)
def test_a_number_is_the_same_as_an_integer_and_as_a_float(
    step: str, parameters: dict[str, Any], expected: list[dict[str, Any]]
) -> None:
    assert list(run(get_step(step, **parameters), input=EQUAL).rows()) == expected


@pytest.mark.parametrize("stratify", [None, "label"])
def test_rows_of_one_number_are_in_one_part(stratify: str | None) -> None:
    rows = [{"id": kind(number), "label": "a"} for number in range(40) for kind in (int, float)]
    step = get_step("split", parts={"train": 0.5, "test": 0.5}, by=["id"], stratify=stratify)

    parts = [row["split"] for row in run(step, input=rows).rows()]
    assert parts[::2] == parts[1::2]
    assert {*parts} == {"train", "test"}


def test_true_is_no_number_and_a_number_no_text() -> None:
    rows = [{"a": True}, {"a": 1}, {"a": "1"}, {"a": None}, {"a": "null"}, {"a": 0}, {"a": False}, {"a": 0.5}]

    assert run(get_step("dedup-exact"), input=rows).accepted == len(rows)
    assert run(get_step("group", by=["a"]), input=rows).accepted == len(rows)


def test_a_copy_may_be_composed_of_other_characters() -> None:
    rows = [{"text": "Café"}, {"text": "Cafe\u0301"}]

    assert run(get_step("dedup-exact"), input=rows).accepted == 1
    assert run(get_step("dedup-exact", strict=True), input=rows).accepted == 2


@pytest.mark.parametrize(
    ("step", "parameters", "name"),
    [
        ("chunk", {"into": "start"}, "start"),
        ("chunk", {"into": "headings", "markdown": True}, "headings"),
        ("explode", {"column": "a", "into": "b", "position": "b"}, "b"),
        ("explode", {"column": "a", "position": "a"}, "a"),
        ("messages", {"to": "columns", "user": "a", "assistant": "a"}, "a"),
        ("messages", {"to": "columns", "user": "a", "system": "a"}, "a"),
        ("rename", {"names": {"a": "c", "b": "c"}}, "c"),
        ("language", {"column": "text"}, "text"),
        ("language", {"column": "a", "confidence": "a"}, "a"),
        ("pii", {"by": ["text"], "action": "find", "column": "text"}, "text"),
        ("secrets", {"by": ["a", "found"], "action": "find"}, "found"),
    ],
)
def test_no_column_is_lost_to_another_of_its_name(step: str, parameters: dict[str, Any], name: str) -> None:
    with pytest.raises(ParameterError, match=f"two columns would have the name '{name}'"):
        get_step(step, **parameters)


@pytest.mark.parametrize(
    ("step", "parameters", "expected"),
    [
        ("rename", {"names": {"": "number"}}, {"number": "0", "text": "a"}),
        ("drop", {"without": [""]}, {"text": "a"}),
        ("select", {"only": [""]}, {"": "0"}),
        ("group", {"by": [""]}, {"": "0", "text": ["a"]}),
        ("dedup-exact", {"by": [""]}, {"": "0", "text": "a"}),
    ],
)
def test_the_column_without_a_name_that_pandas_writes_can_be_named(
    step: str, parameters: dict[str, Any], expected: dict[str, Any], tmp_path: Path
) -> None:
    (path := tmp_path / "a.csv").write_text(",text\n0,a\n")

    assert list(run(get_step(step, **parameters), input=path).rows()) == [expected]


@pytest.mark.parametrize("name", ["class", "items", "range", "loop", "_x", "é", "None", "self"])
def test_a_column_of_any_name_is_read_or_refused(name: str) -> None:
    rows = [{name: "VALUE"}]
    steps = [
        ("template", {"column": "made", "template": f"{{{{ {name} }}}}"}),
        ("map", {"make": {"made": name}}),
        ("sort", {"by": name}),
    ]
    for step, parameters in steps:
        if name == "self":
            with pytest.raises(ParameterError, match="no column can be read as 'self'"):
                get_step(step, **parameters)
        elif name != "None" and step != "sort":
            assert [row["made"] for row in run(get_step(step, **parameters), input=rows).rows()] == ["VALUE"]


@pytest.mark.parametrize(
    ("text", "words"), [("中文字符。", 5), ("two words", 2), ("日本 and Japan", 4), ("", 0)]
)
def test_words_are_counted_in_languages_without_spaces(text: str, words: int) -> None:
    step = get_step("length", at_least=words, at_most=words, unit="words")

    assert run(step, input=[{"text": text}]).accepted == 1


def test_a_row_without_a_value_to_sort_by_comes_last_and_takes_no_other_away() -> None:
    rows = [{"n": 1}, {"t": None, "n": 2}, {"t": "ccc", "n": 3}, {"t": "a", "n": 4}, {"t": "bb", "n": 5}]

    for by, descending, expected in [
        ("t | length", False, [4, 5, 3, 1, 2]),
        ("t", True, [3, 5, 4, 1, 2]),
    ]:
        done = run(Sort(by=by, descending=descending), input=iter(rows))
        kept = [row["n"] for row in done.rows()]
        assert kept[:3] == expected[:3]
        assert sorted(kept[3:]) == expected[3:]
        assert done.failed == 0


def test_sorting_by_a_column_that_no_row_has_is_a_mistake() -> None:
    done = run(Sort(by="score"), input=iter([{"n": 1}, {"n": 2}]))
    assert [failure.reason for failure in done.failures] == ["no row has what 'score' reads: score"]


@pytest.mark.parametrize(
    ("step", "parameters"),
    [
        ("filter", {"keep": "txt == 'a'"}),
        ("map", {"make": {"longer": "txt + '.'"}}),
        ("select", {"only": ["txt"]}),
        ("rename", {"names": {"txt": "body"}}),
        ("template", {"template": "Q: {{ txt }}"}),
        ("sort", {"by": "txt"}),
        ("group", {"by": ["txt"]}),
        ("balance", {"by": "txt", "each": 1}),
        ("split", {"parts": {"a": 1.0}, "stratify": "txt"}),
        ("dedup-exact", {"by": ["txt"]}),
        ("explode", {"column": "txt"}),
        ("length", {"column": "txt", "at_least": 1}),
    ],
)
def test_a_misspelt_column_is_answered_with_the_nearest(step: str, parameters: dict[str, Any]) -> None:
    # Of rows from an iterator, nothing is known before they come.
    done = run(get_step(step, **parameters), input=iter([{"text": "a"}, {"text": "b"}]))
    assert [*done.rows()] == []
    assert {failure.reason.splitlines()[1].strip() for failure in done.failures} == {"did you mean 'text'?"}


def test_a_value_that_cannot_be_computed_from_what_is_there_is_a_mistake() -> None:
    (failure,) = run(Sort(by="1 / n"), input=iter([{"n": 1}, {"n": 0}])).failures
    assert "ZeroDivisionError" in failure.reason


def test_rows_without_a_column_are_grouped_as_those_with_null() -> None:
    rows = [{"k": "a", "v": 1}, {"v": 2}, {"k": None, "v": 3}, {"k": "a", "v": 4}]
    done = run(Group(by=["k"]), input=iter(rows))
    assert list(done.rows()) == [{"k": "a", "v": [1, 4]}, {"k": None, "v": [2, 3]}]


def test_a_group_whose_expression_has_no_value_is_named() -> None:
    rows = [{"k": "a", "v": 1}, {"k": "b", "v": None}]
    (failure,) = run(Group(by=["k"], make={"total": "v | sum"}), input=iter(rows)).failures
    assert "in the group of 'k' 'b'" in failure.reason


def test_a_row_that_lacks_a_column_of_a_template_fails_alone() -> None:
    done = run(Template(template="Q: {{ q }}"), input=iter([{"q": 1}, {"p": 2}, {"q": 3}]))
    assert (done.outcome, [row["text"] for row in done.rows()]) == ("incomplete", ["Q: 1", "Q: 3"])
    assert [failure.reason.splitlines()[0] for failure in done.failures] == ["the row has no column 'q'"]


def test_only_columns_that_are_there_are_said_to_be_none() -> None:
    template = Template(template="{{ q }}{% if x is defined %}{{ x }}{% endif %}")
    (failure,) = run(template, input=iter([{"q": None}])).failures
    assert failure.reason.startswith("the template shows 'q', which is None")
    (failure,) = run(template, input=iter([{"q": None, "x": None}])).failures
    assert failure.reason.startswith("the template shows 'q' and 'x', which are None")


@pytest.mark.parametrize(("value", "said"), [([], "an empty list"), (None, "None"), ("1", "str")])
def test_what_is_no_vector_is_called_what_it_is(value: Any, said: str) -> None:
    (failure,) = run(DedupSemantic(vector="v"), input=iter([{"v": value}])).failures
    assert failure.reason == f"'v' is {said}, not a list of numbers"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("odd", "said"),
    [
        ({"q": None, "p": "x"}, "'q' is None, not text, in row 2"),
        ({"q": "x"}, "'p' isn't there, in row 2"),
        ({"q": ["x"], "p": "x"}, "'q' is list, not text, in row 2"),
    ],
)
def test_the_row_that_keeps_negatives_from_being_found_is_named(odd: Row, said: str) -> None:
    step = HardNegatives(anchor="q", positive="p", embedder="static/wordllama")
    (failure,) = run(step, input=iter([{"q": "car", "p": "a fast car"}, odd])).failures
    assert failure.reason.startswith(f"{said} of those that come to the step\n")
    assert "use: filter" in failure.reason
