"""One session of a run as a run of MLflow, which a thread of its own logs."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import Counter
from collections.abc import Mapping
from shlex import quote
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from seedbed import ObservedCall, ObservedOutcome, ObservedRow, ObservedRun

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

logger = logging.getLogger(__name__)

_LONGEST = 500
"""Characters of a parameter: MLflow's databases take no more in some versions."""

_STATUS = {"complete": "FINISHED", "incomplete": "FINISHED", "stopped": "FAILED", "interrupted": "KILLED"}


class MlflowRun:
    """Counts on the observer's thread, and logs on its own: a server that is away holds up nobody.

    Nothing queues up: what is logged is what the counts are at that moment.
    """

    def __init__(self, run: ObservedRun, uri: str | None, experiment: str, every: float) -> None:
        self._run = run
        self._uri = uri
        self._experiment = experiment
        self._every = every
        self._counts: Counter[str] = Counter()
        self._cost: float | None = None
        self._outcome: ObservedOutcome | None = None
        self._trouble = ""
        self._changed = threading.Condition()
        self._has_ended = False
        # A daemon: MLflow's client tries for minutes, and mustn't keep the process from ending.
        threading.Thread(target=self._work, name="seedbed mlflow", daemon=True).start()

    def add_call(self, call: ObservedCall) -> None:
        """Count a call, its tokens and its cost."""
        with self._changed:
            self._counts["calls"] += 1
            self._counts["input_tokens"] += call.usage.input_tokens
            self._counts["output_tokens"] += call.usage.output_tokens
            if call.cost is not None:
                self._cost = (self._cost or 0.0) + call.cost

    def add_reused(self) -> None:
        """Count an answer that the run had."""
        with self._changed:
            self._counts["calls_reused"] += 1

    def add_row(self, row: ObservedRow) -> None:
        """Count a row by its verdict."""
        with self._changed:
            self._counts[f"rows_{row.verdict}"] += 1

    def end(self, outcome: ObservedOutcome, seconds: float) -> None:
        """Have the outcome logged, within so many seconds; log once if that didn't work."""
        with self._changed:
            self._outcome = outcome
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._has_ended, seconds)
            if self._has_ended and not self._trouble:
                return
            why = self._trouble or f"it took more than {seconds:g} s"
        logger.warning(
            "the run isn't in MLflow%s as it should be: %s\n"
            "  the run is complete without that; look at MLFLOW_TRACKING_URI, or leave the observer out",
            _place(self._uri),
            why,
        )

    def _work(self) -> None:
        try:
            self._log()
        except Exception as error:
            # Its kind alone: the text may have an address with a password in it.
            self._trouble = type(error).__name__
            logger.debug("MLflow", exc_info=True)
        finally:
            with self._changed:
                self._has_ended = True
                self._changed.notify_all()

    def _log(self) -> None:
        from mlflow.tracking import MlflowClient

        # Otherwise its client prints the run's address to standard output, between the rows of the dataset.
        os.environ.setdefault("MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT", "true")
        client = MlflowClient(tracking_uri=self._uri)
        made = client.create_run(self._experiment_id(client), run_name=self._run.name, tags=self._tags())
        run = made.info.run_id
        client.log_batch(run, params=_params(self._parameters()))
        while (outcome := self._wait()) is None:
            self._log_metrics(client, run, self._metrics())
        self._log_metrics(client, run, {**self._metrics(), **_figures(outcome)})
        for name, value in _results(self._run, outcome).items():
            client.set_tag(run, name, value)
        client.set_terminated(run, _STATUS[outcome.outcome])

    def _wait(self) -> ObservedOutcome | None:
        with self._changed:
            self._changed.wait_for(lambda: self._outcome is not None, self._every)
            return self._outcome

    def _experiment_id(self, client: MlflowClient) -> str:
        found = client.get_experiment_by_name(self._experiment)
        if found is not None:
            return str(found.experiment_id)
        try:
            return str(client.create_experiment(self._experiment))
        except Exception:
            # Another run may have made it meanwhile.
            found = client.get_experiment_by_name(self._experiment)
            if found is None:
                raise
            return str(found.experiment_id)

    def _tags(self) -> dict[str, str]:
        tags = {"seedbed.run": self._run.name, "seedbed.session": str(self._run.session)}
        return {**tags, "seedbed.folder": str(self._run.folder)} if self._run.folder else tags

    def _parameters(self) -> dict[str, object]:
        run = self._run
        return {
            "task": run.task,
            "wanted": run.wanted,
            "seed": run.seed,
            "steps": ", ".join(run.steps),
            "models": ", ".join(run.models),
        }

    def _metrics(self) -> dict[str, float]:
        with self._changed:
            found = {name: float(count) for name, count in self._counts.items()}
            return found if self._cost is None else {**found, "cost": self._cost}

    def _log_metrics(self, client: MlflowClient, run: str, metrics: Mapping[str, float]) -> None:
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        # Rows decided are the axis of the plots, so that two runs of one task can be compared.
        step = int(sum(value for name, value in metrics.items() if name.startswith("rows_")))
        client.log_batch(run, [Metric(name, value, now, step) for name, value in metrics.items()])


def _params(values: Mapping[str, object]) -> list[Any]:
    from mlflow.entities import Param

    return [Param(name, str(value)[:_LONGEST]) for name, value in values.items()]


def _figures(outcome: ObservedOutcome) -> dict[str, float]:
    """Return the metrics that are known at the end: rows of the whole run, seconds, quality."""
    found: dict[str, float] = {
        "run_accepted": outcome.accepted,
        "run_rejected": outcome.rejected,
        "run_failed": outcome.failed,
        "seconds": outcome.seconds,
    }
    if (quality := outcome.quality) is not None:
        found |= {f"quality_{name}": value for name, value in quality.as_json().items()}
    return found


def _results(run: ObservedRun, outcome: ObservedOutcome) -> dict[str, str]:
    """Return tags that say how the run ended, and where its dataset, card and report are."""
    found: dict[str, str] = {"seedbed.outcome": outcome.outcome}
    if run.folder is not None:
        found["seedbed.report"] = f"seedbed report {quote(run.name)}"
    if outcome.out is None:
        return found
    found["seedbed.dataset"] = str(outcome.out)
    card = outcome.out / "README.md"
    if card.is_file():
        found["seedbed.card"] = str(card)
    return found


def _place(uri: str | None) -> str:
    """Return the server in words, without what may be a password in its address."""
    host = urlsplit(uri or "").hostname
    return f" at '{host}'" if host else ""
