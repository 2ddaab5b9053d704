"""The whole contract of an engine."""

from __future__ import annotations

from seedbed.testing.engines.engine_caps import EngineCapContract
from seedbed.testing.engines.engine_kills import EngineKillContract
from seedbed.testing.engines.engine_reports import EngineReportContract
from seedbed.testing.engines.engine_rows import EngineRowContract
from seedbed.testing.engines.engine_stops import EngineStopContract


class EngineContract(
    EngineRowContract, EngineStopContract, EngineCapContract, EngineReportContract, EngineKillContract
):
    """What Seedbed expects of every engine.

    You give one fact, the engine, by its registered name or its class:

        class TestCluster(EngineContract):
            engine = "cluster"

    The contract runs plans of every kind with it and with the built-in engine, over a real server, which may
    be asked from any process. What the engine `lacks` is skipped. A run that hasn't ended after `patience`
    seconds hangs. Tests that kill a process take seconds: `-m "not slow"` leaves them out.
    """
