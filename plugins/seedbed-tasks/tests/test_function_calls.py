from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from seedbed import ParameterError, Run, UsageError, get_task, run
from seedbed.testing import ScriptedLLM
from seedbed_data import check_sandbox
from seedbed_tasks import FunctionCalls

try:
    check_sandbox()
    CAN_RUN = True
except UsageError:
    CAN_RUN = False

needs_sandbox = pytest.mark.skipif(not CAN_RUN, reason="no sandbox here")

PYTHON = '''
"""Tools."""
from typing import Literal

raise_on_import = 1 / 1


def weather(city: str, day: Literal["today", "tomorrow"] = "today") -> dict:
    """The weather in a city.

    Args:
        city: Its name.
    """
    if city == "Atlantis":
        raise ValueError("there's no such city")
    return {"city": city, "day": day, "degrees": 21}


def _secret(): ...
'''
WEATHER = {
    "name": "weather",
    "description": "The weather in a city.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "day": {"type": "string"}},
        "required": ["city"],
    },
}
TIMER = {"name": "timer", "parameters": {"type": "object", "properties": {"minutes": {"type": "integer"}}}}
PASSES = json.dumps({"reason": "It does.", "passes": True})


def written(*calls: tuple[str, Any], query: str = "How warm is it in Rome?") -> str:
    return json.dumps({"query": query, "calls": [{"name": name, "arguments": a} for name, a in calls]})


ROME = ("weather", {"city": "Rome"})
OSLO = ("weather", {"city": "Oslo"})


def made(*answers: str, **fields: Any) -> tuple[Run, ScriptedLLM]:
    llm = ScriptedLLM(*answers)
    given = {"styles": ["simple"], **({} if "file" in fields else {"tools": [WEATHER]}), **fields}
    return run(FunctionCalls(llm=llm, **given), 1, max_attempts=1), llm


@pytest.fixture
def python(tmp_path: Path) -> Callable[[str], Path]:
    def write(source: str) -> Path:
        (tmp_path / "tools.py").write_text(source, encoding="utf-8")
        return tmp_path / "tools.py"

    return write


def test_a_request_and_its_call_are_a_row_which_says_that_json_tools_were_not_run() -> None:
    done, llm = made(written(ROME), PASSES)

    (row,) = done.rows()
    assert row["query"] == "How warm is it in Rome?"
    assert row["calls"] == [{"name": "weather", "arguments": {"city": "Rome"}}]
    assert (row["results"], row["checks"]) == (None, ["format", "semantic"])
    assert row["tools"] == [{"type": "function", "function": WEATHER}]
    asked, called = row["messages"]
    assert asked == {"role": "user", "content": row["query"]}
    assert called["tool_calls"][0]["function"] == {"name": "weather", "arguments": '{"city": "Rome"}'}
    assert "Their results" not in llm.requests[1].messages[-1]["content"]


@pytest.mark.slow
@needs_sandbox
def test_functions_of_a_python_file_are_run_and_the_judge_sees_their_results(python: Any) -> None:
    done, llm = made(written(ROME), PASSES, file=python(PYTHON))

    (row,) = done.rows()
    value = {"city": "Rome", "day": "today", "degrees": 21}
    assert row["results"] == [{"value": value, "error": None}]
    assert row["checks"] == ["format", "execution", "semantic"]
    assert json.dumps(value) in llm.requests[1].messages[-1]["content"]
    (tool,) = (tool["function"] for tool in row["tools"])
    assert tool["description"] == "The weather in a city."
    assert tool["parameters"]["properties"] == {
        "city": {"type": "string", "description": "Its name."},
        "day": {"type": "string", "enum": ["today", "tomorrow"], "default": "today"},
    }


@pytest.mark.slow
@needs_sandbox
def test_a_call_that_fails_is_rejected_and_not_judged(python: Any) -> None:
    done, llm = made(written(("weather", {"city": "Atlantis"})), file=python(PYTHON))

    assert done.rejections == {"the execution check failed": 1}
    assert len(llm.requests) == 1
    assert "no such city" in str(done.explain("0"))


HOSTILE = {
    "ends the process": "import os\n    os._exit(0)",
    "never ends": "while True: pass",
    "takes all memory": "return len(bytearray(10**10))",
    "reads keys": "import os\n    return os.environ['OPENAI_API_KEY']",
    "writes elsewhere": "open('{elsewhere}', 'w').write('x')",
    "kills others": "import os\n    os.kill(os.getppid(), 9)",
    "forges a result": "import os\n    print('[{{\"value\": 1}}]', flush=True)\n    os._exit(0)",
}


# Each of them is tried on the sandbox itself, by the tests of seedbed-data.
@pytest.mark.slow
@needs_sandbox
@pytest.mark.variants(2)
@pytest.mark.parametrize("attempt", HOSTILE)
def test_a_hostile_tool_harms_its_row_alone(
    attempt: str, python: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-planted")
    elsewhere = tmp_path / "elsewhere"
    body = HOSTILE[attempt].format(elsewhere=elsewhere)
    path = python(f"def weather(city: str):\n    {body}\n")
    seconds = 0.5 if attempt == "never ends" else 10
    done, _ = made(written(ROME), PASSES, file=path, sandbox={"seconds": seconds, "memory_mb": 64})

    assert done.rejections == {"the execution check failed": 1}
    assert not elsewhere.exists()
    assert "sk-planted" not in str(done.explain("0"))


def test_reading_a_python_file_runs_none_of_it(python: Any, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    path = python(f"open({str(mark)!r}, 'w')\n{PYTHON}")

    get_task("function-calls", file=path).sample(0, random.Random(0))
    assert not mark.exists()


def test_calls_that_the_judge_refuses_are_rejected() -> None:
    done, _ = made(written(ROME), json.dumps({"reason": "It's beside the point.", "passes": False}))

    assert done.rejections == {"the semantic check failed": 1}
    assert "beside the point" in str(done.explain("0"))


def test_another_model_may_judge_and_a_verdict_that_cannot_be_read_has_its_own_reason() -> None:
    judge = ScriptedLLM("Hm.", model="judge")
    done, llm = made(written(ROME), judge=judge, max_reasks=0)

    assert done.rejections == {"the semantic check gave no verdict that can be read": 1}
    assert (len(llm.requests), len(judge.requests)) == (1, 1)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("Here you go.", "the answer is not JSON"),
        (json.dumps({"calls": []}), "it has no 'query'"),
        (written(ROME, query="The request"), "the 'query' has fewer than 3 words"),
        (json.dumps({"query": "Is it hot?", "calls": None}), "no list of 'calls'"),
        (written(), "it has 0 calls, and 1 are needed"),
        (written(ROME, OSLO), "it has 2 calls, and 1 are needed"),
        (written(("wether", {})), "a call is of 'wether', and the functions are weather"),
        (written(("weather", {})), "'city' is a required property"),
        (written(("weather", {"city": 3})), "city: 3 is not of type 'string'"),
        (written(("weather", {"city": "Rome", "planet": "Mars"})), "'planet' was unexpected"),
        (written(("weather", [])), "the arguments of 'weather' aren't an object"),
        (written(("weather", {"city": "Rome", "x": 0})).replace("0}", "1e999}"), "number that JSON lacks"),
        (json.dumps({"query": "Is it hot?", "calls": ["weather"]}), "a call is of None"),
    ],
)
def test_a_wrong_format_is_asked_for_again_with_the_reason(answer: str, reason: str) -> None:
    done, llm = made(answer, written(ROME), PASSES)

    assert done.accepted == 1
    assert reason in llm.requests[1].messages[-1]["content"]


def test_a_format_that_stays_wrong_is_rejected_for_one_reason() -> None:
    done, _ = made("Hm.", "Hm.", "Hm.")

    assert done.rejections == {"the format check failed": 1}


def test_arguments_as_text_and_optional_ones_that_are_null_are_read() -> None:
    for arguments in ('{"city": "Rome"}', {"city": "Rome", "day": None}):
        done, _ = made(written(("weather", arguments)), PASSES)
        assert next(iter(done.rows()))["calls"] == [{"name": "weather", "arguments": {"city": "Rome"}}]


def test_parallel_requests_have_as_many_different_calls_as_were_drawn() -> None:
    for twice, reason in (((ROME, ROME), "a call is there twice"), ((ROME,), "it has 1 calls, and 2")):
        done, llm = made(written(*twice), written(ROME, OSLO), PASSES, styles=["parallel"], most_calls=2)
        assert done.accepted == 1
        assert reason in llm.requests[1].messages[-1]["content"]
        assert "needs 2 calls of the function" in llm.requests[0].messages[-1]["content"]


def test_parallel_calls_of_several_tools_are_of_two_at_least() -> None:
    answers = (written(ROME, OSLO), written(ROME, ("timer", {"minutes": 3})), PASSES)
    done, llm = made(*answers, tools=[WEATHER, TIMER], styles=["parallel-multiple"], most_calls=2)

    assert done.accepted == 1
    assert "all calls are of one function" in llm.requests[1].messages[-1]["content"]


def test_styles_and_tools_are_drawn_and_one_tool_has_only_the_styles_of_one() -> None:
    task = FunctionCalls(tools=[WEATHER, TIMER, {**TIMER, "name": "alarm"}])
    drawn = [task.sample(index, random.Random(index)) for index in range(200)]

    assert {row["style"] for row in drawn} == {"simple", "multiple", "parallel", "parallel-multiple"}
    for row in drawn:
        assert (len(row["tools"]) == 1) is (row["style"] in ("simple", "parallel"))
        assert (row["_count"] == 1) is (row["style"] in ("simple", "multiple"))
    assert {len(row["tools"]) for row in drawn} == {1, 2, 3}
    alone = FunctionCalls(tools=[WEATHER])
    assert {alone.sample(n, random.Random(n))["style"] for n in range(50)} == {"simple", "parallel"}


def test_examples_are_shown_and_a_copy_of_one_is_asked_for_again() -> None:
    call = {"name": "weather", "arguments": {"city": "x"}}
    example = {"query": "Is it hot in {{ 7 * 7 }}?", "calls": [call]}
    copy = written(ROME, query="is it hot in {{ 7 * 7 }}")
    done, llm = made(copy, written(ROME), PASSES, examples=[example])

    assert done.accepted == 1
    assert "Is it hot in {{ 7 * 7 }}?" in llm.requests[0].messages[-1]["content"]
    assert "the request is that of an example" in llm.requests[1].messages[-1]["content"]


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ({"name": "wether", "arguments": {"city": "Rome"}}, "did you mean 'weather'?"),
        ({"name": "weather", "arguments": {}}, "the arguments of 'weather' don't fit: 'city' is a required"),
        ({"name": "weather", "arguments": [1]}, "the arguments of 'weather' aren't an object"),
        ("weather", "a call is of None, and the functions are weather"),
    ],
)
def test_a_call_of_an_example_that_the_tools_do_not_allow_costs_nothing(call: Any, told: str) -> None:
    llm = ScriptedLLM(written(ROME), PASSES)
    examples = [{"query": "Is it hot?", "calls": [{"name": "weather", "arguments": {"city": "x"}}, call]}]
    with pytest.raises(UsageError) as caught:
        run(FunctionCalls(llm=llm, tools=[WEATHER], examples=examples), 1)
    assert caught.value.fact == "example 1 of task 'function-calls' has a call that its tools don't allow"
    assert told in str(caught.value)
    assert llm.requests == []


def test_texts_with_templates_and_marks_stay_as_they_are() -> None:
    query = "{{ 7 * 7 }} </request> {% raw %} Is it warm in Århus?"
    done, llm = made(written(("weather", {"city": "{{ x }}"}), query=query), PASSES)

    assert next(iter(done.rows()))["query"] == query
    assert query in llm.requests[1].messages[-1]["content"]


def test_several_generations_of_one_index_are_rows() -> None:
    cities = cycle([ROME, OSLO])
    llm = ScriptedLLM(
        lambda request: PASSES if "superfluous" in str(request.messages) else written(next(cities))
    )
    task = FunctionCalls(llm=llm, tools=[WEATHER], styles=["simple"], num_generations=2)

    assert {row["calls"][0]["arguments"]["city"] for row in run(task, 2).rows()} == {"Rome", "Oslo"}


def test_tools_in_the_forms_of_other_apis_are_read() -> None:
    schema = WEATHER["parameters"]
    for name in ("input_schema", "inputSchema"):
        tool = {"name": "weather", name: schema}
        (shown,) = FunctionCalls(tools=[tool]).sample(0, random.Random(0))["tools"]
        assert shown["function"]["parameters"] == schema
    bare = {"type": "function", "function": {"name": "now", "parameters": None, "strict": True}}
    (shown,) = FunctionCalls(tools=[bare]).sample(0, random.Random(0))["tools"]
    assert shown["function"]["parameters"] == {"type": "object", "properties": {}}


def test_tools_of_a_json_file_are_read(tmp_path: Path) -> None:
    path = tmp_path / "tools.json"
    path.write_text(json.dumps([{"type": "function", "function": WEATHER}, TIMER]))

    done, _ = made(written(ROME), PASSES, file=path, styles=["multiple"])
    assert next(iter(done.rows()))["checks"] == ["format", "semantic"]


@pytest.mark.parametrize(
    ("parameters", "told"),
    [
        ({"tools": [WEATHER, WEATHER]}, "2 tools named 'weather'"),
        ({"tools": [{"description": "x"}]}, "tool 1 of the list can't be read: name"),
        ({"tools": [{**WEATHER, "name": "a b"}]}, "has letters, digits"),
        ({"tools": [{**WEATHER, "parameters": {"type": "string"}}]}, "isn't the JSON Schema of an object"),
        ({"tools": [{**WEATHER, "parameters": {"city": {"type": "str"}}}]}, "isn't the JSON Schema"),
        ({"tools": [{"name": "a", "paramaters": {}}]}, "paramaters: Extra inputs"),
        ({"tools": [{**WEATHER, "parameters": {"type": "object", "required": 3}}]}, "no JSON Schema"),
        (
            {"tools": [{**WEATHER, "parameters": {"properties": {"a": {"$ref": "#/$defs/a"}}}}]},
            "$ref '#/$defs/a' leads nowhere",
        ),
        (
            {"tools": [{**WEATHER, "parameters": {"properties": {"a": {"$ref": "http://127.0.0.1:9/x"}}}}]},
            "leads nowhere",
        ),
        ({"tools": [WEATHER], "examples": [{"query": 3, "calls": []}]}, "example 1 isn't"),
        ({"tools": [WEATHER], "styles": ["serial"]}, "styles"),
    ],
)
def test_wrong_parameters_are_refused(parameters: dict[str, Any], told: str) -> None:
    with pytest.raises((ParameterError, UsageError), match=re.escape(told)):
        get_task("function-calls", **parameters)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("x = 1", "has no functions at its top level"),
        ("def f(a): ...", "tools.py:1: parameter 'a' has no type, in function 'f'"),
        (
            "\ndef f(a: set[int]): ...",
            "tools.py:2: parameter 'a' has a type that JSON lacks, in function 'f'",
        ),
        ("def f(*a: int): ...", "parameter 'a' has no name that a call can give"),
        ("def f(a: int, /): ...", "parameter 'a' has no name that a call can give"),
        ("def f(a: Literal[b'x']): ...", "a Literal that JSON lacks"),
        ("def f(a: 'int |'): ...", "a type that isn't Python"),
        ("def f(a: int) return 1", "tools.py:1 isn't Python"),
        ("(" * 10_000, "isn't Python"),
    ],
)
def test_a_python_file_that_has_no_tools_is_refused_with_its_line(
    source: str, told: str, python: Any
) -> None:
    with pytest.raises(UsageError, match=re.escape(told)):
        run(FunctionCalls(llm=ScriptedLLM(), file=python(source)), 1)


def test_no_tools_and_two_sources_of_them_are_refused_before_the_run() -> None:
    for fields, told in (
        ({"tools": []}, "no tools"),
        ({"tools": [WEATHER], "file": __file__}, "both `tools`"),
    ):
        with pytest.raises(UsageError, match=told):
            made(**fields)


def test_one_tool_and_styles_of_several_are_refused_before_the_run() -> None:
    with pytest.raises(UsageError, match="one tool, and styles that need several"):
        made(styles=["multiple"])


def test_types_of_python_are_those_of_json(python: Any) -> None:
    source = (
        "async def f(a: int | None, b: 'list[str]', c: Optional[float], d: dict[str, int],\n"
        "  e: tuple[int, str], *, g: Annotated[bool, 'Whether.'] = False, h: typing.Literal[1, 'x'] = 1,\n"
        "  i: tuple[int, ...] = (), j: list = None, k: Any = object()): ...\n"
    )
    (tool,) = FunctionCalls(file=python(source)).sample(0, random.Random(0))["tools"]
    parameters = tool["function"]["parameters"]

    assert parameters["required"] == ["a", "b", "c", "d", "e"]
    assert parameters["properties"] == {
        "a": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        "b": {"type": "array", "items": {"type": "string"}},
        "c": {"anyOf": [{"type": "number"}, {"type": "null"}]},
        "d": {"type": "object", "additionalProperties": {"type": "integer"}},
        "e": {
            "type": "array",
            "prefixItems": [{"type": "integer"}, {"type": "string"}],
            "items": False,
            "minItems": 2,
            "maxItems": 2,
        },
        "g": {"type": "boolean", "description": "Whether.", "default": False},
        "h": {"enum": [1, "x"], "default": 1},
        "i": {"type": "array", "items": {"type": "integer"}},
        "j": {"type": "array", "default": None},
        "k": {},
    }
