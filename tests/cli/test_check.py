"""`seedbed check`: every mistake of a pipeline file at once, each with its place."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest
from tests.cli.conftest import Result

Seedbed = Callable[..., Result]


def pipeline(text: str, name: str = "p.yaml") -> str:
    Path(name).write_text(dedent(text).lstrip("\n"))
    return name


def found(seedbed: Seedbed, text: str, *options: str) -> list[tuple[int, int, str, str]]:
    """Return the line, column, text and fact of each mistake in a file."""
    made = seedbed("check", pipeline(text), "--json", *options)
    mistakes = json.loads(made.out)["mistakes"]
    assert made.status == (2 if mistakes else 0), made.err
    return [(one["line"], one["column"], one["text"], one["fact"]) for one in mistakes]


EIGHT = """
name: answers
vars: {tone: friendly}
input: questoins.jsonl
n: many
budgt: {tokens: 50000}
out: {path: answers.parquet, form: chatt}
steps:
  - use: text-generatoin
  - use: text-generation
    name: second
    with:
      template: "${tome}: {{ question }}"
      num_generations: lots
  - use: filter
    after: secnd
    with: {keep: generation | length > 3}
"""


REPORT = """\
p.yaml:3:8: 'questoins.jsonl': there is no file 'questoins.jsonl'
  did you mean 'questions.jsonl'?
p.yaml:4:4: 'many': must be a whole number, not 'many'
p.yaml:5:1: 'budgt': there is no such field
  did you mean 'budget'?
p.yaml:6:36: 'chatt': there is no form 'chatt'
  did you mean 'chat'?
  use 'chat', 'sharegpt', 'sharegpt-preference', 'sharegpt-kto', 'alpaca', 'prompt-completion', \
'preference', 'kto', 'reward', 'text'
p.yaml:8:10: 'text-generatoin': no step named 'text-generatoin' is installed
  did you mean 'text-generation'?
p.yaml:12:17: '${tome}: {{ question }}': 'p.yaml' uses ${tome}, which isn't among its `vars`
  did you mean 'tone'?
  declare it: `vars:`, and below it `tome: VALUE`; or write $${tome} for the text
p.yaml:13:24: 'lots': must be a whole number, not 'lots'
p.yaml:15:12: 'secnd': `after` names a step 'secnd', which does not exist
  did you mean 'second'?
  steps: text-generatoin, second, filter
"""


def test_eight_mistakes_are_eight_reports(seedbed: Seedbed) -> None:
    Path("questions.jsonl").write_text('{"question": "Why?"}\n')
    made = seedbed("check", pipeline(EIGHT))

    assert made.status == 2
    assert [line for line in made.out.splitlines() if "installed" not in line[:12]] == REPORT.splitlines()
    assert made.err == "error: 'p.yaml' has 8 mistakes\n"


CORRECTIONS = {
    "secnd": "second",
    "lots": "2",
    "${tome}": "${tone}",
    "text-generatoin": "pass",
    "chatt": "chat",
    "budgt": "budget",
    "many": "1",
    "questoins": "questions",
}
"""The eight mistakes from the last to the first, and what is right."""


def test_each_mistake_is_reported_once_however_many_there_are(seedbed: Seedbed) -> None:
    """Corrected one by one, from the last to the first, the others stay as they are."""
    Path("questions.jsonl").write_text('{"question": "Why?"}\n')
    text = EIGHT
    former = found(seedbed, text)
    for wrong, right in CORRECTIONS.items():
        assert wrong in former[-1][2]
        text = text.replace(wrong, right)
        assert found(seedbed, text) == former[:-1]
        former = former[:-1]
    assert former == []


CASES = {
    "a key within": ("llm: {use: openai/m, wiht: {}}", (1, 22, "wiht"), "no such field"),
    "a model's backend": ("llm: opnai/m", (1, 6, "opnai/m"), "no LLM backend named 'opnai'"),
    "a parameter of a model": (
        "llm: {use: openai/m, with: {temprature: 1}}",
        (1, 29, "temprature"),
        "no such",
    ),
    "a key of a budget": ("budget: {dollars: 1}", (1, 10, "dollars"), "no such field"),
    "a time": ("budget: {time: soon}", (1, 16, "soon"), "isn't a time"),
    "a kind of value": ("llm: 5", (1, 6, "5"), "must be text"),
    "a variable without a value": ("vars: {a: null}\nname: ${a}", (2, 7, "${a}"), "has no value"),
    "a secret where none may be": ("name: ${env:HOME}", (1, 7, "${env:HOME}"), "only secret fields"),
    "a pattern": ("input: 'docs/*.md'", (1, 8, "docs/*.md"), "no file matches"),
    "a path": ("input: ../x.jsonl", (1, 8, "../x.jsonl"), "outside of the pipeline file's folder"),
    "an ending": ("out: rows.xyz", (1, 6, "rows.xyz"), "unknown ending '.xyz'"),
    "shares": ("out: {path: d/, split: {train: 0.5}}", (1, 1, "out"), "the shares of the splits make 0.5"),
    "one of several outputs": ("out: [a.jsonl, b.xyz]", (1, 16, "b.xyz"), "unknown ending"),
    "two outputs in one place": ("out: [a.jsonl, a.jsonl]", (1, 1, "out"), "two outputs go to 'a.jsonl'"),
    "a leaf": ("out: {path: a.jsonl, leaf: nobody}", (1, 28, "nobody"), "doesn't end in 'nobody'"),
    "a column that says the split": ("out: {path: d/, split: part}", (1, 13, "d/"), "column 'part', which"),
    "a column of a form": (
        "out: {path: d.jsonl, form: chat, columns: {completion: b}}",
        (1, 1, "out"),
        "there is no column 'b'",
    ),
    "a part of a form": ("out: {path: d.jsonl, form: chat}", (1, 1, "out"), "known as the prompt"),
    "a number": ("n: 0", (1, 4, "0"), "must be 1 or more"),
    "a key that is there twice": ("n: 1\nn: 2", (2, 1, ""), "again: line 1"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_mistake_around_the_steps_has_its_place(seedbed: Seedbed, name: str) -> None:
    line, place, said = CASES[name]
    own_input = "" if "input" in line else "input: [{a: 1}]\n"
    needs_llm = "{use: text-generation, with: {template: '{{ a }}'}}" if "llm" in line else "{use: pass}"

    ((*where, fact),) = found(seedbed, f"{line}\n{own_input}steps: [{needs_llm}]\n")
    assert tuple(where) == place
    assert said in fact


STEPS = {
    "a column that no step gives": (
        "{use: text-generation, with: {template: '{{ questoin }}'}}",
        "{{ questoin }}",
        "reads a column 'questoin'",
    ),
    "a column in a condition": ("{use: pass, when: score > 3}", "score > 3", "reads a column 'score'"),
    "an expression": ("{use: filter, with: {keep: 'a ='}}", "a =", "is not an expression"),
    "a condition": ("{use: pass, when: 'a ='}", "a =", "is not an expression"),
    "a parameter": ("{use: filter, with: {keep: a, kep: b}}", "kep", "no such field"),
    "a cycle": ("{use: pass, after: pass}", "pass", "cycle"),
    "two of one name": ("{use: pass}, {use: pass}", "pass", "2 steps have the name 'pass'"),
    "a source without use": (
        "{use: pass}, {use: jsonl, after: [], with: {path: p.yaml}}",
        "pass",
        "no step before it makes any",
    ),
    "a file of a step": (
        "{use: decontaminate, with: {against: no.jsonl, by: [question]}}",
        "no.jsonl",
        "there is no file",
    ),
    "an embedder": ("{use: embed, with: {embedder: opnai/m}}", "opnai/m", "'opnai'"),
    "no name": ("{with: {}}", "", "required"),
    "a schema": ("{use: text-generation, schema: {a: intger}}", "intger", "unknown type 'intger'"),
    "an llm under with": (
        "{use: text-generation, with: {llm: openai/m}}",
        "openai/m",
        "can't be under `with`",
    ),
    "code": ("{use: 'mine.py:Mine'}", "mine.py:Mine", "is code"),
    "a secret of a step": ("{use: filter, with: {keep: '${env:HOME}'}}", "${env:HOME}", "to a step"),
    "a route after all others": (
        "{use: pass}, {use: pass, name: b, after: pass, otherwise: true}, "
        "{use: pass, name: c, after: pass, when: question}",
        "pass",
        "no row reaches a route",
    ),
}


@pytest.mark.parametrize("name", STEPS)
def test_a_mistake_of_a_step_has_its_place(seedbed: Seedbed, name: str) -> None:
    steps, text, said = STEPS[name]
    mistakes = found(seedbed, f"input: [{{question: Why?}}]\nsteps: [{steps}]\n")

    assert (mistakes[0][0], mistakes[0][2]) == (2, text), mistakes
    assert said in mistakes[0][3]


@pytest.mark.parametrize(
    ("text", "is_checked"),
    [
        ("steps: [{use: map, with: {columns: {}}}]", True),
        ("steps: [{use: pass}]\nbudgt: {}", True),
        ("steps: [{use: pass]", False),
        ("steps: [{use: psas}]", False),
    ],
    ids=["field of a step", "field of the file", "no YAML", "name"],
)
def test_a_run_that_is_refused_for_its_parameters_leads_here(
    seedbed: Seedbed, text: str, is_checked: bool
) -> None:
    made = seedbed("run", pipeline(text, "my pipeline.yaml"))

    assert made.status == 2
    assert ("`seedbed check 'my pipeline.yaml'` finds every mistake and its line" in made.err) is is_checked


def test_a_dataset_that_would_replace_its_input_is_a_mistake(seedbed: Seedbed) -> None:
    Path("rows.jsonl").write_text('{"a": 1}\n')
    ((*where, fact),) = found(seedbed, "input: rows.jsonl\nout: rows.jsonl\nsteps: [{use: pass}]\n")
    assert where == [2, 6, "rows.jsonl"]
    assert "both the input and the dataset" in fact


def test_a_column_that_rows_may_have_is_no_mistake(seedbed: Seedbed) -> None:
    Path("rows.jsonl").write_text('{"a": 1}\n{"a": 1, "question": "Why?", "answer": "So."}\n')
    out = "out: [{path: d/, split: answer}, {path: c.jsonl, form: chat}]"
    assert found(seedbed, f"input: rows.jsonl\n{out}\nsteps: [{{use: pass}}]\n") == []


def test_what_follows_from_a_mistake_is_not_another(seedbed: Seedbed) -> None:
    text = """
        steps:
          - use: jsnl
            with: {path: rows.jsonl}
          - use: text-generation
            with: {template: "{{ anything }}"}
          - {use: join, after: [jsnl, text-generation]}
        """
    mistakes = found(seedbed, text)
    assert [(line, text) for line, _, text, _ in mistakes] == [(2, "jsnl"), (6, "")]
    assert mistakes[1][3] == "the field 'on' is required"


def test_a_field_that_is_needed_is_named_and_not_the_one_around_it(seedbed: Seedbed) -> None:
    text = """
        input: [{text: a}]
        steps:
          - use: map
            with: {columns: {words: "1"}}
          - {use: sort, with: {}}
        """
    assert [mistake[2:] for mistake in found(seedbed, text)] == [
        ("with", "the field 'make' is required"),
        ("columns", "there is no such field"),
        ("with", "the field 'by' is required"),
    ]


def test_no_secret_is_shown(seedbed: Seedbed) -> None:
    secret = "sk-a1b2c3d4e5f6"
    fields = f"api_key: [{secret}], base_url: 'https://u:{secret}@x.y', max_tokens: x, password: {secret}"
    text = f"llm: {{use: openai/m, with: {{{fields}}}}}\nsteps: [{{use: text-generation}}]\n"
    for options in ((), ("--json",)):
        made = seedbed("check", pipeline(text), *options)
        assert made.status == 2
        assert secret not in made.out + made.err


def test_a_file_without_mistakes_says_what_it_runs(seedbed: Seedbed) -> None:
    Path("questions.jsonl").write_text('{"question": "Why?"}\n')
    text = """
        vars: {model: null}
        input: questions.jsonl
        n: 1000
        budget: {cost: 5, time: 2h}
        out: [answers.parquet, splits/]
        llm: ${model}
        steps:
          - use: text-generation
            with: {template: "{{ question }}"}
          - {use: filter, with: {keep: question}}
        """
    made = seedbed("check", pipeline(text), "--set", "model=llamacpp/smollm2-135m")
    assert (made.status, made.err) == (0, "")
    assert made.out == (
        "'p.yaml' has no mistakes: text-generation >> filter: 1,000 rows from questions.jsonl "
        "to answers.parquet, splits/, at most $5.00 and 7,200 s\n"
    )
    assert json.loads(seedbed("check", "p.yaml", "--set", "model=llamacpp/m", "--json").out)["mistakes"] == []
    assert sorted(path.name for path in Path().iterdir()) == ["p.yaml", "questions.jsonl", "t.py"]


def test_a_file_may_leave_the_model_to_the_command(seedbed: Seedbed) -> None:
    made = seedbed("check", pipeline("n: 2\nsteps: [{use: qa-pairs}]\n"))
    assert made.status == 0
    assert "give it --llm for qa-pairs" in made.out


def test_nothing_is_called_and_no_run_is_made(seedbed: Seedbed) -> None:
    text = "n: 2\nllm: t.py:Echo/m\nsteps: [{use: 't.py:Slow'}]\n"
    made = seedbed("check", pipeline(text), "--allow-code", "t.py")
    assert made.status == 0, made.out
    assert not Path("loading").exists()
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["tome=x"], "has no variable 'tome'"),
        (["filter.kep=x"], "has no field 'kep'"),
        (["fitler.keep=x"], "did you mean 'filter'?"),
        (["llm.temperature=1"], "no step of 'p.yaml' would use"),
    ],
)
def test_settings_are_checked_too(seedbed: Seedbed, settings: list[str], said: str) -> None:
    text = "vars: {tone: calm}\ninput: [{a: 1}]\nsteps: [{use: filter, with: {keep: a}}]\n"
    options = [word for setting in settings for word in ("--set", setting)]
    made = seedbed("check", pipeline(text), *options)
    assert made.status == 2
    assert said in made.out
    assert seedbed("check", "p.yaml", "--set", "tone=x", "--set", "filter.keep=b").status == 0


@pytest.mark.parametrize("arguments", [(), ("absent.yaml",), ("p.yaml", "--set", "x")])
def test_wrong_uses_are_errors(seedbed: Seedbed, arguments: tuple[str, ...]) -> None:
    pipeline("steps: [{use: pass}]\n")
    made = seedbed("check", *arguments)
    assert made.status == 2
    assert "error: " in made.err


@pytest.mark.parametrize("wrong", CORRECTIONS)
def test_the_error_of_run_is_that_of_check(seedbed: Seedbed, wrong: str) -> None:
    """Each mistake alone, in a file that is right otherwise."""
    Path("questions.jsonl").write_text('{"question": "Why?"}\n')
    text = "llm: t.py:Echo/m\n" + EIGHT
    for other, right in CORRECTIONS.items():
        text = text if other == wrong else text.replace(other, right)

    ((*_, fact),) = found(seedbed, text, "--allow-code", "t.py")
    made = seedbed("run", "p.yaml", "--allow-code", "t.py")
    assert made.status == 2
    # How a file is missing, its format says when it reads it.
    assert (fact if wrong != "questoins" else "questoins.jsonl") in made.error
