"""Runs functions apart from what calls them, in a sandbox, so that their results can't be forged.

    from seedbed_data import Bounds, call_functions, run_tests

    bounds = Bounds(5, 256, 16, 8, 64)
    tests = ["assert double(2) == 4"]
    run_tests("def double(n): return 2 * n", tests, bounds, packages=False).outcome    # "passed"

The source of the functions is in a process of its own. Ending it, printing, or changing modules makes no test
pass. Tests see functions at the top level alone, and exchange plain values with them: numbers, text, lists,
tuples, sets, dictionaries, bytes, None. These names are public: tasks of other packages use them, too.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping, Sequence
from secrets import token_hex
from typing import Any, NamedTuple

from seedbed_data import isolated_program
from seedbed_data.sandbox import Bounds, Ran, run_python

__all__ = ["Tested", "call_functions", "run_tests"]

_PROGRAM = inspect.getsource(isolated_program)
_ROOM_KB = 2100
"""Of output: a value, and what the source printed, in JSON."""


class Tested(NamedTuple):
    """How tests ended: `passed`, or an outcome such as `raised AssertionError`; and what the code printed.

    `wrong` says what was wrong with the first test that failed, None if all passed.
    """

    outcome: str
    wrong: str | None
    stdout: str
    stderr: str


def call_functions(
    source: str, calls: Sequence[Mapping[str, Any]], bounds: Bounds, *, packages: bool
) -> list[dict[str, Any]]:
    """Return what each call came to: {"value": in JSON}, or {"error": such as "ValueError: too big"}.

    Calls are {"name":, "arguments": by name}, and made in order, in one process.
    """
    if not calls:
        return []
    verdict, outcome, _ = _verdict(source, "", {"calls": list(calls)}, bounds, packages)
    if verdict is None:
        return [{"error": f"the code {outcome}"} for _ in calls]
    made: list[dict[str, Any]] = verdict
    return made


def run_tests(
    source: str, tests: Sequence[str], bounds: Bounds, *, given: str = "", packages: bool
) -> Tested:
    """Return how the tests of a source ended; each is Python code, such as `assert double(2) == 4`.

    The source can read `given` from its standard input.
    """
    verdict, outcome, ran = _verdict(source, given, {"tests": list(tests)}, bounds, packages)
    if verdict is None:
        return Tested(outcome, f"the code {outcome}", "", ran.stderr)
    if verdict["wrong"] is None:
        return Tested("passed", None, verdict["printed"], ran.stderr)
    # Whatever else the code did to its own process, such as ending it, has no name.
    is_named = verdict["kind"].replace(".", "").isidentifier()
    ended = f"raised {verdict['kind']}" if is_named else "gave no values to its tests"
    return Tested(ended, verdict["wrong"], verdict["printed"], ran.stderr)


def _verdict(
    source: str, given: str, order: Mapping[str, Any], bounds: Bounds, packages: bool
) -> tuple[Any, str, Ran]:
    """Return the verdict of the program, or None and why there is none."""
    key = token_hex(isolated_program.KEY_LENGTH // 2)
    # The two processes, and room for a verdict.
    widened = bounds._replace(processes=bounds.processes + 1, output_kb=bounds.output_kb + _ROOM_KB)
    first = json.dumps({"source": source, "input": given})
    told = f"{key}{len(first):0{isolated_program.SIZE_LENGTH}d}{first}{json.dumps(order)}"
    ran = run_python(_PROGRAM, told, widened, packages=packages)
    if ran.outcome != "passed":
        return None, ran.outcome, ran
    # Other text may come before and after it: the code's.
    _, found, verdict = ran.stdout.partition(f"\n{key}")
    try:
        return json.JSONDecoder().raw_decode(verdict)[0], "", ran
    except ValueError:
        return None, "wrote over its result" if found else "ended the program that ran it", ran
