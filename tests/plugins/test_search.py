"""Plugins are found by what they're for, in the words that people use."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from seedbed.plugins.catalogue.catalogue import Listed
from seedbed.plugins.catalogue.search import nearest, search
from seedbed.plugins.catalogue.synonyms import SYNONYMS
from seedbed.plugins.discovery.scan import Installed
from seedbed.plugins.policy.eligibility import Entry, Status
from seedbed.tasks.description.goals import GOALS
from seedbed.tasks.task_kinds import STEPS, TASKS


def entry(name: str, kind: object = TASKS) -> Entry:
    return Entry(Installed(kind, name, "mod", "dist", "1"), Status.OK)  # type: ignore[arg-type]


KNOWN: Mapping[Entry, Listed] = {
    entry("ultrafeedback"): Listed("Rates several answers.", ("preference", "reward"), ("critique",)),
    entry("qa-from-document"): Listed("Questions about a document.", ("documents", "retrieval")),
    entry("judge"): Listed("Compares answers with a rubric.", ("evaluation",), ("pairwise",)),
    entry("translate"): Listed("Puts text into another language.", ("translation",)),
    entry("dedup-near", STEPS): Listed("Rejects near duplicates.", ("cleaning",), text="Unlike a judge."),
    entry("personas"): Listed("People.", ("sft",), text="Remove near duplicates of them, and anonymize."),
    entry("math"): Listed("Sums.", ("math", "sft")),
    entry("drop", STEPS): Listed("Removes columns.", ("shaping",)),
}


def found(*words: str) -> list[str]:
    return [one.entry.installed.name for one in search(words, KNOWN)]


@pytest.mark.parametrize(
    ("words", "first"),
    [
        (["translate"], "translate"),
        (["DPO"], "ultrafeedback"),
        (["preference pairs"], "ultrafeedback"),
        (["rag"], "qa-from-document"),
        (["question"], "qa-from-document"),
        (["questions", "documents"], "qa-from-document"),
        (["questions about my documents"], "qa-from-document"),
        (["questoins"], "qa-from-document"),
        (["judging"], "judge"),
        (["duplicate"], "dedup-near"),
        (["dedup"], "dedup-near"),
        (["trans"], "translate"),
        (["languages"], "translate"),
        (["benchmarks"], "judge"),
        (["llm-as-a-judge"], "judge"),
        (["remove", "duplicates"], "dedup-near"),
        (["remove columns"], "drop"),
        (["sft"], "personas"),
        (["anonymise"], "personas"),
    ],
)
def test_a_plugin_is_found_by_its_purpose(words: list[str], first: str) -> None:
    assert found(*words)[0] == first


def test_all_words_count_and_some_are_enough_where_none_has_all() -> None:
    assert found("answers", "rubric") == ["judge"]
    assert set(found("language", "rubric")) == {"translate", "judge"}


def test_a_word_of_a_docstring_counts_less_than_a_name() -> None:
    assert found("judge") == ["judge"]
    assert found("unlike") == ["dedup-near"]


def test_a_guess_at_one_word_of_two_is_not_taken() -> None:
    assert found("documnet", "xyzzy") == []
    assert found("documnet") == ["qa-from-document"]


def test_what_is_like_nothing_is_not_found_and_the_nearest_words_are_named() -> None:
    assert found("xyzzy") == []
    assert found("??") == []
    assert nearest(["xyzzy"], KNOWN) == ()
    assert nearest(["rubrik", "x"], KNOWN) == ("did you mean 'rubric'?",)


def test_a_goal_that_nothing_installed_has_is_named() -> None:
    known = {one: listed for one, listed in KNOWN.items() if "preference" not in listed.goals}

    assert search(["dpo"], known) == []
    assert nearest(["dpo"], known) == ("'dpo' is taken for preference, which no installed plugin is for",)


def test_synonyms_lead_to_goals() -> None:
    assert {goal for goals in SYNONYMS.values() for goal in goals} == set(GOALS)
    assert not SYNONYMS.keys() & GOALS.keys()


def test_nothing_installed_is_no_error() -> None:
    assert search(["dpo"], {}) == []
    assert nearest(["judge"], {}) == ("'judge' is taken for evaluation, which no installed plugin is for",)
