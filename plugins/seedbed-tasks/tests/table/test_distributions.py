"""What is drawn is distributed as declared: chi-square for counts, Kolmogorov-Smirnov for numbers."""

from __future__ import annotations

import datetime
import statistics
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.lazy_module import lazy_module

from seedbed_tasks.table import Category, Date, Number, Part, Subcategory, Table, Uuid
from seedbed_tasks.table.category import exact_counts
from seedbed_tasks.table.column import Column
from seedbed_tasks.table.counts import binomial, poisson
from seedbed_tasks.table.normal import normal_quantile, normal_share
from seedbed_tasks.table.permutation import permuted

stats = lazy_module("scipy.stats")

ROWS = 6000
ALPHA = 1e-4


def values(column: Column, rows: int = ROWS, seed: int = 11, **others: Column) -> list[Any]:
    table = Table(columns={"x": column, **others}, rows=rows)
    return [table.variables(index, seed)["x"] for index in range(rows)]


def fits(found: list[Any], expected: dict[Any, float]) -> bool:
    counts = Counter(found)
    assert counts.keys() <= expected.keys(), counts.keys() - expected.keys()
    total = sum(expected.values())
    wanted = [share / total * len(found) for share in expected.values()]
    return bool(stats.chisquare([counts[value] for value in expected], wanted).pvalue > ALPHA)


def test_categories_come_as_often_as_their_weights_say() -> None:
    assert fits(values(Category(values=["a", "b", "c"])), {"a": 1, "b": 1, "c": 1})
    assert fits(values(Category(values=[1, True, None], weights=[5, 3, 2])), {1: 8, None: 2})
    assert set(values(Category(values=["a", "b"], weights=[0, 1]), 500)) == {"b"}
    assert not fits(values(Category(values=["a", "b"], weights=[11, 9])), {"a": 1, "b": 1})


def test_subcategories_follow_the_other_column() -> None:
    columns: dict[str, Any] = {
        "x": Subcategory(of="y", values={"1": ["a", "b"], "true": ["c"]}, weights={"1": [3, 1]}),
        "y": Category(values=[1, True]),
    }
    table = Table(columns=columns)
    rows = [table.variables(index) for index in range(ROWS)]

    assert fits([row["x"] for row in rows if row["y"] is not True], {"a": 3, "b": 1})
    assert {row["x"] for row in rows if row["y"] is True} == {"c"}


CONTINUOUS = [
    (Number(min=-3, max=9), lambda: stats.uniform(-3, 12)),
    (Number(distribution="normal", mean=40, std=12), lambda: stats.norm(40, 12)),
    (Number(distribution="normal", mean=0, std=1, min=1, max=2), lambda: stats.truncnorm(1, 2)),
    (Number(distribution="lognormal", mean=1, std=0.5), lambda: stats.lognorm(0.5, scale=np.e)),
    (Number(distribution="exponential", mean=7), lambda: stats.expon(scale=7)),
    (Number(distribution="exponential", mean=7, min=7), lambda: stats.expon(7, 7)),
]


@pytest.mark.parametrize(("column", "law"), CONTINUOUS)
def test_numbers_have_the_declared_distribution(column: Number, law: Callable[[], Any]) -> None:
    expected = law()
    assert stats.kstest(values(column), expected.cdf).pvalue > ALPHA
    assert stats.kstest(values(column), lambda x: expected.cdf(x * 1.1)).pvalue < ALPHA


COUNTS = [
    (Number(distribution="poisson", mean=3.5), lambda: stats.poisson(3.5)),
    (Number(distribution="bernoulli", probability=0.3), lambda: stats.bernoulli(0.3)),
    (Number(distribution="binomial", trials=10, probability=0.4), lambda: stats.binom(10, 0.4)),
    (Number(min=2, max=7, integer=True), lambda: stats.randint(2, 8)),
]


@pytest.mark.parametrize(("column", "law"), COUNTS)
def test_counts_have_the_declared_distribution(column: Number, law: Callable[[], Any]) -> None:
    expected = law()
    found = values(column)
    top = int(expected.ppf(0.999))

    assert all(type(value) is int for value in found)
    assert fits(
        [min(value, top) for value in found],
        {
            k: expected.pmf(k) if k < top else expected.sf(top - 1)
            for k in range(int(expected.ppf(0)) + 1, top + 1)
        },
    )


def test_what_is_cut_off_is_drawn_within_and_not_moved_to_the_edge() -> None:
    found = values(Number(distribution="poisson", mean=3, min=2, max=4))

    shares = {k: stats.poisson(3).pmf(k) for k in (2, 3, 4)}
    assert fits(found, shares)


def test_a_mixture_draws_from_its_parts_by_weight() -> None:
    parts = [Part(min=0, max=1, weight=3), Part(distribution="normal", mean=10, std=1)]
    found = values(Number(distribution="mixture", parts=parts))

    low = [value for value in found if value <= 1]
    assert stats.binomtest(len(low), ROWS, 0.75).pvalue > ALPHA
    assert stats.kstest(low, stats.uniform(0, 1).cdf).pvalue > ALPHA
    assert stats.kstest([value for value in found if value > 1], stats.norm(10, 1).cdf).pvalue > ALPHA


def test_decimals_round_and_keep_within_the_bounds() -> None:
    found = values(Number(min=0.05, max=0.95, decimals=1), 3000)

    assert set(found) == {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9}
    assert fits(found, dict.fromkeys(sorted(set(found)), 1))
    near = values(Number(distribution="normal", mean=1, std=1, min=0.26, max=1.74, decimals=1), 3000)
    assert (min(near), max(near)) == (0.3, 1.7)


def test_dates_are_spread_over_their_range() -> None:
    days = values(Date(start="2024-02-27", end="2024-03-02"))
    assert fits(
        days, dict.fromkeys(["2024-02-27", "2024-02-28", "2024-02-29", "2024-03-01", "2024-03-02"], 1)
    )

    hours = values(Date(start="2024-01-01T22:30", end="2024-01-02", granularity="hour"), 500)
    assert set(hours) == {"2024-01-01T23:00:00", "2024-01-02T00:00:00"}
    assert set(values(Date(start="2024-01-02", end="2024-03-01", granularity="month"), 500)) == {
        "2024-02-01",
        "2024-03-01",
    }
    assert set(values(Date(start="2023-12-31", end="2024-01-01", format="%d.%m.%y"), 100)) == {
        "31.12.23",
        "01.01.24",
    }


def test_a_date_after_another_waits_as_long_as_declared() -> None:
    ordered = Date(start="2024-01-01", end="2024-12-31")
    table = Table(columns={"sent": Date(after="ordered", at_least=1, at_most=3), "ordered": ordered})

    waits = []
    for index in range(ROWS):
        row = table.variables(index)
        sent, before = (datetime.date.fromisoformat(row[name]) for name in ("sent", "ordered"))
        waits.append((sent - before).days)
    assert fits(waits, {1: 1, 2: 1, 3: 1})


def test_identifiers_are_uuids_of_version_4() -> None:
    found = values(Uuid(), 2000)

    import uuid

    assert {uuid.UUID(text).version for text in found} == {4}
    assert {uuid.UUID(text).variant for text in found} == {uuid.RFC_4122}
    assert len(set(found)) == 2000
    short = values(Uuid(prefix="u-", digits=10), 500)
    assert {len(text) for text in short} == {12}
    assert fits([text[-1] for text in found], dict.fromkeys("0123456789abcdef", 1))


def test_columns_are_independent_of_each_other_and_of_the_row() -> None:
    table = Table(columns={name: Number(min=0, max=1) for name in ("a", "b")})
    rows = [table.variables(index) for index in range(ROWS)]
    a, b = ([row[name] for row in rows] for name in ("a", "b"))

    assert stats.pearsonr(a, b).pvalue > ALPHA
    assert stats.pearsonr(a[1:], a[:-1]).pvalue > ALPHA
    assert stats.pearsonr(a, range(ROWS)).pvalue > ALPHA


@given(st.lists(st.floats(1e-300, 1 - 1e-16), min_size=1))
def test_normal_quantiles_are_those_of_the_standard_library(shares: list[float]) -> None:
    found = normal_quantile(np.array(shares))

    assert found.tolist() == pytest.approx(
        [statistics.NormalDist().inv_cdf(share) for share in shares], rel=1e-12
    )
    assert normal_share(found) == pytest.approx(stats.norm.cdf(found), rel=1e-12)


@pytest.mark.parametrize("mean", [0.001, 1, 17.3, 1e4, 1e7])
def test_poisson_tables_agree_with_scipy(mean: float) -> None:
    shares = np.linspace(0.001, 0.999, 99)

    assert poisson(mean).quantile(shares).tolist() == stats.poisson(mean).ppf(shares).tolist()


@pytest.mark.parametrize(
    ("trials", "probability"), [(1, 0.5), (20, 0.1), (1000, 0.999), (10**7, 0.3), (5, 1)]
)
def test_binomial_tables_agree_with_scipy(trials: int, probability: float) -> None:
    shares = np.linspace(0.001, 0.999, 99)
    expected = stats.binom(trials, probability)
    counts = expected.ppf(shares)

    assert binomial(trials, probability).quantile(shares).tolist() == counts.tolist()
    assert binomial(trials, probability).upto(counts) == pytest.approx(expected.cdf(counts), rel=1e-7)


@given(st.integers(1, 3000), st.integers(0, 2**64 - 1))
def test_a_permutation_has_each_number_once(size: int, key: int) -> None:
    assert sorted(permuted(np.arange(size), size, key).tolist()) == list(range(size))


@pytest.mark.slow
def test_permutations_are_shuffled_well_enough_to_look_random() -> None:
    # Where 0 goes, over many keys, and how often neighbours stay neighbours.
    firsts = [int(permuted(np.arange(1), 10, key)[0]) for key in range(ROWS)]
    assert fits(firsts, dict.fromkeys(range(10), 1))
    order = permuted(np.arange(50_000), 50_000, 7)
    assert stats.pearsonr(order, range(50_000)).pvalue > ALPHA
    assert stats.kstest(np.abs(np.diff(order)) / 50_000, stats.triang(0).cdf).pvalue > ALPHA


@given(st.lists(st.floats(0.001, 100), min_size=1, max_size=9), st.integers(1, 500))
def test_exact_counts_are_the_shares_rounded_up_or_down(weights: list[float], rows: int) -> None:
    counts = exact_counts(weights, rows)

    assert sum(counts) == rows
    wanted = [weight / sum(weights) * rows for weight in weights]
    assert all(abs(count - share) < 1 + 1e-9 for count, share in zip(counts, wanted, strict=True))
