"""A table of ten sampled columns, made with NeMo Data Designer and no model."""

import json
import sys
from pathlib import Path

import data_designer.config as dd
from data_designer.interface import DataDesigner

job = json.loads(sys.argv[1])

PLANS = ["free", "solo", "team", "firm"]
COLUMNS = {
    "plan": ("category", dd.CategorySamplerParams(values=PLANS, weights=[0.4, 0.3, 0.2, 0.1])),
    "tier": (
        "subcategory",
        dd.SubcategorySamplerParams(
            category="plan", values={plan: [f"{plan}-{number}" for number in range(5)] for plan in PLANS}
        ),
    ),
    "region": ("category", dd.CategorySamplerParams(values=["north", "east", "south", "west"])),
    "load": ("uniform", dd.UniformSamplerParams(low=0, high=1)),
    "seats": ("uniform", dd.UniformSamplerParams(low=0, high=99, decimal_places=0)),
    "score": ("gaussian", dd.GaussianSamplerParams(mean=3, stddev=1)),
    "visits": ("poisson", dd.PoissonSamplerParams(mean=3)),
    "paid": ("bernoulli", dd.BernoulliSamplerParams(p=0.3)),
    "since": ("datetime", dd.DatetimeSamplerParams(start="2020-01-01", end="2022-09-27", unit="D")),
    "id": ("uuid", dd.UUIDSamplerParams()),
}
config = dd.DataDesignerConfigBuilder(model_configs=[])
for name, (kind, params) in COLUMNS.items():
    config.add_column(dd.SamplerColumnConfig(name=name, sampler_type=kind, params=params))
# It wants a provider even where no model is asked.
provider = dd.ModelProvider(name="none", endpoint="http://127.0.0.1:9", api_key="sk-benchmark")
designer = DataDesigner(artifact_path="artifacts", model_providers=[provider])
designer.set_run_config(dd.RunConfig(otel_metrics_port=None))
made = designer.create(config, num_records=job["rows"], dataset_name="table")
made.load_dataset().to_json(Path("rows.jsonl"), orient="records", lines=True)
