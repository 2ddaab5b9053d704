"""Datasets arrive on a Hub whole, in one commit, and nothing is sent twice; `datasets` reads them back."""

from __future__ import annotations

import io
import traceback
from pathlib import Path
from typing import Any, ClassVar

import pyarrow.parquet as pq
import pytest
import yaml
from aiohttp import web
from tests.support.hub_server import HubServer

import seedbed
from seedbed import DatasetError, GeneratorTask, Output, Row, Step, UsageError
from seedbed.testing import ScriptedLLM
from seedbed_hub import Hub

PLACE = "hf://ada/jokes"
# huggingface_hub 2.4 sends files in a way that its HTTP client wants to be rid of.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


class Jokes(GeneratorTask):
    """Writes jokes."""

    outputs: ClassVar[list[str]] = ["joke"]
    template: str = "Joke {{ i }}."

    def sample(self, index: int, rng: Any) -> dict[str, Any]:
        return {"i": index}


class Kept(Step):
    """Keeps rows as they are."""

    def process(self, row: Row) -> Row:
        return row


def made(n: int = 10, out: Any = None, **options: Any) -> seedbed.Run:
    llm = ScriptedLLM(lambda request: f"answer to {request.messages[-1]['content']}")
    return seedbed.run(Jokes(llm=llm), n=n, name="jokes", out=out, **options)


def rows_on(hub: HubServer, name: str = "ada/jokes", revision: str = "main") -> list[dict[str, Any]]:
    files = hub.files(name, revision)
    tables = [pq.read_table(io.BytesIO(files[path])) for path in sorted(files) if path.endswith(".parquet")]
    return [row for table in tables for row in table.to_pylist()]


def test_a_run_ends_on_the_hub(hub: HubServer) -> None:
    run = made(out=PLACE)
    assert run.outputs == [PLACE]
    assert [row["joke"] for row in rows_on(hub)] == [f"answer to Joke {i}." for i in range(10)]
    assert hub.messages("ada/jokes") == ["10 rows by Seedbed"]
    assert not hub.repositories["ada/jokes"].private


def test_splits_and_shards_arrive_with_the_card_that_names_them(hub: HubServer) -> None:
    run = made(40, Output(PLACE, split={"train": 0.7, "test": 0.3}, shard_rows=10))
    files = hub.files("ada/jokes")
    counts = {
        path: pq.read_table(io.BytesIO(body)).num_rows for path, body in files.items() if "-of-" in path
    }
    assert sum(counts.values()) == 40
    assert max(counts.values()) == 10
    card = files["README.md"].decode()
    assert yaml.safe_load(card.split("---")[1])["configs"][0]["data_files"] == [
        {"split": "train", "path": "train-*.parquet"},
        {"split": "test", "path": "test-*.parquet"},
    ]
    assert len([*run.rows()]) == 40


def test_datasets_loads_what_was_pushed(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import datasets

    monkeypatch.setattr(datasets.config, "HF_ENDPOINT", hub.url)
    made(40, Output(PLACE, split={"train": 0.7, "test": 0.3}, shard_rows=10))
    loaded = datasets.load_dataset("ada/jokes", cache_dir=str(tmp_path / "cache"))
    jokes = [row["joke"] for split in ("train", "test") for row in loaded[split]]
    assert sorted(jokes) == sorted(f"answer to Joke {i}." for i in range(40))


def test_a_second_push_sends_and_commits_nothing(hub: HubServer) -> None:
    made(out=PLACE)
    hub.calls.clear()
    hub.uploads.clear()
    made(out=PLACE)
    assert not hub.uploads
    assert hub.messages("ada/jokes") == ["10 rows by Seedbed"]
    assert not [call for call in hub.calls if "/commit/" in call or "/storage/" in call]


def test_a_larger_dataset_replaces_the_smaller_one_and_sends_only_what_is_new(hub: HubServer) -> None:
    made(20, Output(PLACE, shard_rows=10))
    first = set(hub.uploads)
    made(30, Output(PLACE, shard_rows=10))
    shards = sorted(path for path in hub.files("ada/jokes") if path.endswith(".parquet"))
    assert shards == [f"train-0000{i}-of-00003.parquet" for i in range(3)]
    assert len(hub.uploads) == len(first) + 1
    assert len(rows_on(hub)) == 30


def test_other_files_stay_and_so_do_fields_of_the_card(hub: HubServer) -> None:
    hub.put("ada/jokes", "notes.txt", b"mine")
    hub.put("ada/jokes", "data/train-00000-of-00001.parquet", b"mine too")
    hub.put("ada/jokes", "README.md", b"---\nlicense: mit\n---\n")
    made(out=PLACE)
    files = hub.files("ada/jokes")
    assert files["notes.txt"] == b"mine"
    assert files["data/train-00000-of-00001.parquet"] == b"mine too"
    assert b"license: mit" in files["README.md"]


def test_a_card_of_somebody_else_is_not_replaced(hub: HubServer) -> None:
    hub.put("ada/jokes", "README.md", b"# My own words\n")
    before = dict(hub.files("ada/jokes"))
    with pytest.raises(DatasetError, match="didn't write"):
        made(out=PLACE)
    assert hub.files("ada/jokes") == before


def test_a_branch_is_made_and_the_main_one_left_alone(hub: HubServer) -> None:
    made(out=f"{PLACE}@draft/1")
    assert len(rows_on(hub, revision="draft/1")) == 10
    assert [*hub.files("ada/jokes")] == [".gitattributes"]


def test_a_private_dataset_is_private_from_the_start(hub: HubServer) -> None:
    made(out=Output(PLACE, private=True))
    assert hub.repositories["ada/jokes"].private


def test_what_should_be_private_is_never_pushed_to_a_public_dataset(hub: HubServer) -> None:
    hub.put("ada/jokes", "notes.txt", b"")
    with pytest.raises(DatasetError, match="is public"):
        made(out=Output(PLACE, private=True))
    assert not hub.uploads


def answering(status: int, said: str, path: str) -> Any:
    async def fault(request: web.Request) -> web.Response | None:
        if path not in request.path:
            return None
        return web.json_response({"error": said}, status=status, headers={"X-Error-Message": said})

    return fault


def test_an_interrupted_push_is_repeated_without_sending_anything_twice(hub: HubServer) -> None:
    hub.faults.append(answering(403, "Over the storage limit", "/commit/"))
    with pytest.raises(DatasetError, match="Over the storage limit"):
        made(30, Output(PLACE, shard_rows=10))
    assert len(hub.uploads) == 3
    hub.faults.clear()
    made(30, Output(PLACE, shard_rows=10))
    assert len(hub.uploads) == 3
    assert len(rows_on(hub)) == 30


def test_a_commit_in_between_is_not_undone(hub: HubServer) -> None:
    async def somebody_commits(request: web.Request) -> None:
        if request.path.endswith("/commit/main"):
            hub.put("ada/jokes", "notes.txt", b"theirs")

    hub.faults.append(somebody_commits)
    with pytest.raises(DatasetError, match="changed meanwhile") as refused:
        made(out=PLACE)
    assert any("push again" in line for line in refused.value.advice)
    assert hub.files("ada/jokes")["notes.txt"] == b"theirs"


def test_without_a_token_nothing_is_spent(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_TOKEN")
    with pytest.raises(UsageError, match=r"there's no token for 127\.0\.0\.1") as refused:
        made(out=PLACE)
    assert any("hf auth login" in line for line in refused.value.advice)
    assert not hub.calls


def test_a_wrong_token_is_refused_before_the_run_and_not_shown(
    hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = "hf_" + "wrong" * 6
    monkeypatch.setenv("HF_TOKEN", wrong)
    hub.faults.append(answering(401, f"Bad token {wrong}", "/whoami"))
    with pytest.raises(UsageError, match="doesn't accept the token") as refused:
        made(out=PLACE)
    assert wrong not in f"{refused.value} {refused.value.__cause__!r} {refused.value.__context__!r}"


def test_a_token_that_may_only_read_is_refused_before_the_run(hub: HubServer) -> None:
    hub.role = "read"
    with pytest.raises(UsageError, match="may only read"):
        made(out=PLACE)


def test_somebody_elses_name_is_refused(hub: HubServer) -> None:
    with pytest.raises(DatasetError, match="may not write 'hf://eve/jokes'"):
        made(out="hf://eve/jokes")


def test_without_a_network_nothing_is_spent(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(UsageError, match=r"127\.0\.0\.1:9 can't be reached"):
        made(out=PLACE)


def test_a_token_in_what_the_hub_says_is_not_shown(hub: HubServer, tmp_path: Path) -> None:
    hub.faults.append(answering(403, f"token {hub.token} may not", "/commit/"))
    (tmp_path / "train-00000-of-00001.parquet").write_bytes(b"rows")
    with pytest.raises(DatasetError, match=r"\[secret\]") as refused:
        Hub().upload(tmp_path, PLACE, {"message": "rows", "private": None, "complete": True})
    assert hub.token not in str(refused.value)


@pytest.mark.parametrize("trouble", ["no token", "no network", "a token that may only read", "a refusal"])
def test_the_password_of_a_mirror_is_not_shown(
    hub: HubServer, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    url = "http://127.0.0.1:9" if trouble == "no network" else hub.url
    monkeypatch.setenv("HF_ENDPOINT", url.replace("http://", "http://me:hunter2-canary@"))
    if trouble == "no token":
        monkeypatch.delenv("HF_TOKEN")
    hub.role = "read" if "read" in trouble else hub.role
    if trouble == "a refusal":
        hub.faults.append(answering(401, f"{hub.token} at me:hunter2-canary@ isn't known", "/whoami"))
    with pytest.raises((UsageError, DatasetError)) as refused:
        made(out=PLACE)
    shown = "".join(traceback.format_exception(refused.value))
    assert "hunter2-canary" not in shown
    assert hub.token not in shown


def test_the_token_goes_to_the_chosen_host_only(hub: HubServer) -> None:
    # The server's storage asserts that it gets no token, and the server's other addresses that they do.
    made(out=PLACE)
    assert any(call.startswith("PUT /storage/") for call in hub.calls)


def test_no_rows_replace_none(hub: HubServer) -> None:
    made(out=PLACE)
    before = dict(hub.files("ada/jokes"))
    emptied = seedbed.run(Kept(), input=[], name="empty", out=PLACE)
    assert hub.files("ada/jokes") == before
    assert (emptied.outcome, emptied.outputs) == ("incomplete", [])
    assert f"nothing was pushed to '{PLACE}': there are no rows" in emptied.notes
