"""Captions of images."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from seedbed import Example, Row
from seedbed_tasks.images import ImageTask
from seedbed_tasks.text_task import written

EXAMPLE_IMAGE = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAAHElEQVR42mP4TyJgGOQaLhgYYEWj"
    "GuirYYimJQBTXYnfKixFWAAAAABJRU5ErkJggg=="
)
"""A red square on white, 16 by 16 pixels."""


class ImageCaption(ImageTask):
    """Describes each image in words.

    Reads `column`: a path, a URL, a data URL, or the bytes (in base64, or as `datasets` has them); adds
    `caption` (text). Models without images are refused before a run begins."""

    goals = ("vision",)
    keywords = ("images", "pictures", "photos", "description", "alt text", "multimodal", "vlm")
    example = Example(rows=[{"image": EXAMPLE_IMAGE}])
    refuses_cut: ClassVar[bool] = True

    template: str = (
        "Describe this image: {{ _style }}. Say only what can be seen. Write the description and nothing "
        "else."
    )
    style: str = Field(
        default="one or two sentences, the most important first",
        min_length=1,
        description="What the caption is like, such as 'alt text of at most 15 words'.",
    )

    @property
    def outputs(self) -> list[str]:
        """The column made."""
        return ["caption"]

    def prompt_values(self) -> dict[str, Any]:
        """Return the style."""
        return {"_style": self.style}

    def format_output(self, output: str | None, input: Row | None) -> Row:
        """Return the caption; a refusal isn't one."""
        return {"caption": written(output)}
