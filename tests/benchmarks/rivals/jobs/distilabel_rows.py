"""The job, done with distilabel. Its cache is in the working directory."""

import json
import sys
import time
from pathlib import Path

from distilabel.models import OpenAILLM
from distilabel.pipeline import Pipeline
from distilabel.steps import LoadDataFromDicts
from distilabel.steps.tasks import TextGeneration

job = json.loads(sys.argv[1])


def main() -> None:
    numbers = [
        {"number": number, "instruction": job["template"].replace("{{ number }}", str(number))}
        for number in range(job["rows"])
    ]
    with Pipeline(name="stories", cache_dir="cache") as pipeline:
        load = LoadDataFromDicts(name="load", data=numbers, batch_size=job["in_flight"])
        llm = OpenAILLM(model=job["model"], base_url=job["base_url"], api_key="sk-benchmark")
        # A batch is what it keeps in flight.
        write = TextGeneration(name="write", llm=llm, input_batch_size=job["in_flight"])
        load >> write
    begun = time.monotonic()
    made = pipeline.run(use_cache=True)["default"]["train"]
    rows = [{"number": row["number"], "generation": row["generation"]} for row in made]
    Path("rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    print(json.dumps({"seconds": time.monotonic() - begun}))


# distilabel starts processes that import this file.
if __name__ == "__main__":
    main()
