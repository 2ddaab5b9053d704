"""A calibration has the figures of scikit-learn, scipy and krippendorff, and the best threshold."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seedbed.errors import UsageError
from seedbed.raters.calibration import Verdicts, calibrate, verdicts_at
from seedbed.raters.intervals import share_interval, table_interval

UNITS = st.lists(st.tuples(st.integers(1, 5).map(float), st.booleans()), min_size=2, max_size=60).filter(
    lambda units: len({good for _, good in units}) == 2
)


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(UNITS)
def test_figures_are_those_of_other_packages(units):
    # Imported here, since it takes a second and each worker of pytest collects all tests.
    import krippendorff
    from sklearn.metrics import cohen_kappa_score, precision_score, recall_score

    made = calibrate(units)
    people = [good for _, good in units]
    judge = [score >= made.threshold for score, _ in units]
    verdicts = made.verdicts
    assert verdicts.kappa == pytest.approx(cohen_kappa_score(people, judge))
    assert verdicts.precision == pytest.approx(precision_score(people, judge))
    assert verdicts.recall == pytest.approx(recall_score(people, judge))
    assert verdicts.percent == pytest.approx(sum(map(int.__eq__, people, judge)) / len(units))
    numbers = [[int(good) for good in rater] for rater in (people, judge)]
    assert verdicts.alpha == pytest.approx(
        krippendorff.alpha(reliability_data=numbers, level_of_measurement="nominal")
    )


@settings(max_examples=20, deadline=None)
@given(UNITS)
def test_no_other_threshold_has_a_better_kappa_and_no_lower_one_an_equal_one(units):
    made = calibrate(units)
    best = made.verdicts.kappa
    assert best is not None
    for threshold in {score for score, _ in units}:
        other = verdicts_at(units, threshold).kappa
        assert other is not None
        assert other <= best + 1e-12
        assert threshold >= made.threshold or other < best


@settings(max_examples=20, deadline=None)
@given(UNITS, st.sampled_from([0.5, 0.8, 1.0]))
def test_a_precision_is_reached_at_the_lowest_threshold_that_reaches_it(units, precision):
    reaching = [score for score, _ in units if (verdicts_at(units, score).precision or 0.0) >= precision]
    if not reaching:
        with pytest.raises(UsageError, match="no threshold has a precision"):
            calibrate(units, precision)
        return
    made = calibrate(units, precision)
    assert made.threshold == min(reaching)
    assert made.aim == f"precision >= {precision:g}"


@pytest.mark.parametrize(("count", "total"), [(0, 5), (5, 5), (3, 7), (80, 100)])
def test_shares_have_the_interval_of_wilson(count, total):
    from scipy.stats import binomtest

    interval = binomtest(count, total).proportion_ci(method="wilson")
    assert share_interval(count, total) == pytest.approx((interval.low, interval.high))


def test_nothing_has_no_interval():
    assert share_interval(0, 0) is None


@pytest.mark.slow
def test_the_interval_of_kappa_holds_the_true_one_about_as_often_as_it_says():
    rng = random.Random(1)
    shares = (0.4, 0.1, 0.1, 0.4)
    true = 0.6
    held = 0
    for _ in range(30):
        drawn = rng.choices(range(4), shares, k=60)
        interval = table_interval(
            [drawn.count(cell) for cell in range(4)], lambda cells: Verdicts(*cells).kappa
        )
        assert interval is not None
        held += interval[0] <= true <= interval[1]
    assert held >= 26


def test_few_rows_that_all_agree_dont_make_it_certain():
    made = calibrate([(5.0, True), (4.0, True), (1.0, False)])
    assert made.verdicts.kappa == 1
    assert made.kappa_interval is not None
    assert made.kappa_interval[0] < 0.6
    assert made.kappa_interval[1] == 1


def test_scores_that_say_nothing_are_seen_through_on_rows_held_out():
    rng = random.Random(3)
    noise = [(rng.random(), rng.random() < 0.5) for _ in range(100)]
    made = calibrate(noise)
    assert made.verdicts.kappa > 0.1
    assert made.held_out_kappa is not None
    assert made.held_out_kappa < made.verdicts.kappa
    useful = [(score, score > 0.5) for score, _ in noise]
    assert calibrate(useful).held_out_kappa > 0.9


@pytest.mark.parametrize(("units", "fact"), [
    ([], "no row is rated"),
    ([(1.0, True), (2.0, True)], "people call all 2 rows good"),
    ([(1.0, False)], "people call all 1 rows bad"),
])  # fmt: skip
def test_rows_of_one_kind_have_no_threshold(units, fact):
    with pytest.raises(UsageError, match=fact):
        calibrate(units)
