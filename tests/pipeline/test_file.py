from __future__ import annotations

import json
from pathlib import Path

import pytest

from seedbed import Join, ParameterError, Registry, Step, UnknownPluginError, UsageError
from seedbed.engine.resume.fingerprint import step_fingerprint
from seedbed.pipeline.file import load_pipeline
from seedbed.pipeline.topology import Merge
from seedbed.plugins.policy.policy import Policy
from seedbed.tasks.rows import Row
from seedbed.testing import ScriptedLLM
from seedbed_tasks import SelfInstruct, TextGeneration


class KeepLong(Step):
    shortest: int = 3

    def process(self, row: Row) -> Row | None:
        return row if len(row["generation"]) >= self.shortest else None


@pytest.fixture
def registry() -> Registry:
    found = Registry(installed=(), policy=Policy())
    found.add(SelfInstruct)
    found.add(TextGeneration)
    found.add(KeepLong)
    return found


def write(folder: Path, text: str, name: str = "pipeline.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_a_file_names_steps_and_holds_their_fields(tmp_path: Path, registry: Registry) -> None:
    path = write(
        tmp_path,
        """
        name: answers
        steps:
          - use: self-instruct
            with: {examples: 3}
          - use: text-generation
            name: answer
          - use: keep-long
        """,
    )

    pipeline = load_pipeline(path, registry)

    assert [step.name for step in pipeline.steps] == ["self-instruct", "answer", "keep-long"]
    assert pipeline.steps[0].examples == 3  # type: ignore[attr-defined]
    assert pipeline.name == "answers"


GRAPH = """
steps:
  - use: self-instruct
  - use: text-generation
    name: long
    when: instruction | length > 20
  - use: text-generation
    name: short
    after: self-instruct
    when: instruction | length > 5
  - use: pass
    after: self-instruct
    otherwise: true
  - use: keep-long
    after: [long, short, pass]
"""


def test_a_file_may_hold_a_graph(tmp_path: Path, registry: Registry) -> None:
    topology = load_pipeline(write(tmp_path, GRAPH), registry).topology()

    assert [(child, when.text) for child, when in topology.routes("self-instruct")] == [
        ("long", "instruction | length > 20"),
        ("short", "instruction | length > 5"),
        ("pass", "otherwise"),
    ]
    assert topology.node("keep-long").merge == Merge("union", "self-instruct")


def test_a_file_may_have_several_sources_and_name_later_steps(tmp_path: Path, registry: Registry) -> None:
    path = write(
        tmp_path,
        """
        steps:
          - {use: join, with: {"on": [instruction], how: left}, after: [one, two]}
          - {use: self-instruct, name: one, after: []}
          - {use: self-instruct, name: two, after: []}
        """,
    )

    topology = load_pipeline(path, registry).topology()

    assert [node.name for node in topology.nodes] == ["one", "two", "join"]
    join = topology.node("join").step
    assert isinstance(join, Join)
    assert (join.on, join.how) == (["instruction"], "left")


def test_a_fault_of_the_source_names_the_file_once(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    for given in (
        "{use: jsonl, with: {path: ../../x.jsonl}}",
        "{use: jsonl, with: {path: ''}}",
        "{use: rows}",
    ):
        path.write_text(f"input: {given}\nsteps: [{{use: filter, with: {{keep: a}}}}]\n")
        with pytest.raises((UsageError, ParameterError)) as caught:
            load_pipeline(path)
        assert str(caught.value).count(f"'{path}': ") == 1
        assert str(caught.value).count("finds every mistake") <= 1


def test_routes_may_begin_at_the_input(tmp_path: Path, registry: Registry) -> None:
    path = write(
        tmp_path,
        """
        steps:
          - {use: text-generation, when: lang == 'en'}
          - {use: pass, after: [], otherwise: true}
        """,
    )

    topology = load_pipeline(path, registry).topology()

    assert [child for child, _ in topology.routes("input")] == ["text-generation", "pass"]


def test_json_is_read_too_and_names_the_run_after_the_file(tmp_path: Path, registry: Registry) -> None:
    path = write(tmp_path, json.dumps({"steps": [{"use": "text-generation"}]}), "speech.json")

    assert load_pipeline(path, registry).name == "speech"


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("steps: [", UsageError, "line 1, column 9 is not YAML"),
        ("steps:\n\t- use: pass", UsageError, "indent with spaces"),
        (
            "steps: [{use: a, with: {template: Answer: {{ b }}}}]",
            UsageError,
            "got ':'\n  write NAME: VALUE, and a text with `{{`",
        ),
        (
            "steps:\n- use: a\n  with:\n    template: {{ b }}",
            UsageError,
            "as a key\n  write NAME: VALUE, and a text with `{{`",
        ),
        ("[]", UsageError, "is not a pipeline file"),
        ("steps: []", ParameterError, "at least 1"),
        ("stps: []", ParameterError, "did you mean 'steps'?"),
        ("steps: [{use: text-generatoin}]", UnknownPluginError, "did you mean 'text-generation'?"),
        (
            "steps: [{use: text-generation}, {use: self-instruct, with: {exampels: 3}}]",
            ParameterError,
            "steps[1]",
        ),
        ("llm: nobody/x\nsteps: [{use: self-instruct}]", UnknownPluginError, "no LLM backend named 'nobody'"),
        (
            "steps: [{use: './mine.py:Mine'}]",
            UsageError,
            "may only name plugins, but './mine.py:Mine' is code",
        ),
        ("llm: ./mine.py:Mine/x\nsteps: [{use: self-instruct}]", UsageError, "is code"),
        (
            "steps: [{use: pass}, {use: concat, after: [pas]}]",
            UsageError,
            "steps[1]: `after` names a step 'pas'",
        ),
        ("steps: [{use: pass}, {use: concat, after: pas}]", UsageError, "did you mean 'pass'?"),
        (
            "steps: [{use: pass}, {use: keep-long, when: 'a ='}]",
            UsageError,
            "steps[1]: 'a =' is not an expression",
        ),
        ("steps: [{use: pass, when: a, otherwise: true}]", ParameterError, "`when` or `otherwise`, not both"),
        (
            "steps: [{use: pass, after: concat}, {use: concat}]",
            UsageError,
            "pipeline.yaml': the steps form a cycle",
        ),
        ("steps: [{use: pass}, {use: pass}]", UsageError, "2 steps have the name 'pass'"),
        ("steps: [{use: pass}, {use: join, with: {how: outer}}]", ParameterError, "steps[1]"),
        (
            "steps: [{filter: {keep: a}}]",
            ParameterError,
            "write `use: filter`, and its parameters under `with`",
        ),
        ("steps: [{task: magpie}]", ParameterError, "write `use: magpie` instead of `task: magpie`"),
        ("steps: [magpie]", ParameterError, "write `use: magpie`"),
        ("steps: [{api_key: sk-1}]", ParameterError, "api_key: there is no such field"),
        ("steps: [{use: self-instruct, when: a}]", UsageError, "steps[0]: step 'self-instruct' makes rows"),
        ("steps: [{use: !!python/object/apply:os.getcwd []}]", UsageError, "isn't allowed"),
    ],
)
def test_a_wrong_file_is_refused_with_the_place(
    tmp_path: Path, registry: Registry, text: str, error: type[Exception], said: str
) -> None:
    path = write(tmp_path, text)

    with pytest.raises(error) as raised:
        load_pipeline(path, registry)

    assert said in str(raised.value)
    assert "pipeline.yaml" in str(raised.value)


def test_a_missing_file_is_refused(tmp_path: Path, registry: Registry) -> None:
    with pytest.raises(UsageError, match="there is no file"):
        load_pipeline(tmp_path / "absent.yaml", registry)


SCHEMA = """
steps:
  - use: text-generation
    name: judge
    with: {template: "{{ text }}"}
    schema:
      score: {type: integer, minimum: 1, maximum: 10, description: How good it is.}
      part: number?
      verdict: [good, bad]
      tags: list[string]
      day: date
      proof: {optional: true, fields: {page: integer, quote: {type: string, pattern: "^.+$"}}}
      rows: {items: {fields: {copy: boolean}}}
      either: {values: [1, two]}
"""
ANSWER = {
    "score": 7,
    "part": None,
    "verdict": "good",
    "tags": ["a"],
    "day": "2024-01-02",
    "proof": {"page": 3, "quote": "x"},
    "rows": [{"copy": True}],
    "either": "two",
}


def answered(*answers: object) -> ScriptedLLM:
    return ScriptedLLM(*map(json.dumps, answers))


def test_columns_typed_in_a_file_are_typed_rows(tmp_path: Path, registry: Registry) -> None:
    pipeline = load_pipeline(write(tmp_path, SCHEMA), registry)
    llm = answered(ANSWER)
    made = pipeline.run(input=[{"text": "a"}], llm=llm)
    assert list(made.rows()) == [{"text": "a", **ANSWER, "model_name": "scripted"}]
    assert pipeline.steps[0].columns == [*ANSWER, "model_name"]
    sent = json.dumps(pipeline.steps[0].Output.model_json_schema())  # type: ignore[attr-defined]
    assert "How good it is." in sent


WRONG_ANSWERS = [
    {"score": 11},
    {"score": "high"},
    {"verdict": "fair"},
    {"tags": "a"},
    {"tags": [1]},
    {"day": "yesterday"},
    {"proof": {"page": 3, "quote": ""}},
    {"rows": [{"copy": "x"}]},
    {"either": 2},
]


@pytest.mark.parametrize("wrong", WRONG_ANSWERS, ids=str)
def test_an_answer_that_is_not_of_the_types_is_asked_again(
    tmp_path: Path, registry: Registry, wrong: dict[str, object]
) -> None:
    pipeline = load_pipeline(write(tmp_path, SCHEMA), registry)
    llm = answered({**ANSWER, **wrong}, ANSWER)
    assert pipeline.run(input=[{"text": "a"}], llm=llm).accepted == 1
    assert len(llm.requests) == 2


def test_a_schema_is_part_of_the_fingerprint(tmp_path: Path, registry: Registry) -> None:
    def fingerprint(text: str) -> bytes:
        return step_fingerprint(load_pipeline(write(tmp_path, text), registry).steps[0], 0)

    assert fingerprint(SCHEMA) == fingerprint(SCHEMA)
    assert fingerprint(SCHEMA) != fingerprint(SCHEMA.replace("maximum: 10", "maximum: 5"))
    plain = SCHEMA[: SCHEMA.index("    schema:")]
    assert fingerprint(plain) == step_fingerprint(TextGeneration(name="judge", template="{{ text }}"), 0)


WRONG_SCHEMAS = [
    ("score: intger", "score", "'intger'"),
    ("score: 5", "schema.score", ""),
    ("verdict: [yes, no]", "verdict", "boolean"),
    ("score: {type: integer, minimun: 1}", "minimun", ""),
    ("score: {minimum: 1}", "score", ""),
    ("score: {type: integer, items: string}", "score", ""),
    ("model_name: string", "model_name", ""),
    ("_x: string", "_x", ""),
    ("x: {type: string, pattern: '('}", "", "regex"),
    ("x: {type: boolean, minimum: 1}", "", ""),
]


@pytest.mark.parametrize(("line", "place", "said"), WRONG_SCHEMAS, ids=[line for line, *_ in WRONG_SCHEMAS])
def test_a_schema_that_makes_no_types_is_refused(
    tmp_path: Path, registry: Registry, line: str, place: str, said: str
) -> None:
    text = "steps:\n  - use: text-generation\n    schema:\n      " + line + "\n"
    with pytest.raises(UsageError) as caught:
        load_pipeline(write(tmp_path, text), registry)
    assert place in str(caught.value)
    assert said in str(caught.value)


@pytest.mark.parametrize("use", ["self-instruct", "keep-long", "pass"])
def test_a_step_that_says_itself_what_its_rows_are_takes_no_schema(
    tmp_path: Path, registry: Registry, use: str
) -> None:
    with pytest.raises(UsageError, match=r"takes no schema|is not a task"):
        load_pipeline(write(tmp_path, f"steps: [{{use: {use}, schema: {{a: string}}}}]"), registry)


CODE = """
from seedbed import Step
from seedbed.testing import EchoLLM

class Mine(Step):
    def process(self, row): return {**row, "mine": True}

class Echo(EchoLLM):
    pass
"""


def test_code_that_the_user_allows_is_run(tmp_path: Path, registry: Registry) -> None:
    (tmp_path / "mine.py").write_text(CODE)
    path = write(
        tmp_path,
        "llm: mine.py:Echo/m\nsteps: [{use: mine.py:Mine}, {use: text-generation, with: {template: x}}]",
    )
    with pytest.raises(UsageError, match="is code") as caught:
        load_pipeline(path, registry)
    assert "--allow-code mine.py" in str(caught.value)
    with pytest.raises(UsageError, match="is code"):
        load_pipeline(path, registry, allow_code=[tmp_path / "other.py"])
    pipeline = load_pipeline(path, registry, allow_code=[tmp_path / "mine.py"])
    (row,) = pipeline.run(input=[{"a": 1}]).rows()
    assert row["mine"] is True


def test_a_file_cannot_allow_its_own_code(tmp_path: Path, registry: Registry) -> None:
    (tmp_path / "mine.py").write_text("raise SystemExit('ran')")
    for extra in ("allow_code: [mine.py]", "allow-code: [mine.py]"):
        with pytest.raises(UsageError):
            load_pipeline(write(tmp_path, f"{extra}\nsteps: [{{use: mine.py:Mine}}]"), registry)
