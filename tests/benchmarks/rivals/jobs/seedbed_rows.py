"""The job, done with Seedbed."""

import json
import sys
import time

from seedbed import GeneratorTask, run
from seedbed_openai import OpenAILLM

job = json.loads(sys.argv[1])


class Story(GeneratorTask):
    """A row of one call."""

    template: str = job["template"]

    def sample(self, index, rng):
        return {"number": index}


llm = OpenAILLM(model=job["model"], base_url=job["base_url"], preset="vllm")
begun = time.monotonic()
run(Story(), job["rows"], llm=llm, name="stories", out="rows.jsonl", concurrency=job["in_flight"])
print(json.dumps({"seconds": time.monotonic() - begun}))
