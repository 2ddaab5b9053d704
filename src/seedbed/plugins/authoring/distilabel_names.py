"""Classes, modules and functions of distilabel, and what to write instead."""

from __future__ import annotations

from collections.abc import Mapping

_WITH_PRESET = (
    "AnyscaleLLM AzureOpenAILLM ClientvLLM GroqLLM InferenceEndpointsLLM MistralLLM OllamaLLM TogetherLLM"
)

MODELS: Mapping[str, str] = {
    "AnthropicLLM": "anthropic",
    "LlamaCppLLM": "llamacpp",
    **dict.fromkeys(("OpenAILLM", *_WITH_PRESET.split()), "openai"),
}
"""Classes of models, with the backend that takes their place."""

TASKS: Mapping[str, str] = {
    "APIGenExecutionChecker": "function-calls",
    "APIGenGenerator": "function-calls",
    "APIGenSemanticChecker": "function-calls",
    "ArgillaLabeller": "classify",
    "BitextRetrievalGenerator": "bitext",
    "CLAIR": "clair",
    "ChatGeneration": "chat",
    "ComplexityScorer": "complexity-score",
    "DeitaFiltering": "deita",
    "EmbeddingTaskGenerator": "embedding-tasks",
    "EvolComplexity": "evol-complexity",
    "EvolComplexityGenerator": "evol-complexity",
    "EvolInstruct": "evol-instruct",
    "EvolInstructGenerator": "evol-instruct",
    "EvolQuality": "evol-quality",
    "GenerateLongTextMatchingData": "text-matching-long",
    "GenerateSentencePair": "sentence-pairs",
    "GenerateShortTextMatchingData": "text-matching-short",
    "GenerateTextClassificationData": "text-classification-data",
    "GenerateTextRetrievalData": "text-retrieval",
    "Genstruct": "genstruct",
    "InstructionBacktranslation": "instruction-backtranslation",
    "Magpie": "magpie",
    "MagpieGenerator": "magpie",
    "MathShepherdCompleter": "math-shepherd",
    "MathShepherdGenerator": "math-shepherd",
    "MixtureOfAgentsLLM": "mixture-of-agents",
    "MonolingualTripletGenerator": "triplets",
    "PairRM": "judge",
    "PrometheusEval": "prometheus",
    "QualityScorer": "quality-score",
    "SelfInstruct": "self-instruct",
    "TextClassification": "classify",
    "TextGeneration": "text-generation",
    "URIAL": "urial",
    "UltraFeedback": "ultrafeedback",
}
"""Tasks, with ours."""

STEPS: Mapping[str, str] = {
    "ConversationTemplate": "messages",
    "DataSampler": "sample",
    "EmbeddingDedup": "dedup-semantic",
    "EmbeddingGeneration": "embed",
    "ExpandColumns": "explode",
    "FaissNearestNeighbour": "hard-negatives",
    "GenerateEmbeddings": "embed",
    "KeepColumns": "select",
    "LoadDataFromDicts": "rows",
    "LoadDataFromDisk": "hf",
    "LoadDataFromHub": "hf",
    "MergeColumns": "map",
    "MinHashDedup": "dedup-near",
    "TruncateTextColumn": "map",
}
"""Steps, with ours."""

_SERVER = "start a server and use the backend 'openai' with base_url, or write a backend: class Mine(LLM)"
_ENDPOINT = "use an endpoint that speaks OpenAI's protocol: get_llm('openai/MODEL', base_url=...)"
_JOINED = "leave it out: the branches of first >> [left, right] >> last are joined row by row"
_ROUTES = "write routes: first >> [when('kind == 1', left), otherwise(right)]"
_ROW = "annotate one row: def process(self, row: Row) -> Row"
_SFT = "leave it out, and give the dataset a form: --form chat (Output('FILE', form='chat') in Python)"
_DPO = "leave it out, and give the dataset a form: --form preference (Output('FILE', form=...) in Python)"
_RUN = "run() returns a Run: for row in made, made.to_dataset(), made.to_pandas()"

OTHERS: Mapping[str, str] = {
    **dict.fromkeys(("CohereLLM", "LiteLLM", "VertexAILLM"), _ENDPOINT),
    "AsyncLLM": "derive from LLM, whose one method is: async def respond(self, request)",
    "CombineOutputs": _JOINED,
    "Distiset": _RUN,
    "LlamaCppEmbeddings": "embedders are found by name: get_embedder('llamacpp/MODEL')",
    "SentenceTransformerEmbeddings": "embedders are found by name: get_embedder('static/MODEL')",
    "FormatChatGenerationDPO": _DPO,
    "FormatChatGenerationSFT": _SFT,
    "FormatTextGenerationDPO": _DPO,
    "FormatTextGenerationSFT": _SFT,
    "GroupColumns": _JOINED,
    "LoadDataFromFileSystem": "give the file to the run: --input FILE (run(task, input='FILE') in Python)",
    "MlxLLM": _SERVER,
    "ImageGeneration": "there's none: tasks write texts",
    "PushToHub": "write the dataset there: run(..., out='hf://USER/NAME')",
    "RewardModelScore": "there's none: a judge scores answers, get_task('judge')",
    "RuntimeParameter": "write the type alone, as each field can be set: words: int = 5 (words=7 in Python)",
    "DBSCAN": "there's none: embed adds vectors, for a GlobalStep of your own",
    "StepInput": _ROW,
    "StepOutput": _ROW,
    "StepResources": "leave it out: workers of an engine say what they have",
    "StructuredGeneration": "declare `class Output(BaseModel)` in the task",
    "TextClustering": "there's none: embed adds vectors, for a GlobalStep of your own",
    "TextGenerationWithImage": "derive from Task, and return messages with image_part(...) in format_input",
    "TransformersLLM": _SERVER,
    "UMAP": "there's none: embed adds vectors, for a GlobalStep of your own",
    "routing_batch_function": _ROUTES,
    "sample_n_steps": _ROUTES,
    "step": "write a class: class Mine(Step), with def process(self, row)",
    "vLLM": _SERVER,
}
"""What is no plugin here."""

MODULES = frozenset(
    ("constants", "distiset", "embeddings", "llms", "mixins", "models", "steps", "typing", "utils")
)
"""Modules below `distilabel` that Seedbed doesn't have."""


def registered_as(name: str) -> str | None:
    """Return what a class of distilabel is registered as here, or None."""
    return MODELS.get(name) or TASKS.get(name) or STEPS.get(name)


def instead_of(name: str) -> tuple[str, ...]:
    """Return what to write instead of a name of distilabel; empty for other names."""
    if backend := MODELS.get(name):
        preset = ", preset=... or base_url=..." if name in _WITH_PRESET.split() else ""
        return (f"models are found by name: get_llm('{backend}/MODEL'{preset}), or llm='{backend}/MODEL'",)
    for kind, ours in (("task", TASKS), ("step", STEPS)):
        if name in ours:
            return (
                f"it's the {kind} '{ours[name]}': get_{kind}('{ours[name]}'), `use: {ours[name]}` in a file",
            )
    return (OTHERS[name],) if name in OTHERS else ()
