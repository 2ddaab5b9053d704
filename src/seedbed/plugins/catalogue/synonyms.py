"""Other words for the goals that plugins are found by."""

from __future__ import annotations

from collections.abc import Mapping

_WORDS = {
    "sft": "finetune finetuning fine-tuning instruct instruction-tuning supervised alpaca",
    "preference": "dpo ipo kto orpo simpo cpo rlhf rlaif chosen rejected pair pairs pairwise alignment",
    "reward": "rm prm orm scoring rater rating process-reward ppo grpo",
    "conversation": "chat dialogue dialog multi-turn multiturn chatbot sharegpt",
    "math": "maths mathematics arithmetic gsm8k algebra reasoning",
    "code": "programming program python coding unit-tests humaneval",
    "tools": "tool-use function-calling function calling agent agentic mcp api",
    "documents": "pdf docx html markdown grounded corpus",
    "retrieval": "rag embedding embedder search ir reranker reranking semantic mteb bm25 vector triplet",
    "classification": "classify classifier label labelling labeling sentiment intent category nli",
    "extraction": "extract ner entities structured json schema parse",
    "translation": "translate translator multilingual parallel bitext language",
    "tables": "table tabular column csv spreadsheet faker",
    "vision": "image picture photo multimodal vlm vqa caption visual",
    "evaluation": "eval evals evaluate benchmark judge llm-as-a-judge grade grading testset test-set score",
    "cleaning": "cleanup curation filtering quality privacy",
    "reading": "read load import source input file database ingest",
    "shaping": "transform rename column sort split shuffle sample",
}

SYNONYMS: Mapping[str, tuple[str, ...]] = {
    word: tuple(goal for goal, words in _WORDS.items() if word in words.split())
    for word in " ".join(_WORDS.values()).split()
}
"""Each word with the goals that it may mean: `dpo` is `preference`."""
