"""The job, done with Bespoke Curator. Its cache is in the working directory."""

import json
import os
import sys
import time
from importlib.util import find_spec
from pathlib import Path

# curator counts tokens with a vocabulary that it downloads; litellm, which it requires, has a copy of it.
(litellm,) = find_spec("litellm").submodule_search_locations
os.environ["TIKTOKEN_CACHE_DIR"] = f"{litellm}/litellm_core_utils/tokenizers"

from bespokelabs import curator  # noqa: E402

job = json.loads(sys.argv[1])


class Story(curator.LLM):
    def prompt(self, row):
        return job["template"].replace("{{ number }}", str(row["number"]))

    def parse(self, row, response):
        return {"number": row["number"], "generation": response}


llm = Story(
    model_name=job["model"],
    backend="openai",
    backend_params={
        "base_url": job["base_url"],
        "max_concurrent_requests": job["in_flight"],
        # Its defaults hold a server without limits to a rate of their own.
        "max_requests_per_minute": 1_000_000,
        "max_tokens_per_minute": 1_000_000_000,
    },
)
begun = time.monotonic()
made = llm([{"number": number} for number in range(job["rows"])], working_dir="cache")
rows = [{"number": row["number"], "generation": row["generation"]} for row in made.dataset]
Path("rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
print(json.dumps({"seconds": time.monotonic() - begun}))
