"""Parts of a dataset: nothing leaks from one to another, and shares are kept."""

from __future__ import annotations

import random
from collections import Counter, defaultdict

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from seedbed import Row, run
from seedbed_data import Chunk, Explode, Filter, Shuffle, Split

PARTS = {"train": 0.7, "dev": 0.2, "test": 0.1}
MANY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
DOCUMENTS = st.lists(
    st.tuples(st.sampled_from("abcdefgh"), st.lists(st.integers(0, 5), min_size=1, max_size=6)),
    min_size=1,
    max_size=30,
)


def parts_of(rows: list[Row], parent: str) -> dict[object, set[str]]:
    """Return the parts that the rows of each parent are in."""
    found: dict[object, set[str]] = defaultdict(set)
    for row in rows:
        found[row[parent]].add(row["split"])
    return found


@MANY
@given(DOCUMENTS, st.integers(0, 2**32), st.sampled_from([None, "label"]))
def test_rows_that_agree_in_a_column_are_in_one_part(
    documents: list[tuple[str, list[int]]], seed: int, stratify: str | None
) -> None:
    rows = [{"document": name, "label": n % 2, "n": n} for name, numbers in documents for n in numbers]
    split = Split(parts=PARTS, by=["document"], seed=seed, stratify=stratify)

    found = parts_of([split.process(row) for row in rows], "document")

    assert all(len(parts) == 1 for parts in found.values())


@pytest.mark.slow
@MANY
@given(DOCUMENTS, st.integers(0, 2**32), st.sampled_from([None, "name"]))
def test_rows_made_of_one_row_are_in_one_part_without_a_word(
    documents: list[tuple[str, list[int]]], seed: int, stratify: str | None
) -> None:
    rows = [{"name": name, "parts": numbers} for name, numbers in documents]
    made = run(
        Explode(column="parts", into="part") >> Split(parts=PARTS, seed=seed, stratify=stratify), input=rows
    )

    # Equal rows of the input are one parent: what is in one is in the other.
    found = parts_of([{**row, "whole": (row["name"], tuple(row["parts"]))} for row in made.rows()], "whole")

    assert all(len(parts) == 1 for parts in found.values())


def test_passages_of_one_document_are_in_one_part_after_other_steps_as_well() -> None:
    rng = random.Random(1)
    rows = [{"id": n, "text": " ".join(str(rng.random()) for _ in range(60))} for n in range(40)]
    steps = Chunk(size=10) >> Filter(keep="part != 1") >> Split(parts={"train": 0.5, "test": 0.5})

    found = parts_of([*run(steps, input=rows).rows()], "id")

    assert all(len(parts) == 1 for parts in found.values())
    assert {part for parts in found.values() for part in parts} == {"train", "test"}


def test_after_a_shuffle_equal_rows_are_still_in_one_part() -> None:
    rows = [{"n": n % 10} for n in range(100)]
    found = parts_of([*run(Shuffle() >> Split(parts=PARTS), input=rows).rows()], "n")

    assert all(len(parts) == 1 for parts in found.values())


@MANY
@given(st.lists(st.sampled_from("abc"), max_size=120), st.integers(0, 2**32))
def test_each_value_of_a_stratified_column_keeps_the_shares(labels: list[str], seed: int) -> None:
    split = Split(parts=PARTS, stratify="label", seed=seed)
    made = [split.process({"label": label, "n": n}) for n, label in enumerate(labels)]

    for label in set(labels):
        counts = Counter(row["split"] for row in made if row["label"] == label)
        total = labels.count(label)
        assert all(counts[part] < share * total + 1 for part, share in PARTS.items())


@pytest.mark.parametrize("stratify", [None, "label"])
def test_a_part_of_no_share_is_empty(stratify: str | None) -> None:
    split = Split(parts={"none": 0, "all": 1, "nothing": 0}, stratify=stratify)

    assert {split.process({"n": n, "label": n % 3})["split"] for n in range(200)} == {"all"}
