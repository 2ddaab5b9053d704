"""A pipeline file that says everything: `seedbed run FILE` needs no other word."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pyarrow.parquet as pq
import pytest
from tests.cli.conftest import Result
from tests.cli.test_key_hosts import HOST, KEY, RUN, FaultServer, secrets_at, stranger, write

from seedbed import SeedbedError, run
from seedbed.pipeline.file import load_pipeline
from seedbed.store import run_folder

__all__ = ["stranger"]

Seedbed = Callable[..., Result]

ALLOW = ("--allow-code", "t.py")
FILE = """
n: 4
seed: 7
vars: {model: t.py:Echo/m, style: calm}
llm: ${model}
steps:
  - use: t.py:Haiku
    with: {style: "${style}"}
"""
OVER_ROWS = """
vars: {source: questions.jsonl}
llm: t.py:Echo/m
input: ${source}
steps:
  - use: t.py:Answer
"""


def pipeline(text: str, name: str = "p.yaml") -> str:
    Path(name).parent.mkdir(exist_ok=True)
    Path(name).write_text(dedent(text))
    return name


def questions(path: str, count: int = 3) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text("".join(f'{{"question": "{number}?"}}\n' for number in range(count)))


def test_the_file_says_how_many_rows_of_which_seed(seedbed: Seedbed) -> None:
    made = seedbed("run", pipeline(FILE), *ALLOW)
    assert made.status == 0, made.err
    assert len(made.rows) == 4
    given = seedbed("run", "t.py:Haiku", "--llm", "t.py:Echo/m", "-n", "4", "--seed", "7", "--name", "given")
    assert made.rows == given.rows
    assert made.rows[0]["haiku"].startswith("A CALM")


@pytest.mark.slow
def test_the_command_beats_the_file(seedbed: Seedbed) -> None:
    pipeline(FILE)
    made = seedbed("run", "p.yaml", *ALLOW, "-n", "2", "--seed", "0", "--set", "style=wild", "--json")
    given = seedbed("run", "t.py:Haiku", "--llm", "t.py:Echo/m", "-n", "2", "--set", "style=wild", "--json")
    assert made.status == given.status == 0
    assert made.out == given.out
    assert seedbed("run", "p.yaml", *ALLOW, "--set", "style=loud").status == 2


def test_the_same_in_python(seedbed: Seedbed) -> None:
    code = [Path("t.py")]
    made = load_pipeline(Path(pipeline(FILE)), vars={"style": "wild"}, allow_code=code).run(out="a.jsonl")
    assert (made.accepted, made.seed) == (4, 7)
    assert "WILD" in Path("a.jsonl").read_text()
    more = load_pipeline(Path("p.yaml"), allow_code=code).run(6, seed=8, name="more")
    assert (more.accepted, more.seed) == (6, 8)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("budget", "stopped"),
    [("tokens: 70", "tokens are spent"), ("cost: 0.001", "$0.0010"), ("time: 0.000001s", "is used up")],
)
def test_the_file_says_what_a_run_may_spend(seedbed: Seedbed, budget: str, stopped: str) -> None:
    pipeline(FILE.replace("n: 4", "n: 400") + f"budget: {{{budget}}}\n")
    prices = ("--price-input", "10", "--price-output", "10")
    made = seedbed("run", "p.yaml", *ALLOW, *prices, "--concurrency", "1")
    assert made.status == 3
    assert stopped in made.err
    over = ("--max-tokens-total", "1000000", "--max-cost", "100", "--max-time", "1h")
    assert seedbed("run", "p.yaml", *ALLOW, *prices, *over).status == 0


def test_the_input_is_relative_to_the_file_and_may_be_a_pattern_or_rows(seedbed: Seedbed) -> None:
    questions("inner/questions.jsonl")
    made = seedbed("run", pipeline(OVER_ROWS, "inner/p.yaml"), *ALLOW)
    assert [row["generation"] for row in made.rows] == ["ANSWER: 0?", "ANSWER: 1?", "ANSWER: 2?"]
    written = OVER_ROWS.replace("${source}", "[{question: a}, {question: b}]")
    rows = seedbed("run", pipeline(written, "rows.yaml"), *ALLOW)
    assert [row["generation"] for row in rows.rows] == ["ANSWER: A", "ANSWER: B"]


def test_input_on_the_command_replaces_that_of_the_file(seedbed: Seedbed) -> None:
    questions("mine.jsonl", 1)
    made = seedbed("run", pipeline(OVER_ROWS, "inner/p.yaml"), *ALLOW, "--input", "mine.jsonl")
    assert len(made.rows) == 1, made.err


@pytest.mark.slow
def test_a_variable_that_the_user_types_may_lead_anywhere(seedbed: Seedbed) -> None:
    questions("outer/questions.jsonl", 2)
    pipeline(OVER_ROWS, "inner/p.yaml")
    typed = ("--set", "source=../outer/questions.jsonl")
    made = seedbed("run", "inner/p.yaml", *ALLOW, *typed, "--name", "r")
    assert len(made.rows) == 2, made.err
    # The run's own folder may come from the same stranger as the file.
    again = seedbed("runs", "retry", "r", *ALLOW)
    assert again.status == 2
    assert "--allow-path" in again.error
    assert seedbed("runs", "retry", "r", *ALLOW, "--allow-path", "outer").status == 0


def test_a_file_reads_nothing_outside_of_its_folder(seedbed: Seedbed) -> None:
    questions("outer/questions.jsonl")
    pipeline(OVER_ROWS.replace("questions.jsonl", "../outer/questions.jsonl"), "inner/p.yaml")
    refused = seedbed("run", "inner/p.yaml", *ALLOW)
    assert refused.status == 2
    assert "../outer/questions.jsonl" in refused.error
    assert len(seedbed("run", "inner/p.yaml", *ALLOW, "--allow-path", "outer").rows) == 3


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("n: 0", ["n:", "1"]),
        ("n: many", ["n:", "'many'"]),
        ("budget: {cost: -1}", ["budget.cost"]),
        ("budget: {time: soon}", ["budget.time", "'soon'"]),
        ("budget: {dollars: 5}", ["budget.dollars"]),
        ("input: [1, 2]", ["input"]),
        ("input: {use: t.py:Answer}", ["`input`", "takes rows"]),
        ("input: {use: no-such}", ["no-such"]),
        ("input: 'a/*.xyz'", ["a/*.xyz"]),
        ("input: absent.jsonl", ["absent.jsonl"]),
        ("vars: {a: 1}\nname: ${b}", ["${b}"]),
        ("name: ${env:HOME}", ["name", "${env:NAME}"]),
    ],
)
def test_what_the_file_says_wrongly_is_refused_before_anything_is_spent(
    seedbed: Seedbed, line: str, parts: list[str]
) -> None:
    pipeline(f"llm: t.py:Echo/m\nsteps: [{{use: t.py:Answer}}]\n{line}\n")
    refused = seedbed("run", "p.yaml", *ALLOW)
    assert refused.status == 2
    assert all(part in refused.error for part in parts), refused.err


@pytest.mark.slow
def test_a_source_step_is_the_input(seedbed: Seedbed) -> None:
    with Path("t.py").open("a") as file:
        file.write(
            dedent(
                """
                from pydantic import FilePath
                from seedbed import GeneratorStep

                class Lines(GeneratorStep):
                    path: FilePath

                    def process(self, offset=0):
                        for line in self.path.read_text().splitlines():
                            yield {"question": line}
                """
            )
        )
    pipeline(
        """
        llm: t.py:Echo/m
        input: {use: t.py:Lines, with: {path: lines.txt}}
        steps: [{use: t.py:Answer}]
        """,
        "inner/p.yaml",
    )
    Path("inner/lines.txt").write_text("one\ntwo\n")
    made = seedbed("run", "inner/p.yaml", *ALLOW)
    assert [row["generation"] for row in made.rows] == ["ANSWER: ONE", "ANSWER: TWO"], made.err
    Path("other.txt").write_text("three\n")
    other = seedbed("run", "inner/p.yaml", *ALLOW, "--set", "t.py:Lines.path=other.txt")
    assert other.status == 2
    named = seedbed("run", "inner/p.yaml", *ALLOW, "--set", "lines.path=other.txt", "--restart")
    assert [row["question"] for row in named.rows] == ["three"], named.err
    taken = seedbed("run", "inner/p.yaml", *ALLOW, "--columns", "question")
    assert taken.status == 2


def test_a_source_step_is_the_input_in_python(seedbed: Seedbed) -> None:
    from seedbed import GeneratorStep
    from seedbed_data import Map

    class Numbers(GeneratorStep):
        def process(self, offset: int = 0):  # type: ignore[no-untyped-def]
            yield from ({"number": number} for number in range(3))

    made = run(Map(make={"twice": "number * 2"}), input=Numbers(), name="doubled")
    assert [row["twice"] for row in made.rows()] == [0, 2, 4]
    assert made.name == "doubled"
    with pytest.raises(SeedbedError, match="makes its rows without input"):
        run(Numbers(), input=Numbers(name="others"))


SECRET = "{use: acme/m, with: {base_url: 'http://%s', api_key: '${env:TEAM_KEY}'}}"
IN_ANOTHER_FIELD = "{use: sly/m, with: {base_url: 'http://%s', region: '${env:TEAM_KEY}'}}"


def test_a_secret_that_the_file_names_is_the_users(
    seedbed: Seedbed, stranger: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEAM_KEY", KEY)
    write(SECRET % HOST)
    refused = seedbed(*RUN)
    assert refused.status == 2
    assert all(word in refused.error for word in ("p.yaml", "TEAM_KEY", "--allow-host"))
    assert stranger.count == 0
    assert seedbed(*RUN, "--allow-host", HOST).status == 0
    assert len(secrets_at(stranger)) == 1
    # The run on disk has the variable's name at most.
    files = [file for file in run_folder("r").rglob("*") if file.is_file()]
    assert files
    assert not any(KEY.encode() in file.read_bytes() for file in files)


def test_a_secret_isnt_hidden_from_the_guard_by_a_code_path_of_the_backend(
    seedbed: Seedbed, stranger: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEAM_KEY", KEY)
    monkeypatch.setenv("ACME_API_KEY", KEY)
    write(IN_ANOTHER_FIELD % HOST)
    refused = seedbed(*RUN)
    assert refused.status == 2
    assert stranger.count == 0
    assert KEY not in refused.err


@pytest.mark.parametrize(
    ("llm", "parts"),
    [
        ("{use: acme/m, with: {api_key: '${env:NOT_SET}'}}", ["NOT_SET", "isn't set"]),
        ("{use: acme/m, with: {base_url: '${env:TEAM_KEY}'}}", ["base_url"]),
        ("{use: '${env:TEAM_KEY}'}", ["llm.use", "${env:NAME}"]),
    ],
)
def test_only_secret_fields_take_a_secret(
    seedbed: Seedbed,
    stranger: FaultServer,
    monkeypatch: pytest.MonkeyPatch,
    llm: str,
    parts: list[str],
) -> None:
    monkeypatch.setenv("TEAM_KEY", KEY)
    write(llm)
    refused = seedbed(*RUN)
    assert refused.status == 2
    assert all(part in refused.error for part in parts), refused.err
    assert KEY not in refused.err


def test_a_step_gets_a_secret_only_if_the_user_allows_it(
    seedbed: Seedbed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEAM_KEY", KEY)
    with Path("t.py").open("a") as file:
        file.write(
            dedent(
                """
                class Post(Step):
                    token: SecretStr

                    def process(self, row):
                        return {**row, "length": len(self.token.get_secret_value())}
                """
            )
        )
    step = "{use: t.py:Post, with: {token: '${env:TEAM_KEY}'}}"
    pipeline(f"input: [{{a: 1}}]\nsteps: [{step}]")
    refused = seedbed("run", "p.yaml", *ALLOW)
    assert refused.status == 2
    assert "--allow-env TEAM_KEY" in refused.error
    made = seedbed("run", "p.yaml", *ALLOW, "--allow-env", "TEAM_KEY")
    assert [json.loads(line)["length"] for line in made.out.splitlines()] == [len(KEY)], made.err


SEVERAL = """
n: 6
llm: t.py:Echo/m
out:
  - all.jsonl
  - {path: parts/, split: {train: 0.5, test: 0.5}}
  - {path: chat.jsonl, form: chat, columns: {prompt: season, completion: haiku}}
  - {path: counted.parquet, leaf: count}
steps:
  - use: t.py:Haiku
  - {use: pass, name: plain}
  - {use: t.py:Count, after: haiku}
"""


def test_the_file_says_where_the_dataset_goes(seedbed: Seedbed) -> None:
    pipeline(SEVERAL.replace("- all.jsonl", "- {path: all.jsonl, leaf: plain}"), "inner/several.yaml")
    made = seedbed("run", "inner/several.yaml", *ALLOW)
    assert made.status == 0, made.err
    assert made.out == ""
    rows = [json.loads(line) for line in Path("inner/all.jsonl").read_text().splitlines()]
    assert len(rows) == 6
    chats = [json.loads(line) for line in Path("inner/chat.jsonl").read_text().splitlines()]
    assert [chat["messages"][1]["content"] for chat in chats] == [row["haiku"] for row in rows]
    counted = pq.read_table("inner/counted.parquet").to_pylist()
    assert [row["haiku"] for row in counted] == [row["haiku"] for row in rows]
    assert {row["columns"] for row in counted} == {4}
    files = Path("inner/parts").rglob("*.parquet")
    parts = [row for file in files for row in pq.read_table(file).to_pylist()]
    assert sorted(row["haiku"] for row in parts) == sorted(row["haiku"] for row in rows)
    # The run has the file's name, whatever the datasets are called.
    assert (run_folder("several") / "run.db").exists()


def test_each_dataset_that_a_stopped_run_leaves_as_it_was_is_named(seedbed: Seedbed) -> None:
    pipeline(FILE.replace("n: 4", "n: 400") + "out: [a.jsonl, b.csv]\nbudget: {tokens: 70}\n")
    Path("b.csv").write_text("old\n")
    said = seedbed("run", "p.yaml", *ALLOW, "--concurrency", "1").err
    assert "a.jsonl was not written\n  b.csv was not changed\n" in said


def test_o_on_the_command_replaces_the_outputs_of_the_file(seedbed: Seedbed) -> None:
    pipeline(FILE + "out: [/etc/a.jsonl, ../b.jsonl]\n")
    assert seedbed("run", "p.yaml", *ALLOW, "-o", "mine.jsonl").status == 0
    assert len(Path("mine.jsonl").read_text().splitlines()) == 4
    assert seedbed("preview", "p.yaml", *ALLOW, "-n", "1").status == 0
    assert not Path("../b.jsonl").exists()


@pytest.mark.slow
def test_the_outputs_of_the_file_are_used_in_python_and_when_rows_are_retried(seedbed: Seedbed) -> None:
    pipeline(FILE + "out: mine.jsonl\n")
    assert load_pipeline(Path("p.yaml"), allow_code=[Path("t.py")]).run().outputs == ["mine.jsonl"]
    Path("mine.jsonl").unlink()
    assert seedbed("run", "p.yaml", *ALLOW, "--name", "again").status == 0
    Path("mine.jsonl").unlink()
    assert seedbed("runs", "retry", "again", *ALLOW).status == 0
    assert Path("mine.jsonl").exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("out", "part"),
    [
        ("/etc/a.jsonl", "outside"),
        ("../a.jsonl", "outside"),
        ("~/a.jsonl", "outside"),
        ("hf://stranger/data", "--allow-path hf://stranger"),
        ("{path: a.jsonl, from: plain}", "out"),
        ("{path: a.jsonl, form: prose}", "prose"),
        ("{path: a.jsonl, leaf: prose}", "prose"),
        ("[a.jsonl, a.jsonl]", "two outputs"),
        ("p.yaml", ".yaml"),
    ],
)
def test_a_dataset_goes_nowhere_else(seedbed: Seedbed, out: str, part: str) -> None:
    pipeline(f"{FILE}out: {out}\n", "inner/p.yaml")
    refused = seedbed("run", "inner/p.yaml", *ALLOW)
    assert refused.status == 2
    assert part in refused.error
