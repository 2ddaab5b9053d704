"""Checks run in a process of their own, and a diagnosis names what is wrong."""

from __future__ import annotations

import re
import sys

import pytest

from seedbed.plugins.catalogue.inspection import Level, check_each, check_plugin, diagnose
from seedbed.plugins.policy.lock import Lock, LockedDistribution
from seedbed.plugins.policy.policy import Policy


def checked_among_others(claim, timeout=60.0):
    """Return what is found in a plugin that is checked between two good ones."""
    good = claim._replace(name="good", value="mod_good")
    before, result, after = check_each([good, claim, good._replace(name="last")], timeout=timeout)
    if timeout < 60 and (before.error or after.error):
        # On a busy machine, a good one may need longer than that, too.
        return checked_among_others(claim, timeout=4 * timeout)
    assert (before.error, after.error) == (None, None)
    return result


@pytest.fixture(params=[check_plugin, checked_among_others])
def check(site, monkeypatch, request):
    monkeypatch.setenv("PYTHONPATH", str(site.folder))

    def check(source=None, **options):
        site.install_llm("good")
        site.install_llm("one", *([source] if source is not None else []))
        (claim,) = (claim for claim in site.scan() if claim.name == "one")
        return request.param(claim, **options)

    return check


@pytest.mark.slow
def test_a_good_plugin_is_imported_elsewhere_and_timed(check):
    result = check()
    assert result.error is None
    assert 0 < result.import_seconds <= result.resolve_seconds
    assert "mod_one" not in sys.modules


@pytest.mark.slow
def test_what_a_plugin_prints_does_not_disturb_the_report(check, site):
    noise = "import os, sys; print('{'); sys.stdout.flush(); os.write(1, b'{'); sys.stdout = None\n"
    assert check(noise + site.llm_module).error is None


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("raise RuntimeError('no luck')", "RuntimeError: no luck"),
        ("import os; os._exit(7)", "ended the process with status 7"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "ended the process with status -9"),
        ("import os; os.killpg(0, 9)", "ended the process with status -9"),
        ("raise KeyboardInterrupt", "ended the process with status"),
    ],
)
def test_a_failing_plugin_is_reported(check, source, said):
    assert said in check(source).error


@pytest.mark.slow
@pytest.mark.variants(1)
def test_a_hanging_plugin_is_killed(check):
    result = check("import threading; threading.Event().wait()", timeout=2)
    assert re.fullmatch(r"it was killed after \d+ seconds without an answer", result.error)


@pytest.mark.slow
def test_heavy_imports_at_the_top_of_a_plugin_are_named(check, site):
    for number in range(30):
        path = site.folder / "bulky" / f"part{number}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text("")
    lines = "".join(f"import bulky.part{number}\n" for number in range(30))
    assert check(lines + site.llm_module).heavy_modules == ("bulky",)


@pytest.mark.slow
def test_what_a_plugin_loads_and_whom_it_asks_is_told(check, site):
    source = """
import colorsys
import socket
with socket.socket() as opened:
    opened.connect_ex(("127.0.0.1", 9))
"""
    result = check(source + site.llm_module)
    assert {"colorsys", "mod_one"} <= set(result.modules)
    assert "pydantic" not in result.modules
    assert result.asked == ("('127.0.0.1', 9)",)


def test_a_diagnosis_names_what_is_wrong_and_imports_nothing(site):
    site.install_llm("good")
    site.install_llm("old", requires=["seedbed<0.0.1"])
    site.install_llm("Bad_Name")
    site.install_llm("denied")
    site.install("rival", {"seedbed.llms": {"good": "mod_r"}})
    site.install("typo", {"seedbed.task": {"haiku": "mod_t"}})
    registry = site.registry(Policy(deny=("dist-denied", "nobody")))
    findings = {finding.subject: finding for finding in diagnose(registry)}
    assert sys.executable in findings["interpreter"].text
    assert "claimed by" in findings["LLM backend 'good' of dist-good 1.0"].text
    assert "ambiguous" in findings["LLM backend 'good' of rival 1.0"].text
    assert findings["LLM backend 'old' of dist-old 1.0"].level is Level.ERROR
    assert "invalid name" in findings["LLM backend 'Bad_Name' of dist-Bad_Name 1.0"].text
    assert findings["LLM backend 'denied' of dist-denied 1.0"].level is Level.INFO
    assert "did you mean 'seedbed.tasks'?" in findings["'haiku' of typo 1.0"].text
    assert "no plugin installed" in findings["nobody"].text
    assert not [name for name in sys.modules if name.startswith("mod_")]


def test_what_differs_from_the_lock_is_a_finding(site):
    site.install_llm("new")
    lock = Lock((LockedDistribution("gone-llm", "2.0"),))

    found = {finding.subject: finding for finding in diagnose(site.registry(Policy(lock=lock)))}

    assert found["gone-llm"] == (Level.ERROR, "gone-llm", "2.0 is locked, but it is not installed")
    assert found["LLM backend 'new' of dist-new 1.0"].level is Level.INFO


@pytest.mark.parametrize(
    ("requires", "said"),
    [
        ([], "its metadata requires no version of seedbed: "),
        (["seedbed"], "its metadata requires no version of seedbed: "),
        (["seedbed>=0.1"], "it requires seedbed >=0.1, without an upper bound: "),
        (["seedbed>=0.1,<1"], None),
        (["seedbed~=0.1"], None),
    ],
)
def test_a_requirement_without_an_upper_bound_is_noted(site, requires, said):
    site.install_llm("loose", requires=requires)

    notes = [found for found in diagnose(site.registry()) if found.subject == "dist-loose 1.0"]

    assert [note.level for note in notes] == [Level.INFO] * (said is not None)
    assert all(note.text.startswith(said) for note in notes)
