"""A step that runs the code of a row."""

from __future__ import annotations

import ast
from typing import ClassVar, Literal

from pydantic import Field

from seedbed import Reject, Row, Step
from seedbed_data.isolated import run_tests
from seedbed_data.sandbox import Bounds, Ran, check_sandbox, run_python
from seedbed_data.words import text_of


class CodeRun(Step):
    """Runs the Python code of a row in a sandbox, and keeps the rows whose code passes.

    CodeRun(column="solution", tests="tests", seconds=5)

    The code gets a folder of its own, an empty environment and no network, and reads no files but those of
    Python. The package sandlock holds it there, with Landlock and seccomp, which Linux 6.7 and later have; on
    any other machine the run stops before its first row. `outcome` says `passed` or what was wrong; code that
    needs about as long as `seconds` may come out either way.

    Tests run in another process than the code, so that no code passes by ending the process, printing, or
    changing what `assert` does. They may call the functions at its top level, with plain values (numbers,
    text, lists, tuples, sets, dictionaries, bytes, None). For tests of classes and variables, set
    `apart=false`: they then run after the code, in its process, and code that wants to can make them pass.
    """

    goals = ("cleaning", "code")
    keywords = ("execution", "unit tests", "sandbox")

    keeps: ClassVar[bool] = True

    column: str = Field(default="code", min_length=1, description="Column with the code.")
    tests: str | None = Field(default=None, description="Column with tests of its functions, with `assert`.")
    apart: bool = Field(
        default=True,
        description="Whether tests run in another process than the code; if not, they can be forged.",
    )
    input: str | None = Field(default=None, description="Column with the text that the code can read.")
    failed: Literal["reject", "keep"] = Field(default="reject", description="What happens to other rows.")
    seconds: float = Field(default=10, gt=0, le=3600, description="How long the code may take.")
    memory_mb: int = Field(default=512, ge=64, description="Memory of the code and its processes.")
    disk_mb: int = Field(default=64, ge=1, description="Size of the files that it writes.")
    processes: int = Field(default=8, ge=1, le=1000, description="How many processes there may be at once.")
    output_kb: int = Field(default=64, ge=1, description="How much it may print.")
    packages: bool = Field(default=False, description="Whether it may import the packages installed here.")

    @property
    def inputs(self) -> list[str]:
        """The columns with the code, its tests and its input."""
        return [column for column in (self.column, self.tests, self.input) if column is not None]

    @property
    def outputs(self) -> list[str]:
        """How the code ended, and what it printed."""
        return ["outcome", "stdout", "stderr"]

    @property
    def needed_packages(self) -> dict[str, str]:
        """What holds the programs within bounds."""
        return {"sandlock": "seedbed-data[code]"}

    def load(self) -> None:
        """Make sure that code can be held within its bounds here."""
        check_sandbox()

    def process(self, row: Row) -> Row:
        """Return the row with what came of its code, or reject it."""
        ran = self._ran(row)
        if self.failed == "reject" and ran.outcome != "passed":
            raise Reject(f"the code {ran.outcome}")
        return {**row, "outcome": ran.outcome, "stdout": ran.stdout, "stderr": ran.stderr}

    def _ran(self, row: Row) -> Ran:
        code = text_of(row, [self.column])
        tests = text_of(row, [self.tests] if self.tests is not None else [])
        given = text_of(row, [self.input] if self.input is not None else [])
        bounds = Bounds(self.seconds, self.memory_mb, self.disk_mb, self.processes, self.output_kb)
        if not tests.strip():
            return run_python(code, given, bounds, packages=self.packages)
        if not self.apart:
            return run_python(f"{code}\n{tests}", given, bounds, packages=self.packages)
        ended = run_tests(code, _statements(tests), bounds, given=given, packages=self.packages)
        said = f"{ended.stderr}{ended.wrong or ''}"
        return Ran(ended.outcome, ended.stdout[: self.output_kb * 1000], said[: self.output_kb * 1000])


def _statements(tests: str) -> list[str]:
    """Return the statements of tests one by one, so that a failure names one of them."""
    try:
        return [ast.unparse(node) for node in ast.parse(tests).body]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        # What is wrong with it is found out where it's run.
        return [tests]
