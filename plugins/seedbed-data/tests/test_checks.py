"""Language, quality and form: what is kept, what is rejected, and with which reason."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from seedbed import BaseStep, ParameterError, Row, UsageError, run
from seedbed.reading import is_refusal
from seedbed_data import Language, QualityHeuristics, Validate

GERMAN = "Das Wetter ist heute schön, und wir gehen am Nachmittag mit den Kindern in den Park."
ENGLISH = "The weather is lovely today, and we will take the children to the park this afternoon."
PROSE = (
    "The harbour was quiet before dawn. A single lamp burned at the end of the pier, where an old man mended "
    "nets with the patience of someone who has done so for fifty years. Gulls circled above the boats, and "
    "the smell of tar and salt drifted over the sleeping town. When the first ferry sounded its horn, "
    "shutters opened one after another, and bread was carried from the bakery to the market square."
)


def kept(step: BaseStep, texts: list[str]) -> tuple[list[str], dict[str, int]]:
    """Return the texts that stay, and how many are rejected for each reason."""
    done = run(step, input=[{"text": text} for text in texts])
    assert not done.failures, done.failures
    return [row["text"] for row in done.rows()], dict(done.rejections)


@pytest.mark.slow
def test_languages_are_told_apart_kept_and_rejected() -> None:
    texts = [GERMAN, ENGLISH, "", "天気がいいので、子供たちと公園へ行きます。"]
    rows = [*run(Language(confidence="sure"), input=[{"text": text} for text in texts]).rows()]

    assert [row["language"] for row in rows] == ["de", "en", "und", "ja"]
    assert rows[0]["sure"] > 0.9 > rows[2]["sure"]
    assert kept(Language(keep=["en"]), texts) == (
        [ENGLISH],
        {"the language is de": 1, "the language is und": 1, "the language is ja": 1},
    )
    assert kept(Language(reject=["de"]), texts[:2]) == ([ENGLISH], {"the language is de": 1})
    assert kept(Language(at_least=0.5), texts[:3])[1] == {"the confidence in the language is below 0.5": 1}


@pytest.mark.slow
def test_a_language_that_the_model_does_not_know_stops_the_run() -> None:
    with pytest.raises(UsageError, match="the language 'xx' is unknown"):
        run(Language(keep=["xx"]), input=[{"text": "a"}])


BAD = {
    "there is no word in it": " \n ",
    "it refuses to do what was asked": "I cannot help with that, but here is a poem.",
    "it has boilerplate: 'as an ai language model'": f"{PROSE} As an AI language model, I like boats.",
    "it has boilerplate: 'lorem ipsum'": "Lorem ipsum dolor sit amet.",
    "more than 0.1 symbols per word": "# This # is # full # of # signs # here # " * 2,
    "words of fewer than 3 characters on average": "a b c d e f g of it is " * 2,
    "words of more than 10 characters on average": "Donaudampfschifffahrt Kapitänsmützenband " * 10,
    "fewer than 80% of its words have letters": "1234 5678 9012 3456 word 7890 " * 4,
    "more than 90% of its lines begin with a bullet": "\n".join(f"- point number {n} here" for n in "abcdef"),
    "more than 30% of its lines end with an ellipsis": "\n".join(
        [*(["wait for it longer words here..."] * 2), PROSE]
    ),
    "more than 30% of its lines are copies": "\n".join([*([PROSE[:100]] * 4), PROSE]),
    "one run of 2 words makes more than 20% of it": ("really really " * 20) + PROSE[:200],
    "runs of 5 words that occur twice make more than 15% of it": f"{PROSE[:200]} So. {PROSE[20:]}",
}


@pytest.mark.parametrize("reason", BAD)
def test_a_bad_text_is_rejected_with_the_rule_that_it_breaks(reason: str) -> None:
    assert kept(QualityHeuristics(), [BAD[reason]]) == ([], {reason: 1})


OFF: dict[str, Any] = {
    "symbols": None,
    "shortest_mean": None,
    "longest_mean": None,
    "with_letters": None,
    "bullets": None,
    "ellipses": None,
    "duplicate_lines": None,
    "duplicate_paragraphs": None,
    "top_runs": {},
    "duplicate_runs": {},
    "refusals": False,
    "boilerplate": [],
}


def test_each_rule_can_be_turned_off() -> None:
    texts = [text for text in BAD.values() if text.strip()]

    assert kept(QualityHeuristics(**OFF), texts) == (texts, {})


@pytest.mark.parametrize(
    "text",
    [
        "I\N{RIGHT SINGLE QUOTATION MARK}m sorry, but I can't do that.",
        "Es tut mir leid, aber dabei kann ich nicht helfen.",
        "<think>It's about locks.</think>I won't help with breaking in.",
    ],
)
def test_what_a_refusal_looks_like_is_known_as_everywhere_else(text: str) -> None:
    assert is_refusal(text)
    assert kept(QualityHeuristics(), [text])[1] == {"it refuses to do what was asked": 1}
    # In any of the columns: a model may answer one of two questions.
    both = run(QualityHeuristics(by=["a", "b"]), input=[{"a": "Yes.", "b": text}])
    assert both.rejections == {"it refuses to do what was asked": 1}


def test_phrases_of_your_own_take_the_place_of_what_a_refusal_looks_like() -> None:
    texts = ["I cannot help with that.", "No way, said the fox."]
    assert kept(QualityHeuristics(refusals=["no way"]), texts) == (texts[:1], {"it refuses: 'no way'": 1})
    assert kept(QualityHeuristics(refusals=[]), texts) == (texts, {})


def test_good_texts_stay() -> None:
    chinese = "港口在黎明前很安静。码头尽头只有一盏灯亮着,一位老人在那里修补渔网。"
    texts = [
        PROSE,
        "Yes.",
        chinese,
        "Issue #7 is done.",
        "I can't believe it's already autumn, said the fox.",
    ]

    assert kept(QualityHeuristics(), texts) == (texts, {})


def test_stop_words_are_counted_only_if_wanted() -> None:
    assert kept(QualityHeuristics(stop_words=2), [PROSE, f"{GERMAN} {GERMAN}"])[1] == {
        "fewer than 2 English stop words": 1
    }


SCHEMA = {
    "type": "object",
    "required": ["score"],
    "properties": {
        "score": {"type": "integer", "maximum": 5},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ('{"score": 3, "tags": ["a"]}', None),
        ('{"score": 9}', "'answer' doesn't fit the schema at score: maximum"),
        ("{}", "'answer' doesn't fit the schema: required"),
        ('{"score": 1, "tags": ["a", 2]}', "'answer' doesn't fit the schema at tags: type"),
        ("[1, 2", "'answer' is no JSON"),
        ('{"score": NaN}', "'answer' is no JSON"),
        ("[" * 100_000, "'answer' is no JSON"),
    ],
)
def test_json_is_parsed_and_checked_against_a_schema(value: str, reason: str | None) -> None:
    step = Validate(column="answer", parse="json", json_schema=SCHEMA, into="parsed")
    done = run(step, input=[{"answer": value}])

    assert dict(done.rejections) == ({} if reason is None else {reason: 1})
    if reason is None:
        assert [row["parsed"] for row in done.rows()] == [json.loads(value)]


def test_a_row_is_checked_as_a_whole_by_the_schema_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "schema.json").write_text(json.dumps(SCHEMA))
    rows: list[Row] = [{"score": 3}, {"score": "3"}]
    done = run(Validate(json_schema_file=tmp_path / "schema.json"), input=rows)

    assert [*done.rows()] == rows[:1]
    assert dict(done.rejections) == {"'the row' doesn't fit the schema at score: type": 1}


@pytest.mark.parametrize(
    ("language", "good", "bad"),
    [
        (
            "python",
            ["x = 1", "re.match('\\d', x)", "def f[T](x): ..." if sys.version_info > (3, 12) else "f()"],
            ["x =", "x = (", "\0"],
        ),
        (
            "sql",
            ["select a from t where b > 1", "insert into t values (1)"],
            ["select from where", "", "selec a"],
        ),
    ],
)
def test_code_that_cannot_be_parsed_is_rejected(language: Any, good: list[str], bad: list[str]) -> None:
    step = Validate(column="text", parse=language)

    assert kept(step, [*good, *bad])[0] == good


def test_sql_is_parsed_in_its_dialect() -> None:
    text = "select a::int from t"

    assert kept(Validate(column="text", parse="sql", dialect="postgres"), [text])[0] == [text]
    with pytest.raises(UsageError, match="no dialect 'postgrs'"):
        run(Validate(column="text", parse="sql", dialect="postgrs"), input=[{"text": text}])


def test_nothing_is_fetched_for_a_schema() -> None:
    schema = {"$ref": "http://127.0.0.1:9/schema.json"}

    with pytest.raises(UsageError, match=r"refers to 'http://127\.0\.0\.1:9/schema\.json', which"):
        run(Validate(json_schema=schema), input=[{"a": 1}])


def test_a_schema_that_is_none_stops_the_run(tmp_path: Path) -> None:
    (tmp_path / "schema.json").write_text("{")
    with pytest.raises(UsageError, match="the JSON Schema isn't valid at type: 'text' is not valid"):
        run(Validate(json_schema={"type": "text"}), input=[{"a": 1}])
    with pytest.raises(UsageError, match="cannot be read"):
        run(Validate(json_schema_file=tmp_path / "schema.json"), input=[{"a": 1}])


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "there is nothing to check"),
        ({"parse": "json"}, "needs a `column`"),
        ({"column": "a", "parse": "sql", "json_schema": {"type": "object"}}, "says nothing about sql"),
        ({"column": "a", "parse": "python", "into": "b"}, "set `parse: json`"),
        ({"column": "a", "parse": "json", "dialect": "sqlite"}, "set `parse: sql`"),
    ],
)
def test_parameters_that_do_not_fit_together_are_refused(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ParameterError, match=said):
        Validate(**fields)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("step", "package", "extra"),
    [
        ("language", "py3langid", "language"),
        ("secrets", "detect_secrets", "secrets"),
        ("{use: pii, with: {finder: presidio}}", "presidio_analyzer", "presidio"),
    ],
)
def test_a_package_that_is_missing_is_named_with_its_extra(
    step: str, package: str, extra: str, tmp_path: Path
) -> None:
    (tmp_path / f"{package}.py").write_text("raise ImportError('not here')\n")
    (tmp_path / "rows.jsonl").write_text('{"text": "a"}\n')
    (tmp_path / "check.yaml").write_text(f"steps: [{step if '{' in step else f'{{use: {step}}}'}]\n")
    done = subprocess.run(
        [sys.executable, "-m", "seedbed", "run", "check.yaml", "--input", "rows.jsonl", "-o", "out.jsonl"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 2
    assert f"pip install 'seedbed-data[{extra}]'" in done.stderr
    assert "Traceback" not in done.stderr
