"""Policy: four places, the strongest one that has a setting wins."""

from __future__ import annotations

import pytest

from seedbed.errors import UsageError
from seedbed.plugins.policy.policy import Policy, read_policy

PYPROJECT = """
[tool.seedbed.plugins]
allow = ["from-pyproject"]
deny = ["from-pyproject"]
prefer = ["from-pyproject"]
"""


def test_each_setting_comes_from_the_strongest_place_that_has_it(tmp_path):
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    assert read_policy(folder=tmp_path, environ={}).deny == ("from-pyproject",)
    (tmp_path / "seedbed.toml").write_text("[plugins]\ndeny = ['from-seedbed']\nprefer = ['from-seedbed']\n")
    policy = read_policy(folder=tmp_path, environ={})
    assert (policy.allow, policy.deny) == (("from-pyproject",), ("from-seedbed",))
    environ = {"SEEDBED_PLUGINS_PREFER": "From_Env, other", "SEEDBED_PLUGINS_DENY": "from-env"}
    policy = read_policy(folder=tmp_path, environ=environ, deny=["from-argument"])
    assert policy.allow == ("from-pyproject",)
    assert policy.deny == ("from-argument",)
    assert policy.prefer == ("from-env", "other")
    assert policy.origin("allow") == f"'allow' in [tool.seedbed.plugins] of {tmp_path / 'pyproject.toml'}"
    assert policy.origin("deny") == "the argument 'deny'"
    assert policy.origin("prefer") == "the environment variable SEEDBED_PLUGINS_PREFER"


def test_the_nearest_folder_upward_that_has_the_table_counts(tmp_path):
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    (tmp_path / "a" / "pyproject.toml").write_text("[project]\nname = 'a'\n")
    (tmp_path / "seedbed.toml").write_text("[plugins]\nprefer = ['outer']\n")
    (tmp_path / "a" / "seedbed.toml").write_text("[plugins]\nallow = ['inner']\n")
    policy = read_policy(folder=inner, environ={})
    assert (policy.allow, policy.prefer) == (("inner",), ("from-pyproject",))


def test_the_working_directory_and_the_environment_are_the_default(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEEDBED_PLUGINS_DENY", "a,,b,")
    assert read_policy().deny == ("a", "b")


def test_an_empty_variable_lifts_a_weaker_setting(tmp_path):
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    assert read_policy(folder=tmp_path, environ={"SEEDBED_PLUGINS_ALLOW": ""}).allow == ()


def test_an_unknown_key_is_refused_with_a_suggestion(tmp_path):
    (tmp_path / "seedbed.toml").write_text("[plugins]\nprefers = ['a']\n")
    with pytest.raises(UsageError) as caught:
        read_policy(folder=tmp_path, environ={})
    assert "'prefers' in [plugins]" in str(caught.value)
    assert str(tmp_path / "seedbed.toml") in str(caught.value)
    assert "did you mean 'prefer'?" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[plugins]\ndeny = 'a'\n", "'deny' in .* is not a list"),
        ("[plugins]\ndeny = [1]\n", "which is not the name of a distribution"),
        ("[plugins]\ndeny = ['a b']\n", "'a b', which is not the name"),
        ("plugins = 3\n", "'plugins' in .* is not a table"),
        ("[plugins\n", "cannot be read"),
    ],
)
def test_a_bad_file_is_named(tmp_path, text, said):
    (tmp_path / "seedbed.toml").write_text(text)
    with pytest.raises(UsageError, match=said) as caught:
        read_policy(folder=tmp_path, environ={})
    assert str(tmp_path / "seedbed.toml") in str(caught.value)


def test_a_broken_pyproject_that_does_not_mention_us_is_left_alone(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[project\n")
    assert read_policy(folder=tmp_path, environ={}).deny == ()


def test_a_bad_argument_is_refused():
    with pytest.raises(UsageError, match="the argument 'deny' has 'a b'"):
        read_policy(environ={}, deny=["a b"])


def test_deny_beats_allow():
    policy = Policy(allow=("a",), deny=("A",))
    assert "denied by the argument 'deny'" in str(policy.objection("a"))
