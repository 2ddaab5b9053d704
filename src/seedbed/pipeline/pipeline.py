"""A pipeline: a source of rows and the steps that they go through."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from seedbed.pipeline.topology import Edge, Node, Parent, Topology
from seedbed.tasks.steps import BaseStep

if TYPE_CHECKING:
    from seedbed.engine.run import Run


class Pipeline:
    """Steps in order, `a >> b >> c`; steps overlap row by row when it runs."""

    def __init__(self, steps: Sequence[BaseStep] = (), name: str = "") -> None:
        self.steps = list(steps)
        self.name = name

    def __rshift__(self, following: BaseStep) -> Pipeline:
        return Pipeline([*self.steps, following], self.name)

    def __repr__(self) -> str:
        return f"Pipeline({' >> '.join(step.name for step in self.steps)})"

    def topology(self) -> Topology:
        """Return the graph of the steps, for an engine."""
        names = [step.name for step in self.steps]
        parents = [(), *((Parent(name),) for name in names)]
        return Topology(
            tuple(Node(step, before) for step, before in zip(self.steps, parents, strict=False)),
            tuple(Edge(*pair) for pair in pairwise(names)),
        )

    def run(self, n: int | None = None, **options: Any) -> Run:
        """Run the pipeline; `options` and errors are those of `seedbed.run`."""
        from seedbed.engine.api import run

        return run(self, n, **{"name": self.name or None, **options})
