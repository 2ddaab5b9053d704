"""The job, done with NeMo Data Designer, with its resume turned on."""

import json
import sys
import time
from pathlib import Path

import data_designer.config as dd
import pandas
from data_designer.interface import DataDesigner

job = json.loads(sys.argv[1])

numbers = pandas.DataFrame({"number": range(job["rows"])})
model = dd.ModelConfig(
    alias="writer",
    model=job["model"],
    provider="bench",
    inference_parameters=dd.ChatCompletionInferenceParams(max_parallel_requests=job["in_flight"]),
    skip_health_check=True,
)
config = dd.DataDesignerConfigBuilder(model_configs=[model])
config.with_seed_dataset(dd.DataFrameSeedSource(df=numbers))
config.add_column(dd.LLMTextColumnConfig(name="generation", prompt=job["template"], model_alias="writer"))
provider = dd.ModelProvider(name="bench", endpoint=job["base_url"], api_key="sk-benchmark")
designer = DataDesigner(artifact_path="artifacts", model_providers=[provider])
designer.set_run_config(dd.RunConfig(otel_metrics_port=None))
begun = time.monotonic()
made = designer.create(
    config, num_records=job["rows"], dataset_name="stories", resume=dd.ResumeMode.IF_POSSIBLE
)
rows = made.load_dataset()[["number", "generation"]].to_dict("records")
Path("rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
print(json.dumps({"seconds": time.monotonic() - begun}))
