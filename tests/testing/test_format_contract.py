"""The contract of formats: sound ones keep it, the built-in ones too, and each fault fails its test."""

from __future__ import annotations

import inspect
from typing import ClassVar

import pytest
from tests.testing import broken_formats
from tests.testing.batches import in_batches

from seedbed.store.formats import BUILT_IN, Arrow, Csv, HfFolder, JsonLines, JsonList, Parquet, Tsv
from seedbed.testing import FormatContract

CONTRACT_TESTS = [name for name in dir(FormatContract) if name.startswith("test")]


class TestJsonLines(FormatContract):
    format = JsonLines
    place = "rows.jsonl"


class TestJsonList(FormatContract):
    format = JsonList
    place = "rows.json"


class TestCsv(FormatContract):
    format = Csv
    place = "rows.csv"
    exact: ClassVar[bool] = False


class TestTsv(FormatContract):
    format = Tsv
    place = "rows.tsv"
    exact: ClassVar[bool] = False


class TestParquet(FormatContract):
    format = Parquet
    place = "rows.parquet"


class TestArrow(FormatContract):
    format = Arrow
    place = "rows.arrow"


class TestHfFolder(FormatContract):
    format = HfFolder
    place = "rows.hf"


def test_every_built_in_format_is_held_to_the_contract():
    contracts = [cls for cls in globals().values() if inspect.isclass(cls)]
    held = {cls.format for cls in contracts if issubclass(cls, FormatContract) and cls is not FormatContract}
    assert held == set(BUILT_IN.values())


@pytest.mark.slow
@pytest.mark.parametrize("sound", ["Lines", "Texts", "PassesOver", "Uploads", "UploadsSomewhere"])
def test_a_sound_format_keeps_its_contract(judge, sound):
    verdict = judge(f"from tests.testing.broken_formats import Test{sound}")

    assert verdict.failed == {}


@pytest.mark.slow
@pytest.mark.variants(1)
@pytest.mark.parametrize("faults", in_batches([*broken_formats.FAULTS]))
def test_a_fault_fails_the_test_that_names_it_and_no_other(judge_each, faults):
    named = {f"Test{fault}": broken_formats.FAULTS[fault] for fault in faults}

    verdicts = judge_each(f"from tests.testing.broken_formats import {', '.join(named)}")

    assert {cls: verdicts[cls].names for cls in named} == {cls: {test} for cls, (test, _) in named.items()}
    for cls, (_, said) in named.items():
        for report in verdicts[cls].failed.values():
            assert said in report


def test_every_test_of_the_contract_has_a_fault_that_fails_it():
    assert {test for test, _ in broken_formats.FAULTS.values()} == set(CONTRACT_TESTS)


@pytest.mark.parametrize("name", CONTRACT_TESTS)
def test_each_test_says_what_it_holds(name):
    assert (inspect.getdoc(getattr(FormatContract, name)) or "").splitlines()[0].endswith(".")
