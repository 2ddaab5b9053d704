"""Copies, near copies, contamination and passages: what is found, what stays, and after an interruption."""

from __future__ import annotations

import random
import unicodedata
from pathlib import Path

import pytest

from seedbed import GeneratorTask, Row, Step, StopRun, UsageError, get_step, row_id, run
from seedbed.testing import EchoLLM
from seedbed_data import Chunk, Decontaminate, DedupExact, DedupNear, DedupSemantic
from seedbed_data.earlier_rows import like_row

WORDS = [f"word{number}" for number in range(2000)]


def texts(count: int, seed: int = 0) -> list[str]:
    """Return texts of 80 words, many of which are changed copies of others."""
    rng = random.Random(seed)
    made: list[str] = []
    while len(made) < count:
        base = [rng.choice(WORDS) for _ in range(80)]
        made.append(" ".join(base))
        for _ in range(rng.randrange(3)):
            copy = list(base)
            for _ in range(rng.randrange(12)):
                copy[rng.randrange(80)] = rng.choice(WORDS)
            made.append(" ".join(copy))
    return made[:count]


def runs_of(text: str) -> frozenset[str]:
    words = text.split()
    return frozenset(" ".join(words[start : start + 3]) for start in range(len(words) - 2))


def kept_by_brute_force(given: list[str], threshold: float) -> list[str]:
    kept: list[str] = []
    known: list[frozenset[str]] = []
    for text in given:
        runs = runs_of(text)
        if all(len(runs & other) < threshold * len(runs | other) for other in known):
            kept.append(text)
            known.append(runs)
    return kept


@pytest.mark.slow
@pytest.mark.variants(1)
@pytest.mark.parametrize("threshold", [0.6, 0.8, 0.95])
def test_near_copies_are_those_that_brute_force_finds(threshold: float) -> None:
    given = texts(600)
    done = run(DedupNear(threshold=threshold), input=[{"text": text} for text in given])

    kept, expected = [row["text"] for row in done.rows()], kept_by_brute_force(given, threshold)

    # Of the pairs at the threshold one in a thousand may be missed, and none is ever made up.
    assert set(expected) <= set(kept)
    assert len(kept) <= len(expected) + 1
    assert done.rejections == {"nearly a copy of an earlier row": len(given) - len(kept)}


def test_copies_are_found_whatever_their_case_and_white_space() -> None:
    rows = [{"text": text, "n": n} for n, text in enumerate(["A b", "a  B", "a c", "A b"])]

    assert [row["n"] for row in run(DedupExact(by=["text"]), input=rows).rows()] == [0, 2]
    assert [row["n"] for row in run(DedupExact(by=["text"], strict=True), input=rows).rows()] == [0, 1, 2]
    assert [row["n"] for row in run(DedupExact(), input=rows).rows()] == [0, 1, 2, 3]


def test_a_generator_makes_others_in_place_of_copies() -> None:
    class Letters(GeneratorTask):
        template: str = "{{ letter }}"

        def sample(self, index, rng):
            return {"letter": "abc"[index // 4 % 3] if index < 12 else str(index)}

    done = run(Letters(llm=EchoLLM(model="echo")) >> DedupExact(by=["letter"]), 5)

    assert [row["letter"] for row in done.rows()] == ["a", "b", "c", "12", "13"]


def test_copies_are_the_same_after_an_interruption() -> None:
    given = [{"text": text} for text in texts(60)]
    whole = [*run(DedupNear(ngram=2), input=given).rows()]

    class Stopping(DedupNear):
        stops: bool = False

        def process(self, row: Row) -> Row:
            if self.stops and row == given[40]:
                raise StopRun("enough for today")
            return super().process(row)

    Stopping.__name__ = Stopping.__qualname__ = "Stopping"
    stopped = run(Stopping(ngram=2, stops=True), input=given, name="copies")
    resumed = run(Stopping(ngram=2), input=given, name="copies")

    assert stopped.outcome == "stopped"
    assert [*resumed.rows()] == whole


def test_a_row_that_shares_text_with_an_evaluation_is_named_with_its_file(tmp_path: Path) -> None:
    planted = "the quick brown fox jumps over the lazy dog near the old stone bridge at dawn"
    (tmp_path / "exam.jsonl").write_text(f'{{"question": "{planted}"}}\n')
    (tmp_path / "other.txt").write_text("What is the name of the tallest mountain?")
    (tmp_path / "short.txt").write_text("Paris")
    rows = [
        {"text": f"He said: {planted.upper()}, and left."},
        {"text": planted.replace("fox", "cat")},
        {"text": "what is the name of the tallest mountain"},
        {"text": "Paris"},
    ]
    done = run(Decontaminate(against=f"{tmp_path}/*"), input=rows)

    assert [row["text"] for row in done.rows()] == [rows[1]["text"], "Paris"]
    assert done.rejections == {
        "shares 13 words in a row with 'exam.jsonl'": 1,
        "shares 8 words in a row with 'other.txt'": 1,
    }


def test_rows_are_compared_again_when_an_evaluation_changes(tmp_path: Path) -> None:
    exam = tmp_path / "exam.txt"
    exam.write_text("alpha beta gamma")
    rows = [{"text": "one two three"}, {"text": "alpha beta gamma"}]

    def kept() -> list[str]:
        step = Decontaminate(against=str(exam), ngram=3)
        return [row["text"] for row in run(step, input=rows, name="clean").rows()]

    before = kept()
    exam.write_text("one two three")

    assert (before, kept()) == (["one two three"], ["alpha beta gamma"])


def test_files_without_text_are_an_error_before_any_row(tmp_path: Path) -> None:
    (tmp_path / "broken.jsonl").write_text("{")
    for pattern in ("none/*.jsonl", f"{tmp_path}/broken.jsonl"):
        with pytest.raises(UsageError, match=r"no file matches|is not JSON|cannot be read"):
            run(Decontaminate(against=pattern), input=[{"text": "a"}])


@pytest.mark.parametrize("unit", ["words", "characters"])
def test_passages_are_short_enough_and_where_they_say(unit: str) -> None:
    text = "\n\n".join(
        f"Paragraph {n}. It has a few words, and a second sentence. The end of {n}." for n in range(30)
    )
    done = run(Chunk(size=40, overlap=8, unit=unit), input=[{"text": text, "id": 7}])
    passages = [*done.rows()]

    assert all(text[row["start"] : row["end"]] == row["chunk"] for row in passages)
    assert all(
        (len(row["chunk"]) if unit == "characters" else len(row["chunk"].split())) <= 40 for row in passages
    )
    assert [row["part"] for row in passages] == [*range(len(passages))]
    assert {row["id"] for row in passages} == {7}
    assert "text" not in passages[0]
    assert passages[0]["start"] == 0
    assert passages[-1]["end"] == len(text)


def test_an_empty_document_is_rejected_and_a_passage_may_keep_the_columns_name() -> None:
    done = run(Chunk(into="text"), input=[{"text": "Short."}, {"text": " "}])

    assert [row["text"] for row in done.rows()] == ["Short."]
    assert done.rejections == {"'text' is empty": 1}


@pytest.mark.parametrize(
    "texts",
    [
        ["🙂🙂", "🎉", "!!!", "???", "→ ←"],
        ["Compute 12 + 7.", "Compute 12 - 7.", "Compute 12*7.", "Is 12 < 7?"],
        ["What is C?", "What is C++?", "What is C#?"],
        ["किताब", "कतब"],
        ["ที่นี่", "ทนน"],
    ],
)
def test_texts_that_differ_in_what_has_no_letters_are_no_copies(texts: list[str]) -> None:
    done = run(get_step("dedup-near"), input=[{"text": text} for text in texts])

    assert [row["text"] for row in done.rows()] == texts


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Le café est fermé à midi.", unicodedata.normalize("NFD", "Le café est fermé à midi.")),
        ("\uff21\uff22\uff23 is wide.", "abc is wide."),
        ("The ﬁrst ofﬁce.", "The first office."),
        ("Die STRASSE ist lang.", "Die Straße ist lang."),
        ("1990 + 3 makes", "1990+3 makes"),
    ],
)
def test_how_characters_are_composed_makes_no_difference(one: str, other: str) -> None:
    assert run(get_step("dedup-near", threshold=1.0), input=[{"text": one}, {"text": other}]).accepted == 1


@pytest.mark.parametrize(
    ("exam", "row"),
    [
        (
            "中国的首都是哪个城市请你回答",
            "Translate this for me, please: 中国的首都是哪个城市请你回答 Thank you!",
        ),
        ("Où est la gare de Strasbourg et à quelle heure part le premier train pour Paris", "d"),
    ],
)
def test_an_evaluation_is_found_within_another_language_and_form(exam: str, row: str, tmp_path: Path) -> None:
    (tmp_path / "exam.txt").write_text(exam)
    step = get_step("decontaminate", against=str(tmp_path / "exam.txt"))
    text = unicodedata.normalize("NFD", f"Answer: {exam}?") if row == "d" else row

    assert run(step, input=[{"text": text}, {"text": "Another one."}]).accepted == 1


@pytest.mark.parametrize(
    ("step", "like"),
    [
        (DedupNear(), "like row {id}: Name a river that flows through the city of Paris."),
        (DedupExact(by=["kind"]), "like row {id}"),
        (DedupSemantic(embedder="static/wordllama", threshold=0.8), "like row {id}"),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_rejected_copy_names_the_row_that_it_is_like(step, like):
    class Named(Step):
        def process(self, row: Row) -> Row:
            return {**row, "id": row_id()}

    question = "Name a river that flows through the city of Paris"
    rows = [
        {"text": "Bees make honey.", "kind": 1},
        {"text": f"{question}.", "kind": 2},
        {"text": f"{question}!", "kind": 2},
    ]
    done = run(Named() >> step, input=rows)

    (rejected,) = done.rejected_rows()
    _, earlier = done.rows()

    assert rejected.reason.partition("\n")[2].strip() == like.format(id=earlier["id"])


def test_a_summary_counts_copies_together_and_says_of_which_row_only_if_there_is_one():
    texts = ["one two three four", "one two three four!", "five six seven", "five, six seven"]
    several = run(DedupNear(), input=[{"text": text} for text in texts])
    single = run(DedupNear(), input=[{"text": text} for text in texts[:3]])

    assert several.rejections == {"nearly a copy of an earlier row": 2}
    assert several.advice["nearly a copy of an earlier row"] == ()
    assert single.advice["nearly a copy of an earlier row"][0].endswith(": one two three four")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("short", "like row 7: short"),
        ("two\nlines", "like row 7: two lines"),
        ("x" * 200, f"like row 7: {'x' * 80}..."),
        (" " * 200 + "late", "like row 7: ..."),
        ("", "like row 7"),
    ],
)
def test_an_earlier_text_is_shown_in_one_short_line(text, shown):
    assert like_row("7", text) == shown
