"""A file that a step or task reads and that changes is seen by the next run; nothing else is made again."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, DirectoryPath, FilePath
from tests.support.scripted_llm import ALL, ScriptedLLM

from seedbed import Files, GeneratorTask, GlobalStep, Run, Step, Task, UsageError, image_part, run
from seedbed.engine.resume.fingerprint import step_fingerprint

ROWS = [{"text": "a"}, {"text": "b"}]


class Source(BaseModel):
    file: Path | None = None


class Reading(Step):
    """Reads files that its parameters name."""

    file: FilePath | None = None
    path: Path | None = None
    folder: DirectoryPath | None = None
    folders: list[DirectoryPath] = []
    pattern: Files | None = None
    many: dict[str, FilePath] = {}
    source: Source = Source()

    def process(self, row):
        return row


class Filtered(Step):
    """Drops texts that a list names, which it reads by itself and says so."""

    words: str = "words.txt"

    def load(self):
        self.reads(self.words)

    def process(self, row):
        return None if row["text"] in Path(self.words).read_text().split() else row


class FilteredLate(Step):
    words: str = "words.txt"

    def process(self, row):
        return None if row["text"] in self.reads(self.words).read_text().split() else row


class FilteredAll(GlobalStep):
    words: str = "words.txt"

    def process(self, rows):
        words = self.reads(self.words).read_text().split()
        return [row for row in rows if row["text"] not in words]


class Prompted(Task):
    words: str = "words.txt"

    def format_input(self, input):
        return [{"role": "user", "content": f"{input['text']} {self.reads(self.words).read_text()}"}]


class Sampled(GeneratorTask):
    words: str = "words.txt"
    template: str = "{{ word }}"

    def sample(self, index, rng):
        words = self.reads(self.words).read_text().split()
        return {"word": words[index % len(words)]}


class Described(Task):
    def format_input(self, input):
        return [{"role": "user", "content": [image_part(Path(input["image"]))]}]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("docs/deep").mkdir(parents=True)
    Path("docs/deep/one.md").write_text("one")
    Path("words.txt").write_text("a")
    return tmp_path


def named(**fields: Any) -> bytes:
    return step_fingerprint(Reading(**fields), 0)


NAMED: list[dict[str, Any]] = [
    {"file": "words.txt"},
    {"path": "words.txt"},
    {"folder": "."},
    {"folders": ["docs", "."]},
    {"pattern": "*.txt"},
    {"pattern": "**/*.txt"},
    {"many": {"x": "words.txt"}},
    {"source": {"file": "words.txt"}},
]


@pytest.mark.parametrize("fields", NAMED)
def test_a_file_that_a_parameter_names_is_known_by_its_content(fields):
    before = named(**fields)
    os.utime("words.txt")
    assert named(**fields) == before
    Path("words.txt").write_text("b")
    assert named(**fields) != before
    Path("words.txt").write_text("a")
    assert named(**fields) == before


@pytest.mark.parametrize("fields", [{"folder": "docs"}, {"pattern": "docs/**/*.md"}])
def test_a_file_that_comes_or_goes_is_noticed(fields):
    before = named(**fields)
    Path("docs/deep/two.md").write_text("two")
    assert named(**fields) != before
    Path("docs/deep/two.md").unlink()
    assert named(**fields) == before
    Path("docs/deep/one.md").rename("docs/deep/new.md")
    assert named(**fields) != before


def test_a_folder_that_is_only_a_path_may_be_written_to():
    before = named(path="docs")
    Path("docs/two.md").write_text("two")
    assert named(path="docs") == before


def test_a_pattern_stands_for_the_files_that_there_are():
    assert Reading(pattern="docs/**/*.md").pattern.paths() == [Path("docs/deep/one.md")]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_cannot_be_read_is_a_usage_error():
    Path("words.txt").chmod(0)
    with pytest.raises(UsageError, match=r"'words.txt' cannot be read"):
        named(file="words.txt")


def go(step: Any, llm: ScriptedLLM | None = None, **options: Any) -> Run:
    options = {"n": 2} if isinstance(step, GeneratorTask) else {"input": ROWS, **options}
    return run(step, llm=llm, name="files", **options)


@pytest.mark.parametrize("kind", [Filtered, FilteredLate, FilteredAll])
def test_a_file_that_a_step_reads_and_that_changes_makes_its_rows_again(kind):
    Path("in.jsonl").write_text('{"text":"a"}\n{"text":"b"}\n')
    for words, left in [("a", "b"), ("a", "b"), ("b", "a"), ("b", "a"), ("a", "b")]:
        Path("words.txt").write_text(words)
        made = go(kind(), input="in.jsonl")
        assert [row["text"] for row in made.rows()] == [left]


@pytest.mark.parametrize("kind", [Filtered, FilteredLate])
def test_a_run_whose_files_are_the_same_is_found_finished(kind):
    Path("in.jsonl").write_text('{"text":"a"}\n{"text":"b"}\n')
    go(kind(), input="in.jsonl")
    os.utime("words.txt")
    assert go(kind(), input="in.jsonl").found.finished
    Path("words.txt").write_text("b")
    found = go(kind(), input="in.jsonl").found
    assert not found.finished
    assert found.changed
    assert go(kind(), input="in.jsonl").found.finished


def test_a_file_that_is_gone_is_a_change():
    go(Prompted(), ScriptedLLM(lambda request: "x"))
    Path("words.txt").unlink()
    assert go(Prompted(), ScriptedLLM(lambda request: "x")).failed == 2


@pytest.mark.parametrize("kind", [Prompted, Sampled])
def test_only_calls_whose_prompts_change_are_paid_for_again(kind):
    llm = ScriptedLLM(lambda request: request.messages[-1]["content"].upper())
    go(kind(), llm)
    go(kind(), llm)
    assert len(llm.requests) == 2
    Path("words.txt").write_text("z")
    made = go(kind(), llm)
    assert len(llm.requests) == 4
    assert all("Z" in row["generation"] for row in made.rows())


def test_an_image_that_changes_is_asked_about_again_and_no_other():
    for name in ("one.png", "two.png"):
        Path(name).write_bytes(name.encode())
    given = [{"image": "one.png"}, {"image": "two.png"}]
    llm = ScriptedLLM(lambda request: str(len(llm.requests)), offers=ALL)
    go(Described(), llm, input=given)
    assert len(llm.requests) == 2
    go(Described(), llm, input=given)
    assert len(llm.requests) == 2
    Path("two.png").write_bytes(b"another")
    go(Described(), llm, input=given)
    assert len(llm.requests) == 3
    assert llm.requests[-1].messages[0]["content"][0] == image_part(b"another")


def test_a_file_that_changes_while_it_is_read_makes_the_rows_again():
    def process(self, row):
        text = self.reads("words.txt").read_text()
        Path("words.txt").write_text("changed")
        return {"text": text}

    changing = type("Changing", (Step,), {"process": process, "__module__": __name__})
    assert [row["text"] for row in go(changing()).rows()] == ["a", "changed"]
    assert [row["text"] for row in go(changing()).rows()] == ["changed", "changed"]


class SampledImage(GeneratorTask):
    def sample(self, index, rng):
        return {"_image": image_part(Path("one.png")), "size": len(Path("one.png").read_bytes())}

    def format_input(self, input):
        return [{"role": "user", "content": [input["_image"]]}]


class YieldedImage(GeneratorTask):
    def process(self, offset=0):
        for _ in range(2):
            part = image_part(Path("one.png"))
            answer = self.llm.generate([[{"role": "user", "content": [part]}]])[0][0]
            yield {"size": len(Path("one.png").read_bytes()), "answer": answer}


class AllWithImage(GlobalStep):
    def process(self, rows):
        image_part(Path("one.png"))
        for row in rows:
            yield {**row, "size": len(Path("one.png").read_bytes())}


@pytest.mark.parametrize("kind", [SampledImage, YieldedImage, AllWithImage])
def test_an_image_counts_wherever_it_is_read(kind):
    Path("in.jsonl").write_text('{"text":"a"}\n{"text":"b"}\n')
    for content in (b"x", b"x", b"yy"):
        Path("one.png").write_bytes(content)
        options = {} if issubclass(kind, GeneratorTask) else {"input": "in.jsonl"}
        llm = ScriptedLLM(lambda request: "z", offers=ALL) if options == {} else None
        made = go(kind(), llm, **options)
        assert [row["size"] for row in made.rows()] == [len(content)] * 2
