"""What was published against plugin API 1 runs, unchanged, for as long as that number stands."""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pluggy
import pytest
from aiohttp import web
from tests.cli.conftest import COMMAND

from seedbed import LLM, PLUGIN_API, AuthenticationError, BadRequestError, Registry, get_llm, run
from seedbed.llm.llm_kind import LLMS
from seedbed.plugins.discovery.scan import Installed, scan
from seedbed.plugins.hooks import Hooks
from seedbed.plugins.kinds import kinds
from seedbed.plugins.policy.eligibility import Status
from seedbed.plugins.policy.policy import Policy
from seedbed.testing import LoopbackServer

FROZEN = Path(__file__).parent / "frozen_v1"
DIGEST = "af99f3def2d6fa9a513d21320f0151c4fe0974252b4ce2883bb7dc6373534b4d"
"""SHA-256 of all files. It is never made anew: where this test fails, the files must be restored."""

HOOKS = {
    "seedbed_task": ["name"],
    "seedbed_llm": ["name"],
    "seedbed_step": ["name"],
    "seedbed_engine": ["name"],
    "seedbed_format": ["name"],
    "seedbed_run_started": ["run"],
    "seedbed_call_finished": ["run", "call"],
    "seedbed_row_finished": ["run", "row"],
    "seedbed_run_finished": ["run", "outcome"],
}

PIPELINE = """
llm: frozen/m
steps:
  - use: frozen-source
  - use: frozen-answer
    with: {style: few}
  - use: frozen-split
  - use: frozen-rank
"""


def digest_of(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


@pytest.fixture
def frozen(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Installed, ...]]:
    """The claims of the frozen plugin, which is installed as long as the test runs."""
    monkeypatch.syspath_prepend(FROZEN)
    yield tuple(claim for claim in scan(refresh=True) if claim.distribution == "frozen-plugin")
    for name in [name for name in sys.modules if name.partition(".")[0] == "frozen_plugin"]:
        del sys.modules[name]
    monkeypatch.undo()
    scan(refresh=True)


@pytest.fixture
def registry(frozen: tuple[Installed, ...]) -> Registry:
    return Registry(frozen, Policy())


def test_the_frozen_files_have_not_been_touched() -> None:
    assert digest_of(FROZEN) == DIGEST, "restore tests/plugins/frozen_v1, and mend what no longer runs it"


def test_all_of_its_plugins_are_found_and_may_serve(registry: Registry) -> None:
    assert PLUGIN_API == 1
    assert [entry.status for entry in registry.entries()] == [Status.OK] * 11


@pytest.mark.slow
def test_its_pipeline_runs_by_name_through_the_command(tmp_path: Path) -> None:
    (tmp_path / "frozen.yaml").write_text(PIPELINE)
    environ = {**os.environ, "PYTHONPATH": str(FROZEN), "PYTHONDONTWRITEBYTECODE": "1"}

    ended = subprocess.run(
        [COMMAND, "run", "frozen.yaml"], cwd=tmp_path, env=environ, capture_output=True, text=True
    )

    assert ended.returncode == 1, ended.stderr
    assert "1 failed: the model declined (row 2)" in ended.stderr
    assert "a dull question" in ended.stderr
    assert "asked before" in ended.stderr
    rows = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [(row["rank"], row["word"], row["question"]) for row in rows] == [
        (1, "MORE", "three more words"),
        (2, "ONE", "one"),
        (3, "THREE", "three more words"),
        (4, "TWO", "two words"),
        (5, "WORDS", "two words"),
        (6, "WORDS", "three more words"),
    ]


ROWS = {
    "frozen-letters": [
        {"number": 0, "topic": "rain", "body": "A calm letter number 0 about rain, briefly."},
        {"number": 1, "topic": "tea", "body": "A calm letter number 1 about tea, briefly."},
        {"number": 2, "topic": "tea", "body": "A calm letter number 2 about tea, briefly."},
    ],
    "frozen-advice": [
        {
            "habit": f"habit {index}",
            "advice": f"Advice on habit {index}",
            "short": f"Shorter: Advice on habit {index}",
        }
        for index in range(3)
    ],
    "frozen-chain": [
        {"position": index, "earlier": earlier, "generation": f"Row {index} after {earlier} others"}
        for index, earlier in enumerate([0, 0, 0, 0, 2, 2])
    ],
    "frozen-stream": [{"text": text} for text in ["Go on. a"] * 2 + ["Go on. b"] * 2 + ["single", "last"]],
}


@pytest.mark.parametrize("name", ROWS)
def test_its_tasks_make_the_rows_that_they_made(name: str, registry: Registry) -> None:
    made = run(name, n=len(ROWS[name]), llm="frozen/m", registry=registry)

    assert list(made.rows()) == [{**row, "model_name": "m"} for row in ROWS[name]]


def test_a_task_is_of_use_without_a_run(registry: Registry) -> None:
    llm = registry.llm("frozen")(model="m", prefix="> ")
    task = registry.task("frozen-stream")(llm=llm, names=["x"])
    task.load()

    assert [row["text"] for rows in task.process() for row in rows] == ["> Go on. x"] * 2 + ["single", "last"]


def test_its_observer_is_told_what_it_was_told(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FROZEN_NOTES", str(tmp_path / "notes"))

    run("frozen-letters", n=1, llm="frozen/m", name="x", observers=["frozen-notes"], registry=registry)

    notes = [json.loads(line) for line in (tmp_path / "notes").read_text().splitlines()]
    body = "A calm letter number 0 about rain, briefly."
    columns = {**ROWS["frozen-letters"][0], "model_name": "m"}
    assert notes == [
        {
            "hook": "started", "run": "x", "task": "frozen-letters", "wanted": 1, "seed": 0,
            "models": ["frozen/m"],
        },
        {
            "hook": "call", "step": "frozen-letters", "row": "0", "tokens": 98,
            "text": json.dumps({"body": body}),
        },
        {"hook": "row", "run": "x", "seq": 0, "verdict": "accepted", "columns": columns},
        {"hook": "finished", "outcome": "complete", "accepted": 1, "rejected": 0},
    ]  # fmt: skip


class FrozenServer(LoopbackServer):
    """The server of the frozen backend; it refuses a prompt about rain."""

    def application(self) -> web.Application:
        application = web.Application()
        application.router.add_get("/models", self._list)
        application.router.add_post("/complete", self._complete)
        return application

    async def _list(self, request: web.Request) -> web.Response:
        return web.json_response({}, status=200 if request.headers["authorization"] == "Bearer key" else 401)

    async def _complete(self, request: web.Request) -> web.Response:
        asked = await request.json()
        said = asked["messages"][-1]["text"]
        if "rain" in said:
            return web.json_response({"error": {"message": "no rain, says key-of-frozen"}}, status=400)
        body = {"text": f"{asked['manner']}: {said}", "cut": False, "read": 3, "written": 4, "model": "m-1"}
        return web.json_response(body, headers={"x-requests-left": "7"})


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FrozenServer]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with FrozenServer() as server:
        yield server


def test_its_backend_for_a_server_asks_and_is_answered(registry: Registry, server: FrozenServer) -> None:
    fields = {"api_key": "key", "base_url": server.url, "manner": "kind"}
    llm = get_llm("frozen-http/m", registry=registry, **fields)

    made = run("frozen-stream", n=2, llm=llm, registry=registry)
    response = llm.complete([{"role": "user", "content": "tea"}])

    assert [row["text"] for row in made.rows()] == ["kind: Go on. a"] * 2
    assert (response.usage.input_tokens, response.usage.output_tokens, response.model) == (3, 4, "m-1")
    assert response.limits is not None
    assert response.limits.requests_left == 7


def test_its_backend_for_a_server_fails_as_it_did(registry: Registry, server: FrozenServer) -> None:
    llm = get_llm("frozen-http/m", registry=registry, api_key="key-of-frozen", base_url=server.url)

    with pytest.raises(AuthenticationError, match="Frozen answered 401"):
        run("frozen-letters", n=1, llm=llm, registry=registry)
    with pytest.raises(BadRequestError, match="no rain, says") as caught:
        llm.complete([{"role": "user", "content": "rain"}])
    assert "key-of-frozen" not in str(caught.value)
    with pytest.raises(AuthenticationError, match="no key for the frozen server"):
        get_llm("frozen-http/m", registry=registry, base_url=server.url).complete(
            [{"role": "user", "content": "x"}]
        )


_SPECS = {hook.__name__: hook for kind in kinds() for hook in kind.hooks}


def test_no_hook_is_gone_and_none_has_lost_an_argument() -> None:
    now = {name: list(inspect.signature(_SPECS[name]).parameters) for name in HOOKS}

    assert {name: arguments[: len(HOOKS[name])] for name, arguments in now.items()} == HOOKS


def seedbed_llm(name: str, context: object) -> type[LLM] | None:
    """The hook as a later Seedbed may have it."""


class LaterHooks(Hooks):
    """Asks with an argument that API 1 did not have at first."""

    def _call(self, hook: pluggy.HookCaller, claim: Installed) -> object:
        if claim.kind.hook != "seedbed_llm":
            return super()._call(hook, claim)
        return hook(name=claim.name, context="a later Seedbed")


LATER_PLUGIN = """
from seedbed import LLM, hookimpl

class LaterLLM(LLM):
    async def respond(self, request): ...

@hookimpl
def seedbed_llm(name, context):
    assert context == "a later Seedbed"
    return LaterLLM
"""


def test_a_new_argument_of_a_hook_breaks_no_old_plugin(site, frozen, monkeypatch) -> None:
    monkeypatch.setattr(LLMS, "hooks", (seedbed_llm,))
    site.install_llm("later", LATER_PLUGIN)
    registry = Registry((*frozen, *site.scan()), Policy())
    monkeypatch.setattr(registry, "_hooks", LaterHooks())

    assert registry.llm("frozen").__name__ == "FrozenLLM"
    assert registry.task("frozen-letters").__name__ == "Letters"
    assert registry.llm("later").__name__ == "LaterLLM"
