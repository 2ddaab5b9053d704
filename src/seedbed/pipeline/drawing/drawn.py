"""What a drawing shows of a pipeline: its steps, and what leads to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple, TypeAlias

from seedbed.llm.keys.redaction import redact_typed
from seedbed.pipeline.assembly import INPUT
from seedbed.pipeline.routing import Otherwise
from seedbed.pipeline.topology import Condition, Node, Topology
from seedbed.plugins.names import kebab_case
from seedbed.plugins.owner import claim_to
from seedbed.tasks.base_step import BaseStep
from seedbed.tasks.base_task import BaseTask
from seedbed.tasks.join_steps import CombineStep
from seedbed.tasks.steps import GeneratorStep, GlobalStep

Kind: TypeAlias = Literal["source", "step", "all rows"]
"""Whether a step makes rows, takes them one by one, or waits for all of them."""


class DrawnStep(NamedTuple):
    """A step of a drawing; `use` is its registered name, if its own name is another.

    `joins` is the step of whose rows each becomes one row here, though they came in several ways.
    """

    name: str
    kind: Kind
    use: str = ""
    model: str = ""
    joins: str = ""


class DrawnWay(NamedTuple):
    """A way of rows between two steps; `condition` says which rows take it, all if it's empty."""

    start: str
    end: str
    condition: str = ""


class Drawn(NamedTuple):
    """The steps, each after those it receives rows of, and the arrows, those of one step in route order."""

    steps: tuple[DrawnStep, ...]
    arrows: tuple[DrawnWay, ...]


def drawn(topology: Topology, models: Mapping[str, str] | None = None) -> Drawn:
    """Return what to draw of a topology.

    `models` has the reference of each step's LLM; by default it's taken from the steps.
    """
    steps = [_drawn_step(node, models) for node in topology.nodes]
    arrows = [DrawnWay(edge.parent, edge.child, _text(edge.when)) for edge in topology.edges]
    needy = [
        node.name
        for node in topology.nodes
        if not node.parents and node.name != INPUT and not isinstance(node.step, GeneratorStep)
    ]
    if needy:
        steps = [DrawnStep(INPUT, "source"), *steps]
        arrows = [*(DrawnWay(INPUT, name) for name in needy), *arrows]
    return Drawn(tuple(steps), tuple(arrows))


def _drawn_step(node: Node, models: Mapping[str, str] | None) -> DrawnStep:
    step = node.step
    if node.name == INPUT and not node.parents:
        return DrawnStep(INPUT, "source")
    claim = claim_to(type(step))
    use = claim.name if claim else kebab_case(type(step).__name__)
    model = models.get(node.name, "") if models is not None else _model(step)
    joins = node.merge.fork if node.merge and node.merge.kind == "join" else ""
    return DrawnStep(node.name, _kind(step), "" if use == node.name else use, redact_typed(model), joins)


def _kind(step: BaseStep) -> Kind:
    if isinstance(step, GeneratorStep):
        return "source"
    return "all rows" if isinstance(step, GlobalStep | CombineStep) else "step"


def _model(step: BaseStep) -> str:
    return step.llm.reference if isinstance(step, BaseTask) and step.llm else ""


def _text(when: Condition | None) -> str:
    if when is None:
        return ""
    return when.text if isinstance(when, Otherwise) else f"when {' '.join(when.text.split())}"
