"""A key of the environment goes to no host that a file names, unless the user says so."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Result
from tests.support.fault_server import FaultServer, Reply

from seedbed.llm.http.transport import _route

Seedbed = Callable[..., Result]

KEY = "sk-of-the-environment-0123"
HOST = "stranger.example"
# What any of the protocols reads as an answer.
ANSWER = Reply(
    body={
        "choices": [{"message": {"content": "hi there"}, "finish_reason": "stop"}],
        "type": "message",
        "content": [{"type": "text", "text": "hi there"}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }
)

STEPS = "steps: [{use: text-generation}]"
BACKENDS = {
    "openai": ("OPENAI_API_KEY", "{use: openai/m, with: {base_url: 'http://%s/v1'}}"),
    "groq": ("GROQ_API_KEY", "{use: openai/m, with: {preset: groq, base_url: 'http://%s/v1'}}"),
    "azure": (
        "AZURE_OPENAI_API_KEY",
        "{use: openai/m, with: {azure_endpoint: 'http://%s', api_version: '1'}}",
    ),
    "azure token": (
        "AZURE_OPENAI_AD_TOKEN",
        "{use: openai/m, with: {azure_endpoint: 'http://%s', api_version: '1'}}",
    ),
    "headers of the SDK": ("OPENAI_CUSTOM_HEADERS", "{use: openai/m, with: {base_url: 'http://%s/v1'}}"),
    "anthropic": ("ANTHROPIC_API_KEY", "{use: anthropic/m, with: {base_url: 'http://%s'}}"),
    "anthropic token": ("ANTHROPIC_AUTH_TOKEN", "{use: anthropic/m, with: {base_url: 'http://%s'}}"),
    "declared": ("ACME_API_KEY", "{use: acme/m, with: {base_url: 'http://%s'}}"),
    "undeclared": ("ACME_API_KEY", "{use: sly/m, with: {base_url: 'http://%s'}}"),
    "in the body": ("ACME_API_KEY", "{use: sly/m, with: {base_url: 'http://%s', place: body}}"),
    "in the query": ("ACME_API_KEY", "{use: sly/m, with: {base_url: 'http://%s', place: query}}"),
    "host in another field": ("ACME_API_KEY", "{use: sly/m, with: {region: '%s'}}"),
    "another type": ("ACME_API_KEY", "{use: typed/m, with: {server: 'http://%s'}}"),
    "the model is the address": ("ACME_API_KEY", "{use: 'homely/http://%s'}"),
    "asked by the check": ("ACME_API_KEY", "{use: sly/m, with: {base_url: 'http://%s', place: check}}"),
}

ACME = '''
import os

from pydantic import HttpUrl
from seedbed import LLM, Response, get_json, hookimpl, parse_body, post_json


class Acme(LLM):
    """Declares its key."""

    backend = "acme"
    key_env_var = "ACME_API_KEY"
    base_url_env_var = "ACME_BASE_URL"
    provider_hosts = ("api.acme.example",)
    connection_fields = frozenset({"timeout", "base_url"})
    base_url: str = "https://api.acme.example"

    @property
    def endpoint(self):
        return self.base_url

    async def respond(self, request):
        headers = {"x-key": self.resolve_key()}
        answer = await post_json(f"{self.base_url}/ask", {}, headers=headers)
        return Response.of_text(parse_body(answer, "Acme")["choices"][0]["message"]["content"])


class Typed(Acme):
    """Has an address of another type."""

    backend = "typed"
    server: HttpUrl | None = None

    @property
    def endpoint(self):
        return str(self.server)

    async def respond(self, request):
        answer = await post_json(str(self.server) + "v1", {}, headers={"x-key": self.resolve_key()})
        return Response.of_text(parse_body(answer, "Typed")["choices"][0]["message"]["content"])


class Homely(LLM):
    """Has a host of its own, of which it says nothing, unless the model is an address."""

    backend = "homely"
    key_env_var = "ACME_API_KEY"
    effort: str = ""
    headers: dict[str, str] = {}

    async def respond(self, request):
        url = self.model if "://" in self.model else "http://homely.example"
        answer = await post_json(url + "/v1", {}, headers={"x-key": self.resolve_key()})
        return Response.of_text(parse_body(answer, "Homely")["choices"][0]["message"]["content"])


class Sly(LLM):
    """Reads the environment on its own, and says nothing of it."""

    backend = "sly"
    base_url: str = ""
    region: str = ""
    place: str = "header"

    async def check(self):
        if self.place == "check":
            await get_json(self.url, headers={"x-key": os.environ["ACME_API_KEY"]}, timeout=9)

    @property
    def url(self):
        return (self.base_url or f"http://{self.region}") + "/v1"

    async def respond(self, request):
        key = os.environ["ACME_API_KEY"]
        url = f"{self.url}?key={key}" if self.place == "query" else self.url
        headers = {"authorization": f"Bearer {key}"} if self.place == "header" else {}
        answer = await post_json(url, {"key": key} if self.place == "body" else {}, headers=headers)
        return Response.of_text(parse_body(answer, "Sly")["choices"][0]["message"]["content"])


@hookimpl
def seedbed_llm(name):
    return {"acme": Acme, "sly": Sly, "typed": Typed, "homely": Homely}[name]
'''


@pytest.fixture
def stranger(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultServer]:
    """The server that every host leads to, by way of a proxy."""
    from seedbed.testing.packages.fake_site import FakeSite

    for name in ("OPENAI_BASE_URL", "AZURE_OPENAI_ENDPOINT", "ANTHROPIC_BASE_URL", "SEEDBED_ALLOW_HOSTS"):
        monkeypatch.delenv(name, raising=False)
    for name, _ in BACKENDS.values():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(folder / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
    Path("in.jsonl").write_text('{"instruction": "say hi"}\n')
    entry_points = {"seedbed.llms": dict.fromkeys(("acme", "sly", "typed", "homely"), "acme_llm")}
    with FaultServer() as server, FakeSite(folder / "site") as site:
        site.install("acme", entry_points, {"acme_llm": ACME})
        site.scan()
        server.answer_with(ANSWER)
        for name in ("http_proxy", "HTTP_PROXY"):
            monkeypatch.setenv(name, server.url)
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.setenv(name, "127.0.0.1")
        _route.cache_clear()
        yield server
    _route.cache_clear()


def write(llm: str, steps: str = STEPS) -> None:
    Path("p.yaml").write_text(f"llm: {llm}\n{steps}\n")


def secrets_at(server: FaultServer) -> list[Any]:
    return [one for one in server.received if KEY in f"{one.path} {one.query} {one.headers} {one.body!r}"]


RUN = ("run", "p.yaml", "--input", "in.jsonl", "--name", "r")
PREVIEW = ("preview", "p.yaml", "--input", "in.jsonl")


@pytest.mark.variants(10)
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("command", [RUN, PREVIEW], ids=["run", "preview"])
def test_a_file_gets_no_key_of_the_environment(
    seedbed: Seedbed,
    stranger: FaultServer,
    monkeypatch: pytest.MonkeyPatch,
    backend: str,
    command: tuple[str, ...],
) -> None:
    variable, llm = BACKENDS[backend]
    monkeypatch.setenv(variable, f"X-Internal: {KEY}" if "HEADERS" in variable else KEY)
    write(llm % HOST)
    refused = seedbed(*command)
    assert refused.status == 2
    assert all(word in refused.error for word in ("p.yaml", f"'{HOST}'", variable, "--allow-host"))
    assert stranger.count == 0
    assert KEY not in refused.err


@pytest.mark.parametrize("backend", [name for name in BACKENDS if "azure" not in name])
def test_it_goes_where_the_user_allows(
    seedbed: Seedbed, stranger: FaultServer, monkeypatch: pytest.MonkeyPatch, backend: str
) -> None:
    variable, llm = BACKENDS[backend]
    monkeypatch.setenv(variable, f"X-Internal: {KEY}" if "HEADERS" in variable else KEY)
    write(llm % HOST)
    assert seedbed(*RUN, "--allow-host", HOST).status == 0
    assert secrets_at(stranger)


ALLOWED = "{use: acme/m, with: {base_url: 'http://gate.corp.example:8000'}}"


@pytest.mark.parametrize(
    ("names", "allowed"),
    [
        ("gate.corp.example", True),
        ("*.corp.example", True),
        ("GATE.corp.example:8000", True),
        ("a.example, gate.corp.example", True),
        ("gate.corp.example:9000", False),
        ("corp.example", False),
        ("*.gate.corp.example", False),
        ("gate.corp.example.org", False),
    ],
)
def test_hosts_are_compared_whole(
    seedbed: Seedbed, stranger: FaultServer, monkeypatch: pytest.MonkeyPatch, names: str, allowed: bool
) -> None:
    monkeypatch.setenv("ACME_API_KEY", KEY)
    monkeypatch.setenv("SEEDBED_ALLOW_HOSTS", names)
    write(ALLOWED)
    assert seedbed(*RUN).status == (0 if allowed else 2)
    assert bool(secrets_at(stranger)) is allowed


def test_the_users_own_settings_allow_a_host_and_those_beside_the_pipeline_do_not(
    seedbed: Seedbed, stranger: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_API_KEY", KEY)
    write(ALLOWED)
    line = 'allow-hosts = ["gate.corp.example"]\n'
    Path("seedbed.toml").write_text(line)
    Path("pyproject.toml").write_text(f"[tool.seedbed]\n{line}")
    assert seedbed(*RUN).status == 2
    Path("config/seedbed").mkdir(parents=True)
    Path("config/seedbed/seedbed.toml").write_text(line)
    assert seedbed(*RUN).status == 0
    # A relative one would lie beside the pipeline.
    monkeypatch.setenv("XDG_CONFIG_HOME", "config")
    assert seedbed(*RUN, "--restart").status == 2


@pytest.mark.parametrize("text", ["http://gate.example", "gate example", "*", ""])
def test_what_is_no_host_is_refused(seedbed: Seedbed, stranger: FaultServer, text: str) -> None:
    write(ALLOWED)
    assert seedbed(*RUN, "--allow-host", text).status == 2


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("https://api.acme.example", None),
        ("http://api.acme.example", "api.acme.example"),
        ("https://api.acme.example@stranger.example", "stranger.example"),
        ("https://stranger.example/api.acme.example", "stranger.example"),
        ("https://stranger.example\\\\@api.acme.example", ""),
        ("https://api.acme.example.stranger.example", "api.acme.example.stranger.example"),
        ("https://gate.acme.example:8443/v1", None),
        ("https://gate.acme.example/v1", "gate.acme.example"),
        ("http://127.0.0.1:1/v1", None),
        ("http://127.8.0.1:1/v1", None),
        ("http://[::1]:1/v1", None),
        ("http://localhost:1/v1", None),
        ("http://localhost.stranger.example:1/v1", "localhost.stranger.example"),
        ("http://localhost.localdomain:1/v1", "localhost.localdomain"),
        ("http://0.0.0.0:1/v1", "0.0.0.0"),
    ],
)
def test_whose_host_it_is(folder: Path, monkeypatch: pytest.MonkeyPatch, url: str, asked: str | None) -> None:
    from seedbed import UsageError, get_llm
    from seedbed.llm.keys.file_origin import made_in_file

    monkeypatch.setenv("ACME_API_KEY", KEY)
    monkeypatch.setenv("ACME_BASE_URL", "https://gate.acme.example:8443/v2")
    (folder / "a.py").write_text(ACME)
    with made_in_file("p.yaml"):
        llm = get_llm("a.py:Acme/m", base_url=url)
    if asked is None:
        assert llm.resolve_key() == KEY
        return
    with pytest.raises(UsageError, match=r"p\.yaml") as caught:
        llm.resolve_key()
    assert asked in str(caught.value)


def test_what_the_user_types_may_have_the_key(
    seedbed: Seedbed, stranger: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_API_KEY", KEY)
    write("{use: acme/m}")
    typed = f"http://{HOST}"
    assert seedbed(*RUN, "--set", f"llm.base_url={typed}").status == 0
    assert len(secrets_at(stranger)) == 1
    alone = ("run", "text-generation", "--input", "in.jsonl", "--llm", "acme/m")
    assert seedbed(*alone, "--set", f"llm.base_url={typed}").status == 0
    assert len(secrets_at(stranger)) == 2


def test_another_setting_does_not_make_the_files_address_the_users(
    seedbed: Seedbed, stranger: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_API_KEY", KEY)
    write(BACKENDS["declared"][1] % HOST)
    assert seedbed(*RUN, "--set", "llm.temperature=0.5").status == 2
    assert stranger.count == 0


def test_a_key_in_the_file_goes_where_the_file_says(
    seedbed: Seedbed, stranger: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_API_KEY", KEY)
    write("{use: acme/m, with: {base_url: 'http://stranger.example', api_key: of-the-file-itself}}")
    assert seedbed(*RUN).status == 0
    assert stranger.received[0].headers["x-key"] == "of-the-file-itself"


def test_without_a_key_in_the_environment_a_file_may_ask_any_server(
    seedbed: Seedbed, stranger: FaultServer
) -> None:
    write(BACKENDS["openai"][1] % HOST)
    assert seedbed(*RUN).status == 0
    assert "authorization" not in stranger.received[0].headers


def test_a_profile_of_the_anthropic_sdk_stays_at_home(
    seedbed: Seedbed, stranger: FaultServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "configs").mkdir()
    (tmp_path / "credentials").mkdir()
    (tmp_path / "configs/dev.json").write_text('{"version": "1.0", "authentication": {"type": "user_oauth"}}')
    credentials = tmp_path / "credentials/dev.json"
    credentials.write_text(json.dumps({"version": "1.0", "type": "oauth_token", "access_token": KEY}))
    credentials.chmod(0o600)
    monkeypatch.setenv("ANTHROPIC_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("ANTHROPIC_PROFILE", "dev")
    write(BACKENDS["anthropic"][1] % HOST)
    seedbed(*RUN)
    assert not secrets_at(stranger)


def test_a_step_that_holds_an_llm_of_its_own_is_no_way_around(
    seedbed: Seedbed, stranger: FaultServer, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    source = """
from seedbed import Step, get_llm, hookimpl
from seedbed_openai import OpenAILLM

class Judge(Step):
    judge: OpenAILLM | None = None
    late: str = ""
    _made: OpenAILLM | None = None

    def load(self):
        super().load()
        if self.late:
            self._made = get_llm("openai/m", base_url=self.late)

    def process(self, row):
        answer = (self._made or self.judge).complete([{"role": "user", "content": "x"}])
        return {**row, "said": answer.choices[0].text}

@hookimpl
def seedbed_step(name):
    return Judge
"""
    from seedbed.testing.packages.fake_site import FakeSite

    with FakeSite(folder / "other") as site:
        site.install("judging", {"seedbed.steps": {"judge": "judging_step"}}, {"judging_step": source})
        site.scan()
        Path("p.yaml").write_text(
            f"steps: [{{use: judge, with: {{judge: {{model: m, base_url: 'http://{HOST}/v1'}}}}}}]"
        )
        assert seedbed(*RUN).status == 2
        assert seedbed(*RUN, "--set", "judge.judge.temperature=0").status == 2
        Path("p.yaml").write_text(f"steps: [{{use: judge, with: {{late: 'http://{HOST}/v1'}}}}]")
        assert seedbed(*RUN).status == 2
    assert stranger.count == 0


def test_a_kept_order_is_a_file_too(
    seedbed: Seedbed, stranger: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_API_KEY", KEY)
    stranger.answer_with(Reply(400, {"error": {"message": "no"}}))
    typed = ("--set", f"llm.base_url=http://{HOST}")
    seedbed("run", "text-generation", "--input", "in.jsonl", "--llm", "acme/m", "--name", "kept", *typed)
    stranger.answer_with(ANSWER)
    refused = seedbed("runs", "retry", "kept")
    assert refused.status == 2
    assert all(word in refused.error for word in ("kept", HOST, "ACME_API_KEY"))
    assert stranger.count == 0
    assert seedbed("runs", "retry", "kept", "--allow-host", HOST).status == 0
    assert len(secrets_at(stranger)) == 1


def test_a_kept_order_goes_on_where_the_address_is_typed_again(
    seedbed: Seedbed, stranger: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_API_KEY", KEY)
    stranger.answer_with(Reply(400, {"error": {"message": "no"}}))
    typed = ("--set", f"llm.base_url=http://{HOST}")
    seedbed("run", "text-generation", "--input", "in.jsonl", "--llm", "acme/m", "--name", "kept", *typed)
    stranger.answer_with(ANSWER)
    assert seedbed("runs", "retry", "kept", *typed).status == 0
    assert len(secrets_at(stranger)) == 1


def test_no_key_follows_a_redirect(
    seedbed: Seedbed, stranger: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with FaultServer() as near:
        near.answer_with(Reply(307, headers={"location": f"http://{HOST}/v1/chat/completions"}))
        write(f"{{use: openai/m, with: {{base_url: '{near.url}/v1'}}}}")
        seedbed(*RUN)
    assert stranger.count == 0


def shown_as_json(seedbed: Seedbed, name: str) -> list[dict[str, Any]]:
    """Return what is shown of the plugins of a name: a backend may have an LLM and an embedder."""
    shown = json.loads(seedbed("plugins", "show", name, "--json").out)
    return shown if isinstance(shown, list) else [shown]


@pytest.mark.parametrize("backend", ["acme", "openai", "anthropic"])
def test_plugins_show_names_the_key(seedbed: Seedbed, stranger: FaultServer, backend: str) -> None:
    variables = {key["env_var"] for one in shown_as_json(seedbed, backend) for key in one["keys"]}
    assert f"{backend.upper()}_API_KEY" in variables
    assert ("GROQ_API_KEY" in variables) is (backend == "openai")
    assert f"{backend.upper()}_API_KEY" in seedbed("plugins", "show", backend).out


def test_a_missing_key_is_named_before_anything_is_sent(seedbed: Seedbed, stranger: FaultServer) -> None:
    write("{use: acme/m}")
    refused = seedbed(*RUN)
    assert refused.status == 2
    assert "ACME_API_KEY" in refused.error
    assert stranger.count == 0


def test_a_backend_without_keys_offers_none(seedbed: Seedbed, stranger: FaultServer) -> None:
    shown = shown_as_json(seedbed, "llamacpp")
    assert "api_key" not in [parameter["name"] for one in shown for parameter in one["parameters"]]


@pytest.mark.parametrize(
    "llm",
    [
        "homely/m",
        "homely/meta-llama/some-3.3",
        "{use: homely/m, with: {temperature: 0.5, effort: low, timeout: 9, extra: {a: b.c/d}, stop: [.]}}",
        "{use: homely/m, with: {headers: {HTTP-Referer: 'https://my.page.example'}}}",
    ],
)
def test_a_file_that_names_no_host_leaves_the_backend_its_own(
    seedbed: Seedbed, stranger: FaultServer, monkeypatch: pytest.MonkeyPatch, llm: str
) -> None:
    monkeypatch.setenv("ACME_API_KEY", KEY)
    write(llm)
    assert seedbed(*RUN).status == 0
    assert secrets_at(stranger)[0].headers["host"] == "homely.example"


def test_a_header_of_the_environment_does_not_go_along_with_the_files_own_key(
    seedbed: Seedbed, stranger: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", f"X-Internal: {KEY}")
    write(f"{{use: openai/m, with: {{base_url: 'http://{HOST}/v1', api_key: of-the-file-itself}}}}")
    refused = seedbed(*RUN)
    assert refused.status == 2
    assert "OPENAI_CUSTOM_HEADERS" in refused.error
    assert stranger.count == 0
