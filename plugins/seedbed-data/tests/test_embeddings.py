"""Steps that compare texts by their vectors: exact, in row order, and the same however a run goes."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy
import pytest

from seedbed import (
    Embedder,
    GeneratorStep,
    InvalidRowError,
    ParameterError,
    Registry,
    Reject,
    get_embedder,
    get_step,
    run,
)
from seedbed.testing import StepContract
from seedbed_data import DedupSemantic, Embed, HardNegatives
from seedbed_data.vectors import SeenVectors, unit

QUESTIONS = [
    "How do tides follow the moon?",
    "Why do the tides follow the moon?",
    "Who built the first iron bridge?",
    "Who was it that built the first bridge of iron?",
    "How many workers live in a hive of bees?",
]
PAIRS = [
    {"question": QUESTIONS[0], "passage": "The pull of the moon makes the tides of the sea."},
    {
        "question": "When is high tide?",
        "passage": "The sea is at high tide twice a day, with the moon.",
    },
    {"question": QUESTIONS[2], "passage": "Abraham Darby built the iron bridge over the river Severn."},
    {"question": QUESTIONS[4], "passage": "A hive of bees has some fifty thousand workers."},
]


# Each makes all rows again.
pytestmark = pytest.mark.variants(
    1,
    "test_a_run_that_grows_comes_to_the_same_rows",
    "test_only_the_inputs_named_are_read",
    "test_rows_have_the_columns_promised",
    "test_a_row_alone_is_the_row_among_many",
    "test_files_that_it_reads_are_declared",
)


class TestEmbed(StepContract):
    step = "embed"
    parameters = {"embedder": "static/wordllama"}
    inputs = [{"text": text} for text in QUESTIONS]


@pytest.mark.slow
class TestDedupSemantic(StepContract):
    step = "dedup-semantic"
    parameters = {"embedder": "static/wordllama", "threshold": 0.8}
    inputs = [{"text": text} for text in QUESTIONS]


class TestHardNegatives(StepContract):
    step = "hard-negatives"
    parameters = {"embedder": "static/wordllama", "anchor": "question", "positive": "passage"}
    inputs = PAIRS


def cosines(texts: Sequence[str]) -> Any:
    vectors = unit(get_embedder("static/wordllama").vectors(texts))
    return vectors @ vectors.T


def test_texts_that_mean_the_same_are_rejected_and_the_first_stays():
    similarity = cosines(QUESTIONS)
    assert similarity[0, 1] > 0.8 > similarity[0, 2]
    made = run(
        DedupSemantic(embedder="static/wordllama", threshold=0.8),
        input=[{"text": text} for text in QUESTIONS],
    )
    assert [row["text"] for row in made.rows()] == [QUESTIONS[0], QUESTIONS[2], QUESTIONS[4]]
    assert set(made.rejections) == {"means nearly the same as an earlier row"}


@pytest.mark.slow
def test_the_same_vectors_in_a_column_give_the_same_rows():
    rows = [{"text": text} for text in QUESTIONS]
    direct = run(DedupSemantic(embedder="static/wordllama", threshold=0.8), input=rows)
    steps = Embed(embedder="static/wordllama") >> DedupSemantic(vector="vector", threshold=0.8)
    assert [row["text"] for row in run(steps, input=rows).rows()] == [row["text"] for row in direct.rows()]


@pytest.mark.slow
@pytest.mark.parametrize("threshold", [0.3, 0.6, 0.9])
def test_it_finds_what_comparing_all_with_all_finds(threshold):
    generator = numpy.random.default_rng(7)
    centres = generator.normal(size=(40, 48))
    noise = generator.normal(size=(3000, 48)) * generator.uniform(0.05, 1.5, size=(3000, 1))
    vectors = unit((centres[generator.integers(0, 40, 3000)] + noise).astype("float32"))
    seen, kept = SeenVectors(threshold), []
    for number, vector in enumerate(vectors):
        expected = bool(kept) and bool((vectors[kept] @ vector).max() >= threshold)
        near = seen.nearest(vector)
        assert (near is not None) == expected
        # Sums of floats in another order may have another last digit.
        assert near is None or (vectors[kept] @ vector)[near] >= (vectors[kept] @ vector).max() - 1e-5
        if not expected:
            seen.add(vector)
            kept.append(number)
    assert 0 < len(kept) < 3000


def test_equal_vectors_are_near_at_a_threshold_of_one():
    seen = SeenVectors(1.0)
    vector = unit(numpy.random.default_rng(3).normal(size=300).astype("float32"))
    seen.add(vector)
    assert seen.nearest(vector) == 0


def test_texts_without_a_vector_of_their_own_are_no_duplicates():
    made = run(DedupSemantic(embedder="static/wordllama"), input=[{"text": ""}, {"text": ""}])
    assert made.accepted == 2


class Sentences(GeneratorStep):
    """Says one of thirty things, in one of several ways."""

    def process(self, offset: int = 0):
        things = [f"{verb} the {noun}" for verb in ("paint", "sell", "lift") for noun in NOUNS]
        for number in range(10_000):
            rng = random.Random(number)
            yield {"text": f"{rng.choice(('Please', 'Now', 'Today'))} {rng.choice(things)}."}


NOUNS = ("boat", "tower", "apple", "letter", "engine", "tree", "coin", "window", "sheep", "drum")


@pytest.mark.slow
def test_a_generator_upstream_replaces_what_is_rejected():
    steps = Sentences() >> DedupSemantic(embedder="static/wordllama", threshold=0.75)
    made = run(steps, 12)
    texts = [row["text"] for row in made.rows()]
    assert (len(texts), made.rejected > 0) == (12, True)
    similarity = cosines(texts) - numpy.eye(12)
    assert similarity.max() < 0.75


def test_a_run_that_is_extended_has_seen_the_rows_before():
    rows = [{"text": text} for text in QUESTIONS]
    step = DedupSemantic(embedder="static/wordllama", threshold=0.8)
    run(step, input=rows[:1], name="semantic")
    again = run(step, input=rows, name="semantic")
    assert [row["text"] for row in again.rows()] == [QUESTIONS[0], QUESTIONS[2], QUESTIONS[4]]


@pytest.mark.parametrize("given", [{}, {"embedder": "static/wordllama", "vector": "v"}])
def test_there_are_vectors_from_one_place(given):
    with pytest.raises(ParameterError, match="give an `embedder`, such as static/wordllama, or a column"):
        get_step("dedup-semantic", **given)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0.1, 0.2", "'v' is str, not a list of numbers"),
        ([], "'v' is an empty list, not a list of numbers"),
        (["a"], "'v' is not a list of numbers"),
        ([[1.0]], "not a list of finite numbers"),
        ([1.0, 2.0, 3.0], "the vector has 3 numbers, those of earlier rows 2"),
    ],
)
def test_a_column_without_vectors_is_refused(value, text):
    step = DedupSemantic(vector="v")
    step.process({"v": [1.0, 2.0]})
    with pytest.raises(InvalidRowError, match=text):
        step.process({"v": value})


def test_vectors_are_written_with_the_digits_that_they_have():
    row = Embed(embedder="static/wordllama").process({"text": "a river"})
    expected = get_embedder("static/wordllama").vectors(["a river"])[0]
    assert numpy.array_equal(numpy.asarray(row["vector"], dtype="float32"), expected)
    assert len(json.dumps(row["vector"])) < 14 * len(row["vector"])


def triplets(**fields: Any) -> list[dict[str, Any]]:
    step = HardNegatives(embedder="static/wordllama", anchor="question", positive="passage", **fields)
    return list(run(step, input=PAIRS).rows())


def test_the_negative_of_a_question_is_the_nearest_passage_of_another_one():
    passages = [pair["passage"] for pair in PAIRS]
    vectors = unit(
        get_embedder("static/wordllama").vectors([*(pair["question"] for pair in PAIRS), *passages])
    )
    similarity = vectors[: len(PAIRS)] @ vectors[len(PAIRS) :].T
    numpy.fill_diagonal(similarity, -1)
    made = triplets(similarity="score")
    assert [row["negative"] for row in made] == [passages[number] for number in similarity.argmax(axis=1)]
    assert [row["score"] for row in made] == [round(float(number), 4) for number in similarity.max(axis=1)]
    # The tides of the other question, not bees.
    assert made[0]["negative"] == passages[1]


@pytest.mark.slow
def test_several_negatives_are_several_rows_nearest_first():
    made = triplets(each=2, similarity="score")
    assert [row["question"] for row in made] == [pair["question"] for pair in PAIRS for _ in range(2)]
    assert all(first["score"] >= second["score"] for first, second in zip(made[::2], made[1::2], strict=True))
    skipped = triplets(skip=1)
    assert [row["negative"] for row in skipped] == [row["negative"] for row in made[1::2]]


def test_no_positive_of_the_question_is_its_negative():
    copies = [
        *PAIRS,
        {**PAIRS[0], "passage": PAIRS[0]["passage"].replace(".", "!")},
        {**PAIRS[0], "passage": "Bees."},
    ]
    step = HardNegatives(embedder="static/wordllama", anchor="question", positive="passage", each=9)
    made = list(run(step, input=copies).rows())
    of_first = {row["negative"] for row in made if row["question"] == PAIRS[0]["question"]}
    assert of_first == {pair["passage"] for pair in PAIRS[1:]}


def test_a_passage_without_any_other_has_no_negative():
    assert (
        list(
            run(
                HardNegatives(embedder="static/wordllama", anchor="question", positive="passage"),
                input=PAIRS[:1],
            ).rows()
        )
        == []
    )


@pytest.mark.slow
def test_blocks_of_rows_give_what_one_block_gives(monkeypatch):
    whole = triplets(each=3)
    monkeypatch.setattr("seedbed_data.hard_negatives._BLOCK_BYTES", 1)
    assert triplets(each=3) == whole


class Flat(Embedder):
    """Finds all texts alike."""

    repeatable: ClassVar[bool] = True

    async def embed(self, texts: Sequence[str]) -> Any:
        return [[1.0, 0.0]] * len(texts)


def test_equally_near_negatives_come_in_the_order_of_the_rows():
    step = HardNegatives(embedder=Flat(model="any"), each=2, same_above=1.0)
    # All are equal, so all count as positives of each other.
    rows = [{"anchor": str(number), "positive": f"p{number}"} for number in range(4)]
    assert list(step.process(rows)) == []
    step.embedder = Tilted(model="any")
    made = [row["negative"] for row in step.process(rows)]
    assert made == ["p1", "p2", "p0", "p2", "p0", "p1", "p0", "p1"]


class Tilted(Embedder):
    """Finds all positives equally near to an anchor, and different from each other."""

    repeatable: ClassVar[bool] = True

    async def embed(self, texts: Sequence[str]) -> Any:
        eye = numpy.eye(5)
        return [eye[int(text[1]) + 1] + eye[0] if text[0] == "p" else eye[0] for text in texts]


def test_a_pair_without_an_answer_is_refused():
    with pytest.raises(InvalidRowError, match="'positive' is None, not text"):
        list(HardNegatives(embedder=Flat(model="any")).process([{"anchor": "a", "positive": None}]))


def test_without_the_embedder_the_error_says_what_to_install():
    with pytest.raises(
        Exception, match="no embedder named 'static' is installed\n  pip install seedbed-embed-static"
    ):
        get_step("embed", registry=Registry(entries_without("static")), embedder="static/wordllama")


def entries_without(name: str) -> list[Any]:
    return [entry.installed for entry in Registry().entries() if entry.installed.name != name]


def test_reject_is_what_a_step_raises_without_a_run():
    step = DedupSemantic(embedder="static/wordllama", threshold=0.8)
    step.process({"text": QUESTIONS[0]})
    with pytest.raises(Reject):
        step.process({"text": QUESTIONS[1]})
