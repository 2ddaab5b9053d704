"""The figures of agreement are those of scikit-learn and of the krippendorff package."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seedbed.errors import UsageError
from seedbed.raters.agreement import Agreement, agreement, row_agreement

# What the figures are compared with is imported in the tests: it takes a second, and each worker of pytest
# collects all tests.

RATINGS = st.integers(1, 5)
TABLES = st.lists(st.tuples(*[st.one_of(st.none(), RATINGS)] * 3), min_size=2, max_size=30)
PAIRS = st.lists(st.tuples(RATINGS, RATINGS), min_size=2, max_size=40)


def counted(units):
    return agreement({f"rater {place}": rating for place, rating in enumerate(unit)} for unit in units)


@pytest.mark.slow
@given(PAIRS)
@settings(deadline=None)
def test_kappa_is_that_of_scikit_learn(pairs):
    from sklearn.metrics import cohen_kappa_score

    first, second = zip(*pairs, strict=True)
    for weights in (None, "linear", "quadratic"):
        if len({*first, *second}) == 1:
            expected = math.nan
        else:
            expected = cohen_kappa_score(first, second, weights=weights)
        found = counted(pairs).cohen_kappa("rater 0", "rater 1", weights)
        assert found is None if math.isnan(expected) else found == pytest.approx(expected, abs=1e-9)


@given(TABLES)
@settings(deadline=None)
def test_alpha_is_that_of_the_krippendorff_package_with_missing_ratings(units):
    import krippendorff

    found = counted(units)
    paired = [rating for unit in units if sum(r is not None for r in unit) > 1 for rating in unit]
    for level in ("nominal", "ordinal", "interval"):
        if len({rating for rating in paired if rating is not None}) < 2:
            assert found.krippendorff_alpha(level) is None
            continue
        table = [[math.nan if rating is None else rating for rating in unit] for unit in units]
        columns = [list(column) for column in zip(*table, strict=True)]
        expected = krippendorff.alpha(reliability_data=columns, level_of_measurement=level)
        assert found.krippendorff_alpha(level) == pytest.approx(expected, abs=1e-9)


def test_alpha_of_ratings_far_from_zero_keeps_its_digits():
    import krippendorff

    rng = random.Random(3)
    units = [(base := 1e8 + rng.randint(0, 3), base + rng.choice([0, 0, 1])) for _ in range(200)]
    expected = krippendorff.alpha(list(zip(*units, strict=True)), level_of_measurement="interval")
    assert counted(units).krippendorff_alpha("interval") == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("unit", [5e307, 10**400, 1e-320])
def test_alpha_is_the_same_in_any_unit(unit):
    one, other = Agreement(), Agreement()
    for first, second in ((1, 1), (2, 3), (3, 3)):
        one.add({"a": first, "b": second})
        other.add({"a": first * unit, "b": second * unit})

    assert other.krippendorff_alpha("interval") == pytest.approx(one.krippendorff_alpha("interval"), rel=1e-3)
    assert other.krippendorff_alpha("ordinal") == one.krippendorff_alpha("ordinal")


def test_alpha_takes_integers_beyond_floats_beside_floats():
    counted = Agreement()
    counted.add({"a": 10**400, "b": 1.5})
    counted.add({"a": 10**400, "b": 10**400})

    assert counted.krippendorff_alpha("interval") == pytest.approx(0.0)


def test_alpha_of_labels_is_nominal_alone():
    import krippendorff

    labels = counted([("yes", "yes"), ("no", "yes"), ("no", "no")])
    expected = krippendorff.alpha([[1, 2, 2], [1, 1, 2]], level_of_measurement="nominal")
    assert labels.krippendorff_alpha() == pytest.approx(expected)
    assert not labels.is_numeric
    with pytest.raises(UsageError, match="isn't a number, so the ordinal alpha is undefined"):
        labels.krippendorff_alpha("ordinal")


def test_percent_counts_pairs_of_raters():
    assert counted([(1, 1), (1, 2), (3, 3), (2, None)]).percent == pytest.approx(2 / 3)
    assert counted([(1, 1, 2)]).percent == pytest.approx(1 / 3)
    assert [row_agreement(row) for row in ([1, 1, 2], [1, 1], [1, None], [])] == [1 / 3, 1, None, None]


def test_perfect_and_no_agreement_are_one_and_below_chance():
    perfect = counted([(1, 1), (2, 2), (3, 3)])
    assert perfect.krippendorff_alpha("interval") == perfect.cohen_kappa("rater 0", "rater 1") == 1
    opposed = counted([(1, 2), (2, 1)] * 10)
    assert opposed.krippendorff_alpha() < 0
    assert opposed.cohen_kappa("rater 0", "rater 1") == -1


def test_what_is_undefined_is_none():
    nobody = counted([(None, 1), (math.nan, 2)])
    assert (nobody.units, nobody.percent, nobody.krippendorff_alpha(), nobody.pairs) == (0, None, None, [])
    same = counted([(2, 2), (2, 2)])
    assert (same.percent, same.krippendorff_alpha("ordinal"), same.pairs[0].cohen_kappa) == (1, None, None)


def test_raters_come_by_name_whatever_the_order_of_a_unit():
    both = Agreement()
    both.add({"bob": 1, "ada": 2})
    both.add({"ada": 1, "bob": 1})
    assert both.cohen_kappa("bob", "ada") == both.cohen_kappa("ada", "bob")
    assert [pair[:4] for pair in both.pairs] == [("ada", "bob", 2, 0.5)]


def test_odd_raters_and_ratings_are_refused():
    with pytest.raises(UsageError, match="the rating of 'ada' is infinite"):
        Agreement().add({"ada": float("inf"), "bob": 1})
    with pytest.raises(UsageError, match="'cy' and 'ada' rated no unit both"):
        counted([(1, 2)]).cohen_kappa("cy", "ada")
    with pytest.raises(UsageError, match="is list, not text or a number"):
        Agreement().add({"ada": [1], "bob": 2})
