"""Write the reference of the public modules from their source; docs/generate.py runs it."""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import seedbed
import seedbed.reading
import seedbed.testing
from seedbed.llm.base_backend import BaseBackend

REFERENCE = Path(__file__).parent / "reference"
WIDTH = 96
_IN_BRACKETS = re.compile(r"\[[^\[\]]*(?:\[[^\[\]]*\][^\[\]]*)*\]")
_CONSTRAINED = re.compile(r"Annotated\[(\w+), Field\([^)]*\)\]")

_API_TITLE = """\
# Python

Import everything here from `seedbed`: `from seedbed import run`. [Errors](errors.md), [hooks](hooks.md) and
what [engines](engines.md) use have their own pages. Anything that's on none of these pages is private.
"""
_API = {
    "Making rows": (
        "run arun stream RowStream Output preview Preview PreviewedRow PreviewedCall PromptTrial prompts_in "
        "plan Forecast StepForecast TimeForecast PlannedPrompt Probe Estimate Run Quality Failure Story "
        "RefusedRow RowCall RunReader StepSpent RunDiff diff_runs Pipeline is_pipeline_file when otherwise"
    ),
    "Ratings of rows": (
        "RunRatings RowRating PeopleSay Ratings Calibration Agreement RaterPair Rating agreement "
        "row_agreement"
    ),
    "Plugins by name": "get_task get_llm get_embedder get_step Registry",
    "Tasks and steps": (
        "BaseStep Step GeneratorStep FileSource GlobalStep BaseTask Task GeneratorTask CombineStep Join "
        "Concat Pass Expression PromptTemplate Files read_rows read_text Reading RowFiles Row "
        "GeneratorOutput GeneratorStepOutput row_id gather_rows SharedAnswers Citation Example Goal "
        "ColumnType row_model types_of_rows"
    ),
    "LLMs": (
        "LLM Generations Message ChatType image_part parts Request Response Choice Usage Limits ToolCall "
        "TokenLogprob Capabilities SchemaDialect SchemaInPrompt KeySource GenerationParameters "
        "PoolLLM FallbackLLM"
    ),
    "Embedders": "Embedder Embeddings",
    "For backends": (
        "HTTPLLM HTTPEmbedder HTTPBackend post_json get_json HTTPAnswer parse_body http_error public_url "
        "join_url check_listening did_you_mean"
    ),
    "For formats": "Format Reading",
    "Calls, retries and budgets": "call_label Gateway RetryPolicy CircuitPolicy Budget Spent Prices",
    "Runs on disk": (
        "list_runs runs_folder run_folder run_entry RunEntry RunFacts RunReader PlacedRow StepSpent "
        "find_story Chapter ToldCall row_name word_diff visible dollars"
    ),
    "For observers and engines": (
        "ObservedRun ObservedCall ObservedTry ObservedRow ObservedOutcome Engine EngineOptions Job Plan "
        "WorkerEngine WorkerLink WorkerLostError RowWorker Replicated Replica ReplicaLine "
        "Resources concerns_all"
    ),
}
_NOTES = {
    "Tasks and steps": """\
`ChatType` and `GeneratorStepOutput` mean the same as in distilabel. `StepInput` and `StepOutput` don't
exist, since they're batches: `process` of a step takes one `Row`, and `process` of a `GlobalStep` takes and
returns `Iterable[Row]`.
""",
}
_READING_TITLE = """\
# Reading answers

Import everything here from `seedbed.reading`. [How to read an answer](../how-to/read-answers.md) shows how to
use it.
"""
_READING = {
    "Structure": "read_json read_list read_tags find_tags Tag read_labelled read_fences Fence",
    "Judgements": "read_rating read_choice read_choices",
    "Around the answer": "split_reasoning Reasoned is_refusal",
}
_TESTING_TITLE = """\
# Testing

Import everything here from `seedbed.testing`. [How to test a plugin](../how-to/test-a-plugin.md) shows how to
use it.
"""
_TESTING = {
    "Contracts": (
        "LLMContract EmbedderContract TaskContract StepContract ObserverContract FormatContract "
        "EngineContract "
        "PackageContract Contract "
        "fact departs"
    ),
    "Models": "ScriptedLLM EchoLLM RecordedLLM FaultyLLM WrappingLLM plausible_answer",
    "Servers and protocols": (
        "ScriptedServer Reply Received LoopbackServer Wire ChatCompletions ResponsesAPI AnthropicMessages "
        "EmbeddingsAPI "
        "Asked Refusal"
    ),
    "Names": "BlockedRegistry FakeSite fake_distribution modules_loaded",
}


class Attribute(NamedTuple):
    """A field, class attribute or property, as a row of a table."""

    name: str
    type: str
    default: str
    meaning: str


class Source(NamedTuple):
    """The source of a public object: its statement, and the string below it if it is a plain name."""

    node: ast.stmt
    text: str


def api_page() -> str:
    """Return the page on `seedbed`."""
    return _page(seedbed, _API_TITLE, _API)


def reading_page() -> str:
    """Return the page on `seedbed.reading`."""
    return _page(seedbed.reading, _READING_TITLE, _READING)


def testing_page() -> str:
    """Return the page on `seedbed.testing`."""
    return _page(seedbed.testing, _TESTING_TITLE, _TESTING)


def _page(module: ModuleType, title: str, sections: Mapping[str, str]) -> str:
    parts = [title]
    for section, names in sections.items():
        parts += [f"## {section}\n", *([_NOTES[section]] if section in _NOTES else [])]
        for name in names.split():
            parts += _entry(name, getattr(module, name), _source(module, name))
    return "\n".join(parts)


def _source(module: ModuleType, name: str) -> Source:
    """Return the source of a name, from the module that defines it."""
    home = sys.modules[f"{module.__name__}.{module._HOME[name]}"]
    body = ast.parse(inspect.getsource(home)).body
    for statement, text in _documented(body):
        if name in _names(statement):
            return Source(statement, text)
    raise LookupError(f"{home.__name__} does not define {name}")


def _documented(body: list[ast.stmt]) -> Iterator[tuple[ast.stmt, str]]:
    """Yield statements, each with the string below it if there is one."""
    for statement, below in zip(body, chain(body[1:], [None]), strict=False):
        yield statement, _text(below) if not isinstance(statement, ast.Expr) else ""


def _text(statement: ast.stmt | None) -> str:
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return inspect.cleandoc(str(statement.value.value))
    return ""


def _names(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        # Of a function with overloads, the one with the code and the docstring.
        is_overload = any(ast.unparse(decorator) == "overload" for decorator in statement.decorator_list)
        return [] if is_overload else [statement.name]
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _entry(name: str, value: Any, source: Source) -> Iterator[str]:
    yield f"### {name}\n"
    node = source.node
    if isinstance(node, ast.ClassDef):
        yield from _class(value, node)
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        yield from _function(node)
    else:
        yield _code(_statement(node))
        yield f"{source.text}\n"


def _statement(node: ast.stmt) -> str:
    """Return a statement, with one part of its brackets per line if a single line is too long."""
    line = ast.unparse(node).replace("'", '"')
    if len(line) <= WIDTH:
        return line
    head, _, parts = line.partition("[")
    return "\n".join([f"{head}[", *(f"    {part}," for part in parts.removesuffix("]").split(", ")), "]"])


def _function(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[str]:
    prefix = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
    returns = f" -> {ast.unparse(node.returns)}" if node.returns is not None else ""
    yield _code(_called(f"{prefix} {node.name}", node.args, returns))
    yield f"{ast.get_docstring(node) or ''}\n"


def _called(head: str, arguments: ast.arguments, returns: str = "") -> str:
    """Return a signature, with one parameter per line if a single line is too long."""
    parameters = [text for text in _parameters(arguments) if text not in ("self", "cls")]
    line = f"{head}({', '.join(parameters)}){returns}"
    if len(line) <= WIDTH:
        return line
    return "\n".join([f"{head}(", *(f"    {parameter}," for parameter in parameters), f"){returns}"])


def _parameters(arguments: ast.arguments) -> Iterator[str]:
    positional = [*arguments.posonlyargs, *arguments.args]
    missing: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults))
    for argument, default in zip(positional, [*missing, *arguments.defaults], strict=True):
        yield _parameter(argument, default)
    if arguments.vararg is not None:
        yield f"*{_parameter(arguments.vararg, None)}"
    elif arguments.kwonlyargs:
        yield "*"
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        yield _parameter(argument, default)
    if arguments.kwarg is not None:
        yield f"**{_parameter(arguments.kwarg, None)}"


def _parameter(argument: ast.arg, default: ast.expr | None) -> str:
    text = argument.arg
    if argument.annotation is not None:
        text += f": {ast.unparse(argument.annotation)}"
    if default is None:
        return text
    return f"{text}{' = ' if argument.annotation is not None else '='}{ast.unparse(default)}"


def _class(cls: type, node: ast.ClassDef) -> Iterator[str]:
    bodies = [node, *map(_node_of, _private_bases(cls))]
    bases = [ast.unparse(base) for body in bodies for base in body.bases]
    public = [base for base in bases if base in seedbed.__all__ or base in seedbed.testing.__all__]
    head = f"class {node.name}({', '.join(public)})" if public else f"class {node.name}"
    makers = [one for one in node.body if isinstance(one, ast.FunctionDef) and one.name == "__init__"]
    yield _code("\n".join([head, *(_called(node.name, maker.args) for maker in makers)]))
    yield f"{ast.get_docstring(node) or ''}\n"
    members = [*{_key(one): one for body in reversed(bodies) for one in _documented(body.body)}.values()]
    yield from _attributes(members)
    yield from _tests(members)
    # What an author has to write comes first: it's mostly what a reader looks for.
    methods = [member for member, _ in members if _is_method(member)]
    for member in sorted(methods, key=_is_written_by_all, reverse=True):
        assert isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef)
        yield f"#### {node.name}.{member.name}\n"
        yield from _function(member)


def _private_bases(cls: type) -> list[type]:
    """Return the bases without an entry of their own, of a contract, backend or task: its docs are spread."""
    spread = seedbed.testing.Contract | BaseBackend | seedbed.BaseTask
    if not issubclass(cls, spread) or cls is seedbed.testing.Contract:
        return []
    public = {*seedbed.__all__, *seedbed.testing.__all__}
    ours = [base for base in cls.__mro__[1:] if base.__module__.startswith("seedbed.")]
    told = {above for base in ours if base.__name__ in public for above in base.__mro__}
    return [base for base in ours if base not in told]


def _node_of(cls: type) -> ast.ClassDef:
    (node,) = ast.parse(inspect.getsource(cls)).body
    assert isinstance(node, ast.ClassDef)
    return node


def _key(member: tuple[ast.stmt, str]) -> object:
    """Return the key of a member, which is equal for a member and its override."""
    return tuple(_names(member[0])) or id(member[0])


def _is_function(member: ast.stmt) -> bool:
    return isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef) and not member.name.startswith("_")


def _is_method(member: ast.stmt) -> bool:
    """Whether a member is a method to show: public, with a docstring, and not a test."""
    if not isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    shown = _is_function(member) and ast.get_docstring(member) and not member.name.startswith("test_")
    return bool(shown) and not _decorated(member, "property", "cached_property", "field_validator")


def _is_written_by_all(member: ast.stmt) -> bool:
    return isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef) and _decorated(member, "abstractmethod")


def _decorated(function: ast.FunctionDef | ast.AsyncFunctionDef, *names: str) -> bool:
    written = [ast.unparse(one).partition("(")[0].rpartition(".")[2] for one in function.decorator_list]
    return any(name in written for name in names)


def _attributes(members: Iterable[tuple[ast.stmt, str]]) -> Iterator[str]:
    rows = [row for member, text in members for row in _attribute(member, text)]
    if rows:
        yield _table(("name", "type", "default", ""), [_cells(row) for row in rows])


def _attribute(member: ast.stmt, text: str) -> Iterator[Attribute]:
    """Yield the row of a field, class attribute or property; nothing for other or private members."""
    name = (*_names(member), "_")[0]
    if name.startswith("_") or name == "model_config":
        return
    if isinstance(member, ast.FunctionDef) and _decorated(member, "property", "cached_property"):
        kind = ast.unparse(member.returns) if member.returns is not None else ""
        yield Attribute(name, kind, "", _first(ast.get_docstring(member) or ""))
    elif isinstance(member, ast.AnnAssign):
        kind = _CONSTRAINED.sub(r"\1", ast.unparse(member.annotation))
        if kind.startswith("ClassVar["):
            kind = kind[len("ClassVar[") : -1]
        yield Attribute(name, kind, *_default_and_meaning(member.value, text))


def _default_and_meaning(value: ast.expr | None, text: str) -> tuple[str, str]:
    if not isinstance(value, ast.Call) or ast.unparse(value.func) not in ("Field", "field", "fact"):
        return "" if value is None else ast.unparse(value), _first(text)
    if ast.unparse(value.func) == "fact":
        return "", ast.literal_eval(value.args[0])
    given = {part.arg: part.value for part in value.keywords}
    meaning = ast.literal_eval(given["description"]) if "description" in given else _first(text)
    return ast.unparse(given["default"]) if "default" in given else "", meaning


def _tests(members: Iterable[tuple[ast.stmt, str]]) -> Iterator[str]:
    tests = [
        (f"`{member.name}`", _first(ast.get_docstring(member) or ""))
        for member, _ in members
        if isinstance(member, ast.FunctionDef) and member.name.startswith("test_")
    ]
    if tests:
        yield _table(("test", "what it checks"), tests)


def _cells(row: Attribute) -> tuple[str, ...]:
    return f"`{row.name}`", _quoted(row.type), _quoted(row.default), row.meaning


def _quoted(text: str) -> str:
    # A bar in code ends the cell on some sites; with a backslash before it, others show the backslash.
    if not text:
        return ""
    # A bar inside brackets cannot be moved outside of the code span.
    inner = _IN_BRACKETS.sub(lambda found: found[0].replace(" | ", " or "), text)
    return f"`{inner}`".replace(" | ", "` or `")


def _table(titles: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    shown = [column for column in range(len(titles)) if column == 0 or any(row[column] for row in rows)]
    lines = [titles, tuple("---" for _ in titles), *rows]
    return "".join(f"| {' | '.join(line[column] for column in shown)} |\n" for line in lines)


def _first(text: str) -> str:
    """Return the first paragraph of a text, in one line."""
    return " ".join(text.partition("\n\n")[0].split())


def _code(text: str) -> str:
    return f"```python\n{text}\n```\n"


PAGES = {"api.md": api_page, "reading.md": reading_page, "testing.md": testing_page}


if __name__ == "__main__":
    for page, write in PAGES.items():
        (REFERENCE / page).write_text(write(), encoding="utf-8")
