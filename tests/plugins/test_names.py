"""The grammar of names and references."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedbed.errors import UsageError
from seedbed.plugins.names import (
    is_file_reference,
    is_name,
    kebab_case,
    normalise_distribution,
    split_llm_reference,
)

words = st.from_regex(r"[a-z0-9]+", fullmatch=True)
names = st.builds("{}{}".format, st.sampled_from("abcxyz"), st.lists(words, max_size=4).map("-".join))


@given(names)
def test_lower_case_words_joined_by_single_hyphens_are_names(name):
    assert is_name(name)


@given(names, st.sampled_from(["A", "_", ".", "/", " ", "ä", "\n", "-", "--b"]), st.integers(0, 40))
def test_any_other_character_makes_a_name_invalid(name, intruder, position):
    cut = position % (len(name) + 1)
    text = name[:cut] + intruder + name[cut:]
    inner = intruder == "-" and 0 < cut < len(name) and "-" not in (name[cut - 1], name[cut])
    assert is_name(text) is inner


@pytest.mark.parametrize("name", ["", "1a", "-a", "a-", "a--b", "Haiku", "a\n"])
def test_these_are_no_names(name):
    assert not is_name(name)


@given(names, st.text(min_size=1).filter(str.strip))
def test_a_reference_is_split_once_and_the_model_is_opaque(backend, model):
    if ".py:" not in model:
        assert split_llm_reference(f"{backend}/{model}") == (backend, model)


@given(st.text())
def test_a_reference_is_split_without_loss_or_refused(reference):
    try:
        backend, model = split_llm_reference(reference)
    except UsageError:
        return
    assert f"{backend}/{model}" == reference
    assert backend
    assert model.strip()


def test_a_model_keeps_its_slashes():
    assert split_llm_reference("openai/meta-llama/Llama") == ("openai", "meta-llama/Llama")


def test_a_reference_into_a_file_is_split_after_the_class():
    assert split_llm_reference("a/b.py:MyLLM/org/model") == ("a/b.py:MyLLM", "org/model")


@pytest.mark.parametrize("reference", ["openai", "openai/", "/gpt", "", "openai/ ", "a/b.py:MyLLM"])
def test_a_reference_without_both_halves_says_the_form(reference):
    with pytest.raises(UsageError, match="/MODEL"):
        split_llm_reference(reference)


@pytest.mark.parametrize(
    ("class_name", "name"),
    [
        ("Haiku", "haiku"),
        ("QAPairs", "qa-pairs"),
        ("MyHTTPTask2", "my-http-task2"),
        ("snake_Case", "snake-case"),
    ],
)
def test_class_names_become_kebab_case(class_name, name):
    assert kebab_case(class_name) == name


def test_a_file_reference_is_told_from_a_name():
    assert is_file_reference("tasks/my.py:Haiku")
    assert not is_file_reference("haiku.py")


def test_distributions_compare_as_pep_503_says():
    assert normalise_distribution("Seedbed_.Open-AI") == "seedbed-open-ai"


def test_a_class_of_a_file_without_a_model_is_shown_with_one():
    with pytest.raises(UsageError) as raised:
        split_llm_reference("llms/own.py:Echo")

    assert "PATH.py:CLASS/MODEL" in str(raised.value)
    assert "llms/own.py:Echo/any-name" in str(raised.value)


@pytest.mark.parametrize("reference", ["own.py", "./own.py", "folder/own.py", "folder/own.py/any-model"])
def test_a_file_without_a_class_is_not_taken_for_a_backend(reference, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    for path in ("own.py", "folder/own.py"):
        (tmp_path / path).write_text("")
    with pytest.raises(UsageError, match="names a file but no class") as caught:
        split_llm_reference(reference)
    assert caught.value.advice == (f"write {reference.removesuffix('/any-model')}:CLASS/MODEL",)
    assert split_llm_reference("openai/own.py") == ("openai", "own.py")
