"""What earlier sessions of a run have spent: a cap counts over all of them."""

from __future__ import annotations

from seedbed.engine.plan import Plan
from seedbed.llm.budget.budget import Spent
from seedbed.llm.budget.prices import Prices
from seedbed.llm.response import Usage
from seedbed.store import RunStore


def spent_before(store: RunStore, plan: Plan, prices: Prices) -> Spent:
    """Return what earlier sessions of a run have spent.

    Calls made before their price was known cost what they'd cost now, so a cap on money that is set later
    counts them as well.
    """
    total = store.spent()
    cost = total.cost
    if plan.bounds.max_cost is not None and total.unpriced:
        backends = {leaf.model_name: leaf for backend in plan.backends for leaf in backend._leaves}
        for model, (sent, answered, cached) in store.unpriced().items():
            if backend := backends.get(model):
                cost += prices.cost_of(backend, Usage(sent, answered, cached)) or 0.0
    return Spent(total.input_tokens + total.output_tokens, cost, total.seconds)
