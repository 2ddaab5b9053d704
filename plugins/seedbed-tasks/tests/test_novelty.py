from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from seedbed_tasks.novelty import Alike, Instructions

WORDS = st.lists(st.sampled_from("abcdefg"), min_size=1, max_size=20).map(" ".join)


def rouge_l(one: str, other: str) -> float:
    """ROUGE-L F1 as its definition says, with the table of longest common subsequences."""
    a, b = one.split(), other.split()
    table = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i, left in enumerate(a):
        for j, right in enumerate(b):
            longer = max(table[i][j + 1], table[i + 1][j])
            table[i + 1][j + 1] = table[i][j] + 1 if left == right else longer
    return 2 * table[-1][-1] / (len(a) + len(b))


@settings(deadline=None)
@given(st.lists(WORDS, max_size=12), WORDS, st.sampled_from([0.3, 0.5, 0.7, 0.9, 1.0]))
@example(["a b c d e f g"], "a b c d e f g a b c d e f", 0.7)  # 14 of 20: exactly the threshold
@example(["a"] * 3, "a", 0.7)
def test_the_most_alike_is_found_as_rouge_l_defines_it(
    earlier: list[str], instruction: str, threshold: float
) -> None:
    best = max(earlier, key=lambda other: rouge_l(instruction, other), default=None)
    expected = best if best is not None and rouge_l(instruction, best) >= threshold - 1e-9 else None

    found = Instructions(earlier, threshold=threshold).find_alike(instruction)

    assert (found and found.instruction) == expected
    assert found is None or found.likeness == pytest.approx(rouge_l(instruction, found.instruction))


def test_exactly_0_7_is_not_new() -> None:
    known = Instructions(["one two three four five six seven x y z"])

    assert known.find_alike("one two three four five six seven p q r") == Alike(
        "one two three four five six seven x y z", pytest.approx(0.7)
    )
    assert known.find_alike("one two three four five six p q r s") is None


def test_case_punctuation_and_spaces_do_not_make_an_instruction_new() -> None:
    known = Instructions(["Write a haiku about the sea."])

    assert known.find_alike("  write a 'haiku'\nabout -- the_sea!") == Alike(
        "Write a haiku about the sea.", 1.0
    )


def test_words_in_another_order_make_an_instruction_new() -> None:
    assert Instructions(["a b c d e f"]).find_alike("f e d c b a") is None


def test_text_without_spaces_is_compared_by_character() -> None:
    known = Instructions(["写一首关于大海的诗"])

    assert known.find_alike("写一首关于高山的诗") == Alike("写一首关于大海的诗", pytest.approx(7 / 9))
    assert known.find_alike("解释天空为什么是蓝色的") is None


def test_the_collection_grows() -> None:
    known = Instructions()
    assert known.find_alike("name three rivers") is None

    known.add("name three rivers")

    assert known.find_alike("name three rivers") == Alike("name three rivers", 1.0)
    assert len(known) == 1


def test_what_has_no_words_is_like_nothing() -> None:
    known = Instructions(["?!", "one"])

    assert known.find_alike("...") is None
    assert known.find_alike("one two") is None
