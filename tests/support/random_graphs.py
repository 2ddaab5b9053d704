"""Random graphs of steps that multiply, drop, reject and fail, and what must come of them.

`pipeline_of` builds a graph for the engine; `expected` takes the same rows through it one after the other,
by rules written anew here.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count, product
from typing import Any, ClassVar, Literal, NamedTuple
from zlib import crc32

from hypothesis import strategies as st
from pydantic import PrivateAttr

from seedbed import GeneratorStep, GeneratorTask, GlobalStep, Pass, Pipeline, Reject, Step, Task, when
from seedbed.tasks.rows import Row

Action = Literal["keep", "drop", "reject", "fail", "two"]


# --- graphs as data ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Do:
    """A step: what it does to a row follows from its name and the row."""

    kind: Literal["step", "task", "ordered"]
    actions: tuple[Action, ...]


@dataclass(frozen=True)
class Fork:
    """Branches that every row takes, joined behind."""

    branches: tuple[tuple[Element, ...], ...]


@dataclass(frozen=True)
class Routes:
    """Branches one of which a row takes, by what it holds, united behind; without `total`, some take none."""

    branches: tuple[tuple[Element, ...], ...]
    total: bool


@dataclass(frozen=True)
class All:
    """A step that needs all rows: it turns them round, and leaves every third one out."""


Element = Do | Fork | Routes | All


@dataclass(frozen=True)
class Source:
    """Where `count` rows come from, and how many are wanted in the end."""

    kind: Literal["task", "step", "input"]
    count: int
    actions: tuple[Action, ...]
    n: int | None


@dataclass(frozen=True)
class Graph:
    """A source and what follows it."""

    source: Source
    elements: tuple[Element, ...]


_actions = st.lists(
    st.sampled_from(["keep", "keep", "keep", "keep", "drop", "reject", "fail", "two"]), min_size=1, max_size=5
).map(tuple)
_steps = st.builds(Do, st.sampled_from(["step", "task", "ordered"]), _actions)


def _branches(inner: st.SearchStrategy[Element]) -> st.SearchStrategy[tuple[tuple[Element, ...], ...]]:
    branch = st.tuples(_steps, st.lists(inner, max_size=1)).map(lambda parts: (parts[0], *parts[1]))
    return st.lists(branch, min_size=2, max_size=3).map(tuple)


def _inner(depth: int) -> st.SearchStrategy[Element]:
    if not depth:
        return _steps
    branches = _branches(_inner(depth - 1))
    return st.one_of(_steps, st.builds(Fork, branches), st.builds(Routes, branches, st.booleans()))


graphs = st.builds(
    Graph,
    st.builds(
        Source,
        st.sampled_from(["task", "step", "input"]),
        st.integers(0, 12),
        _actions,
        st.one_of(st.none(), st.integers(1, 12)),
    ),
    st.lists(st.one_of(_inner(2), _inner(2), _inner(2), st.just(All())), min_size=1, max_size=4).map(tuple),
)


# --- what a step does -----------------------------------------------------------------------------------


def route_of(row: Row, each: int) -> int:
    return crc32(json.dumps(own_columns(row)).encode()) % each


class Watch:
    """What the steps were given since it was cleared, and whom to tell of it."""

    def __init__(self) -> None:
        self.visits: Counter[str] = Counter()
        self.on_visit: Callable[[], None] = lambda: None

    def clear(self) -> None:
        self.visits.clear()
        self.on_visit = lambda: None


WATCH = Watch()


def own_columns(row: Row) -> Row:
    """Return a row without the columns that the framework adds."""
    return {name: value for name, value in sorted(row.items()) if "model_name" not in name}


def visit_of(name: str, row: Row) -> str:
    return f"{name} {json.dumps(own_columns(row))}"


def acted(name: str, actions: Sequence[Action], row: Row, seen: int = 0) -> list[Row]:
    """Return what a step makes of a row; raise what it raises."""
    action = actions[crc32(f"{visit_of(name, row)}/{seen}".encode()) % len(actions)]
    if action == "reject":
        raise Reject("not this one")
    if action == "fail":
        raise ValueError("broken")
    return [{name: seen + k} for k in range({"keep": 1, "drop": 0, "two": 2}[action])]


# --- for the engine --------------------------------------------------------------------------------------


class Acting(Step):
    keeps: ClassVar[bool] = True
    actions: tuple[Action, ...]

    @property
    def outputs(self) -> list[str]:
        return [self.name]

    def process(self, row: Row) -> Any:
        WATCH.visits[visit_of(self.name, row)] += 1
        WATCH.on_visit()
        return [{**row, **made} for made in acted(self.name, self.actions, row, self._number())]

    def _number(self) -> int:
        return 0


class InOrder(Acting):
    """Counts the rows that it has been given."""

    ordered: ClassVar[bool] = True
    _seen: int = PrivateAttr(default=0)

    def load(self) -> None:
        self._seen = 0

    def _number(self) -> int:
        self._seen += 1
        return self._seen


class Asking(Task):
    actions: tuple[Action, ...]

    @property
    def outputs(self) -> list[str]:
        return [self.name]

    async def generate_row(self, input: Row) -> Any:
        WATCH.visits[visit_of(self.name, input)] += 1
        await self.ask(visit_of(self.name, input))
        WATCH.on_visit()
        await self.ask(visit_of(self.name, input))
        return acted(self.name, self.actions, input)


class Indexed(GeneratorTask):
    finite: ClassVar[bool] = True
    count: int
    actions: tuple[Action, ...]

    @property
    def outputs(self) -> list[str]:
        return [self.name]

    def sample(self, index: int, rng: Any) -> Row | None:
        return {"n": index} if index < self.count else None

    async def generate_row(self, input: Row) -> Any:
        WATCH.visits[visit_of(self.name, input)] += 1
        await self.ask(visit_of(self.name, input))
        WATCH.on_visit()
        await self.ask(visit_of(self.name, input))
        return acted(self.name, self.actions, input)


class Yielding(GeneratorStep):
    count: int

    def process(self, offset: int = 0) -> Iterator[Row]:
        for n in range(self.count):
            yield {"n": n}


class TurnRound(GlobalStep):
    keeps: ClassVar[bool] = True

    def process(self, rows: Iterable[Row]) -> Iterable[Row]:
        return turned_round([*rows])


def turned_round(rows: list[Row]) -> list[Row]:
    return [row for number, row in enumerate(reversed(rows)) if number % 3 != 2]


def input_rows(source: Source) -> list[Row]:
    """Return rows of which each stands twice, so that position tells them apart for nobody."""
    return [{"n": number // 2} for number in range(source.count)]


def pipeline_of(graph: Graph) -> Pipeline:
    numbers = count()
    source = graph.source
    pipeline = Pipeline()
    if source.kind == "task":
        pipeline = pipeline >> Indexed(name="source", count=source.count, actions=source.actions)
    elif source.kind == "step":
        pipeline = pipeline >> Yielding(name="source", count=source.count)
    return _behind(pipeline, graph.elements, numbers)


def _behind(pipeline: Pipeline, elements: Iterable[Element], numbers: Iterator[int]) -> Pipeline:
    for element in elements:
        name = f"s{next(numbers)}"
        if isinstance(element, Do):
            classes = {"step": Acting, "task": Asking, "ordered": InOrder}
            pipeline = pipeline >> classes[element.kind](name=name, actions=element.actions)
        elif isinstance(element, All):
            pipeline = pipeline >> TurnRound(name=name)
        else:
            branches = [_behind(Pipeline(), branch, numbers) for branch in element.branches]
            if isinstance(element, Routes):
                each = len(branches) + (not element.total)
                routes = [when(_is_on(number, each), branch) for number, branch in enumerate(branches)]
                pipeline = pipeline >> routes >> Pass(name=name)
            else:
                pipeline = pipeline >> branches >> Pass(name=name)
    return pipeline


def _is_on(number: int, each: int) -> Callable[[Row], bool]:
    return lambda row: route_of(row, each) == number


# --- by the book -------------------------------------------------------------------------------------------


class Known(NamedTuple):
    """A row and its id."""

    id: str
    row: Row


@dataclass
class Expected:
    """What must come of a graph: rows in order, what fails and is rejected where, and who was given what."""

    rows: list[Row] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    visits: Counter[str] = field(default_factory=Counter)


def expected(graph: Graph) -> Expected:
    places = {node.name: place for place, node in enumerate(pipeline_of(graph).topology().nodes)}
    return _Reading(graph, places).result


class _Reading:
    """Takes the rows of a graph through it, one after the other."""

    def __init__(self, graph: Graph, places: dict[str, int]) -> None:
        self.result = Expected()
        self._places = places
        self._seen: Counter[str] = Counter()
        source = graph.source
        (_, first), *others = _parts(_numbered(graph.elements, count()))
        self._before = "input" if source.kind == "input" else "source"
        made = self._item_by_item(self._first(source), first, source)
        for name, part in others:
            self._before = name
            rows = turned_round([row for _, row in made])
            made = self._item_by_item(iter(rows), part, None)
        self.result.rows = [own_columns(row) for _, row in made]

    def _first(self, source: Source) -> Iterator[Row]:
        return iter(input_rows(source) if source.kind == "input" else [{"n": n} for n in range(source.count)])

    def _item_by_item(self, items: Iterator[Row], part: list[Named], source: Source | None) -> list[Known]:
        """Return what is accepted of items, up to as many as are wanted."""
        wanted = source.n if source is not None and source.n is not None else None
        accepted: list[Known] = []
        failed = 0
        for number, row in enumerate(items):
            attempts = 10 * wanted if wanted is not None and source and source.kind != "input" else None
            if (wanted is not None and len(accepted) + failed >= wanted) or number == attempts:
                break
            self._failures: list[tuple[str, str]] = []
            start = [Known(str(number), row)]
            if source is not None and source.kind == "task":
                start = self._step("source", Do("task", source.actions), start)
            made = self._through(part, start)
            room = None if wanted is None else wanted - len(accepted) - failed
            made, failures = made[:room], sorted(self._failures, key=self._place)
            if room is not None:
                failures = failures[: room - len(made)]
            accepted += made
            failed += len(failures)
            self.result.failed.update(name for _, name in failures)
        return accepted

    def _place(self, failure: tuple[str, str]) -> tuple[list[int], int]:
        row, name = failure
        return [int(number) for number in row.split("/")[1:]], self._places[name]

    def _through(self, elements: Iterable[Named], cells: list[Known]) -> list[Known]:
        before = self._before
        for name, element, inner in elements:
            if isinstance(element, Do):
                cells = self._step(name, element, cells)
            elif isinstance(element, Fork):
                cells = [made for cell in cells for made in self._fork(name, inner, cell)]
            elif isinstance(element, Routes):
                cells = [made for cell in cells for made in self._route(element, inner, cell, before)]
            before = name
        return cells

    def _step(self, name: str, element: Do, cells: list[Known]) -> list[Known]:
        made: list[Known] = []
        for cell in cells:
            self.result.visits[visit_of(name, cell.row)] += 1
            self._seen[name] += element.kind == "ordered"
            try:
                rows = acted(name, element.actions, cell.row, self._seen[name])
            except Reject:
                self.result.rejected[name] += 1
            except ValueError:
                self._failures.append((cell.id, name))
            else:
                several = len(rows) > 1
                made += [
                    Known(f"{cell.id}/{k}" if several else cell.id, {**cell.row, **row})
                    for k, row in enumerate(rows)
                ]
        return made

    def _fork(self, name: str, branches: list[list[Named]], cell: Known) -> list[Known]:
        ends = [self._through(branch, [cell]) for branch in branches]
        if not all(ends):
            return []
        if sum(len(end) > 1 for end in ends) > 1:
            self._failures.append((cell.id, name))
            return []
        leading = max(ends, key=lambda end: (len(end), len(end[0].id)))
        rows = [{key: value for part in parts for key, value in part.row.items()} for parts in product(*ends)]
        return [Known(lead.id, row) for lead, row in zip(leading, rows, strict=True)]

    def _route(self, element: Routes, branches: list[list[Named]], cell: Known, before: str) -> list[Known]:
        number = route_of(cell.row, len(branches) + (not element.total))
        if number < len(branches):
            return self._through(branches[number], [cell])
        self.result.rejected[before] += 1
        return []


class Named(NamedTuple):
    """An element, the name of its step, and its branches."""

    name: str
    element: Element
    inner: list[list[Named]]


def _numbered(elements: Iterable[Element], numbers: Iterator[int]) -> list[Named]:
    named = []
    for element in elements:
        name = f"s{next(numbers)}"
        branches = element.branches if isinstance(element, Fork | Routes) else ()
        named.append(Named(name, element, [_numbered(branch, numbers) for branch in branches]))
    return named


def _parts(elements: list[Named]) -> list[tuple[str, list[Named]]]:
    """Return what lies between steps that need all rows, behind the name of what it begins with."""
    parts: list[tuple[str, list[Named]]] = [("", [])]
    for named in elements:
        if isinstance(named.element, All):
            parts.append((named.name, []))
        else:
            parts[-1][1].append(named)
    return parts
