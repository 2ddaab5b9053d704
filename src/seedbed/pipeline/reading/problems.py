"""The problems of a pipeline file: the first is raised, or all are collected with their places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from shlex import quote
from typing import Any, NamedTuple

from seedbed.errors import DatasetError, ParameterError, PluginError, SeedbedError, UsageError
from seedbed.llm.keys.redaction import redact_typed
from seedbed.pipeline.reading.marked import FileMark, Marked, YAMLProblem
from seedbed.plugins.fields.field_problems import FieldPath, FieldProblem
from seedbed.plugins.fields.secret_fields import is_secret

_SHOWN = 60


class Problem(NamedTuple):
    """A mistake in a pipeline file: its place, the keys that lead there, what is wrong, and what to do.

    `text` is what the file has there; empty if it may be a secret.
    """

    line: int
    column: int
    path: FieldPath
    text: str
    fact: str
    advice: tuple[str, ...] = ()


class Problems:
    """What is wrong with a pipeline file.

        problems = Problems(Path("qa.yaml"), collect=True)
        with problems.at("steps", 0):
            raise UsageError("...")
        problems.found  # [Problem(line=2, ...)]

    Unless it collects, the first problem is raised: an error of the same class that names the file and the
    step. Whoever collects gets each mistake once, without those that follow from it.
    """

    def __init__(self, file: Path, *, collect: bool = False) -> None:
        self.file = file
        self.collects = collect
        self.marked = Marked(None, None)
        self.unmade_steps: set[str] = set()
        """Names of steps that can't be made, so that the graph has stand-ins for them."""
        self._found: list[Problem] = []
        self._raised: SeedbedError | None = None

    @property
    def found(self) -> list[Problem]:
        """All problems, in the order of their places in the file."""
        return sorted(self._found, key=lambda one: (one.line, one.column))

    def has(self, *path: str | int) -> bool:
        """Whether there's a problem at a path, or inside or around of it."""
        return any(
            one.path[: len(path)] == path or (one.path and path[: len(one.path)] == one.path)
            for one in self._found
        )

    @contextmanager
    def at(self, *path: str | int, named: bool = False) -> Iterator[None]:
        """Take the errors that are raised within as problems at a path; `named`: they name the file."""
        try:
            yield
        except (UsageError, PluginError, DatasetError) as error:
            self.add(error, *path, named=named)

    def add(self, error: SeedbedError, *path: str | int, named: bool = False) -> None:
        """Take an error as a problem at a path; raise it unless problems are collected."""
        if not self.collects:
            if error is self._raised:
                # From a block within this one, which has named the place more exactly.
                raise error
            placed = self._raised = self._placed(error, None if named else path)
            if placed is error:
                raise error
            raise placed from error
        if getattr(error, "step", None) in self.unmade_steps:
            return
        if isinstance(error, ParameterError) and error.problems:
            entry = self._value(path)
            below = ("with",) if path[-1:] == ("llm",) and isinstance(entry, Mapping) else ()
            for one in error.problems:
                self._add_field(one, (*path, *below))
            return
        self._add((*path, *self._within(path, error)), error.fact, error.advice)

    def add_text(self, problems: Sequence[YAMLProblem]) -> None:
        """Take mistakes in the text itself; raise the first unless problems are collected."""
        for mark, fact, advice in problems:
            if not self.collects:
                raise UsageError(f"'{self.file}', line {mark.line}, column {mark.column} {fact}", *advice)
            shown = "" if _may_be_secret((), mark) else mark.text[:_SHOWN]
            self._take(Problem(mark.line, mark.column, (), shown, fact, advice))

    def _placed(self, error: SeedbedError, path: FieldPath | None) -> SeedbedError:
        """Return an error to raise, which names the file and the step; `path` is None if it does already."""
        fits = not isinstance(error, ParameterError)
        if path is None and fits:
            return error
        step = f", steps[{path[1]}]" if path and path[:1] == ("steps",) and len(path) > 1 else ""
        fact = error.fact if path is None else f"'{self.file}'{step}: {error.fact}"
        # Parameters rarely have a single mistake, and here they have no line.
        check = () if fits else (f"`seedbed check {quote(str(self.file))}` finds every mistake and its line",)
        placed = type(error)(redact_typed(fact), *map(redact_typed, error.advice), *check)
        if isinstance(error, ParameterError) and isinstance(placed, ParameterError):
            placed.problems = error.problems
        return placed

    def _add_field(self, problem: FieldProblem, path: FieldPath) -> None:
        whole = (*path, *problem.path)
        fact = problem.message if problem.path else f"all fields together: {problem.message}"
        if problem.is_missing:
            # What stands at the nearest place of the file is another field.
            fact = f"the field '{whole[-1]}' is required"
        self._add(
            whole,
            fact,
            problem.advice,
            key=problem.is_unknown,
            hidden=problem.is_secret,
        )

    def _add(
        self, path: FieldPath, fact: str, advice: Sequence[str], *, key: bool = False, hidden: bool = False
    ) -> None:
        if any(path[: len(one.path)] == one.path for one in self._found if one.path):
            # It follows from what has been found there.
            return
        mark = self.marked.mark(path, key=key)
        text = "" if hidden or (not key and _may_be_secret(path, mark)) else mark.text.strip()
        shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
        self._take(Problem(mark.line, mark.column, path, shown, fact, tuple(advice)))

    def _take(self, found: Problem) -> None:
        advice = tuple(map(redact_typed, found.advice))
        # A key may stand where a name should.
        path = tuple(redact_typed(part) if isinstance(part, str) else part for part in found.path)
        text, fact = redact_typed(found.text), redact_typed(found.fact)
        self._found.append(found._replace(path=path, text=text, fact=fact, advice=advice))

    def _within(self, path: FieldPath, error: SeedbedError) -> FieldPath:
        """Return the way on to the field under `path` whose value an error quotes, if one does."""
        value = self._value(path)
        if not isinstance(value, Mapping):
            return ()
        texts = {name: item for name, item in value.items() if isinstance(item, str) and item}
        # Of `opnai/gpt`, an error quotes the backend.
        quoted = [
            name
            for name, item in texts.items()
            if item in error.fact or f"'{item.partition('/')[0]}'" in error.fact
        ]
        return tuple(quoted[:1] or (["use"] if "use" in value else []))

    def _value(self, path: FieldPath) -> Any:
        value = self.marked.content
        for part in path:
            value = _item(value, part)
        return value


def _item(value: Any, part: str | int) -> Any:
    if isinstance(value, Mapping):
        return value.get(part)
    return value[part] if isinstance(value, list) and isinstance(part, int) and part < len(value) else None


def _may_be_secret(path: FieldPath, mark: FileMark) -> bool:
    return any(is_secret(str(part)) for part in path) or redact_typed(mark.text) != mark.text
