"""What a run does is in MLflow's own store; most are slow, since importing MLflow takes seconds."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from tests.support.fates import SECRET, Fate, answering

from seedbed import BrokenPluginError, UsageError, run
from seedbed.testing import ObserverContract
from seedbed_telemetry import MlflowObserver

slow = pytest.mark.slow


@pytest.fixture(autouse=True)
def no_usage_events(monkeypatch: pytest.MonkeyPatch) -> None:
    """MLflow's client reports its own use to its makers."""
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client of a store in files, which the environment names."""
    from mlflow.tracking import MlflowClient

    uri = (tmp_path / "mlruns").as_uri()
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.delenv("MLFLOW_EXPERIMENT_NAME", raising=False)
    return MlflowClient(tracking_uri=uri)


def logged(client: Any, experiment: str = "seedbed") -> list[Any]:
    """Return the runs of an experiment, first the oldest."""
    found = client.get_experiment_by_name(experiment)
    return client.search_runs([found.experiment_id], order_by=["start_time ASC"])


@slow
class TestMlflow(ObserverContract):
    observer = "mlflow"
    patience = 60.0

    @pytest.fixture(autouse=True)
    def _store(self, store: Any) -> None:
        pass


@slow
def test_a_session_is_a_run_with_its_parameters_and_metrics(store: Any, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    run(Fate(llm=answering()), 3, name="fates", seed=7, out=out, observers=["mlflow"])

    (made,) = logged(store)
    assert (made.info.run_name, made.info.status) == ("fates", "FINISHED")
    assert made.data.params == {
        "task": "fate",
        "wanted": "3",
        "seed": "7",
        "steps": "fate",
        "models": "scripted/scripted",
    }
    metrics = made.data.metrics
    assert (metrics["rows_accepted"], metrics["rows_rejected"], metrics["rows_failed"]) == (2, 1, 1)
    assert (metrics["calls"], metrics["input_tokens"], metrics["output_tokens"]) == (4, 40, 80)
    assert metrics["run_accepted"] == 2
    assert "quality_near_duplicates" in metrics
    assert made.data.tags["seedbed.outcome"] == "incomplete"
    assert made.data.tags["seedbed.dataset"] == str(out)
    assert made.data.tags["seedbed.report"] == "seedbed report fates"
    assert [point.step for point in store.get_metric_history(made.info.run_id, "calls")][-1] == 4


@slow
def test_the_card_of_a_folder_is_named(store: Any, tmp_path: Path) -> None:
    out = tmp_path / "data"
    run(Fate(llm=answering()), 1, name="fates", out=f"{out}/", observers=["mlflow"])

    (made,) = logged(store)
    card = made.data.tags.get("seedbed.card")
    assert card == (str(out / "README.md") if (out / "README.md").exists() else None)


@slow
def test_a_run_that_goes_on_logs_what_it_adds(store: Any) -> None:
    run(Fate(llm=answering()), 1, name="fates")
    run(Fate(llm=answering(), suffix="!"), 1, name="fates", observers=["mlflow"])

    (made,) = logged(store)
    assert made.data.metrics["calls_reused"] == 1
    assert "calls" not in made.data.metrics
    assert made.data.tags["seedbed.session"] == "2"


@slow
def test_neither_keys_nor_texts_are_logged(store: Any, tmp_path: Path) -> None:
    run(Fate(llm=answering()), 3, observers=["mlflow"])

    texts = [path.read_text() for path in (tmp_path / "mlruns").rglob("*") if path.is_file()]
    assert texts
    for secret in (SECRET, "private", "confidentially", "dull"):
        assert not [text for text in texts if secret in text]


@slow
@pytest.mark.filterwarnings("ignore")  # of MLflow's tables, which are written for an older SQLAlchemy
def test_fields_name_the_store_and_the_experiment(tmp_path: Path) -> None:
    from mlflow.tracking import MlflowClient

    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    run(Fate(llm=answering()), 1, observers=[MlflowObserver(uri, "nightly", flush_seconds=300.0)])

    (made,) = logged(MlflowClient(tracking_uri=uri), "nightly")
    assert made.data.metrics["rows_accepted"] == 1


@slow
def test_a_server_that_is_away_costs_a_run_one_line(caplog: pytest.LogCaptureFixture) -> None:
    observer = MlflowObserver(f"http://user:{SECRET}@127.0.0.1:9", flush_seconds=0.1)
    made = run(Fate(llm=answering()), 1, observers=[observer])

    assert made.outcome == "complete"
    (said,) = [one.getMessage() for one in caplog.records if one.name.startswith("seedbed_telemetry")]
    assert "the run isn't in MLflow at '127.0.0.1' as it should be" in said
    assert SECRET not in caplog.text


@pytest.mark.parametrize("name", ["every_seconds", "flush_seconds"])
@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), float("inf")])
def test_a_time_that_is_none_is_refused(name: str, seconds: float) -> None:
    with pytest.raises(UsageError, match=name):
        MlflowObserver(**{name: seconds})


def test_without_the_package_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "seedbed_telemetry.mlflow", raising=False)
    monkeypatch.setattr("seedbed_telemetry.mlflow_observer.find_spec", lambda name: None)
    llm = answering()

    with pytest.raises(BrokenPluginError, match=r"pip install 'seedbed-telemetry\[mlflow\]'"):
        run(Fate(llm=llm), 1, observers=["mlflow"])
    assert llm.requests == []
