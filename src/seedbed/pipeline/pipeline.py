"""A pipeline: sources of rows, and the steps that rows go through."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from inspect import isroutine
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, Union

from seedbed.errors import UsageError
from seedbed.pipeline.assembly import Link, assemble
from seedbed.pipeline.routing import Route
from seedbed.pipeline.run_defaults import NO_DEFAULTS, RunDefaults
from seedbed.pipeline.topology import Condition, Topology
from seedbed.plugins.authoring.elsewhere import missing_attribute
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.steps import GeneratorStep

if TYPE_CHECKING:
    from seedbed.engine.forecast.forecast import Forecast
    from seedbed.engine.run import Run
    from seedbed.engine.stream import RowStream
    from seedbed.plugins.registry import Registry

Branch: TypeAlias = Union[BaseStep, "Pipeline"]
Branches: TypeAlias = Branch | Route | Sequence[Branch | Route]
"""An operand of `>>`: a step, a pipeline, or a list of branches, each for all rows or with a condition."""

_JOIN = (
    "join steps with >>, such as pipeline = first >> second, or write Pipeline([first, second], name='mine')"
)


class Pipeline:
    """Steps and the links between them: `a >> b >> [c, d] >> e`.

        pipeline = QAPairs() >> [Judge(), Translate()] >> KeepLanguage(language="en")
        pipeline.run(100, llm="openai/gpt-4.1-mini", out="qa.jsonl")

    Steps overlap row by row when it runs. When branches of a fork meet at a step, the rows made from one row
    are joined. Rows of routes (`when`, `otherwise`) aren't joined, since each row takes one route.

    `links` connect the steps, those of one step in the order of its routes; by default the steps follow each
    other. `columns` names the only columns to read of the run's input, `drop` those to leave out. `defaults`
    are for what a run isn't told: how many rows, its input, its caps.
    """

    def __init__(
        self,
        steps: Sequence[BaseStep] = (),
        name: str = "",
        links: Iterable[Link] | None = None,
        *,
        columns: Sequence[str] | None = None,
        drop: Sequence[str] = (),
        defaults: RunDefaults = NO_DEFAULTS,
    ) -> None:
        self.steps = _checked_steps(steps)
        self.name = name
        self.columns = None if columns is None else tuple(columns)
        self.drop = tuple(drop)
        self.defaults = defaults
        self.links = tuple(Link(*pair) for pair in pairwise(self.steps)) if links is None else tuple(links)
        parents = {id(link.parent) for link in self.links}
        self._ends = [step for step in self.steps if id(step) not in parents]

    def __rshift__(self, following: Branches) -> Pipeline:
        routes = _routes(following)
        if routes is None:
            return NotImplemented
        links = {_identity(link): link for link in self.links}
        ends: list[BaseStep | None] = [*self._ends] if self.steps else [None]
        for when, branch in routes:
            found = [*branch._inner_links(), *(link for end in ends for link in branch._entered(end, when))]
            links.update((_identity(link), link) for link in found)
        branches = [branch for _, branch in routes]
        steps = _unique([*self.steps, *(step for branch in branches for step in branch.steps)])
        names = [self.name, *(branch.name for branch in branches if isinstance(following, Pipeline))]
        joined = self._changed(steps, next(filter(None, names), ""), links.values())
        joined._ends = _unique(end for branch in branches for end in branch._ends)
        return joined

    def __rrshift__(self, before: Branches) -> Pipeline:
        return Pipeline() >> before >> self

    def __repr__(self) -> str:
        ways = [f"{link.parent.name} >> {link.child.name}" for link in self.links if link.parent]
        return f"Pipeline({', '.join(ways or [step.name for step in self.steps])})"

    def topology(self) -> Topology:
        """Return the graph of the steps; raise UsageError if it can't run."""
        return assemble(self.steps, self.links)

    @classmethod
    def from_file(cls, path: str | Path, **allowed: Any) -> Pipeline:
        """Return the pipeline of a .yaml, .yml or .json file.

            Pipeline.from_file("instructions.yaml", vars={"tone": "formal"}).run(100, out="made.jsonl")

        Takes `registry`, `vars`, and what the file may do (`allow_code`,
        `allow_paths`, `allow_hosts`, `allow_env`). Raises UsageError for a file that isn't a pipeline, and
        the errors of its plugins and fields.
        """
        from seedbed.pipeline.file import load_pipeline

        return load_pipeline(Path(path), **allowed)

    def to_yaml(self, folder: str | Path = ".", *, registry: Registry | None = None) -> str:
        """Return the text of a pipeline file, from which `from_file` makes the same pipeline.

            Path("mine.yaml").write_text(pipeline.to_yaml())

        `folder` is where the file will be, since its paths are relative to it. A file holds names and data:
        raises UsageError for a class that no plugin of the registry has, for a function or an object among
        the parameters, and for a condition that is a function. A secret is never written, and is an error
        too, unless the pipeline has it from `${env:NAME}` of a file.
        """
        from seedbed.pipeline.writing.pipeline_text import pipeline_text
        from seedbed.plugins.registry import default_registry

        return pipeline_text(self, registry or default_registry(), Path(folder))

    def graph(self, *, mermaid: bool = False) -> str:
        """Return a drawing of the steps and of the ways between them, as text or as a Mermaid flowchart.

            print((SelfInstruct() >> [short, long] >> Compare()).graph())

        Raises UsageError as `topology` does.
        """
        from seedbed.pipeline.drawing import drawn, graph_text
        from seedbed.pipeline.drawing import mermaid as flowchart

        found = drawn.drawn(self.topology())
        return flowchart.mermaid(found) if mermaid else graph_text.graph_text(found)

    def with_steps(self, steps: Mapping[str, BaseStep]) -> Pipeline:
        """Return the same pipeline, with the steps of these names replaced."""
        new = {id(step): steps.get(step.name, step) for step in self.steps}
        links = [
            Link(link.parent and new[id(link.parent)], new[id(link.child)], link.when) for link in self.links
        ]
        made = [new[id(step)] for step in self.steps]
        return self._changed(made, self.name, links)

    def with_defaults(self, defaults: RunDefaults) -> Pipeline:
        """Return the same pipeline with other defaults for its runs."""
        changed = self._changed(self.steps, self.name, self.links)
        changed.defaults = defaults
        return changed

    def run(self, n: int | None = None, **options: Any) -> Run:
        """Run the pipeline; takes the options of `seedbed.run`, and raises its errors.

            (first >> second).run(100, llm="openai/gpt-4.1-mini").rows()

        It returns the `Run`.
        """
        from seedbed.engine.api import run

        return run(self, n, **{"name": self.name or None, **options})

    def plan(self, n: int | None = None, **options: Any) -> Forecast:
        """Return what a run of the pipeline would cost; takes the options of `seedbed.plan`."""
        from seedbed.engine.forecast.plan_run import plan

        return plan(self, n, **{"name": self.name or None, **options})

    async def arun(self, n: int | None = None, **options: Any) -> Run:
        """Run the pipeline from a coroutine or a notebook cell, as `seedbed.arun` does."""
        from seedbed.engine.arun import arun

        return await arun(self, n, **{"name": self.name or None, **options})

    def stream(self, n: int | None = None, **options: Any) -> RowStream:
        """Run the pipeline and iterate over its rows while they're made, as `seedbed.stream` does."""
        from seedbed.engine.stream import stream

        return stream(self, n, **{"name": self.name or None, **options})

    # Hidden from type checkers: if they saw these, they'd accept any attribute, and `with`.
    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            raise missing_attribute("Pipeline", name) or AttributeError(
                f"'Pipeline' object has no attribute {name!r}"
            )

        @classmethod
        def from_yaml(cls, *arguments: Any) -> None:
            """Exists to name `from_file`: a class has no `__getattr__`."""
            raise UsageError("a pipeline is not read by from_yaml", "write Pipeline.from_file('FILE.yaml')")

        def __enter__(self) -> None:
            raise UsageError("a pipeline is not made with `with`", _JOIN)

        def __exit__(self, *exception: object) -> None:
            """Exists because `with` looks it up before it calls `__enter__`."""

    def _changed(self, steps: Sequence[BaseStep], name: str, links: Iterable[Link]) -> Pipeline:
        return Pipeline(steps, name, links, columns=self.columns, drop=self.drop, defaults=self.defaults)

    def _inner_links(self) -> Iterator[Link]:
        return (link for link in self.links if link.parent is not None)

    def _entered(self, parent: BaseStep | None, when: Condition | None) -> list[Link]:
        """Return the links through which rows of `parent` (None: the input) enter, all or on a condition."""
        heads = self._heads()
        if parent is None or any(not isinstance(head.child, GeneratorStep) for head in heads):
            heads = [head for head in heads if not isinstance(head.child, GeneratorStep)]
        only = when and _only(when, heads)
        return [head._replace(parent=parent, when=only or head.when) for head in heads]

    def _heads(self) -> list[Link]:
        linked = {id(link.child) for link in self.links}
        given = [link for link in self.links if link.parent is None]
        return [*given, *(Link(None, step) for step in self.steps if id(step) not in linked)]


def _checked_steps(steps: Sequence[BaseStep]) -> list[BaseStep]:
    if isinstance(steps, str | BaseStep) or not isinstance(steps, Iterable):
        raise UsageError(f"the steps of a pipeline are a list, not {steps!r}", _JOIN)
    listed = list(steps)
    for step in listed:
        _refuse_what_makes_a_step(step)
        if not isinstance(step, BaseStep):
            named = (_of_name(step),) if isinstance(step, str) else ()
            raise UsageError(f"{step!r} is not a step", *named, _JOIN)
    return listed


def _refuse_what_makes_a_step(given: object) -> None:
    """Raise UsageError for a class or a function, and say how to make a step of it."""
    if isinstance(given, type):
        raise UsageError(
            f"{given.__name__!r} is a class, not a step", f"make a step of it: {given.__name__}()"
        )
    if isroutine(given):
        name = given.__name__ if given.__name__.isidentifier() else "the_function"
        raise UsageError(
            f"{given.__name__!r} is a function, not a step",
            "write a step that calls it, and use MyStep():",
            "class MyStep(Step):",
            "    def process(self, row):",
            f"        return {name}(row)",
        )


def _of_name(name: str) -> str:
    return f"make a step of it: get_step({name!r})"


def _only(when: Condition, heads: Sequence[Link]) -> Condition:
    if len(heads) != 1:
        names = " and ".join(f"'{head.child.name}'" for head in heads) or "a step that makes its own rows"
        raise UsageError(
            f"the route of {when.text!r} starts with {names}",
            "start it with one step, such as Pass() >> [first, second]",
        )
    if heads[0].when is not None:
        raise UsageError(
            f"two conditions lead to '{heads[0].child.name}': {when.text!r} and {heads[0].when.text!r}",
            "combine them with `and`, or put a step in between, such as Pass()",
        )
    return when


def _routes(branches: object) -> list[tuple[Condition | None, Pipeline]] | None:
    """Return the branches as pipelines, with their conditions; None if one isn't a branch."""
    listed = list(branches) if isinstance(branches, list | tuple) else [branches]
    routes: list[tuple[Condition | None, Pipeline]] = []
    for item in listed:
        when, branch = (item.when, item.branch) if isinstance(item, Route) else (None, item)
        _refuse_what_makes_a_step(branch)
        if isinstance(branch, BaseStep):
            branch = Pipeline([branch])
        if isinstance(branch, str):
            # A TypeError, as Python raises for what can't be joined.
            raise TypeError(f"unsupported operand for >>: {branch!r} is a name\n  {_of_name(branch)}")
        if not isinstance(branch, Pipeline):
            return None
        routes.append((when, branch))
    return routes


def _identity(link: Link) -> tuple[int, int, Condition | None]:
    return id(link.parent), id(link.child), link.when


def _unique(steps: Iterable[BaseStep]) -> list[BaseStep]:
    return list({id(step): step for step in steps}.values())
