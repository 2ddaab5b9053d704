"""What people added to a card on the Hub stays, and what they wrote is never replaced."""

from __future__ import annotations

import pytest
import yaml

from seedbed import DatasetError
from seedbed_hub.card import LONGEST, merged_card, text_of

NEW = (
    "---\npretty_name: jokes\ntags: [synthetic]\n---\n\n# jokes\n\n<!-- written by seedbed: it says so -->\n"
)


def fields(card: str) -> object:
    return yaml.safe_load(card.split("---")[1])


@pytest.mark.parametrize("text", ["", NEW.partition("---\n\n")[2]])
def test_fields_that_were_added_stay(text: str) -> None:
    card = merged_card(NEW, f"---\r\nlicense: mit\npretty_name: old\n---\n{text}", "hf://ada/jokes")
    assert fields(card) == {"license": "mit", "pretty_name": "jokes", "tags": ["synthetic"]}
    assert card.partition("---\n\n")[2] == NEW.partition("---\n\n")[2]


@pytest.mark.parametrize("old", ["", NEW, "---\n---\n", "---\n# only a comment\n---\n"])
def test_without_added_fields_it_is_the_new_card(old: str) -> None:
    assert merged_card(NEW, old, "hf://ada/jokes") == NEW


@pytest.mark.parametrize(
    "old", ["# My jokes\n", "---\nlicense: mit\n---\n\nBy hand.\n", "--- no front matter"]
)
def test_a_card_that_somebody_wrote_is_not_replaced(old: str) -> None:
    with pytest.raises(DatasetError, match="doesn't replace") as refused:
        merged_card(NEW, old, "hf://ada/jokes")
    assert "'hf://ada/jokes'" in refused.value.fact


@pytest.mark.slow
@pytest.mark.parametrize(
    ("front", "said"),
    [
        ("license: mit\nbad: [\n", "on line 4"),
        ("- license\n", "it isn't made of fields"),
        ("license: !!python/object:os.system {}\n", "python/object"),
        ("d: 2020-13-45\n", "month must be in"),
        (f"a: {'[' * 3000}{']' * 3000}\n", "it's nested too deep"),
        (
            "a0: &a0 {x: 1}\n"
            + "".join(f"a{n + 1}: &a{n + 1} {{<<: [{f'*a{n}, ' * 9}*a{n}]}}\n" for n in range(20)),
            "more than 100 aliases",
        ),
    ],
)
def test_fields_that_cannot_be_read_are_not_replaced(front: str, said: str) -> None:
    with pytest.raises(
        DatasetError, match=rf"'hf://a/b' has a README.md whose front matter.*{said}"
    ) as caught:
        merged_card("# new\n", f"---\n{front}---\n<!-- written by seedbed -->\n", "hf://a/b")
    assert "mend it there" in str(caught.value)


def test_fields_that_nothing_ends_are_not_replaced() -> None:
    with pytest.raises(DatasetError, match="no line `---` ends it"):
        merged_card(NEW, "---\nlicense: mit\n\n<!-- written by seedbed -->\n", "hf://a/b")


def test_a_byte_order_mark_hides_no_fields() -> None:
    old = f"\ufeff---\nlicense: mit\n---\n{NEW.partition('---' + chr(10) * 2)[2]}"
    assert "license" in str(fields(merged_card(NEW, old, "hf://a/b")))


@pytest.mark.parametrize(
    ("card", "said"),
    [(b"---\nlicense: \xff\n---\n", "byte 14 of it"), (b"x" * (LONGEST + 1), "1,000,001 bytes")],
)
def test_a_card_that_is_no_text_or_too_long_is_not_replaced(card: bytes, said: str) -> None:
    with pytest.raises(DatasetError, match=rf"'hf://a/b' has a README.md .*{said}") as caught:
        text_of(card, "hf://a/b")
    assert "remove it" in str(caught.value)
