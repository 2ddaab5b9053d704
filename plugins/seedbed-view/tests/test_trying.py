"""Other prompts, tried on rows of a run: counted first, then paid for, and nothing is written."""

from __future__ import annotations

import html
import json
import re
import shlex
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

import pytest
from tests.support.asked_server import capitals, command, make_run, prompts_of, write_input
from tests.support.viewing import Answer, Get, cookie_of, post, request, write

from seedbed import Registry, RunReader
from seedbed.cli import invoke
from seedbed.cli.runs.kept_plans import kept_plan
from seedbed.testing import Reply, ScriptedServer
from seedbed_view import Viewer

TEMPLATE = 'Say it\'s {{ instruction }}:\n\n  "$HOME" `x` \\ 100% é\n'
WORDS = ("tea", "milk", "rain", "snow", "wind", "fog")
Try = Callable[..., Answer]


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ScriptedServer]:
    """A server of a model, and a working directory."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    with capitals() as server:
        yield server


@pytest.fixture
def made(server: ScriptedServer, runs: Path) -> ScriptedServer:
    """The server, after a run of six rows."""
    write_input(*WORDS)
    make_run(server, "text-generation", "--input", "in.jsonl", "-o", "made.jsonl")
    server.received.clear()
    return server


@pytest.fixture
def viewer(runs: Path) -> Iterator[Viewer]:
    """The server of the pages, as the command starts it."""
    runs.mkdir(exist_ok=True)
    with Viewer(runs, plan_of=lambda folder: kept_plan(folder, lambda _: Registry())) as viewer:
        yield viewer


def tried(viewer: Viewer, template: str, run: str = "made", **form: str) -> Answer:
    given = {"step": "text-generation", "prompt.template": template, **form}
    return post(viewer, f"/runs/{run}/try", **given)


def counted_in(answer: Answer) -> str:
    (found,) = re.findall(r'name="counted" value="([^"]+)"', answer.text)
    return str(found)


def files_of(run: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in run.iterdir() if path.suffix in (".db", ".timeline")}


@pytest.mark.slow
def test_the_cost_is_shown_first_and_a_click_shows_the_answers_next_to_the_old_ones(
    made: ScriptedServer, runs: Path, viewer: Viewer, get: Get
) -> None:
    before = files_of(runs / "made")
    assert "{{ instruction }}" in get("/runs/made/try").text

    counted = tried(viewer, "Explain {{ instruction }}.")

    assert "<strong>5 calls</strong>" in counted.text
    assert "at most 5,120 output tokens" in counted.text
    assert made.count == 0
    asked = tried(viewer, "Explain {{ instruction }}.", counted=counted_in(counted))
    assert asked.status == 303
    assert prompts_of(made) == sorted(f"Explain {word}." for word in WORDS[:5])
    shown = get(asked.headers["location"]).text
    assert "<del>TEA</del><ins>EXPLAIN TEA.</ins>" in re.sub(r"\s*(?=<ins>)", "", shown)
    assert "5 calls, 50 input + 100 output tokens" in shown
    assert files_of(runs / "made") == before


def test_a_second_click_and_a_page_that_is_loaded_again_pay_for_nothing(
    made: ScriptedServer, viewer: Viewer, get: Get
) -> None:
    digest = counted_in(tried(viewer, "Explain {{ instruction }}."))
    first = tried(viewer, "Explain {{ instruction }}.", counted=digest)

    again = tried(viewer, "Explain {{ instruction }}.", counted=digest)

    assert get(first.headers["location"]).text == get(again.headers["location"]).text
    assert made.count == 5


def test_a_prompt_that_was_changed_after_it_was_counted_is_counted_again(
    made: ScriptedServer, viewer: Viewer
) -> None:
    digest = counted_in(tried(viewer, "Explain {{ instruction }}."))

    changed = tried(viewer, "Explain at length: {{ instruction }}", counted=digest)

    assert changed.status == 200
    assert counted_in(changed) != digest
    assert made.count == 0


@pytest.mark.parametrize(
    ("template", "fact"),
    [
        ("Explain {{ instructoin }}.", "did you mean &#39;instruction&#39;?"),
        ("Explain {{ instruction", "unexpected end of template"),
    ],
)
def test_a_wrong_template_is_refused_before_a_call_and_stays_in_its_field(
    made: ScriptedServer, viewer: Viewer, template: str, fact: str
) -> None:
    answer = tried(viewer, template)

    assert answer.status == 400
    assert fact in answer.text
    assert html.escape(template) in answer.text
    assert made.count == 0


def test_the_row_that_was_looked_at_comes_first(made: ScriptedServer, viewer: Viewer, get: Get) -> None:
    rows = re.findall(r"row\?id=([^&\"]*)", get("/runs/made/rows").text)

    page = get(f"/runs/made/row?id={rows[5]}").text
    (link,) = re.findall(r'href="([^"]*/try[^"]*)">Try another', page)
    form = get(html.unescape(link)).text
    (action,) = re.findall(r'<form method="post" action="([^"]*)"', form)
    counted = post(
        viewer, html.unescape(action), step="text-generation", **{"prompt.template": "{{ instruction }}!"}
    )

    assert "fog!" in counted.text


def test_the_setting_makes_the_same_prompt_from_a_shell(
    made: ScriptedServer, runs: Path, viewer: Viewer, get: Get
) -> None:
    digest = counted_in(tried(viewer, TEMPLATE.replace("\n", "\r\n")))
    asked = tried(viewer, TEMPLATE, counted=digest)
    tried_prompts = prompts_of(made)
    (line,) = re.findall(r'<code id="setting">(.*?)</code>', get(asked.headers["location"]).text, re.DOTALL)
    made.received.clear()

    words = shlex.split(html.unescape(line))
    status = invoke([*command(made, "text-generation"), "--input", "in.jsonl", "-o", "new.jsonl", *words])

    assert status == 0
    assert set(tried_prompts) < set(prompts_of(made))


def test_in_a_pipeline_the_setting_names_the_step_and_the_step_gets_its_own_rows(
    server: ScriptedServer, runs: Path, viewer: Viewer, get: Get
) -> None:
    write_input(*WORDS)
    Path("two.yaml").write_text(
        "input: in.jsonl\nsteps:\n  - name: first\n    use: text-generation\n"
        "  - name: second\n    use: text-generation\n    with:\n      template: 'Again: {{ generation }}'\n"
    )
    make_run(server, "two.yaml", "-o", "made.jsonl")
    server.received.clear()
    text = {"prompt.template": "Once more: {{ generation }}", "step": "second"}

    counted = post(viewer, "/runs/made/try", **text)
    asked = post(viewer, "/runs/made/try", counted=counted_in(counted), **text)

    assert prompts_of(server) == sorted(f"Once more: {word.upper()}" for word in WORDS[:5])
    assert (
        "--set &#39;second.template=Once more: {{ generation }}&#39;" in get(asked.headers["location"]).text
    )


def test_a_run_from_python_says_that_its_options_are_not_known(runs: Path, viewer: Viewer, get: Get) -> None:
    step = {"name": "made", "llms": [{"reference": "openai/m"}], "fields": {"template": "Say {{ text }}"}}
    write(runs / "python", [{"text": "tea"}], steps=[step])

    answer = post(viewer, "/runs/python/try", step="made", **{"prompt.template": "Tell {{ text }}"})

    assert answer.status == 400
    assert "was made from Python" in answer.text


def test_a_run_whose_plugin_is_missing_says_so(runs: Path, viewer: Viewer) -> None:
    step = {"name": "made", "llms": [{"reference": "openai/m"}], "fields": {"template": "Say {{ text }}"}}
    write(runs / "gone", [{"text": "tea"}], steps=[step], order=kept_order("nobodys-task"))

    answer = post(viewer, "/runs/gone/try", step="made", **{"prompt.template": "Tell {{ text }}"})

    assert answer.status == 400
    assert "nobodys-task" in answer.text


def test_a_server_that_refuses_is_an_error_that_says_so(made: ScriptedServer, viewer: Viewer) -> None:
    digest = counted_in(tried(viewer, "Explain {{ instruction }}."))
    made.answer_with(Reply(401, {"error": {"message": "no such key"}}))

    answer = tried(viewer, "Explain {{ instruction }}.", counted=digest)

    assert answer.status == 400
    assert "no such key" in answer.text


def test_a_key_of_the_environment_is_not_sent_where_only_the_run_says_so(
    server: ScriptedServer, runs: Path, viewer: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "CANARY-1")
    write_input("tea")
    # As a stranger's folder of runs may have it. The prompt names the host too: that's no permission.
    elsewhere = "https://evil.example/v1"
    step = {"name": "text-generation", "llms": [{"reference": "openai/m"}]}
    order = {**kept_order("text-generation", f"llm.base_url={elsewhere}"), "input": "in.jsonl"}
    template = f"See {elsewhere}: {{{{ instruction }}}}"
    manifest = {"steps": [{**step, "fields": {"template": template}}], "order": order}
    write(runs / "strange", [{"instruction": "tea"}], **manifest)

    answer = tried(viewer, template + "!", "strange")

    assert answer.status == 400
    problem = answer.text.partition('role="alert"')[2].partition("</div>")[0]
    assert "evil.example" in problem
    assert "CANARY" not in answer.text


def kept_order(what: str, *settings: str) -> dict[str, object]:
    given = {"what": what, "llm": "openai/m", "n": None, "input": None, "settings": [*settings]}
    return {**given, "withheld": [], "folder": str(Path.cwd())}


def test_answers_that_are_the_same_are_said_to_be(made: ScriptedServer, viewer: Viewer, get: Get) -> None:
    template = "{% if instruction == 'tea' %}Hot {% endif %}{{ instruction }}"
    asked = tried(viewer, template, counted=counted_in(tried(viewer, template)))

    shown = get(asked.headers["location"]).text

    assert shown.count("the same as before") == 4
    assert "<ins>HOT " in shown


@pytest.mark.parametrize("origin", ["http://evil.example", "null"])
def test_another_page_cannot_make_this_one_ask(made: ScriptedServer, viewer: Viewer, origin: str) -> None:
    digest = counted_in(tried(viewer, "Explain {{ instruction }}."))
    form = {"step": "text-generation", "prompt.template": "Explain {{ instruction }}.", "counted": digest}

    assert post(viewer, "/runs/made/try", origin=origin, **form).status == 403
    headers = {
        "Origin": f"http://127.0.0.1:{viewer.port}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    assert request(viewer, "/runs/made/try", headers, "POST", urlencode(form)).status == 403
    assert made.count == 0


@pytest.mark.slow
def test_what_cannot_be_tried_is_an_error(made: ScriptedServer, viewer: Viewer, get: Get) -> None:
    assert tried(viewer, "x" * 2_000_000).status == 413
    assert tried(viewer, "x", step="nothing").status == 404
    assert tried(viewer, "x", run="nothing").status == 404
    assert post(viewer, "/runs/made/try", step="text-generation", **{"prompt.nothing": "x"}).status == 400
    assert get("/runs/made/try?seen=nothing&step=text-generation").status == 200
    assert made.count == 0


def test_what_was_answered_is_shown_as_text(made: ScriptedServer, viewer: Viewer, get: Get) -> None:
    template = "<script>alert(1)</script>\x1b[2J {{ instruction }}"
    asked = tried(viewer, template, counted=counted_in(tried(viewer, template)))

    text = get(asked.headers["location"]).text

    assert "<script>alert" not in text.lower()
    assert "&lt;SCRIPT&gt;" in text


def test_without_the_command_nothing_can_be_asked(runs: Path, made: ScriptedServer) -> None:
    with Viewer(runs) as viewer:
        answer = tried(viewer, "Explain {{ instruction }}.")
        assert request(viewer, "/runs/made/try", {"Cookie": cookie_of(viewer)}).status == 200

    assert answer.status == 400
    assert "seedbed view" in answer.text


def test_another_model_or_parameter_than_was_counted_is_counted_again(
    made: ScriptedServer, runs: Path, viewer: Viewer
) -> None:
    digest = counted_in(tried(viewer, "Explain {{ instruction }}."))

    change_order(runs / "made", llm="openai/gpt-4.1")
    with_another_model = tried(viewer, "Explain {{ instruction }}.", counted=digest)
    change_order(runs / "made", llm="openai/m", settings=["llm.max_tokens=7"])
    with_other_parameters = tried(viewer, "Explain {{ instruction }}.", counted=digest)

    found = [with_another_model, with_other_parameters]
    assert [one.status for one in found] == [200, 200]
    assert len({digest, *map(counted_in, found)}) == 3
    assert made.count == 0


@pytest.mark.slow
def test_what_came_of_an_older_run_of_the_same_name_is_not_shown(
    made: ScriptedServer, runs: Path, viewer: Viewer, get: Get
) -> None:
    template = "Explain {{ instruction }}."
    asked = tried(viewer, template, counted=counted_in(tried(viewer, template)))
    assert "What came of it" in get(asked.headers["location"]).text

    change(runs / "made", "UPDATE sessions SET started = '2026-01-01T00:00:00.000+00:00'")

    assert "What came of it" not in get(asked.headers["location"]).text
    assert counted_in(tried(viewer, template)) not in asked.headers["location"]


@pytest.mark.slow
def test_columns_of_the_user_that_end_like_those_of_seedbed_are_shown(
    server: ScriptedServer, runs: Path, viewer: Viewer, get: Get
) -> None:
    write_input(*WORDS)
    renamed = '--set=output_mappings={"generation": "car_model_name"}'
    make_run(server, "text-generation", renamed, "--input", "in.jsonl", "-o", "made.jsonl")

    asked = tried(
        viewer,
        "Explain {{ instruction }}.",
        counted=counted_in(tried(viewer, "Explain {{ instruction }}.")),
    )

    shown = get(asked.headers["location"]).text
    assert "<h4>car_model_name</h4>" in shown
    assert "<h4>model_name</h4>" not in shown


def change(run: Path, statement: str, *values: str) -> None:
    with closing(sqlite3.connect(run / "run.db")) as file, file:
        file.execute(statement, values)


def change_order(run: Path, **changes: object) -> None:
    """Change the options that a run was started with, as an edited pipeline file would."""
    with RunReader.open(run) as reader:
        session = reader.last_working_session()
    assert session is not None
    order = {**session.manifest["order"], **changes}
    if "settings" in changes:
        base = [one for one in session.manifest["order"]["settings"] if one.startswith("llm.base_url")]
        order["settings"] = [*base, *order["settings"]]
    change(run, "UPDATE sessions SET manifest = ?", json.dumps({**session.manifest, "order": order}))
