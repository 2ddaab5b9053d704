"""Rows with images, and an LLM that takes none."""

from __future__ import annotations

from typing import Any

from tests.support.scripted_llm import scripted

from seedbed import Task, image_part, run


class Describe(Task):
    template: str = "{{ text }}"

    def format_input(self, input: dict[str, Any]) -> list[dict[str, Any]]:
        parts = [{"type": "text", "text": input["text"]}]
        if input["image"]:
            parts.append(image_part(input["image"]))
        return [{"role": "user", "content": parts}]


def test_a_row_with_an_image_fails_alone_where_the_llm_takes_none() -> None:
    rows = [{"text": "a", "image": ""}, {"text": "b", "image": "https://example.org/b.png"}]

    made = run(Describe(llm=scripted("seen")), input=rows)

    assert [row["text"] for row in made.rows()] == ["a"]
    assert "does not declare the capability 'images'" in made.failures[0].reason
