"""A class that Python or pydantic refuses to make: its plugin, file and line are named, and what to write."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import COMMAND, Result
from tests.plugins.conftest import Site

from seedbed import BrokenPluginError, LLMError, UsageError, get_llm, get_step
from seedbed.plugins.discovery.source_file import load_class
from seedbed.tasks.task_kinds import STEPS

HEAD = """
from typing import TYPE_CHECKING, ClassVar
from pydantic import Field, PrivateAttr, field_validator
from seedbed import LLM, Response, Step, hookimpl

if TYPE_CHECKING:
    from decimal import Decimal

class Client: ...

@hookimpl
def seedbed_step(name):
    return Mine

@hookimpl
def seedbed_llm(name):
    return Mine

"""
IN_A_STEP = HEAD + "class Mine(Step):\n    {body}\n    def process(self, row):\n        return row\n"
IN_AN_LLM = HEAD + "class Mine(LLM):\n    {body}\n    async def respond(self, request): ...\n"

WRONG = [
    ("count = 3", "count: TYPE = 3"),
    ("outputs = ['text']", "outputs: ClassVar[list[str]] = ['text']"),
    ("name = 'mine'", "name: TYPE"),
    ("_client: int = Field(default=3)", "_client: TYPE = PrivateAttr(default=...)"),
    ("count: 'Nothing' = 3", "import or define Nothing where Mine is defined"),
    ("count: 'Decimal'", "`if TYPE_CHECKING:`"),
    ("def __init__(self, count): super().__init__(); self.count = count", "leave `__init__` out"),
    ("@field_validator('nothing')\n    @classmethod\n    def check(cls, value): return value", "validator"),
    ("def outputs(self): return ['text']", "@property"),
    ("def load(self, path): ...", "def load(self):"),
]


@pytest.mark.parametrize(("body", "advice"), WRONG)
def test_a_step_is_named_with_its_file_and_what_to_write(site: Site, body: str, advice: str) -> None:
    source = IN_A_STEP.replace("{body}", body)
    site.install("dist-one", {"seedbed.steps": {"one": "mod_one"}}, {"mod_one": source}, version="2.0")

    with pytest.raises(BrokenPluginError, match=r"the step 'one' of dist-one 2\.0 is broken") as caught:
        get_step("one", registry=site.registry(), **({"count": 1} if "TYPE_CH" in advice else {}))

    assert f"{site.folder / 'mod_one.py'}, line " in str(caught.value)
    assert advice in str(caught.value)
    assert "errors.pydantic.dev" not in str(caught.value)


def test_a_parameter_of_a_backend_that_no_user_can_set_is_named(site: Site) -> None:
    source = IN_AN_LLM.replace("{body}", "client: Client = None")
    site.install("dist-one", {"seedbed.llms": {"one": "mod_one"}}, {"mod_one": source})

    with pytest.raises(BrokenPluginError) as caught:
        get_llm("one/m", registry=site.registry())

    assert "users cannot set a parameter of type mod_one.Client" in str(caught.value)
    assert "PrivateAttr" in str(caught.value)


@pytest.mark.parametrize(("body", "advice"), [WRONG[0], WRONG[8]])
def test_a_class_of_a_file_is_told_the_same(tmp_path: Path, body: str, advice: str) -> None:
    file = tmp_path / "mine.py"
    file.write_text(IN_A_STEP.replace("{body}", body))

    with pytest.raises(UsageError) as caught:
        load_class(f"{file}:Mine", STEPS)

    assert advice in str(caught.value)
    line = HEAD.count("\n") + 1
    assert any(f"{file}, line {line + number}" in str(caught.value) for number in range(3))


def test_an_attribute_that_is_no_field_is_told_how_to_be_one(site: Site) -> None:
    body = "def load(self): self.client = 3"
    site.install_llm("one", IN_AN_LLM.replace("{body}", body))

    llm = get_llm("one/m", registry=site.registry())
    with pytest.raises(LLMError, match="could not be loaded") as caught:
        llm.ensure_loaded()

    assert "`_client: TYPE = PrivateAttr(default=None)`" in str(caught.value)


def test_what_a_class_raises_does_not_show_a_key(site: Site) -> None:
    body = "def model_post_init(self, context): raise OSError(self.api_key.get_secret_value())"
    site.install_llm("one", IN_AN_LLM.replace("{body}", body))

    with pytest.raises(BrokenPluginError) as caught:
        get_llm("one/m", registry=site.registry(), api_key="sk-secret-1234")

    assert "sk-secret-1234" not in repr(caught.value)
    assert caught.value.__cause__ is caught.value.__context__ is None


# A process of its own for each fault.
@pytest.mark.slow
class TestCommand:
    """The command goes on with the other plugins."""

    @pytest.fixture
    def command(self, site: Site, tmp_path: Path) -> Any:
        site.install("dist-task", {"seedbed.steps": {"good": "mod_good"}}, {"mod_good": site.task_module})
        for number, (body, _) in enumerate(WRONG):
            points = {"seedbed.steps": {f"bad-{number}": f"mod_{number}"}}
            site.install(f"dist-{number}", points, {f"mod_{number}": IN_A_STEP.replace("{body}", body)})

        def run(*args: str) -> Result:
            environ = {**os.environ, "PYTHONPATH": str(site.folder)}
            done = subprocess.run([COMMAND, *args], cwd=tmp_path, env=environ, capture_output=True, text=True)
            return Result(done.returncode, done.stdout, done.stderr)

        return run

    @pytest.mark.parametrize(
        "args", [["plugins"], ["schema"], ["plugins", "show", "good"], ["plugins", "check", "good"]]
    )
    def test_other_plugins_go_on_working(self, command: Any, args: list[str]) -> None:
        result = command(*args)

        assert (result.status, result.err) == (0, "")
        assert "good" in result.out or "fake" in result.out

    def test_a_check_shows_each_of_them(self, command: Any) -> None:
        # Each plugin is checked in a process of its own, and there are a hundred of ours.
        ours = (word for number in range(len(WRONG)) for word in ("--allow", f"dist-{number}"))
        result = command("plugins", "check", "--allow", "dist-task", *ours)

        assert result.status == 1
        assert "good" in result.out
        for number, (_, advice) in enumerate(WRONG):
            said = result.out.partition(f"step 'bad-{number}' of dist-{number} 1.0: ")[2]
            assert advice in said.partition("step 'bad-")[0]

    @pytest.mark.parametrize("number", range(len(WRONG)))
    def test_using_one_is_an_error_of_the_plugin_and_no_bug_of_ours(self, command: Any, number: int) -> None:
        for args in (["preview", f"bad-{number}"], ["plugins", "show", f"bad-{number}"]):
            result = command(*args)

            assert result.status in (0, 2) if args[0] == "plugins" else result.status == 2
            assert "bug in seedbed" not in result.err
            assert "Traceback" not in result.err
            if result.status:
                assert f"the step 'bad-{number}' of dist-{number} 1.0" in result.error
