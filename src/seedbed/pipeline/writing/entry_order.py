"""The order of the entries of a pipeline file, in which it says the order of routes."""

from __future__ import annotations

from itertools import pairwise

from seedbed.errors import UsageError
from seedbed.pipeline.order import in_order
from seedbed.pipeline.topology import Topology


def entry_order(topology: Topology) -> list[str]:
    """Return the names of the steps in an order in which the branches of each step follow each other.

    Raises UsageError if there is none: then two steps have the same branches in different orders.
    """
    before: dict[str, list[str]] = {
        node.name: [parent.step for parent in node.parents] for node in topology.nodes
    }
    for name in list(before):
        for earlier, later in pairwise(topology.children(name)):
            before[later].append(earlier)
    try:
        return in_order(before)
    except UsageError as error:
        raise UsageError(
            "two steps have the same branches in different orders, which a file can't say",
            "put Pass() steps in between",
        ) from error
