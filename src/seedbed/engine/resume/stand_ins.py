"""Steps that stand in for their earlier selves: a retry with another LLM keeps the rows that are there.

All that a run keeps is known by the fingerprints of its steps. After a retry with another LLM or other
parameters, a step therefore goes by the fingerprint that the run's rows were made under, in this session and
in all that follow, whichever of the two a user asks for: otherwise the rows of the one model would be thrown
away as soon as the other is named again.
"""

from __future__ import annotations

import orjson

from seedbed.engine.resume.fingerprint import step_basis, step_fingerprint
from seedbed.store import RunStore
from seedbed.store.run_queries import RunQueries
from seedbed.tasks.steps import BaseStep

_IN_PLACE_OF = "own"
_BASIS = "basis"


def standing_fingerprint(step: BaseStep, seed: int, kept: RunQueries, *, retrying: bool = False) -> bytes:
    """Return the fingerprint that a step goes by in a run, without the files that it reads as it works."""
    own = step_fingerprint(step, seed)
    if retrying and (earlier := _made_under(step, seed, kept)) is not None:
        return earlier
    known = _stand_ins(step, kept).get(own.hex())
    return own if known is None else bytes.fromhex(known)


def record_stand_in(step: BaseStep, seed: int, store: RunStore) -> None:
    """Have the run remember that a step stands in for its earlier self, where a retry has it do so.

    It is durable before any row that is made so: the store keeps the order of what it is given.
    """
    own, goes_by = step_fingerprint(step, seed), standing_fingerprint(step, seed, store, retrying=True)
    known = _stand_ins(step, store)
    if known.get(own.hex(), own.hex()) != goes_by.hex():
        store.set_mark(_mark(step), orjson.dumps({**known, own.hex(): goes_by.hex()}))


def manifest_entries(step: BaseStep, seed: int, kept: RunQueries, *, retrying: bool) -> dict[str, str]:
    """Return what a manifest says of a step for a later retry."""
    goes_by = standing_fingerprint(step, seed, kept, retrying=retrying)
    return {_IN_PLACE_OF: goes_by.hex(), _BASIS: step_basis(step, seed).hex()}


def _made_under(step: BaseStep, seed: int, kept: RunQueries) -> bytes | None:
    """Return the fingerprint of the last session, where the step differs in its LLM or parameters alone."""
    session = kept.last_working_session()
    steps = session.manifest.get("steps", ()) if session is not None else ()
    earlier: dict[str, str] = next((entry for entry in steps if entry["name"] == step.name), {})
    if earlier.get(_BASIS) != step_basis(step, seed).hex():
        return None
    return bytes.fromhex(earlier[_IN_PLACE_OF])


def _stand_ins(step: BaseStep, kept: RunQueries) -> dict[str, str]:
    stored = kept.get_mark(_mark(step))
    return dict(orjson.loads(stored)) if stored else {}


def _mark(step: BaseStep) -> str:
    return f"{step.name} stands in"
