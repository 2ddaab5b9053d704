"""Which columns the branches of a join make, and how columns with one name are renamed after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from seedbed.errors import UsageError
from seedbed.pipeline.joins.regions import Region
from seedbed.pipeline.made_columns import columns_after
from seedbed.pipeline.topology import Node
from seedbed.tasks.columns.model_name import MODEL_NAME, step_model_name


class Maker(NamedTuple):
    """The step of a branch that made a column, and whether the rows at the branch's end certainly have it."""

    step: str
    is_certain: bool


ColumnNames = Mapping[str, Maker]


def join_renames(region: Region, ends: Sequence[str], nodes: Mapping[str, Node]) -> dict[str, dict[str, str]]:
    """Return, for the last step of each branch, the columns that get another name at the join.

    The first branch keeps `model_name`; in the others it becomes `<step>_model_name`. Raises UsageError for
    any other column that two branches make.
    """
    made = _made(region, nodes)
    branches = {end: made[end] for end in ends}
    _check_clashes(region, branches)
    makers = {end: columns[MODEL_NAME].step for end, columns in branches.items() if MODEL_NAME in columns}
    if len(set(makers.values())) < 2:
        return {}
    first = next(iter(makers.values()))
    return {end: {MODEL_NAME: step_model_name(step)} for end, step in makers.items() if step != first}


def _check_clashes(region: Region, branches: Mapping[str, ColumnNames]) -> None:
    makers: dict[str, dict[str, None]] = {}
    for columns in branches.values():
        for column, maker in columns.items():
            if maker.is_certain and column != MODEL_NAME:
                makers.setdefault(column, {})[maker.step] = None
    for column, (first, *others) in makers.items():
        if others:
            raise UsageError(
                f"'{first}' and '{others[0]}' both make a column '{column}', and meet at '{region.end}'",
                f"give one another name: output_mappings={{'{column}': '{column}_{_snake(others[0])}'}}",
            )


def _made(region: Region, nodes: Mapping[str, Node]) -> dict[str, ColumnNames]:
    """Return the columns made since the fork, as of each step of the region."""
    made: dict[str, ColumnNames] = {region.fork: {}}
    for name in region.below:
        if name != region.fork:
            made[name] = _behind(nodes[name], _above(nodes[name], made))
    return made


def _above(node: Node, made: Mapping[str, ColumnNames]) -> dict[str, Maker]:
    renames = node.merge.renames if node.merge else {}
    branches = [
        {renames.get(end, {}).get(column, column): maker for column, maker in made[end].items()}
        for end, _ in node.parents
    ]
    above = {column: maker for branch in branches for column, maker in branch.items()}
    if node.merge is None or node.merge.kind == "join":
        return above
    return {
        column: Maker(maker.step, all(_is_certain(column, branch) for branch in branches))
        for column, maker in above.items()
    }


def _behind(node: Node, above: Mapping[str, Maker]) -> dict[str, Maker]:
    keeps = node.step.keeps
    removed = frozenset(node.step.removes)
    kept = {
        column: Maker(maker.step, maker.is_certain and keeps)
        for column, maker in above.items()
        if column not in removed
    }
    return {**kept, **{column: Maker(node.name, True) for column in columns_after(node.step, above).columns}}


def _is_certain(column: str, branch: ColumnNames) -> bool:
    return column in branch and branch[column].is_certain


def _snake(name: str) -> str:
    return name.replace("-", "_").replace(" ", "_")
