"""Suggestions for mistyped words."""

from __future__ import annotations

from seedbed.suggestions import did_you_mean


def test_the_nearest_words_are_suggested_whatever_their_case():
    assert did_you_mean("Haikku", ["haiku", "openai"]) == ("did you mean 'haiku'?",)
    assert did_you_mean("part", ["parts", "party", "openai"]) == ("did you mean 'parts' or 'party'?",)


def test_nothing_near_gives_no_advice():
    assert did_you_mean("zzz", ["haiku"]) == ()
    assert did_you_mean("zzz", []) == ()
