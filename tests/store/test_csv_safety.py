"""What begins like a formula is text in a safe CSV file, and numbers stay numbers."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.scripted_llm import scripted

from seedbed import GeneratorTask, UsageError, run
from seedbed.store.csv_safety import SafeCells, safe_rows

BEGINNINGS = ["=", "+", "-", "@", "\t", "\r", "\n", "＝"]  # noqa: RUF001 - a spreadsheet in Japanese takes it
VALUE = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)


class Formulas(GeneratorTask):
    template: str = "x"

    def sample(self, index: int, rng: Any) -> dict[str, Any]:
        return {"n": -index, "share": -0.5}

    def format_output(self, output: str | None, input: dict[str, Any]) -> dict[str, Any]:
        return {"=name": output, "list": ["=1"]}


def cells(path: str | Path) -> list[dict[str, str]]:
    with Path(path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_text_is_text_and_numbers_are_numbers(tmp_path: Path, beginning: str) -> None:
    text = f"{beginning}cmd|' /C calc'!A0"
    for safe, shown in ((True, f"'{text}"), (False, text)):
        out = tmp_path / f"{safe}.csv"
        run(Formulas(llm=scripted(lambda request: text)), 2, out=out, csv_safe=safe)
        row = cells(out)[1]
        assert row["'=name" if safe else "=name"] == shown
        assert (row["n"], row["share"], row["list"]) == ("-1", "-0.5", '["=1"]')


@given(st.dictionaries(st.text(), VALUE))
def test_no_text_begins_like_a_formula_and_all_else_is_the_same(row: dict[str, Any]) -> None:
    encoded = json.dumps(row).encode()
    (made,) = map(json.loads, SafeCells([encoded]))
    texts = [text for text in (*made, *made.values()) if isinstance(text, str)]
    assert not [text for text in texts if text.startswith(tuple(BEGINNINGS))]
    assert [_without_mark(text) for text in made.values()] == [*map(_without_mark, row.values())]
    assert safe_rows([encoded], False) == [encoded]


def _without_mark(value: Any) -> Any:
    return value.removeprefix("'") if isinstance(value, str) else value


def test_it_is_for_csv_alone() -> None:
    for out in ("a.jsonl", None):
        with pytest.raises(UsageError):
            run(Formulas(llm=scripted("x")), 1, out=out, csv_safe=True)
