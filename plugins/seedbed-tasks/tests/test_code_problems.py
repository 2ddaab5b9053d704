from __future__ import annotations

import pytest

from seedbed import Choice, InvalidOutputError, Response, Run, UsageError, run
from seedbed.testing import ScriptedLLM
from seedbed_data import check_sandbox
from seedbed_tasks import CodeProblems

try:
    check_sandbox()
except UsageError as error:
    pytest.skip(str(error), allow_module_level=True)

TESTS = "assert double(2) == 4\nassert double('a') == 'aa'"


def written(solution: str, tests: str = TESTS, problem: str = "Write double(n).") -> str:
    return f"<problem>{problem}</problem><solution>{solution}</solution><tests>{tests}</tests>"


GOOD = written("```python\ndef double(n):\n    return 2 * n\n```")
BAD = written("def double(n):\n    return n * n")


def made(*answers: str | Response, **fields: object) -> tuple[Run, ScriptedLLM]:
    llm = ScriptedLLM(*answers)
    task = CodeProblems(llm=llm, topics=["t{{ 7 * 7 }}"], levels=["easy"], least_tests=2, **fields)
    return run(task, 1, max_attempts=1), llm


@pytest.mark.slow
def test_a_solution_that_passes_is_a_row() -> None:
    done, _ = made(GOOD)

    assert list(done.rows()) == [
        {
            "topic": "t{{ 7 * 7 }}",
            "level": "easy",
            "problem": "Write double(n).",
            "solution": "def double(n):\n    return 2 * n",
            "tests": TESTS,
            "model_name": "scripted",
        }
    ]


@pytest.mark.slow
def test_a_failing_test_is_shown_to_the_model_which_is_asked_again() -> None:
    done, llm = made(BAD, GOOD)

    assert done.accepted == 1
    again = llm.requests[1].messages[-1]["content"]
    assert "assert double('a') == 'aa': TypeError" in again
    assert "t{{ 7 * 7 }}" in llm.requests[0].messages[0]["content"]


@pytest.mark.slow
def test_a_solution_that_never_passes_is_rejected() -> None:
    done, llm = made(BAD, BAD, BAD)

    assert done.rejections == {"the solution doesn't pass its tests": 1}
    assert len(llm.requests) == 3


CHEATS = {
    "printing": "print('passed')\ndef double(n): return None",
    "ending": "import os\ndef double(n): os._exit(0)",
    "ending before": "import os\nos._exit(0)\ndef double(n): pass",
    "changing the comparison": "class Y:\n    def __eq__(self, o): return True\ndef double(n): return Y()",
    "changing assert": "import builtins\nbuiltins.AssertionError = ValueError\ndef double(n): return 0",
    "a socket": "import socket\nsocket.create_connection(('127.0.0.1', 9))\ndef double(n): return 2 * n",
}


# Each of them is tried on the sandbox itself, by the tests of seedbed-data.
@pytest.mark.slow
@pytest.mark.variants(2)
@pytest.mark.parametrize("cheat", CHEATS)
def test_a_solution_cannot_pass_otherwise(cheat: str) -> None:
    done, _ = made(written(CHEATS[cheat]), max_reasks=0)

    assert done.rejections == {"the solution doesn't pass its tests": 1}


@pytest.mark.slow
def test_tests_that_pass_without_a_solution_are_none() -> None:
    done, llm = made(written("def double(n): return 2 * n", "assert 1 == 1\nassert double"), GOOD)

    assert done.accepted == 1
    assert "the tests pass even if each function returns None" in llm.requests[1].messages[-1]["content"]


def test_a_tag_that_is_not_closed_ends_at_the_next_one() -> None:
    read = CodeProblems(least_tests=2).read(GOOD.replace("</solution>", "").replace("</tests>", ""))

    assert read == CodeProblems(least_tests=2).read(GOOD)


@pytest.mark.slow
def test_an_answer_that_was_cut_in_its_tests_is_asked_for_again() -> None:
    whole = GOOD.replace("</tests>", "")
    cut = Response(choices=(Choice(text=whole, finish_reason="length"),))
    done, llm = made(cut, GOOD)

    assert (done.accepted, len(llm.requests)) == (1, 2)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (written("x = 1"), "defines no function"),
        (written("def double(n) return n"), "<solution> isn't Python: expected ':'"),
        (written("def double(n): return n", "double(2) is 4"), "0 assertions, and 2 are needed"),
        (written("def double(n): return n", problem=" "), "<problem> is empty"),
        ("Here you go.", "no <problem>"),
        (written("(" * 10_000), "<solution> isn't Python"),
    ],
)
def test_an_answer_that_cannot_be_run_is_asked_for_again(answer: str, reason: str) -> None:
    with pytest.raises(InvalidOutputError, match=reason):
        CodeProblems(least_tests=2).read(answer)


def test_the_sandbox_is_checked_before_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    import sandlock

    monkeypatch.setattr(sandlock, "landlock_abi_version", lambda: -1)
    with pytest.raises(UsageError, match="code can't be run safely on this machine"):
        run(CodeProblems(llm=ScriptedLLM(GOOD)), 1)
