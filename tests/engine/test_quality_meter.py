"""Figures of live quality against brute force."""

from __future__ import annotations

import random
import subprocess
import sys
from dataclasses import fields
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.memory import grows_by_less, measured, peak_megabytes

from seedbed.engine.quality.figures import Quality
from seedbed.engine.quality.meter import WINDOW, QualityMeter
from seedbed.engine.quality.near_rows import LIKE, NearRows
from seedbed.engine.quality.sketch import SIZE, Sketcher, similarity
from seedbed.pipeline.stop_condition import FIGURES

WORDS = [f"word{place}" for place in range(400)]


def runs_of(text: str) -> set[tuple[str, ...]]:
    words = text.lower().split()
    return set(zip(words, words[1:], words[2:], strict=False)) or {tuple(words)}


def jaccard(one: str, other: str) -> float:
    first, second = runs_of(one), runs_of(other)
    return len(first & second) / len(first | second)


def text(rng: random.Random, length: int = 20) -> str:
    return " ".join(rng.choices(WORDS, k=length))


def quality_of(texts: list[str]) -> Quality:
    meter = QualityMeter()
    for one in texts:
        meter.add({"text": one})
    return meter.quality()


@settings(deadline=None)
@given(st.lists(st.sampled_from("abcdefgh"), min_size=3, max_size=17), st.data())
def test_the_similarity_of_short_texts_is_exact(words: list[str], data: st.DataObject) -> None:
    other = data.draw(st.lists(st.sampled_from("abcdefgh"), min_size=3, max_size=17))
    one, two = " ".join(words), " ".join(other)
    sketcher = Sketcher()
    assert similarity(sketcher.sketch(one), sketcher.sketch(two)) == pytest.approx(jaccard(one, two))


def test_the_similarity_of_long_texts_is_estimated_without_a_bias() -> None:
    rng, sketcher, off = random.Random(0), Sketcher(), []
    for _ in range(300):
        words = rng.choices(WORDS, k=200)
        changed = [word if rng.random() > 0.05 else "changed" for word in words]
        one, two = " ".join(words), " ".join(changed)
        off.append(similarity(sketcher.sketch(one), sketcher.sketch(two)) - jaccard(one, two))
    assert abs(sum(off) / len(off)) < 0.02
    assert max(map(abs, off)) < 0.35


def test_a_sketch_is_the_same_in_each_process() -> None:
    program = (
        "from seedbed.engine.quality.sketch import Sketcher; print(Sketcher().sketch('a river in Paris, ça'))"
    )
    shown = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert shown == {f"{Sketcher().sketch('a river in Paris, ça')}\n"}


def test_near_duplicates_are_those_that_comparing_all_pairs_finds() -> None:
    rng = random.Random(1)
    texts: list[str] = []
    for _ in range(150):
        texts.append(text(rng))
        if rng.random() < 0.4:
            texts.append(f"{rng.choice(texts)} {rng.choice(['again', 'once more', ''])}")
    kept: list[str] = []
    near = 0
    for one in texts:
        if any(jaccard(one, other) >= LIKE for other in kept):
            near += 1
        else:
            kept.append(one)
    assert near > 40
    assert quality_of(texts).near_duplicates == near / len(texts)


def test_a_row_is_found_among_rows_that_share_half_of_their_words() -> None:
    rng = random.Random(2)
    common = text(rng, 12)
    rows = [f"{common} {text(rng, 12)}" for _ in range(300)]
    meter = QualityMeter()
    for one in [*rows, *rows]:
        meter.add({"text": one})
    assert meter.quality().near_duplicates == pytest.approx(0.5, abs=0.01)


def test_old_rows_are_forgotten() -> None:
    sketcher, near = Sketcher(), NearRows(kept=10)
    sketches = [sketcher.sketch(text(random.Random(place))) for place in range(11)]
    assert all(map(near.add, sketches))
    assert near.add(sketches[0])
    assert not near.add(sketches[10])


def test_texts_without_spaces_are_compared_by_their_characters() -> None:
    found = quality_of(
        ["河流穿过古老的城市向东流去", "河流穿过古老的城市向东流去吧", "夜里港口的灯火一盏一盏地熄灭了"]
    )
    assert found.near_duplicates == pytest.approx(1 / 3)


def test_openings_refusals_and_novelty_are_counted() -> None:
    rng = random.Random(3)
    openings = ["Once upon a time there", "In the town of Esk"]
    texts = [f"{openings[place % 2]} {text(rng)}" for place in range(40)]
    texts += ["I'm sorry, but I can't help with that."] * 10
    found = quality_of(texts)
    assert found.rows == 50
    assert found.repeated_openings == (38 + 9) / 50
    assert found.refusals == 10 / 50
    new = [len(runs_of(one) - set().union(*map(runs_of, texts[:place]))) for place, one in enumerate(texts)]
    shares = [count / len(runs_of(one)) for count, one in zip(new, texts, strict=True)]
    # Of sixteen runs of each row.
    assert found.novelty == pytest.approx(sum(shares) / 50, abs=0.06)


def test_of_many_openings_the_oldest_half_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("seedbed.engine.quality.meter._KEPT_OPENINGS", 4)
    rng = random.Random(6)
    first, *others = [text(rng) for _ in range(7)]
    assert quality_of([first, *others[:2], first]).repeated_openings == 1 / 4
    assert quality_of([first, *others, first]).repeated_openings == 0


def test_refusals_of_many_rows_are_those_of_every_eighth() -> None:
    rng = random.Random(4)
    texts = [text(rng) if place % 5 else "I'm sorry, but I can't help with that." for place in range(4000)]
    assert quality_of(texts).refusals == pytest.approx(0.2, abs=0.01)


def test_length_drift_compares_the_last_rows_with_the_first() -> None:
    rng = random.Random(5)
    texts = [text(rng, 10) for _ in range(WINDOW)] + [text(rng, 20) for _ in range(WINDOW)]
    assert quality_of(texts[:-1]).length_drift == 0
    mean = [sum(map(len, part)) / WINDOW for part in (texts[:WINDOW], texts[WINDOW:])]
    assert quality_of(texts).length_drift == pytest.approx(mean[1] / mean[0] - 1)


def test_given_columns_and_labels_do_not_count() -> None:
    meter = QualityMeter({"topic"})
    for place in range(30):
        row = {"topic": "a long topic that each of the rows has in common", "label": "spam", "n": place}
        meter.add({**row, "mood": f"a mood that was sampled and is long enough {place}"}, {"mood": ""})
    assert meter.quality() == Quality()


def test_what_is_notable_is_said_in_a_few_words() -> None:
    assert Quality(
        rows=100, near_duplicates=0.314, novelty=0.4, length_drift=-0.5, reasked=0.1
    ).notable() == [
        "31 % near duplicates",
        "only 40 % new wording",
        "texts 50 % shorter than at first",
    ]
    assert Quality(rows=19, near_duplicates=1).notable() == []
    assert Quality(rows=1000).notable() == []
    assert Quality(rows=1000).text().startswith("0 % near duplicates, ")


def test_figures_survive_json() -> None:
    found = quality_of(["a text of some five words"] * 3)
    assert Quality.of_json(found.as_json()) == Quality(**found.as_json())
    assert Quality.of_json(None) is None


def test_a_condition_may_use_each_figure() -> None:
    assert tuple(field.name for field in fields(Quality)) == FIGURES


def test_a_sketch_is_bounded() -> None:
    assert len(Sketcher().sketch(text(random.Random(6), 5000))) == SIZE


MANY = """
import random
from seedbed.engine.quality.meter import QualityMeter
rng, meter = random.Random(0), QualityMeter()
for _ in range({rows}):
    meter.add({{"text": " ".join(f"w{{rng.randrange(10**6)}}" for _ in range(20))}})
"""


@measured
@pytest.mark.slow
def test_memory_does_not_grow_with_the_rows() -> None:
    few, many = (partial(peak_megabytes, MANY.format(rows=rows)) for rows in (60_000, 150_000))
    assert grows_by_less(20, few, many)
