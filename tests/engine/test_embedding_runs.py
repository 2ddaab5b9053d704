"""In a run, the calls of embedders are journalled, and never bought again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy
import pytest
from tests.support.letters import ANSWER, LettersEmbedder, answer, counted
from tests.support.note_taker import NoteTaker

from seedbed import Embedder, GlobalStep, Registry, Step, UsageError, preview, run
from seedbed.pipeline.file import load_pipeline
from seedbed.store import RunReader
from seedbed.testing import Reply

WORDS = [{"word": word} for word in ("river", "stream", "stone")]


class Embed(Step):
    embedder: Embedder
    keeps: ClassVar[bool] = True

    def process(self, row):
        return {**row, "vector": self.embedder.vectors([row["word"]])[0].tolist()}


class Centre(GlobalStep):
    embedder: Embedder

    def process(self, rows):
        vectors = self.embedder.vectors([row["word"] for row in rows])
        yield {"centre": numpy.mean(vectors, axis=0).tolist()}


class Lengths(Embedder):
    """Computes in the process, the same each time."""

    repeatable: ClassVar[bool] = True
    backend: ClassVar[str] = "lengths"

    async def embed(self, texts: Sequence[str]):
        return [[float(len(text))] for text in texts]


@pytest.fixture
def embedder(scripted_server):
    scripted_server.answer_with(ANSWER)
    return LettersEmbedder(model="any", base_url=scripted_server.url)


def asked(server) -> list[str]:
    """Return the texts of all requests: which of them share one depends on timing."""
    return sorted(text for received in server.received for text in received.json()["texts"])


def refusing(text: str):
    """Return what answers requests without a text, and refuses those with it."""
    refusal = Reply(400, {"error": {"message": f"no {text}s"}})
    return lambda received: refusal if text in received.json()["texts"] else answer(received)


ALL = sorted(row["word"] for row in WORDS)


def test_a_resumed_run_buys_no_vector_again(embedder, scripted_server):
    run(Embed(embedder=embedder), input=WORDS, name="r")
    assert asked(scripted_server) == ALL
    again = run(Embed(embedder=embedder, output_mappings={"vector": "numbers"}), input=WORDS, name="r")
    assert [row["numbers"] for row in again.rows()] == [counted(row["word"]) for row in WORDS]
    assert (again.calls.replayed, asked(scripted_server)) == (3, ALL)


def test_another_seed_and_another_server_leave_the_vectors_valid(embedder, scripted_server):
    run(Embed(embedder=embedder), input=WORDS, name="r")
    elsewhere = embedder.model_copy(update={"timeout": 7.0})
    run(Embed(embedder=elsewhere), input=WORDS, name="r", seed=9)
    assert asked(scripted_server) == ALL


def test_another_setting_of_the_embedder_asks_again(embedder, scripted_server):
    run(Embed(embedder=embedder), input=WORDS, name="r")
    other = LettersEmbedder(model="any", base_url=scripted_server.url, ignore_case=True)
    run(Embed(embedder=other), input=WORDS, name="r")
    assert asked(scripted_server) == sorted(2 * ALL)


def test_a_step_over_all_rows_asks_in_batches_that_are_kept(embedder, scripted_server):
    embedder.batch_size = 2
    run(Centre(embedder=embedder), input=WORDS, name="r")
    assert scripted_server.count == 2
    run(Centre(embedder=embedder, output_mappings={"centre": "mean"}), input=WORDS, name="r")
    assert scripted_server.count == 2


def test_vectors_that_can_be_made_again_are_not_kept():
    made = run(Embed(embedder=Lengths(model="any")), input=WORDS, name="r")
    assert [row["vector"] for row in made.rows()] == [[5.0], [6.0], [5.0]]
    with RunReader.open(made.folder) as reader:
        assert reader.spent().calls == 0


def test_a_session_counts_the_calls_that_its_run_does(embedder):
    for one, calls in ((Lengths(model="any"), 0), (embedder, 1)):
        made = run(Embed(embedder=one), input=WORDS[:1], name=f"counted-{calls}")
        with RunReader.open(made.folder) as reader:
            spent = reader.spent()
        assert (made.calls.answered, made.summary()["calls"], spent.calls) == (calls, calls, calls)
        assert made.calls.usage.input_tokens == spent.input_tokens
        assert made.calls.unanswered is None


def test_a_text_that_its_server_refuses_fails_its_row_alone(embedder, scripted_server):
    scripted_server.answer_with(Reply(body=refusing("stone")))
    made = run(Embed(embedder=embedder), input=WORDS)
    assert [row["word"] for row in made.rows()] == ["river", "stream"]
    (failed,) = made.failed_rows()
    assert "no stones" in failed.reason
    # The text that was sent is evidence, like the prompt of an LLM.
    assert failed.calls[-1].messages[0]["content"] == failed.input["word"]


def test_a_preview_shows_the_texts(embedder):
    shown = preview(Embed(embedder=embedder), input=WORDS, n=1)
    assert shown.rows[0].calls[0].request.messages == ({"role": "user", "content": "river"},)


@pytest.fixture
def registry():
    registry = Registry([])
    registry.add(Embed)
    registry.add(LettersEmbedder)
    return registry


def test_a_pipeline_file_names_an_embedder(embedder, scripted_server, registry, tmp_path):
    file = tmp_path / "p.yaml"
    file.write_text(f"""\
steps:
  - use: embed
    with:
      embedder: {{use: letters/any, with: {{base_url: "{scripted_server.url}"}}}}
""")
    made = load_pipeline(file, registry).run(input=WORDS)
    assert [row["vector"] for row in made.rows()] == [counted(row["word"]) for row in WORDS]


def test_a_pipeline_file_cannot_name_code_as_an_embedder(registry, tmp_path):
    code = tmp_path / "own.py"
    code.write_text("raise SystemExit('this ran')")
    file = tmp_path / "p.yaml"
    file.write_text(f"steps:\n  - use: embed\n    with:\n      embedder: {code}:Own/any\n")
    with pytest.raises(UsageError, match=r"may only name plugins, but .*own\.py:Own/any' is code"):
        load_pipeline(file, registry)


class Keyed(LettersEmbedder):
    """Needs a key."""

    backend: ClassVar[str] = "keyed"
    key_env_var: ClassVar[str | None] = "LETTERS_API_KEY"
    provider_hosts: ClassVar[tuple[str, ...]] = ("api.letters.example",)


def test_a_pipeline_file_cannot_send_a_key_to_a_host_of_its_choice(registry, tmp_path, monkeypatch):
    monkeypatch.setenv("LETTERS_API_KEY", "sk-letters-0123456789")
    registry.add(Keyed)
    file = tmp_path / "p.yaml"
    file.write_text("""\
steps:
  - use: embed
    with:
      embedder: {use: keyed/any, with: {base_url: "https://evil.example/v1"}}
""")
    pipeline = load_pipeline(file, registry)
    with pytest.raises(UsageError, match=r"LETTERS_API_KEY to 'evil\.example'"):
        pipeline.run(input=WORDS)


def test_a_missing_key_names_its_variable_and_no_option_of_llms():
    with pytest.raises(Exception, match="no API key for 'keyed/any'") as caught:
        run(Embed(embedder=Keyed(model="any", base_url="https://api.letters.example")), input=WORDS)
    assert "export LETTERS_API_KEY=..." in str(caught.value)
    assert "--set llm" not in str(caught.value)


def test_the_story_of_a_row_says_how_many_vectors_it_got(embedder):
    made = run(Embed(embedder=embedder), input=WORDS, name="r")
    (told,) = made.explain(line=1).chapters[0].calls
    assert told.vectors == f"1 of {len(counted('a'))} numbers"
    assert told.vectors in str(made.explain(line=1))


def test_observers_see_when_and_where_each_call_of_a_shared_request_was_sent(scripted_server):
    scripted_server.answer_with(ANSWER)
    embedder = LettersEmbedder(model="any", base_url=scripted_server.url)
    notes = NoteTaker()
    run(Embed(embedder=embedder), input=WORDS, observers=[notes])

    assert len(notes.calls) == 3
    assert all(call.started and call.seconds and call.tries == 1 for call in notes.calls)
    assert {call.endpoint for call in notes.calls} == {embedder.endpoint}


def test_calls_that_share_a_request_count_one_each_in_the_session_and_in_the_run(embedder, scripted_server):
    many = [{"word": f"word {n}"} for n in range(40)]
    made = run(Embed(embedder=embedder), input=many, name="counted")
    with RunReader.open(made.folder) as reader:
        assert made.calls.answered == reader.spent().calls == 40
    assert len(scripted_server.received) < 40
