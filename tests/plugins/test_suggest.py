"""Suggestions for mistyped words."""

from __future__ import annotations

import pytest

from seedbed.suggestions import did_you_mean


def test_the_nearest_words_are_suggested_whatever_their_case():
    assert did_you_mean("Haikku", ["haiku", "openai"]) == ("did you mean 'haiku'?",)
    assert did_you_mean("part", ["parts", "party", "openai"]) == ("did you mean 'parts' or 'party'?",)


@pytest.mark.parametrize(
    ("word", "known"),
    [
        ("nope", "openai"),
        ("chat", "clair"),
        ("table", "able-to"),
        ("rows", "words"),
        ("score", "core-set-1"),
        ("--wat", "--as"),
        ("--wat", "--set"),
        (".sh", ".hf"),
    ],
)
def test_what_is_far_fetched_is_not_suggested(word, known):
    assert did_you_mean(word, [known]) == ()


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("opnai", "openai"),
        ("ood", "odd"),
        ("exprot", "export"),
        ("temprature", "temperature"),
        ("qa-pair", "qa-pairs"),
        ("dedup", "dedup-exact"),
        ("anthropc", "anthropic"),
        ("max_token", "max_tokens"),
        ("lama-cpp", "llamacpp"),
    ],
)
def test_slips_of_the_finger_and_parts_of_a_name_are_understood(word, meant):
    assert did_you_mean(word, [meant, "zebra"]) == (f"did you mean {meant!r}?",)


def test_nothing_near_gives_no_advice():
    assert did_you_mean("zzz", ["haiku"]) == ()
    assert did_you_mean("zzz", []) == ()
