"""The card of a dataset says what it is; text of models and strangers stays text in it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from seedbed import LLM, Citation, GeneratorTask, GlobalStep, Output, Reject, Row, Step, get_llm, run
from seedbed.store.cards.column_facts import columns_of
from seedbed.store.cards.command import command_of
from seedbed.store.cards.licences import terms_of
from seedbed.store.cards.markdown import fenced, plain, table
from seedbed.store.cards.shown_references import without_folders
from seedbed.tasks.rows import encode_row
from seedbed.testing import ScriptedLLM

HOSTILE = (
    "a | b",
    "line\n\n# Heading\n\n---\ntags: [pwned]",
    "```\n</table><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "[click](https://evil.example) ![x](https://evil.example/x.png)",
    "https://evil.example www.evil.example me@evil.example",
    "**bold** _em_ ~~gone~~ `code`",
    "\\| \\` \\",
    "$$x$$ &lt;b&gt;",
    "1. one",
    "- item",
    "> quote",
    "\u202eright to left\x1b[31m",
    "{{ x }} {% y %} <!-- ",
)

PARROT = """
from seedbed import LLM, Response

class ParrotLLM(LLM):
    async def respond(self, request):
        return Response.of_text(request.messages[-1]["content"])
"""


def parsed(text: str) -> list[Any]:
    return MarkdownIt("gfm-like", {"linkify": False}).parse(text)


def kinds(tokens: list[Any]) -> set[str]:
    return {token.type for token in tokens} | {
        child.type for token in tokens for child in token.children or ()
    }


PLAIN = {"inline", "text", "softbreak", "paragraph_open", "paragraph_close", "text_special"}


@settings(deadline=None, max_examples=settings().max_examples * 3)
@given(
    st.one_of(st.sampled_from(HOSTILE), st.text(alphabet="a|`*_[]()<>!#-+~\\\n :/.&;$@{}=\"'1", max_size=40))
)
def test_text_in_a_line_is_nothing_but_text(text: str) -> None:
    assert kinds(parsed(plain(text))) <= PLAIN
    tokens = parsed(table(("one", "two"), [(text, "x"), ("y", text)]))
    assert [token.type for token in tokens].count("td_open") == 4
    assert not {"link_open", "image", "html_inline", "html_block", "code_inline"} & kinds(tokens)


@given(st.one_of(st.sampled_from(HOSTILE), st.text(alphabet="`~\n a", max_size=40)))
def test_a_block_of_code_ends_where_it_ends(text: str) -> None:
    tokens = parsed(f"{fenced(text)}\n\nafter")
    assert [token.type for token in tokens] == ["fence", "paragraph_open", "inline", "paragraph_close"]


class Lines(GeneratorTask):
    """Writes <b>lines</b> | of text."""

    citation = (
        "@article{lines, title={Lines ``` of text}}",
        Citation("Tides ``` & Text", ("Ada Lovelace",), 1843, url="https://example.com/tides"),
    )
    template: str = "Write line {{ i }}. ```"

    def sample(self, index: int, rng: Any) -> dict[str, Any]:
        return {"i": index, "hostile": HOSTILE[index % len(HOSTILE)]}


class Picky(Step):
    """Rejects every third row."""

    keeps: ClassVar[bool] = True

    def process(self, row: Row) -> Row:
        if row["i"] % 3 == 0:
            raise Reject("divisible | by three\n<b>")
        return row


@pytest.fixture
def card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    llm = ScriptedLLM(lambda request: HOSTILE[0])
    made = run(Lines(llm=llm) >> Picky(), 20, out=Output("d|*/", split={"train": 0.5, "test": 0.5}))
    assert made.accepted == 20
    return Path("d|*/README.md").read_text(encoding="utf-8")


def test_a_card_says_how_the_dataset_was_made(card: str) -> None:
    for said in (
        "20 rows, made with Seedbed",
        "Write line {{ i }}. ```",
        "@article{lines, title={Lines ``` of text}}",
        "@misc{lovelace1843tides,\n  title = {{Tides ``` \\& Text}},",
        "| rejected | 10 |",
        "| seed | 0 |",
        "divisible \\| by three",
        "| i | integer |",
        "It was made from Python",
    ):
        assert said in card


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/home/me/fake.py:FakeLLM/any", "fake.py:FakeLLM/any"),
        ("C:\\Users\\me\\fake.py:FakeLLM/any", "fake.py:FakeLLM/any"),
        ("llamacpp//home/me/model.gguf", "llamacpp/model.gguf"),
        ("llamacpp/~/model.gguf", "llamacpp/model.gguf"),
        ("/home/me/rows.jsonl", "rows.jsonl"),
        ("tasks/fake.py:FakeLLM/any", "tasks/fake.py:FakeLLM/any"),
        ("openai/org/model", "openai/org/model"),
        ("llamacpp/hf:org/repo/model.gguf", "llamacpp/hf:org/repo/model.gguf"),
        ("s3://bucket/rows.jsonl", "s3://bucket/rows.jsonl"),
        ("/", "/"),
    ],
)
def test_a_folder_of_whoever_made_the_rows_is_not_shown(text: str, shown: str) -> None:
    assert without_folders(text) == shown


class Panel(Lines):
    """Lines that other models judge."""

    judges: list[LLM] = []


def test_no_part_of_a_card_has_the_folder_of_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    parrot = tmp_path / "parrot.py"
    parrot.write_text(PARROT, encoding="utf-8")
    llm = get_llm(f"{parrot}:ParrotLLM/grey")
    judge = get_llm(f"{parrot}:ParrotLLM/red")

    run(Panel(llm=llm, judges=[judge]), 2, out=Output("made/", card=True))

    card = Path("made/README.md").read_text(encoding="utf-8")
    assert "parrot.py:ParrotLLM/grey" in card
    assert "parrot.py:ParrotLLM/red" in card
    assert str(tmp_path) not in card


def test_the_command_in_a_card_names_files_without_their_folders() -> None:
    order = {
        "what": "/home/me/haiku.py:Haiku",
        "llm": "/home/me/parrot.py:ParrotLLM/grey",
        "input": "/home/me/my rows.jsonl",
        "settings": ["template=/say {{ x }}//y"],
    }
    assert command_of(order) == (
        "seedbed run haiku.py:Haiku --llm parrot.py:ParrotLLM/grey --input 'my rows.jsonl' "
        "--set 'template=/say {{ x }}//y'"
    )


def test_a_card_of_hostile_rows_has_its_own_structure_only(card: str) -> None:
    front, _, body = card.removeprefix("---\n").partition("\n---\n")
    assert set(yaml.safe_load(front)) == {"pretty_name", "tags", "size_categories", "configs"}
    tokens = parsed(body)
    titles = [tokens[i + 1].content for i, token in enumerate(tokens) if token.type == "heading_open"]
    assert titles[1:] == [
        "Rows", "How it was made", "What was left out", "What it cost", "Licences of the models' outputs",
        "Citations", "Make it again",
    ]  # fmt: skip
    html = [token.content.strip() for token in tokens if token.type == "html_block"]
    assert len(html) == 1
    assert not {"image", "html_inline", "link_open"} & kinds(tokens)


def test_rows_that_were_only_cleaned_are_not_called_synthetic(tmp_path: Path) -> None:
    out = Output(f"{tmp_path}/d/", card=True)
    run(Picky(), input=[{"i": 1}, {"i": 3}], out=out)
    text = (tmp_path / "d" / "README.md").read_text()
    assert "synthetic" not in text
    assert "without a language model" in text


@pytest.mark.slow
def test_the_hub_and_datasets_read_its_front_matter(card: str) -> None:
    from datasets.utils.metadata import MetadataConfigs
    from huggingface_hub import RepoCard

    data = RepoCard(card).data
    assert data.tags == ["synthetic", "seedbed"]
    assert data.to_dict()["size_categories"] == ["n<1K"]
    configs = MetadataConfigs.from_dataset_card_data(data)
    assert [split["split"] for split in configs["default"]["data_files"]] == ["train", "test"]


def test_columns_have_types_in_words_and_an_example() -> None:
    rows = [{"a": None, "b": 1, "m": 1}, {"a": [{"role": "user"}], "b": 2.5, "m": "x"}]
    columns = columns_of([encode_row(row) for row in rows])
    assert [(one.name, one.type) for one in columns] == [
        ("a", "list of {role: text}"),
        ("b", "float"),
        ("m", "JSON text"),
    ]
    assert json.loads(columns[0].example) == [{"role": "user"}]


@pytest.mark.parametrize(
    ("model", "known"),
    [
        ("openai/gpt-4.1-mini", "OpenAI"),
        ("anthropic/claude-x", "Anthropic"),
        ("openai/my-own-model", "not known"),
        ("openai/meta-llama/Llama-3.1-8B", "Llama"),
        ("vllm/mystery", "not known"),
    ],
)
def test_terms_are_said_where_they_are_known(model: str, known: str) -> None:
    ((_, terms, _),) = terms_of([model])
    assert known in terms


class Sorted(GlobalStep):
    """Turns all rows round."""

    keeps: ClassVar[bool] = True

    def process(self, rows: Iterable[Row]) -> list[Row]:
        return [*rows][::-1]


def test_what_was_left_out_before_a_step_over_all_rows_is_counted(tmp_path: Path) -> None:
    rows = [{"i": index} for index in range(9)]
    out = Output(f"{tmp_path}/d/", card=True)
    first = run(Picky() >> Sorted(), input=rows, out=out, name="one")

    assert first.accepted == 6
    card = (tmp_path / "d" / "README.md").read_text(encoding="utf-8")
    assert "| accepted | 6 |" in card
    assert "| rejected | 3 |" in card
    assert "| rejected | divisible \\| by three | 3 |" in card
    diff = first.diff(run(Picky() >> Sorted(), input=rows[:5], name="two"))
    assert [diff.first.counts["rejected"], diff.second.counts["rejected"]] == [3, 2]
