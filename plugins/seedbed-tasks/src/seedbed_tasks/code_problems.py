"""Programming problems whose solutions pass their tests."""

from __future__ import annotations

import ast
import random
from typing import Any, NamedTuple

from pydantic import Field

from seedbed import (
    Example,
    GenerationParameters,
    GeneratorTask,
    InvalidOutputError,
    Message,
    Reject,
    Row,
)
from seedbed.reading import read_fences, read_tags
from seedbed_tasks.isolated_functions import SANDBOX_PACKAGES, Sandbox

TOPICS = (
    *("strings", "lists", "dictionaries", "sets", "sorting", "searching", "recursion", "matrices", "dates"),
    *("number theory", "combinatorics", "bit operations", "dynamic programming", "graphs", "trees"),
    *("intervals", "parsing", "text formatting", "simulation", "greedy algorithms", "geometry", "statistics"),
)

_PROMPT = """\
Write a programming problem in Python on {{ topic }}. Its level is {{ level }}.

The problem is solved by one or more functions at the top level, which take and return plain values: \
numbers, text, lists, tuples, sets, dictionaries, None. Say precisely what each returns, also for \
empty and extreme arguments, and give its name and its arguments. Only the standard library may be \
used.

Answer in this form, with the three tags and nothing else:

<problem>
(the problem as it's given to a programmer, without its solution)
</problem>
<solution>
(Python code without explanations)
</solution>
<tests>
(at least {{ least_tests }} assertions, one a line, each calling a function with arguments and comparing \
its value; one of them tries an unusual case)
</tests>"""

_AGAIN = (
    "That cannot be used: {reason}. Find out whether the solution or the test is wrong, and write all three "
    "tags again."
)


class Written(NamedTuple):
    """A problem with its solution, and its tests one by one."""

    problem: str
    solution: str
    tests: list[str]


class CodeProblems(GeneratorTask):
    """Programming problems in Python with a solution and tests, which are run: only what passes is kept.

    Adds `topic` and `level`, which are sampled, and `problem`, `solution` and `tests` (texts; `tests` has an
    `assert` statement a line, for the step `code-run`). Solution and tests run in a sandbox, without network,
    files and environment, and in separate processes, so that a solution passes only by returning
    what the tests expect. If a test fails, the model is asked again with the failure, up to `max_reasks`
    times. Tests that also pass if the functions return None are rejected, too.

    Needs Linux and `pip install 'seedbed-tasks[code]'`.
    """

    goals = ("code", "sft")
    keywords = ("programming", "unit tests", "execution", "verified", "Python", "sandbox", "RLVR")
    example = Example({"topics": ["strings"], "levels": ["easy"], "least_tests": 2})
    sampled = ("topic", "level")

    template: str = _PROMPT
    generation: GenerationParameters = Field(
        default_factory=lambda: GenerationParameters(max_tokens=2048),
        description="Sampling parameters; they override those of the LLM.",
    )
    topics: list[str] = Field(default=list(TOPICS), min_length=1, description="What the problems are about.")
    levels: list[str] = Field(
        default=["easy", "medium", "hard"], min_length=1, description="How hard the problems are."
    )
    least_tests: int = Field(default=4, ge=1, le=50, description="Tests that a problem has at least.")
    sandbox: Sandbox = Field(
        default_factory=Sandbox, description="What solutions may use: {seconds, memory_mb, packages}."
    )

    @property
    def outputs(self) -> list[str]:
        """The columns made."""
        return ["topic", "level", "problem", "solution", "tests"]

    def sample(self, index: int, rng: random.Random) -> dict[str, Any]:
        """Sample topic and level of one row."""
        return {"topic": rng.choice(self.topics), "level": rng.choice(self.levels)}

    @property
    def needed_packages(self) -> dict[str, str]:
        """What runs the solutions."""
        return SANDBOX_PACKAGES

    def load(self) -> None:
        """Load the LLM, and make sure that code can be run safely here."""
        super().load()
        self.sandbox.check()

    async def generate_row(self, input: Row) -> Row:
        """Return a problem whose solution passes its tests."""
        messages, failure = self.format_input(input), None
        for _ in range(self.max_reasks + 1):
            written = await self.ask(messages, read=self.read)
            failure = await self._failure(written)
            if failure is None:
                tests = "\n".join(written.tests)
                return {"problem": written.problem, "solution": written.solution, "tests": tests}
            messages = [*messages, *_again(written, failure)]
        raise Reject("the solution doesn't pass its tests", text=failure)

    async def _failure(self, written: Written) -> str | None:
        failure = await self.sandbox.failure(written.solution, written.tests)
        if failure is None and await self.sandbox.failure(_stub(written.solution), written.tests) is None:
            return "the tests pass even if each function returns None"
        return failure

    def read(self, answer: str) -> Written:
        """Return what an answer has in its tags; raise InvalidOutputError if it can't be run."""
        # A tag that isn't closed ends at the next one; an answer that was cut has been refused before.
        tags = read_tags(answer, "problem", "solution", "tests", may_end_open=True)
        solution, tests = (_code(tags[name], name) for name in ("solution", "tests"))
        if not tags["problem"].strip():
            raise InvalidOutputError("<problem> is empty")
        if not any(isinstance(node, ast.FunctionDef) for node in solution.body):
            raise InvalidOutputError("<solution> defines no function at the top level")
        count = sum(isinstance(node, ast.Assert) for node in ast.walk(tests))
        if count < self.least_tests:
            raise InvalidOutputError(f"<tests> has {count} assertions, and {self.least_tests} are needed")
        statements = [ast.unparse(node) for node in tests.body]
        return Written(tags["problem"], _unfenced(tags["solution"]), statements)


def _unfenced(text: str) -> str:
    fences = read_fences(text)
    return "\n\n".join(fence.text for fence in fences).strip() if fences else text.strip()


def _code(text: str, name: str) -> ast.Module:
    try:
        return ast.parse(_unfenced(text))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        raise InvalidOutputError(f"<{name}> isn't Python: {reason}") from error


def _stub(solution: str) -> str:
    """Return the solution's functions without their code."""
    functions = [node for node in ast.parse(solution).body if isinstance(node, ast.FunctionDef)]
    return "\n".join(f"def {function.name}(*args, **kwargs): return None" for function in functions)


def _again(written: Written, failure: str) -> list[Message]:
    answer = (
        f"<problem>\n{written.problem}\n</problem>\n<solution>\n{written.solution}\n</solution>\n"
        "<tests>\n" + "\n".join(written.tests) + "\n</tests>"
    )
    asked = _AGAIN.format(reason=failure)
    return [{"role": "assistant", "content": answer}, {"role": "user", "content": asked}]
