"""Which file an LLM comes from, and the hosts that the user allows to it."""

from __future__ import annotations

from seedbed.llm.hosts import address_of, allowed_hosts, is_among
from seedbed.llm.key_guard import chosen_by_user, current_origin, made_in_file


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
