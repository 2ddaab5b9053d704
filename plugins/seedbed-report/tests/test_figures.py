"""Figures of reports, against brute force, scipy and scikit-learn."""

from __future__ import annotations

import random
import re
from itertools import combinations
from pathlib import Path
from typing import Any

import krippendorff
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from seedbed import RunReader
from seedbed.reading import is_refusal
from seedbed.store import RunStore
from seedbed_report import report_of, summary_lines
from seedbed_report.declared import Shares
from seedbed_report.distinct import WORDS, DistinctWords
from seedbed_report.likeness import likeness
from seedbed_report.sections import sections
from seedbed_report.spread import Numbers
from seedbed_report.words import languages

WORD = re.compile(r"\w+")
SENTENCES = [
    "The river runs slowly through the old town.",
    "A lamp is burning in the window of the mill.",
    "The river runs slowly through the old town!",
    "I'm sorry, but I can't help with that.",
    "Nobody knows where the boats have gone today.",
    "Nobody knows where the boats have gone.",
    "Die Boote kehren am Abend in den Hafen zurück, wenn der Wind sich legt.",
]


def texts(number: int, seed: int = 0) -> list[str]:
    rng = random.Random(seed)
    words = [f"w{place}" for place in range(60)]
    return [" ".join(rng.choices(words, k=rng.randint(4, 30))) for _ in range(number)]


def column(report: Any, name: str) -> Any:
    return next(one for one in report.columns if one.name == name)


def runs_of(text: str, length: int) -> set[tuple[str, ...]]:
    words = WORD.findall(text.lower())
    return {tuple(words[start : start + length]) for start in range(max(1, len(words) - length + 1))}


@example([0.0, 5e-324])
@given(st.lists(st.integers(-12_000, 12_000) | st.floats(-1e6, 1e6), min_size=1, max_size=300))
def test_a_spread_has_the_moments_and_quantiles_of_its_numbers(numbers: list[float]) -> None:
    counted = Numbers()
    for number in numbers:
        counted.add(number)
    spread = counted.spread()
    assert spread is not None
    assert spread.mean == pytest.approx(np.mean(numbers), abs=1e-6)
    assert spread.std == pytest.approx(np.std(numbers), rel=1e-6, abs=1e-6)
    assert (spread.min, spread.max) == (min(numbers), max(numbers))
    for share, found in ((0.05, spread.p5), (0.5, spread.median), (0.95, spread.p95)):
        exact = np.quantile(numbers, share, method="inverted_cdf")
        assert found == pytest.approx(exact, rel=1e-3)
    assert sum(one.rows for one in spread.bins) == len(numbers)


def test_bins_of_whole_numbers_hold_equally_many_of_them() -> None:
    counted = Numbers()
    for number in range(100):
        counted.add(number)
    spread = counted.spread()
    assert spread is not None
    assert [one.rows for one in spread.bins] == [5] * 20


def test_lengths_and_words_are_those_of_the_texts(report: Any) -> None:
    given_texts = texts(200)
    found = column(report({"text": text} for text in given_texts), "text")
    assert found.kind == "text"
    assert found.lengths.characters.mean == pytest.approx(np.mean([len(text) for text in given_texts]))
    assert found.lengths.words.median == np.quantile(
        [len(text.split()) for text in given_texts], 0.5, method="inverted_cdf"
    )
    assert found.lengths.tokens.max == max(-(-len(text) // 4) for text in given_texts)


def test_tokens_are_counted_by_a_tokenizer_that_is_named(report: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("seedbed_report.measuring.token_counter", lambda name: lambda text: 7)
    found = column(report(({"text": text} for text in texts(10)), tokenizer="seven"), "text")
    assert found.lengths.tokens.mean == 7
    assert found.lengths.tokenizer == "seven"


def test_distinct_n_counts_the_different_runs_of_words(report: Any) -> None:
    given_texts = texts(50)
    found = column(report({"text": text} for text in given_texts), "text").distinct
    for length, share in ((1, found.distinct_1), (2, found.distinct_2), (3, found.distinct_3)):
        runs = [
            tuple(words[start : start + length])
            for words in map(str.split, given_texts)
            for start in range(len(words) - length + 1)
        ]
        assert share == pytest.approx(len(set(runs)) / len(runs))


def test_distinct_n_looks_at_the_first_words_alone() -> None:
    counted = DistinctWords()
    for _ in range(5):
        counted.add([f"w{place}" for place in range(WORDS // 4)])
    found = counted.figures()
    assert (found.words, found.distinct_1) == (WORDS, 0.25)


def test_near_duplicates_are_those_that_comparing_all_pairs_finds(report: Any) -> None:
    rng = random.Random(1)
    given_texts = []
    for text in texts(150):
        given_texts.append(text)
        if rng.random() < 0.3:
            given_texts.append(f"{text} {rng.choice(['again', 'w1', ''])}")
    kept: list[set[tuple[str, ...]]] = []
    near = 0
    for text in given_texts:
        runs = runs_of(text, 3)
        if any(len(runs & other) / len(runs | other) >= 0.8 for other in kept):
            near += 1
        else:
            kept.append(runs)
    found = report({"text": text} for text in given_texts).duplicates
    assert found.near == near > 20
    assert (found.rows, found.share) == (len(given_texts), near / len(given_texts))


def test_refusals_are_counted_in_texts(report: Any) -> None:
    found = column(report({"text": text} for text in SENTENCES), "text")
    assert found.refusals == sum(map(is_refusal, SENTENCES)) == 1


def test_each_language_is_counted(report: Any) -> None:
    (found,) = report({"text": text} for text in SENTENCES).languages
    assert found.rows == len(SENTENCES)
    assert {share.value: share.rows for share in found.shares} == {"en": 6, "de": 1}


def test_of_texts_that_are_too_short_no_language_is_told(report: Any) -> None:
    short = ["Rome", "42", "Blue whale", "yes", "The river Rhine", "水"]
    chinese = "今天天气很好 我们去公园散步"
    (found,) = report({"text": text} for text in [*short, *SENTENCES, chinese]).languages
    assert (found.rows, found.short) == (14, 6)
    assert {share.value: share.rows for share in found.shares} == {"en": 6, "de": 1, "zh": 1}
    assert languages(found, most=1) == "en 42.9 %, too short to say 42.9 %"


@pytest.mark.slow
def test_likeness_is_the_cosine_to_the_mean_of_tf_idf() -> None:
    # Imported here, since it takes a second and each worker of pytest collects all tests.
    from sklearn.feature_extraction.text import TfidfVectorizer

    given_texts = [*SENTENCES, *texts(30)]
    weigher = TfidfVectorizer(analyzer="char", ngram_range=(3, 3), sublinear_tf=True)
    vectors = weigher.fit_transform(given_texts)
    mean = np.asarray(vectors.mean(axis=0)).ravel()
    assert likeness(given_texts) == pytest.approx(vectors @ (mean / np.linalg.norm(mean)))


def test_the_odd_row_is_found_by_an_embedder_as_well(report: Any) -> None:
    from seedbed import get_embedder

    rows = [{"text": f"Bread number {place} is baked in the oven."} for place in range(12)]
    rows.insert(5, {"text": "Quantum fields fluctuate near black holes."})
    for embedder in (None, get_embedder("static/wordllama")):
        found = report(rows, embedder=embedder).likeness
        assert (found.odd[0].row, found.odd[0].line) == ("5", 6)
        assert found.method == ("tf-idf" if embedder is None else "static/wordllama")


def test_copies_of_a_row_are_shown_once(report: Any) -> None:
    rows = [{"text": one} for one in [*SENTENCES, *SENTENCES[:1] * 9, *texts(20)]]
    found = report(rows).likeness
    assert found.rows == len(rows)
    assert len({one.text for one in found.typical}) == len(found.typical) == 5


def test_kinds_of_columns_follow_from_their_values(report: Any) -> None:
    rows = [
        {
            "label": ["red", "blue"][place % 2],
            "flag": place % 3 == 0,
            "number": place / 2,
            "list": [1, 2],
            "chat": [{"role": "user", "content": f"Say {place}"}, {"role": "assistant", "content": "Aye."}],
            "hole": None,
            "mixed": "a text" if place < 9 else 3,
            "id": f"T{place:04}",
            "word": "abcdefghij"[place],
            "sentence": f"我有{place}只猫。",
        }
        for place in range(10)
    ]
    found = {one.name: one for one in report(rows).columns}
    kinds = {name: one.kind for name, one in found.items()}
    assert kinds == {
        "label": "category",
        "flag": "category",
        "number": "number",
        "list": "other",
        "chat": "text",
        "hole": "empty",
        "mixed": "category",
        "id": "identifier",
        "word": "text",
        "sentence": "text",
    }
    assert found["id"].lengths is None
    assert {share.value: share.rows for share in found["flag"].values} == {"true": 4, "false": 6}
    assert (found["mixed"].rows, found["mixed"].odd) == (9, 1)
    assert found["hole"].missing == 10


def test_an_object_has_a_column_for_each_of_its_keys(report: Any) -> None:
    rows = [{"judge": {"score": place % 5, "reason": text}} for place, text in enumerate(texts(20))]
    found = report(rows)
    assert {one.name: one.kind for one in found.columns} == {"judge.score": "number", "judge.reason": "text"}
    assert column(found, "judge.score").numbers.mean == pytest.approx(2)
    assert found.duplicates.columns == ["judge.reason"]
    assert found.duplicates.rows == 20


def table(**columns: Any) -> dict[str, Any]:
    return {"steps": [{"name": "made", "fields": {"declared": columns}}]}


def test_shares_are_compared_with_the_declared_weights(report: Any) -> None:
    rows = [{"plan": "free", "seats": 3}] * 70 + [{"plan": "team", "seats": 50}] * 30
    manifest = table(
        plan={"kind": "category", "values": ["free", "team", "gone"], "weights": [3, 6, 1]},
        seats={"kind": "number", "min": 1, "max": 40},
        shown={"kind": "category", "values": ["a"], "when": {"plan == 'free'": {}}},
    )
    plan, seats = report(rows, manifest=manifest).balance
    assert [(share.share, share.declared) for share in plan.shares] == [(0.7, 0.3), (0.3, 0.6), (0, 0.1)]
    assert plan.distance == pytest.approx(0.4)
    assert plan.beyond_chance == ["free", "team", "gone"]
    assert (seats.min, seats.max, seats.outside) == (1, 40, 30)


def test_a_table_as_declared_is_hardly_ever_said_to_be_off() -> None:
    rng = random.Random(0)
    off = 0
    for _ in range(200):
        counted = Shares("step", "column", ["a", "b", "c"], [5, 3, 2])
        for value in rng.choices("abc", [5, 3, 2], k=300):
            counted.add(value)
        off += bool(counted.figures().beyond_chance)
    # Of three shares, each is beyond three standard errors in 0.27 % of cases.
    assert off <= 5


def test_judges_agree_as_the_package_krippendorff_says(report: Any) -> None:
    rng = random.Random(3)
    scores = [[rng.randint(1, 4) for _ in range(3)] for _ in range(40)]
    rows = [
        {
            "verdicts": [
                {"judge": judge, "criterion": "clarity", "score": score}
                for judge, score in zip("abc", row, strict=True)
            ]
        }
        for row in scores
    ]
    (found,) = report(rows).agreement
    assert (found.rated, found.judges, found.units) == ("clarity", ["a", "b", "c"], 40)
    for level, alpha in (("nominal", found.alpha_nominal), ("ordinal", found.alpha_ordinal)):
        assert alpha == pytest.approx(krippendorff.alpha(np.array(scores).T, level_of_measurement=level))
    agreed = [one == other for row in scores for one, other in combinations(row, 2)]
    assert found.percent == pytest.approx(np.mean(agreed))


def test_time_by_step_is_that_of_all_sessions_and_the_longest_first(runs: Path) -> None:
    with RunStore.open(runs / "one") as store:
        for seconds in ({"ask": 1.5, "judge": 2.0}, {"judge": 4.5}, None):
            store.begin_session({"task": "made", "leaf": "made", "wanted": None, "steps": []})
            store.end_session("complete", {} if seconds is None else {"step_seconds": seconds})
    with RunReader.open(runs / "one") as reader:
        found = report_of(reader, "one")
    assert [(one.step, one.seconds, one.share) for one in found.times] == [
        ("judge", 6.5, 0.8125),
        ("ask", 1.5, 0.1875),
    ]
    assert dict(summary_lines(found))["Time by step"] == "judge 81.2 %, ask 18.8 %"
    assert "Time by step" in {section.title for section in sections(found)}
