"""References become objects, with fields and names set."""

from __future__ import annotations

import pytest

from seedbed.errors import ParameterError, UnknownPluginError, UsageError
from seedbed.llm.llm import get_llm
from seedbed.tasks.step_references import get_step, get_task


@pytest.fixture
def registry(site):
    site.install_llm("fake")
    groups = {"seedbed.tasks": {"haiku": "mod_t"}, "seedbed.steps": {"keep": "mod_t"}}
    site.install("both", groups, {"mod_t": site.task_module})
    return site.registry()


def test_an_llm_gets_its_model_and_its_fields(registry):
    llm = get_llm("fake/org/model", registry=registry, timeout=5)
    assert (llm.model, llm.timeout) == ("org/model", 5)


def test_a_model_given_twice_is_refused(registry):
    with pytest.raises(ParameterError, match="given twice"):
        get_llm("fake/a", registry=registry, model="b")


def test_a_step_is_named_as_it_is_registered_unless_the_user_names_it(registry):
    assert get_task("haiku", registry=registry).name == "haiku"
    assert get_step("keep", registry=registry).name == "keep"
    assert get_task("haiku", registry=registry, name="mine").name == "mine"


def test_fields_of_a_task_are_checked(registry):
    assert get_task("haiku", registry=registry, instruction="Sing.").instruction == "Sing."
    with pytest.raises(ParameterError, match="the task 'haiku'") as caught:
        get_task("haiku", registry=registry, instrction="Sing.")
    assert "did you mean 'instruction'?" in str(caught.value)


def test_classes_of_a_file_are_used_by_path(site, tmp_path):
    tasks = tmp_path / "tasks.py"
    tasks.write_text(site.task_module)
    assert get_task(f"{tasks}:FakeTask").name == "fake-task"
    assert get_step(f"{tasks}:FakeStep").name == "fake-step"
    llms = tmp_path / "llms.py"
    llms.write_text(site.llm_module)
    assert get_llm(f"{llms}:FakeLLM/org/model").model == "org/model"


def test_a_reference_without_a_model_is_refused_before_the_backend_is_looked_for(registry):
    with pytest.raises(UsageError, match="BACKEND/MODEL"):
        get_llm("fake", registry=registry)
    with pytest.raises(UnknownPluginError, match="'fakee'"):
        get_llm("fakee/model", registry=registry)
