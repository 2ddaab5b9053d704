"""Questions about images, with answers."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from seedbed import Example, InvalidOutputError, Row
from seedbed.reading import read_json
from seedbed_tasks.image_caption import EXAMPLE_IMAGE
from seedbed_tasks.images import ImageTask
from seedbed_tasks.text_task import is_same


class Question(BaseModel):
    """A question about an image, and its answer."""

    question: str = Field(description="A question that the image answers.")
    answer: str = Field(description="The answer, from the image alone.")


class ImageQuestions(ImageTask):
    """Writes questions about each image, with their answers: a row for each question.

    Reads `column`: a path, a URL, a data URL, or the bytes (in base64, or as `datasets` has them); adds
    `question` and `answer` (texts). A question that comes twice makes one row. Models without images are
    refused before a run begins."""

    explains_output = True
    goals = ("vision",)
    keywords = ("images", "vqa", "visual question answering", "pictures", "multimodal", "vlm")
    example = Example(rows=[{"image": EXAMPLE_IMAGE}], parameters={"questions": 2})

    class Output(BaseModel):
        """What the model writes."""

        questions: list[Question] = Field(description="The questions.")

    template: str = (
        "Write {{ _questions }} different questions about this image, with short answers. Ask about {{ "
        "_kinds }}. "
        "A question can't be answered without the image, and its answer can be seen in it. Write JSON "
        "with the "
        "list `questions`, whose items have `question` and `answer`."
    )
    questions: int = Field(default=3, ge=1, le=50, description="Questions about each image.")
    kinds: list[str] = Field(
        default=["what there is", "how many", "colours", "places of things", "what is happening"],
        min_length=1,
        description="What to ask about.",
    )

    @property
    def outputs(self) -> list[str]:
        """The columns made."""
        return ["question", "answer"]

    def prompt_values(self) -> dict[str, Any]:
        """Return number and kinds of questions."""
        return {"_questions": self.questions, "_kinds": ", ".join(self.kinds)}

    def format_output(self, output: str | None, input: Row | None) -> list[Row]:
        """Return a row for each question that is new and has an answer."""
        rows: list[Row] = []
        for one in read_json(output or "", self.Output).questions:
            question, answer = one.question.strip(), one.answer.strip()
            if question and answer and not any(is_same(question, row["question"]) for row in rows):
                rows.append({"question": question, "answer": answer})
        if not rows:
            raise InvalidOutputError("there's no question with an answer", text=output)
        return rows[: self.questions]
