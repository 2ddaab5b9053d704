"""What code that models or strangers wrote can do, and what it can't: real processes in the real sandbox."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from seedbed import UsageError, run
from seedbed_data import Bounds, CodeRun, call_functions, check_sandbox, run_tests

try:
    check_sandbox()
except UsageError as error:
    pytest.skip(str(error), allow_module_level=True)


# Seconds that a busy machine may need for what takes a tenth of one.
PLENTY = Bounds(120, 256, 16, 16, 64)


def called(source: str, *calls: dict[str, Any], **bounds: Any) -> list[dict[str, Any]]:
    given = PLENTY._replace(**bounds)
    return call_functions(source, calls or [{"name": "f", "arguments": {}}], given, packages=False)


def failure(source: str, *tests: str) -> str | None:
    return run_tests(source, tests, PLENTY, packages=False).wrong


def outcome(code: str, tests: str, **fields: Any) -> str:
    """Return the outcome that the step `code-run` gives a row."""
    step = CodeRun(tests="tests", failed="keep", seconds=PLENTY.seconds, **fields)
    (row,) = run(step, input=[{"code": code, "tests": tests}]).rows()
    return str(row["outcome"])


def test_calls_are_made_in_order_in_one_process_and_have_their_own_errors() -> None:
    source = (
        "seen = []\ndef add(n):\n    seen.append(n)\n    return seen\n"
        "async def later(): return (1, {2: {3}})\n"
    )
    made = called(
        source,
        {"name": "add", "arguments": {"n": 1}},
        {"name": "add", "arguments": {}},
        {"name": "add", "arguments": {"n": "é\n😀"}},
        {"name": "later", "arguments": {}},
        {"name": "subtract", "arguments": {}},
    )

    assert made == [
        {"value": [1]},
        {"error": "TypeError: add() missing 1 required positional argument: 'n'"},
        {"value": [1, "é\n😀"]},
        {"value": [1, {"2": [3]}]},
        {"error": "KeyError: 'subtract'"},
    ]


@pytest.mark.slow
@pytest.mark.variants(2)
@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("object()", "TypeError: its value is a object, where plain values are allowed"),
        ("float('nan')", "TypeError: its value has nan, which JSON lacks"),
        ("b'1'", "TypeError: Object of type bytes is not JSON serializable"),
        ("'x' * 10**7", "its value is too long"),
        ("(x := [], x.append(x))[0]", "RecursionError: maximum recursion depth exceeded"),
    ],
)
def test_a_value_that_no_row_can_hold_is_an_error(value: str, error: str) -> None:
    (made,) = called(f"def f(): return {value}")

    assert made["error"].startswith(error)


FORGED = '[{"value": "forged"}]'
FORGING = {
    "printing": f"print({FORGED!r})\ndef f(): print({FORGED!r}); return 1 / 0",
    "printing and ending": f"import os\ndef f():\n    print({FORGED!r}, flush=True)\n    os._exit(0)",
    "ending while defined": f"import os\nprint({FORGED!r}, flush=True)\nos._exit(0)",
    "writing to every stream": (
        "import os\ndef f():\n"
        "    for n in range(256):\n"
        "        if n != 11:\n"
        f"            try: os.write(n, {FORGED!r}.encode())\n"
        "            except OSError: pass\n"
        "    return 1 / 0"
    ),
    "an exit handler": f"import atexit\natexit.register(print, {FORGED!r})\ndef f(): raise SystemExit(0)",
    "the stream of its parent": (
        "import os\ndef f():\n"
        f"    open(f'/proc/{{os.getppid()}}/fd/1', 'w').write({FORGED!r})\n"
        "    return 1 / 0\n"
    ),
    "the input of its parent": (
        "import os\ndef f():\n"
        "    key = open(f'/proc/{os.getppid()}/fd/0').read(32)\n"
        f"    open(f'/proc/{{os.getppid()}}/fd/1', 'w').write(chr(10) + key + {FORGED!r})\n"
        "    return 1 / 0\n"
    ),
    "killing its parent": "import os\ndef f(): os.kill(os.getppid(), 9)",
    "stealing a stream": (
        "import ctypes, os\ndef f():\n"
        "    libc = ctypes.CDLL(None, use_errno=True)\n"
        "    fd = libc.syscall(438, libc.syscall(434, os.getppid(), 0), 1, 0)\n"
        f"    os.write(fd, {FORGED!r}.encode())\n"
    ),
}


@pytest.mark.slow
@pytest.mark.variants(3)
@pytest.mark.parametrize("attempt", FORGING)
def test_no_result_is_forged(attempt: str) -> None:
    (made,) = called(FORGING[attempt])

    assert list(made) == ["error"]


@pytest.mark.slow
@pytest.mark.variants(3)
@pytest.mark.parametrize("attempt", FORGING)
def test_no_test_is_passed_by_forging(attempt: str) -> None:
    code = FORGING[attempt].replace(FORGED, '{"wrong": null}')

    assert outcome(code, "assert f() == 1") != "passed"


CHEATING = {
    "an equal of everything": (
        "class Any:\n    def __eq__(self, other): return True\ndef f(): return Any()\n"
    ),
    "changing the checker": (
        "import builtins, json, sys\n"
        "builtins.AssertionError = type('Never', (Exception,), {})\n"
        "json.dumps = lambda *_, **__: '{\"wrong\": null}'\n"
        "sys.modules['__main__'].run_tests = lambda *_: {'wrong': None}\n"
        "def f(): return 2\n"
    ),
    "a number that is equal to all": (
        "class Sly(int):\n    def __eq__(self, other): return True\n    __hash__ = int.__hash__\n"
        "def f(): return Sly(3)\n"
    ),
    "asking the tests for the answer": (
        "import sys\n"
        "def f():\n"
        "    frame = sys._getframe()\n"
        "    while frame:\n"
        "        frame.f_globals['f'] = lambda: 1\n"
        "        frame = frame.f_back\n"
    ),
}


@pytest.mark.slow
@pytest.mark.variants(2)
@pytest.mark.parametrize("attempt", CHEATING)
def test_the_checker_is_out_of_reach(attempt: str) -> None:
    assert failure(CHEATING[attempt], "assert f() == 1")
    assert outcome(CHEATING[attempt], "assert f() == 1") != "passed"


@pytest.mark.slow
def test_the_code_cannot_read_its_tests() -> None:
    source = (
        "import gc, sys\n"
        "def f():\n"
        "    text = str(617283 * 2) + '7'\n"
        "    frame, seen = sys._getframe().f_back, ''\n"
        "    while frame:\n"
        "        seen += repr(frame.f_locals)\n"
        "        frame = frame.f_back\n"
        "    seen += ''.join(repr(one) for one in gc.get_objects() if type(one) in (dict, list, tuple))\n"
        "    return text in seen\n"
    )

    assert failure(source, "assert f() is False, 12345667") is None


@pytest.mark.slow
def test_tests_compare_plain_values_and_see_built_in_errors() -> None:
    source = (
        "from collections import Counter\n"
        "def pair(a, b=2): return (a, {b})\n"
        "def count(text): return Counter(text)\n"
        "def odd(n):\n    if n % 2 == 0: raise ValueError(f'{n} is even')\n    return n\n"
        "def upto(n):\n    yield from range(n)\n"
    )
    tests = [
        "assert pair(1) == (1, {2})",
        "assert pair([1], b=None) == ([1], {None})",
        "assert count('aab') == {'a': 2, 'b': 1}",
        "assert list(upto(3)) == [0, 1, 2]",
        "try:\n    odd(2)\nexcept ValueError as e:\n    assert str(e) == '2 is even'\nelse:\n    assert 0",
        "import math\nassert math.isclose(odd(3), 3.0)",
    ]

    assert failure(source, *tests) is None


@pytest.mark.slow
def test_a_failure_names_the_test_and_what_the_last_call_returned() -> None:
    source = "def double(n): return n * n"

    assert failure(source, "assert double(2) == 4", "assert double(3) == 6, 'no'") == (
        "assert double(3) == 6, 'no': AssertionError: no (double(3) returned 9)"
    )
    assert failure(source, "assert triple(1) == 3") == (
        "assert triple(1) == 3: NameError: name 'triple' is not defined"
    )
    assert "SyntaxError" in str(failure("def double(n) return n", "assert double(2) == 4"))
    assert "ValueError: early" in str(failure("raise ValueError('early')\ndef f(): pass", "f()"))


@pytest.mark.slow
def test_tests_that_end_the_program_have_not_passed() -> None:
    source = "def f(): return 1"

    assert failure(source, "import os; os._exit(0)", "assert f() == 2")
    assert failure(source, "raise SystemExit(0)", "assert f() == 2")


@pytest.mark.slow
def test_no_key_of_the_environment_is_seen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-planted")
    (tmp_path / "key").write_text("sk-planted")
    source = (
        "import os\n"
        "def env(): return dict(os.environ)\n"
        f"def read(): return open({str(tmp_path / 'key')!r}).read()\n"
        "def parents(): return open(f'/proc/{os.getppid()}/environ').read()\n"
        f"def write(): return open({str(tmp_path / 'new')!r}, 'w').write('x')\n"
        "def connect():\n    import socket\n    socket.create_connection(('127.0.0.1', 9))\n"
    )
    names = ("env", "read", "parents", "write", "connect")
    made = called(source, *({"name": name, "arguments": {}} for name in names))

    assert "sk-planted" not in repr(made)
    assert set(made[0]["value"]) <= {"PATH", "HOME", "TMPDIR", "LANG", "LC_CTYPE", "PWD"}
    assert all(one["error"].startswith("PermissionError") for one in made[1:])
    assert not (tmp_path / "new").exists()


FLOODS = {
    "a fork bomb": "import os\ndef f():\n  while True:\n    try: os.fork()\n    except OSError: pass",
    "time": "def f():\n    while True: pass",
    "time while defined": "while True: pass",
    "memory": "def f(): return len(bytearray(10**9))",
    "output": "def f():\n    while True: print('x' * 1000)",
    "files": "def f():\n    for n in range(10**6): open(str(n), 'w').write('x' * 10**5)",
}


@pytest.mark.variants(2)
@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_is_held_back(flood: str) -> None:
    is_endless = "time" in flood or "bomb" in flood
    (made,) = called(FLOODS[flood], seconds=0.5 if is_endless else PLENTY.seconds, memory_mb=64)

    assert list(made) == ["error"]


@pytest.mark.slow
def test_code_that_ends_its_process_passes_only_where_that_was_asked_for() -> None:
    code = "import os\nos._exit(0)\ndef f(): return 2"

    assert outcome(code, "assert f() == 1") == "gave no values to its tests"
    assert outcome(code, "assert f() == 1", apart=False) == "passed"


@pytest.mark.slow
def test_code_that_cannot_be_defined_passes_no_tests() -> None:
    assert outcome("raise ValueError('no')", "assert 1") == "raised ValueError"
    assert outcome("def f() return 1", "assert 1") == "raised SyntaxError"
    assert outcome("def f(): return 1", "assert f( == 1") == "raised SyntaxError"


@pytest.mark.slow
def test_what_code_prints_and_reads_stays_with_its_row() -> None:
    code = "print('begun')\ndef f():\n    print('asked', input())\n    return 1\n"
    row = {"code": code, "tests": "print('testing')\nassert f() == 2", "given": "abc\n"}
    (made,) = run(CodeRun(tests="tests", input="given", failed="keep"), input=[row]).rows()

    assert made["outcome"] == "raised AssertionError"
    assert made["stdout"] == "begun\nasked abc\n"
    assert "assert f() == 2: AssertionError (f() returned 1)" in made["stderr"]


@pytest.mark.slow
def test_tests_of_classes_and_variables_say_that_they_need_the_process_of_the_code() -> None:
    code = (
        "from functools import cache\n"
        "class Stack: pass\n"
        "LIMIT = 3\n"
        "def f(): return 1\n"
        "f = cache(f)\n"
        "g = lambda: 2\n"
    )

    uses = [
        f"try: {use}\nexcept TypeError as e: assert 'a function, and' in str(e), {use!r}\nelse: assert 0"
        for use in ("Stack()", "bool(Stack)", "LIMIT + 1", "LIMIT == 3", "Stack.size", "[*Stack]")
    ]
    assert failure(code, *uses) is None
    assert outcome(code, "Stack()") == "raised TypeError"
    assert outcome(code, "assert f() == 1 and g() == 2") == "passed"
    assert outcome(code, "Stack(); assert LIMIT == 3", apart=False) == "passed"
