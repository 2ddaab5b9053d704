"""Passages: their size, where they are, the headings above them, and the tokenizers that count them."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from seedbed import ParameterError, Reject, UsageError, get_step
from seedbed_data import Chunk
from seedbed_data.sentences import sentences
from seedbed_data.words import count_words

PAGE = textwrap.dedent("""\
    ---
    title: The sea
    ---
    Before any heading.

    # Tides

    ## Spring tides ##

    They are high. Twice a month,
    sun and moon pull together.

    ```python
    # not a heading
    def tide():

        return "high"
    ```

    | moon | tide |
    | ---- | ---- |
    | full | high |
    | half | low  |

    ## Neap tides

    They are low.

    Storms
    ======

    Wind. Waves.
    """)


def passages(text: str, **fields: Any) -> list[dict[str, Any]]:
    return [*get_step("chunk", **fields).process({"text": text})]


LINES = st.sampled_from(
    [
        *("# One", "## Two", "###### Six", "#no heading", "```", "~~~~", "````", "===", "---", "", "   "),
        *("A sentence. Another one!", "word " * 12, "Dr. Who e.g. said so.", "这是一句。", "é\r", "\u2028"),
        *("| a | b |", "|---|---|", "\tindented"),
    ]
)
TEXTS = st.lists(LINES, max_size=25).map("\n".join) | st.text(max_size=200)


@given(
    text=TEXTS,
    size=st.integers(1, 12),
    overlap=st.integers(0, 11),
    markdown=st.booleans(),
    unit=st.sampled_from(["words", "characters", "sentences"]),
)
def test_each_passage_is_where_it_says_and_nothing_is_left_out(
    text: str, size: int, overlap: int, markdown: bool, unit: Any
) -> None:
    if overlap >= size:
        return
    step = Chunk(size=size, overlap=overlap, markdown=markdown, unit=unit)
    covered: set[int] = set()
    if not text.strip():
        with pytest.raises(Reject, match="'text' is empty"):
            step.process({"text": text})
        return
    rows = step.process({"text": text})
    for row in rows:
        assert row["chunk"] == text[row["start"] : row["end"]]
        assert row["chunk"].strip()
        assert step._count(row["chunk"]) <= size
        covered.update(range(row["start"], row["end"]))
    assert all(text[place].isspace() for place in {*range(len(text))} - covered)
    starts = [row["start"] for row in rows]
    assert starts == sorted(starts)
    assert len({(row["start"], row["end"]) for row in rows}) == len(rows)


def test_each_passage_knows_the_headings_above_it() -> None:
    rows = passages(PAGE, size=60, markdown=True)
    assert [(row["headings"], row["chunk"].split()[-1]) for row in rows] == [
        ([], "heading."),
        (["Tides", "Spring tides"], "|"),
        (["Tides", "Neap tides"], "low."),
        (["Storms"], "Waves."),
    ]
    assert rows[1]["chunk"].startswith("# Tides\n\n## Spring tides ##\n\nThey")


def test_code_and_tables_stay_whole_where_they_fit_and_are_cut_where_they_do_not() -> None:
    code, table = (
        PAGE[PAGE.index("```") : PAGE.rindex("```") + 3],
        PAGE[PAGE.index("| moon") :].split("\n\n")[0],
    )
    whole = [row["chunk"] for row in passages(PAGE, size=22, markdown=True)]
    assert any(code in chunk for chunk in whole)
    assert any(table in chunk for chunk in whole)
    cut = [row["chunk"] for row in passages(PAGE, size=6, markdown=True)]
    assert not any(code in chunk or table in chunk for chunk in cut)


def test_a_comment_in_code_is_no_heading() -> None:
    assert all("not a heading" not in row["headings"] for row in passages(PAGE, size=5, markdown=True))


def test_passages_have_whole_sentences_and_share_as_many_as_overlap() -> None:
    rows = passages("One. Two. Three. Four. Five.", unit="sentences", size=3, overlap=1)
    assert [row["chunk"] for row in rows] == ["One. Two. Three.", "Three. Four. Five."]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Dr. Who met J. R. Smith, e.g. in Rome. Then he left.", 2),
        ("He said “Go!” She went.", 2),
        ("今天下雨。明天不下。", 2),
        ("A heading\n\nA text", 2),
        ("Pi is 3.14159 and v1.2.3 is out", 1),
        ("Really?! Yes... No", 3),
        ("It was I. He left.", 2),
        ("", 0),
        (" \n\t ", 0),
    ],
)
def test_sentences_end_where_readers_see_it(text: str, expected: int) -> None:
    assert len([*sentences(text)]) == expected


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model's folder, with a tokenizer that cuts texts off and fills them up unless it's told not to."""
    tokenizer = Tokenizer(WordLevel({"[UNK]": 0, "[PAD]": 1}, "[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.enable_truncation(4)
    tokenizer.enable_padding(length=8)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    return tmp_path


def test_a_tokenizer_of_a_folder_or_a_file_counts_tokens(folder: Path) -> None:
    text = "one, two, three. four, five, six."
    for name in (folder, folder / "tokenizer.json"):
        step = Chunk(size=6, tokenizer=str(name))
        rows = step.process({"text": text})
        assert [step._count(row["chunk"]) for row in rows] == [6, 6]
        assert step.unit == "tokens"


def test_an_encoding_of_tiktoken_counts_tokens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tiktoken = pytest.importorskip("tiktoken")
    package = tmp_path / "tiktoken_ext"
    package.mkdir()
    (package / "letters.py").write_text(
        "def letters():\n"
        "    ranks = {bytes([byte]): byte for byte in range(256)}\n"
        "    pattern = {'pat_str': r'\\S+|\\s+', 'special_tokens': {}}\n"
        "    return {'name': 'letters', 'mergeable_ranks': ranks, **pattern}\n"
        "ENCODING_CONSTRUCTORS = {'letters': letters}\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(tiktoken.registry, "ENCODING_CONSTRUCTORS", None)
    monkeypatch.setattr(tiktoken.registry, "ENCODINGS", {})
    tiktoken.registry._available_plugin_modules.cache_clear()
    try:
        rows = passages("abcd efgh é", size=5, tokenizer="letters")
        assert [row["chunk"] for row in rows] == ["abcd", "efgh", "é"]
    finally:
        tiktoken.registry._available_plugin_modules.cache_clear()
        sys.modules.pop("tiktoken_ext.letters", None)


def test_an_encoding_that_cannot_be_downloaded_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("tiktoken").registry.ENCODINGS.pop("o200k_base", None)
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with pytest.raises(UsageError, match="'o200k_base' isn't on this machine") as caught:
        get_step("chunk", tokenizer="gpt-4o").load()
    assert "TIKTOKEN_CACHE_DIR" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("cl10k_base", "there is no tokenizer named 'cl10k_base'\n  did you mean 'cl100k_base'"),
        ("./nowhere", "there is no tokenizer at 'nowhere'"),
        ("./broken.json", "the tokenizer 'broken.json' can't be read"),
    ],
)
def test_a_tokenizer_that_cannot_be_had_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("broken.json").write_text("{}")
    with pytest.raises(UsageError, match=text):
        get_step("chunk", tokenizer=name).load()


@pytest.mark.parametrize("fields", [{"unit": "tokens"}, {"unit": "words", "tokenizer": "o200k_base"}])
def test_tokens_and_a_tokenizer_go_together(fields: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match="go together"):
        get_step("chunk", **fields)


SPACES = " " * 300_000
LONG = [
    *("a" * 300_000, SPACES + "x", "#" * 300_000, f"# {SPACES}#x", "|" + " -|" * 100_000, "`" * 300_000),
    *(f"|\n-{SPACES}x", "." * 300_000, "\n \t" * 100_000 + "x", "Mr." * 100_000),
    *("中文字符。" * 60_000, "。" * 300_000),
]


@pytest.mark.variants(5)
@pytest.mark.parametrize("text", LONG, ids=range(len(LONG)))
@pytest.mark.parametrize("unit", ["words", "sentences"])
def test_a_long_text_of_any_kind_takes_time_in_proportion(text: str, unit: Any) -> None:
    rows = passages(text, size=2000, markdown=True, unit=unit)
    assert rows[-1]["end"] == len(text.rstrip())


@pytest.mark.parametrize("text", ["中文字符" * 30, "ひらがな。" * 30, "ภาษาไทย" * 20, "漢字 and words " * 20])
@pytest.mark.parametrize("markdown", [False, True])
def test_a_language_without_spaces_is_cut_at_its_characters(text: str, markdown: bool) -> None:
    rows = passages(text, size=20, markdown=markdown)

    assert all(count_words(row["chunk"]) <= 20 for row in rows)
    assert len(rows) > 2
    assert "".join(row["chunk"] for row in rows).replace(" ", "") == text.replace(" ", "")
