"""A step that runs the code of a row."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from seedbed import Reject, Row, Step
from seedbed_data.sandbox import Bounds, check_sandbox, run_python
from seedbed_data.words import text_of


class CodeRun(Step):
    """Runs the Python code of a row in a sandbox, and keeps the rows whose code passes.

    CodeRun(column="solution", tests="tests", seconds=5)

    The code gets a folder of its own, an empty environment and no network, and reads no files but those of
    Python. The package sandlock holds it there, with Landlock and seccomp, which Linux 6.7 and later have; on
    any other machine the run stops before its first row. `outcome` says `passed` or what was wrong; code that
    needs about as long as `seconds` may come out either way.
    """

    goals = ("cleaning", "code")
    keywords = ("execution", "unit tests", "sandbox")

    keeps: ClassVar[bool] = True

    column: str = Field(default="code", description="Column with the code.")
    tests: str | None = Field(default=None, description="Column with code that runs after it, with `assert`.")
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

    def load(self) -> None:
        """Make sure that code can be held within its bounds here."""
        check_sandbox()

    def process(self, row: Row) -> Row:
        """Return the row with what came of its code, or reject it."""
        program = text_of(row, [column for column in (self.column, self.tests) if column is not None])
        given = text_of(row, [self.input] if self.input is not None else [])
        bounds = Bounds(self.seconds, self.memory_mb, self.disk_mb, self.processes, self.output_kb)
        ran = run_python(program, given, bounds, packages=self.packages)
        if self.failed == "reject" and ran.outcome != "passed":
            raise Reject(f"the code {ran.outcome}")
        return {**row, "outcome": ran.outcome, "stdout": ran.stdout, "stderr": ran.stderr}
