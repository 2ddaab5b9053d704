"""Requests with the function calls that fulfil them, checked in three stages."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, Field, FilePath, PrivateAttr, field_validator

from seedbed import (
    LLM,
    Citation,
    Example,
    GenerationParameters,
    GeneratorTask,
    InvalidOutputError,
    PromptTemplate,
    Reject,
    Row,
    UsageError,
)
from seedbed_tasks.call_examples import CallExample, check_calls, check_form, sampled_examples
from seedbed_tasks.call_format import (
    ONE_CALL,
    ONE_TOOL,
    SEVERAL_TOOLS,
    Style,
    Written,
    answer_schema_of,
    messages_of,
    read_written,
)
from seedbed_tasks.call_prompts import JUDGE, MANNERS, PROMPT, STYLES
from seedbed_tasks.isolated_functions import SANDBOX_PACKAGES, Called, Sandbox
from seedbed_tasks.prompt_text import prompt_with
from seedbed_tasks.reasons import Reason
from seedbed_tasks.text_task import is_same
from seedbed_tasks.tools import Toolbox, toolbox_of, tools_of

FORMAT_FAILED = "the format check failed"
EXECUTION_FAILED = "the execution check failed"
SEMANTIC_FAILED = "the semantic check failed"

_LONGEST_RESULT = 2000
"""Characters of a result that the judge sees."""


class Verdict(BaseModel):
    """What the judge says of the calls."""

    reason: Reason = Field(description="One sentence that says why.")
    passes: bool = Field(description="Whether the calls do what the request asks for.")


class FunctionCalls(GeneratorTask):
    """Requests of users and the function calls that fulfil them, checked for format, execution and meaning.

    Give `tools` in OpenAI's form, or a `file` of them: JSON, or Python with typed functions, which is read
    and never imported. Each row has `style`, `tools` (those shown, in OpenAI's form), `query` (text), `calls`
    (list of {name, arguments}), `results` (list of {value, error}; None if the calls weren't made), `checks`
    (list of the stages that it passed: format, execution, semantic) and `messages`, the request and the calls
    as a chat for training. The method is APIGen's (Liu et al., 2024, https://arxiv.org/abs/2406.18518):

    1. format: JSON, with known functions and arguments that fit their schemas; asked again with the reason;
    2. execution: functions of a Python file are called in a sandbox (`pip install 'seedbed-tasks[code]'`,
       Linux); an error rejects the row. Tools in JSON can't be run, so their rows lack this check;
    3. semantic: `judge`, or `llm`, says whether calls and results do what the request asks for.

    Differences from the paper: one request per answer instead of several; rows that pass don't become
    examples for others, and without `examples` of yours the prompt has none; the number of parallel calls is
    drawn and part of the format check; the way in which the user writes is drawn instead of the prompt.
    """

    explains_output = True
    goals = ("tools", "sft")
    keywords = ("API calls", "agents", "xLAM", "OpenAI tools", "verified", "execution", "MCP")
    citation = Citation(
        "APIGen: Automated Pipeline for Generating Verifiable and Diverse Function-Calling Datasets",
        authors=("Zuxin Liu", "Thai Hoang", "Jianguo Zhang", "Ming Zhu", "Tian Lan", "others"),
        year=2024,
        arxiv="2406.18518",
    )
    example = Example(
        {
            "tools": [
                {
                    "name": "get_weather",
                    "description": "The weather of a day in a city.",
                    "parameters": {
                        "type": "object",
                        "properties": {"city": {"type": "string"}, "day": {"enum": ["today", "tomorrow"]}},
                        "required": ["city"],
                    },
                },
                {
                    "name": "set_timer",
                    "description": "Sets a timer.",
                    "parameters": {
                        "type": "object",
                        "properties": {"minutes": {"type": "integer", "minimum": 1}},
                        "required": ["minutes"],
                    },
                },
            ],
            "styles": ["simple"],
            "generation": {"max_tokens": 200},
        }
    )
    sampled = ("style", "tools")

    template: str = PROMPT
    judge_template: Annotated[str, prompt_with("_functions", "_query", "_calls", "_results")] = Field(
        default=JUDGE,
        description="Prompt of the semantic check, with _functions, _query, _calls and _results.",
    )
    tools: list[dict[str, Any]] = Field(
        default=[],
        description="Tools in OpenAI's form, or each its function: {name, description, parameters}.",
    )
    file: FilePath | None = Field(
        default=None, description="A file with the tools: Python with typed functions, or JSON, JSONL, ..."
    )
    styles: list[Style] = Field(
        default=[*ONE_TOOL, *SEVERAL_TOOLS],
        min_length=1,
        description="How many tools are shown (one, or several for `multiple`) and called (`parallel`).",
    )
    most_tools: int = Field(default=4, ge=2, le=128, description="Tools shown at most, if there are several.")
    most_calls: int = Field(default=3, ge=2, le=20, description="Calls of a parallel request at most.")
    manners: list[str] = Field(default=list(MANNERS), min_length=1, description="How users write.")
    examples: list[CallExample] = Field(
        default=[], description="Examples to learn from: {query: text, calls: [{name, arguments}]}."
    )
    shown_examples: int = Field(default=2, ge=0, description="Examples shown in each prompt.")
    semantic_check: bool = Field(default=True, description="Whether a model checks what the calls do.")
    judge: LLM | None = Field(
        default=None, description="The model that checks what the calls do; by default that which writes."
    )
    sandbox: Sandbox = Field(
        default_factory=Sandbox, description="What functions may use: {seconds, memory_mb, packages}."
    )
    generation: GenerationParameters = Field(
        default_factory=lambda: GenerationParameters(max_tokens=1024, temperature=0.8),
        description="Sampling parameters; they override those of the LLM.",
    )

    _toolbox: Toolbox | None = PrivateAttr(default=None)

    @field_validator("tools")
    @classmethod
    def _check_tools(cls, value: list[dict[str, Any]]) -> list[dict[str, Any]]:
        tools_of(value)
        return value

    @field_validator("examples")
    @classmethod
    def _check_examples(cls, value: list[CallExample]) -> list[CallExample]:
        check_form(value)
        return value

    @property
    def outputs(self) -> list[str]:
        """The columns made."""
        return ["style", "tools", "query", "calls", "results", "checks", "messages"]

    @property
    def needed_packages(self) -> dict[str, str]:
        """What runs the functions of a file."""
        return SANDBOX_PACKAGES if self.file else {}

    def load(self) -> None:
        """Read the tools, load the LLM, and make sure that functions can be run safely here."""
        box = self._read()
        if not self._possible(box):
            raise UsageError(
                f"task '{self.name}' has one tool, and styles that need several",
                "add 'simple' or 'parallel' to `styles`, or give more tools",
            )
        check_calls(self.examples, {tool.name: tool for tool in box.tools}, self.name)
        super().load()
        if box.source is not None:
            self.sandbox.check()

    def sample(self, index: int, rng: random.Random) -> dict[str, Any]:
        """Draw the style, the tools that are shown, how many calls there are, and how the user writes."""
        box = self._read()
        style = rng.choice(self._possible(box))
        count = 1 if style in ONE_TOOL else rng.randint(2, min(self.most_tools, len(box.tools)))
        tools = rng.sample(box.tools, count)
        calls = 1 if style in ONE_CALL else rng.randint(2, self.most_calls)
        return {
            "style": style,
            "tools": [tool.openai for tool in tools],
            "_tools": tools,
            "_count": calls,
            "_functions": _lines([tool.model_dump() for tool in tools]),
            "_asks": STYLES[style].format(count=calls),
            "_manner": rng.choice(self.manners),
            "_examples": sampled_examples(self.examples, self.shown_examples, rng),
        }

    async def generate_row(self, input: Row) -> Row:
        """Return a request with calls that pass all checks."""
        written = await self._written(input)
        checks = ["format"]
        results = await self._results(written)
        if results is not None:
            checks.append("execution")
        if self.semantic_check:
            await self._check_meaning(input, written, results)
            checks.append("semantic")
        return {
            "query": written.query,
            "calls": written.calls,
            "results": None if results is None else [result._asdict() for result in results],
            "checks": checks,
            "messages": messages_of(written),
        }

    async def _written(self, input: Row) -> Written:
        messages = self.format_input(input)
        schema = answer_schema_of(input["_tools"], input["_count"])
        try:
            written: Written = await self.ask(
                messages, schema=schema, read=lambda text: self.read(text, input)
            )
        except InvalidOutputError as error:
            raise Reject(FORMAT_FAILED, error.fact, text=error.text) from error
        return written

    async def _results(self, written: Written) -> list[Called] | None:
        source = self._read().source
        if source is None:
            return None
        results = await self.sandbox.call(source, written.calls)
        if wrong := next((result.error for result in results if result.error is not None), None):
            raise Reject(EXECUTION_FAILED, wrong, text=_lines(written.calls))
        return results

    async def _check_meaning(self, input: Row, written: Written, results: Sequence[Called] | None) -> None:
        shown = None if results is None else _lines([result.value for result in results], _LONGEST_RESULT)
        values = {
            "_functions": input["_functions"],
            "_query": written.query,
            "_calls": _lines(written.calls),
            "_results": shown,
        }
        prompt = PromptTemplate(self.judge_template).render(values)
        try:
            verdict: Verdict = await self.ask(prompt, schema=Verdict, llm=self.judge)
        except InvalidOutputError as error:
            raise Reject("the semantic check gave no verdict that can be read", text=error.text) from error
        if not verdict.passes:
            raise Reject(SEMANTIC_FAILED, verdict.reason, text=_lines(written.calls))

    def read(self, answer: str, input: Row) -> Written:
        """Return the request and the calls in an answer; raise InvalidOutputError for a wrong format."""
        written = read_written(answer, input["_tools"], input["style"], input["_count"])
        if any(is_same(written.query, example["query"]) for example in self.examples):
            raise InvalidOutputError("the request is that of an example", text=answer)
        return written

    def _read(self) -> Toolbox:
        if self._toolbox is None:
            self._toolbox = toolbox_of(self.tools, self.file)
            if not self._toolbox.tools:
                raise UsageError(
                    f"task '{self.name}' has no tools",
                    "give a list as `tools`, or a file with typed functions: "
                    "--set file=tools.py (file='tools.py' in Python)",
                )
        return self._toolbox

    def _possible(self, box: Toolbox) -> list[Style]:
        """Return the styles that the tools are enough for."""
        return [style for style in self.styles if style in ONE_TOOL or len(box.tools) > 1]


def _lines(values: Sequence[Any], longest: int | None = None) -> str:
    """Return values in JSON, one a line."""
    return "\n".join(json.dumps(value, ensure_ascii=False)[:longest] for value in values)
