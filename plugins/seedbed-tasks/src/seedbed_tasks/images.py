"""Images of rows, in the forms that data has them in, for prompts."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from seedbed import InvalidRowError, Message, Reject, Row, Task, UnsupportedError, image_part

_DATA_URL = re.compile(r"data:image/[\w.+-]+;base64,", re.IGNORECASE)
_URL = re.compile(r"https?://", re.IGNORECASE)
_BASE64 = re.compile(r"[A-Za-z0-9+/]{32,}={0,2}")
_MOST_BYTES = 20 * 2**20
"""What providers take at most; more would be paid for and refused."""


class ImageTask(Task):
    """A task over the image of one column, which goes into the prompt before the text of the template."""

    column: str = Field(default="image", min_length=1, description="Column with the image.")
    folder: str = Field(default="", description="Folder that paths of images are relative to.")

    @property
    def inputs(self) -> list[str]:
        """The column of the image, and those that the template reads besides."""
        read = {name for name in super().inputs if not name.startswith("_")}
        return sorted(read | {self.column})

    def load(self) -> None:
        """Load the LLM; raise UnsupportedError if it takes no images, before anything is paid for."""
        llm = self.require_llm()
        if not llm.capabilities.images:
            raise UnsupportedError(
                f"'{llm.reference}' takes no images, which task '{self.name}' is about",
                "use a model that does, such as openai/gpt-4.1-mini or anthropic/claude-sonnet-4-5",
            )
        super().load()

    def format_input(self, input: Row) -> list[Message]:
        """Return the prompt: the image, then the text of the template."""
        *before, user = super().format_input({**input, **self.prompt_values()})
        image = self._image(input.get(self.column))
        return [*before, {**user, "content": [image, {"type": "text", "text": user["content"]}]}]

    def prompt_values(self) -> dict[str, Any]:
        """Return what the template needs from the parameters."""
        return {}

    def _image(self, value: Any) -> dict[str, Any]:
        if isinstance(value, Mapping):
            # As `datasets` has images: {"bytes": ..., "path": ...}.
            value = value.get("bytes") or value.get("url") or value.get("path")
        if value is None or value == "":
            raise Reject(f"column '{self.column}' is empty")
        if not isinstance(value, str):
            raise self._invalid(f"holds a {type(value).__name__}, not an image")
        value = value.strip()
        if _DATA_URL.match(value) or _URL.match(value):
            return image_part(value)
        if _BASE64.fullmatch(value) and (content := _decoded(value)) is not None:
            return self._part(content)
        return self._part(self._content(Path(self.folder, value)))

    def _content(self, path: Path) -> bytes:
        try:
            # A folder would be read as a whole to know it again, and a device such as /dev/zero has no end.
            if not path.is_file():
                raise FileNotFoundError
            if path.stat().st_size > _MOST_BYTES:
                raise self._invalid(f"names a file of more than {_MOST_BYTES // 2**20} MB")
            return self.reads(path).read_bytes()
        except (OSError, ValueError) as error:
            raise self._invalid(f"names the file {str(path)[:80]!r}, which can't be read") from error

    def _part(self, content: bytes) -> dict[str, Any]:
        # By its content: a row that names another file of this machine must not send it to a provider.
        kind = image_type(content)
        if kind is None or len(content) > _MOST_BYTES:
            raise self._invalid("is no PNG, JPEG, GIF or WebP of at most 20 MB")
        return image_part(content, kind)

    def _invalid(self, fact: str) -> InvalidRowError:
        return InvalidRowError(
            f"column '{self.column}' {fact}", "give a path, a URL, a data URL, or the bytes in base64"
        )


def image_type(content: bytes) -> str | None:
    """Return the media type of an image, by its first bytes; None if it's no image that models take."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    return "image/webp" if content[:4] == b"RIFF" and content[8:12] == b"WEBP" else None


def _decoded(text: str) -> bytes | None:
    try:
        content = base64.b64decode(text, validate=True)
    except binascii.Error:
        return None
    # A long path of letters and slashes is base64 as well, but no image.
    return content if image_type(content) else None
