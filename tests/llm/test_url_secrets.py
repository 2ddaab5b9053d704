"""Secrets in URLs are found by structure, and shown nowhere."""

from __future__ import annotations

import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.processor_time import processor_seconds
from tests.support.scripted_llm import impatient

from seedbed import SeedbedError, get_json, get_llm, post_json
from seedbed.llm.calling.loop import loop_thread
from seedbed.llm.http.transport import public_url
from seedbed.llm.keys.url_secrets import holds_url_secret, redacted_urls, url_secrets


@pytest.mark.parametrize(
    ("text", "shown", "secrets"),
    [
        ("https://h/v1", "https://h/v1", ()),
        ("https://h/v1?key=K3Y", "https://h/v1?key=[secret]", ("K3Y",)),
        ("https://h/v1?api-version=2024&code=K3Y", "https://h/v1?api-version=2024&code=[secret]", ("K3Y",)),
        ("https://h/v1?K3Y", "https://h/v1?[secret]", ("K3Y",)),
        ("https://h/v1?key=", "https://h/v1?key=", ()),
        (
            "https://me:pa%20ss@h:8/v1",
            "https://[secret]@h:8/v1",
            ("me:pa%20ss", "me:pa ss", "me", "pa%20ss", "pa ss"),
        ),
        ("https://token@h", "https://[secret]@h", ("token",)),
        ("https://me:p@ss@h/x", "https://[secret]@h/x", ("me:p@ss", "me", "p@ss")),
        ("https://h/v1#K3Y", "https://h/v1#[secret]", ("K3Y",)),
        ('{"u": "https://h?k=K3Y", "n": 1}', '{"u": "https://h?k=[secret]", "n": 1}', ("K3Y",)),
        ("mail me@h.org, see a?b=c", "mail me@h.org, see a?b=c", ()),
    ],
)
def test_what_is_secret_in_a_url(text: str, shown: str, secrets: tuple[str, ...]) -> None:
    assert redacted_urls(text) == shown
    assert url_secrets(text) == secrets
    assert holds_url_secret(text) is bool(secrets)


WORD = st.text("abcXYZ019-._~%+", min_size=6, max_size=12)


@given(WORD, WORD, WORD, st.sampled_from(["key", "sig", "token", "x-functions-key", "q"]))
def test_no_part_survives(user: str, password: str, value: str, name: str) -> None:
    url = f"https://{user}:{password}@host.example/path?api-version=1&{name}={value}"
    shown = redacted_urls(f"at {url} and elsewhere")
    assert not {part for part in (f"{user}:", password, f"={value}") if part in shown.replace("path", "")}
    assert shown.startswith("at https://[secret]@host.example/path?api-version=1&")
    assert redacted_urls(shown).count("[secret]") == shown.count("[secret]")


@pytest.mark.parametrize("backend", ["openai", "anthropic"])
def test_an_llm_shows_no_secret_of_its_address(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    query = "?key=CANARY-Q" if backend == "openai" else ""
    user = "" if backend == "openai" else "me:CANARY-Q@"
    llm = get_llm(f"{backend}/m", base_url=f"https://{user}h.example/v1{query}", api_key="sk-0123456789")
    shown = f"{llm!r} {llm} {llm.endpoint} {llm.answer_settings} {llm.identity!r} {llm.limits_key}"
    assert "CANARY-Q" not in shown
    assert "CANARY-Q" in llm.secrets()
    monkeypatch.setenv(f"{backend.upper()}_BASE_URL", "https://me:CANARY-E@h.example/v1?k=CANARY-E")
    assert "CANARY-E" in get_llm(f"{backend}/m", api_key="sk-0123456789").secrets()


@pytest.mark.parametrize(
    "proxy",
    ["http://me:CANARY-P@127.0.0.1:9", "http://me:CANARY-P@nowhere.invalid:1", "socks5://me:CANARY-P@h:1"],
)
def test_a_proxy_is_shown_without_its_password(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from seedbed.llm.http.transport import _route

    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, proxy)
    _route.cache_clear()
    llm = get_llm("openai/m", preset="vllm", base_url="http://far.example/v1")
    try:
        for call in (
            lambda: post_json("http://far.example/v1?key=CANARY-P", {}, headers={}),
            lambda: get_json("http://far.example/v1?key=CANARY-P", headers={}, timeout=9),
            lambda: impatient(llm).acomplete([{"role": "user", "content": "x"}]),
        ):
            with pytest.raises(SeedbedError) as caught:
                loop_thread().run(call(), twin="")
            assert "CANARY-P" not in "".join(traceback.format_exception(caught.value)) + repr(caught.value)
            assert "CANARY-P" not in repr(caught.value.__cause__)
    finally:
        _route.cache_clear()


@pytest.mark.slow
def test_a_long_text_without_spaces_is_searched_in_one_go() -> None:
    """Searched from each of its letters it would take minutes."""
    text = "x" * 300_000
    found: list[str] = []
    assert processor_seconds(lambda: found.append(redacted_urls(text))) < 10
    assert found == [text]
    assert redacted_urls(f"{text}https://me:K3Y@h") == f"{text}https://[secret]@h"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://me:pa/ss@h:8/x", "https://[secret]@h:8/x"),
        ("https://me:pa?ss@h/x?k=1", "https://[secret]@h/x"),
        ("https://me:pa#ss@h/x", "https://[secret]@h/x"),
        ("s3://AKIA:a/b+c@bucket/x", "s3://[secret]@bucket/x"),
        ("https://h:sk-0123456789/v1", "https://h:[secret]/v1"),
        ("https:/me:pass@h/p.yaml", "https:/[secret]@h/p.yaml"),
        ("https://h:8080/@me/x", "https://h:8080/@me/x"),
        ("https://h:$PORT/v1", "https://h:$PORT/v1"),
        ("https://[::1]:80/x@y", "https://[::1]:80/x@y"),
        ("hf://datasets/me/x@v2/y", "hf://datasets/me/x@v2/y"),
    ],
)
def test_a_password_that_is_not_encoded_is_found_too(url: str, shown: str) -> None:
    """AWS's own keys have slashes, and everyone copies them into an address once."""
    assert redacted_urls(url).partition("?")[0] == shown
    assert public_url(url) == shown
    assert holds_url_secret(url) is ("[secret]" in shown)
