"""An impossible question is an error of the author, not of the model."""

from __future__ import annotations

import pytest

from seedbed import UsageError
from seedbed.reading import read_choice, read_labelled, read_rating, read_tags

WRONG = {
    "scale upside down": (lambda: read_rating("4", 5, 1), "a scale from 5 to 1"),
    "no labels": (lambda: read_choice("a", []), "aren't labels"),
    "labels that differ in case alone": (lambda: read_choice("a", ["A", "a"]), "the same but for case"),
    "no tag": (lambda: read_tags("a"), "no name of a tag"),
    "a tag in brackets": (lambda: read_tags("a", "<a>"), "'<a>' isn't the name"),
    "an empty label": (lambda: read_labelled("a", ""), "aren't labels"),
}


@pytest.mark.parametrize(("ask", "fact"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_asked_for_is_an_error_that_says_so(ask, fact):
    with pytest.raises(UsageError) as caught:
        ask()
    assert fact in caught.value.fact
    assert caught.value.advice or "case" in fact


def test_one_label_may_be_given_as_text():
    assert read_choice("Yes.", "yes") == "yes"
