"""An engine with workers keeps the contract of engines."""

from __future__ import annotations

from tests.support.crews import Here

from seedbed.testing import EngineContract, departs
from seedbed.testing.engines.engine_bench import EngineBench, stopped
from seedbed.testing.engines.engine_plans import Numbered
from seedbed.testing.engines.model_server import ModelServer


class TestWorkerEngine(EngineContract):
    engine = Here

    @departs(
        "each worker sends the calls of its own rows in order, so that of a row before one in flight may not "
        "have been sent; the next session decides the rows after it, and finds their answers"
    )
    def test_draining_keeps_what_is_in_flight(self, bench: EngineBench, server: ModelServer) -> None:
        server.hold_from(4)
        session = bench.session(Numbered(), "drained", n=20, concurrency=4)
        with bench.begun(session) as wait:
            server.wait_until_held()
            stopped(session, "drain")
            server.release()
            run = wait()
        assert run is not None
        again = bench.attempt(Numbered(), "drained", n=20)
        assert (run.outcome, again.run.outcome) == ("interrupted", "complete")
        assert not server.repeated
