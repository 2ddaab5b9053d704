"""Which file an LLM comes from, and the hosts that the user allows to it."""

from __future__ import annotations

import pytest

from seedbed import UsageError
from seedbed.llm.keys.file_origin import chosen_by_user, current_origin, made_in_file
from seedbed.llm.keys.hosts import address_of, allowed_hosts, is_among
from seedbed.llm.keys.key_guard import asking, check_request
from seedbed_openai import OpenAILLM


def test_a_file_that_is_read_from_another_keeps_the_hosts_that_the_user_allowed() -> None:
    with made_in_file("outer.yaml", ["outer.example"]):
        with made_in_file("inner.yaml", ["inner.example"]):
            origin = current_origin()
            assert origin is not None
            assert origin.file == "inner.yaml"
            assert set(origin.allowed) == {*allowed_hosts(["outer.example", "inner.example"])}
        origin = current_origin()
        assert origin is not None
        assert (origin.file, origin.allowed) == ("outer.yaml", (*allowed_hosts(["outer.example"]),))
    assert current_origin() is None


def test_a_url_that_the_user_typed_is_allowed_as_long_as_that_is_read() -> None:
    with chosen_by_user(["https://typed.example/v1"]):
        # Nothing is kept from an LLM that no file describes.
        assert current_origin() is None
    with made_in_file("some.yaml"):
        before = current_origin()
        with chosen_by_user(["https://typed.example/v1"]):
            origin = current_origin()
            assert origin is not None
            assert is_among(address_of("https://typed.example/v1"), origin.allowed)
            assert not is_among(address_of("https://other.example/v1"), origin.allowed)
        assert current_origin() == before


def test_a_key_that_the_file_holds_itself_is_no_secret_of_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELSEWHERE_API_KEY", "written-in-the-file")
    monkeypatch.setenv("OTHER_API_KEY", "known-to-the-user-alone")
    with made_in_file("some.yaml"):
        llm = OpenAILLM(model="m", base_url="https://stranger.example/v1", api_key="written-in-the-file")
    with asking(llm):
        url = "https://stranger.example/v1/chat/completions"
        check_request(url, {"Authorization": "Bearer written-in-the-file"}, b"{}")
        with pytest.raises(UsageError, match="the secret in OTHER_API_KEY"):
            check_request(url, {"Authorization": "Bearer known-to-the-user-alone"}, b"{}")
