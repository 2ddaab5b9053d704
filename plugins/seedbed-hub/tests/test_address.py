"""Addresses on the Hub are read right, or refused with what to write."""

from __future__ import annotations

import pytest

from seedbed import UsageError
from seedbed_hub.address import HubAddress


@pytest.mark.parametrize(
    ("text", "repository", "revision"),
    [
        ("hf://ada/jokes", "ada/jokes", None),
        ("hf://ada/jokes/", "ada/jokes", None),
        ("hf://datasets/ada/jokes", "ada/jokes", None),
        ("hf://ada/jokes@v2", "ada/jokes", "v2"),
        ("hf://ada/jokes@refs/pr/1", "ada/jokes", "refs/pr/1"),
        ("hf://A-1/the.jokes_2", "A-1/the.jokes_2", None),
    ],
)
def test_an_address_names_a_dataset_and_a_branch(text: str, repository: str, revision: str | None) -> None:
    assert HubAddress.parse(text) == (repository, revision)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hf://jokes", "names no user"),
        ("hf://", "names no user"),
        ("hf://ada/jokes/train.parquet", "names a file or folder"),
        ("hf://models/ada/jokes", "is the address of a model"),
        ("hf://spaces/ada/jokes", "is the address of a space"),
        ("hf://ada/jokes@", "can't be one"),
        ("hf://ada/jokes@a..b", "can't be one"),
        ("hf://ada/jokes@-v2", "can't be one"),
        ("hf://ada/my jokes", "'my jokes'"),
        ("hf://ada/jokes--2", "'jokes--2'"),
        ("hf://ada/jokes.git", "'jokes.git'"),
        ("hf://ada/-jokes", "'-jokes'"),
        ("hf://ada/../jokes", "names a file or folder"),
        ("hf://ada/..", "'..'"),
        ("hf://ada/élan", "'élan'"),
        (f"hf://ada/{'x' * 100}", "longer than 96"),
    ],
)
def test_a_wrong_address_is_refused_with_what_to_write(text: str, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        HubAddress.parse(text)
    assert said in refused.value.fact
    assert refused.value.advice
