"""A new plugin has a name that is one, and that nobody else has."""

from __future__ import annotations

import pytest

from seedbed import Registry, UsageError
from seedbed.llm.llm_kind import LLMS
from seedbed.plugins.discovery.scan import Installed
from seedbed.plugins.kinds import PluginKind
from seedbed.plugins.policy.policy import Policy
from seedbed.scaffold.naming import check_name
from seedbed.scaffold.new_package import NewPackage
from seedbed.tasks.task_kinds import STEPS, TASKS

INSTALLED = [
    Installed(TASKS, "riddles", "riddle_tasks", "riddle-tasks", "2.1"),
    Installed(STEPS, "split", "splitting", "splitting", "1.0"),
    Installed(LLMS, "parrot", "parrot_llm", "parrot-llm", "0.3"),
]


@pytest.mark.parametrize(
    ("kind", "name", "said"),
    [
        (TASKS, "Riddles", "the name 'Riddles' is not of the form lower-case-words"),
        (TASKS, "my riddles", "for example my-riddles"),
        (TASKS, "BedtimeStories", "for example bedtime-stories"),
        (TASKS, "../riddles", "is not of the form lower-case-words"),
        (TASKS, "", "is not of the form lower-case-words"),
        (TASKS, "riddles", "is taken by the task of riddle-tasks 2.1"),
        (TASKS, "split", "is taken by the step of splitting 1.0"),
        (TASKS, "join", "is taken by a step of Seedbed's own"),
        (LLMS, "parrot", "is taken by the LLM backend of parrot-llm 0.3"),
        (TASKS, "3d", "for example bedtime-stories"),
        (TASKS, "a/b", "for example a-b"),
        (TASKS, "Übung", "for example ubung"),
        (TASKS, "U\u0308bung", "for example ubung"),
        (TASKS, "Straße", "for example strasse"),
        (TASKS, "naïve Bayes", "for example naive-bayes"),
        (TASKS, "\ufb01ne tuning", "for example fine-tuning"),
        (TASKS, "日本語 qa", "for example bedtime-stories"),
        (TASKS, "вопросы-qa", "for example bedtime-stories"),
        (TASKS, "smørbrød", "for example bedtime-stories"),
        (TASKS, "seedbed-foo", "leave the prefix out: foo"),
        (TASKS, "tasks", "a distribution 'seedbed-tasks' is already installed"),
    ],
)
def test_a_name_that_cannot_be_is_refused(kind: PluginKind, name: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_name(NewPackage(kind, name), Registry(INSTALLED, Policy()))

    assert said in str(caught.value)


@pytest.mark.parametrize(("kind", "name"), [(TASKS, "parrot"), (LLMS, "riddles"), (LLMS, "join")])
def test_tasks_and_backends_do_not_share_their_names(kind: PluginKind, name: str) -> None:
    check_name(NewPackage(kind, name), Registry(INSTALLED, Policy()))


@pytest.mark.parametrize(
    ("kind", "name", "owner"),
    [
        (LLMS, "openai", "seedbed-openai"),
        (TASKS, "openai", "seedbed-openai"),
        (TASKS, "qa-pairs", "seedbed-tasks"),
    ],
)
def test_a_first_party_name_is_refused_where_its_package_is_not_installed(
    kind: PluginKind, name: str, owner: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.path", [])

    with pytest.raises(UsageError, match=f"is taken by Seedbed's own package {owner}"):
        check_name(NewPackage(kind, name), Registry((), Policy()))
