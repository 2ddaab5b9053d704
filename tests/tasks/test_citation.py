"""A citation makes BibTeX that can be read, whatever is in the title; one without an address is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seedbed import Citation, UsageError

PAPER: dict[str, Any] = {
    "title": "Self-Instruct: Aligning Language Models with Self-Generated Instructions",
    "authors": ("Yizhong Wang", "Yeganeh Kordi", "others"),
    "year": 2022,
    "arxiv": "2212.10560",
}


def test_a_paper_becomes_an_entry_of_bibtex() -> None:
    assert Citation(**PAPER).bibtex() == (
        "@misc{wang2022selfinstruct,\n"
        "  title = {{Self-Instruct: Aligning Language Models with Self-Generated Instructions}},\n"
        "  author = {Yizhong Wang and Yeganeh Kordi and others},\n"
        "  year = {2022},\n"
        "  eprint = {2212.10560},\n"
        "  archivePrefix = {arXiv},\n"
        "  url = {https://arxiv.org/abs/2212.10560},\n"
        "}"
    )


def test_a_paper_of_a_conference_names_it() -> None:
    entry = Citation(**PAPER, venue="ACL & friends").bibtex()

    assert entry.startswith("@inproceedings{")
    assert r"booktitle = {ACL \& friends}," in entry


@pytest.mark.parametrize(
    ("authors", "short"),
    [
        (("Ada Lovelace",), "Lovelace, 2022"),
        (("Ada Lovelace", "Alan Turing"), "Lovelace and Turing, 2022"),
        (("Ada Lovelace", "Alan Turing", "Grace Hopper"), "Lovelace et al., 2022"),
        (("Ada Lovelace", "others"), "Lovelace et al., 2022"),
    ],
)
def test_the_short_form_names_one_author_or_two(authors: tuple[str, ...], short: str) -> None:
    assert Citation(**{**PAPER, "authors": authors}).short == short


def test_a_key_has_no_accents_and_no_small_words() -> None:
    cited = Citation("The Élan of «Models»", ("Émile Çelik",), 2024, url="https://example.com/élan")

    assert cited.key == "celik2024elan"
    assert cited.address == "https://example.com/élan"


@given(st.text(alphabet="ab {}\\&%$#_\n\"'@,=", min_size=1).filter(str.strip))
def test_no_title_ends_the_entry_early(title: str) -> None:
    entry = Citation(**{**PAPER, "title": title}).bibtex()

    depth, lowest = 0, []
    for letter in entry:
        depth += {"{": 1, "}": -1}.get(letter, 0)
        lowest.append(depth)
    assert depth == 0
    assert min(lowest[entry.index("{") : -1]) == 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (
            {"arxiv": "https://arxiv.org/abs/2212.10560"},
            "the arXiv number 'https://arxiv.org/abs/2212.10560'",
        ),
        ({"arxiv": ""}, "has no address"),
        ({"arxiv": "", "url": "example.com"}, "has no address"),
        ({"authors": "Ada Lovelace"}, "the authors 'Ada Lovelace'"),
        ({"authors": ()}, "at least one author"),
        ({"title": " "}, "needs a title"),
    ],
)
def test_what_nobody_could_find_is_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Citation(**{**PAPER, **wrong})
