"""What people make datasets for: the closed list of goals that tasks and steps are found by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Goal = Literal[
    "sft",
    "preference",
    "reward",
    "conversation",
    "math",
    "code",
    "tools",
    "documents",
    "retrieval",
    "classification",
    "extraction",
    "translation",
    "tables",
    "vision",
    "evaluation",
    "cleaning",
    "reading",
    "shaping",
]
"""What a task or step is for, in the field's terms; a class names one or more in `goals`.

    goals = ("sft", "retrieval")
"""

GOALS: Mapping[Goal, str] = {
    "sft": "instructions with answers, for supervised fine-tuning",
    "preference": "chosen and rejected answers, for DPO and its relatives",
    "reward": "scored answers or steps, for reward models",
    "conversation": "dialogues of several turns",
    "math": "problems with worked and checked solutions",
    "code": "programs, with tests that are run",
    "tools": "function calls and agents",
    "documents": "questions, instructions and summaries from documents",
    "retrieval": "queries, passages and pairs, for embedding models and RAG",
    "classification": "texts with labels",
    "extraction": "structure taken from text",
    "translation": "texts in two languages",
    "tables": "rows of typed columns, sampled and written",
    "vision": "captions of and questions about images",
    "evaluation": "test sets, and judging answers",
    "cleaning": "removing duplicates, leaks, personal data and bad rows",
    "reading": "rows from files, documents and databases",
    "shaping": "other columns, another order, parts of the rows",
}
"""Each goal in one line."""
