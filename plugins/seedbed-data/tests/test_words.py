"""The words of a text, by which texts are compared."""

from __future__ import annotations

import re
import unicodedata

from hypothesis import example, given
from hypothesis import strategies as st

from seedbed_data.words import word_runs

# Written out once more, as plainly as can be: the step takes shortcuts for most texts.
_WORD_OR_SIGN = re.compile(r"\w+(?:\+\+|#(?!\w))?|(?<=\d)[-+*/^<>=]|(?<=\d )[-+*/^<>=]")

_ASCII = "aB1_9 \n\t\x1c-+*/^<>=#.'"
_CHARACTERS = _ASCII + "\u2018\u2019\u201c\u201d\u2013\u2014\u2022\u2026\u00bd\u2212\uff11\u3000"


@given(st.text(st.sampled_from(_CHARACTERS), min_size=1, max_size=40))
@example("C# and C++ aren't C")
@example("12\u201c+ 7")
@example("3 \u2013 4 - 5")
def test_words_are_letters_digits_and_the_signs_after_numbers(text: str) -> None:
    folded = unicodedata.normalize("NFKC", text).casefold()
    words = _WORD_OR_SIGN.findall(folded)

    assert [*word_runs(text + " end of it", 1)] == [*words, "end", "of", "it"]


@given(st.text(max_size=200))
def test_runs_of_any_text_are_those_of_its_normal_form(text: str) -> None:
    assert [*word_runs(text, 3)] == [*word_runs(unicodedata.normalize("NFC", text), 3)]
