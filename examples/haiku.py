"""A task in ten lines; run it as a program or with `seedbed run examples/haiku.py:Haiku --llm REF -n 4`."""

from __future__ import annotations

import random
import sys
from typing import Any

from seedbed import GeneratorTask, run


class Haiku(GeneratorTask):
    """Haiku about the seasons."""

    template: str = "Write a haiku about {{ season }}."

    def sample(self, index: int, rng: random.Random) -> dict[str, Any]:
        return {"season": rng.choice(["spring", "summer", "autumn", "winter"])}


if __name__ == "__main__":
    llm = sys.argv[1] if len(sys.argv) > 1 else "llamacpp/smollm2-135m"
    for row in run(Haiku(generation={"max_tokens": 60}), n=4, llm=llm).rows():
        print(f"{row['season']}:\n{row['generation']}\n")
