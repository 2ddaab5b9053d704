"""The first-party task library of Seedbed."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from seedbed import hookimpl

if TYPE_CHECKING:
    from seedbed_tasks.best_of_n import BestOfN as BestOfN
    from seedbed_tasks.bitext import Bitext as Bitext
    from seedbed_tasks.chat import Chat as Chat
    from seedbed_tasks.clair import Clair as Clair
    from seedbed_tasks.classify import Classify as Classify
    from seedbed_tasks.code_problems import CodeProblems as CodeProblems
    from seedbed_tasks.critique_revise import CritiqueRevise as CritiqueRevise
    from seedbed_tasks.debate import Debate as Debate
    from seedbed_tasks.deita_scores import ComplexityScore as ComplexityScore
    from seedbed_tasks.deita_scores import Deita as Deita
    from seedbed_tasks.deita_scores import QualityScore as QualityScore
    from seedbed_tasks.dialogue import Dialogue as Dialogue
    from seedbed_tasks.embedding_tasks import EmbeddingTasks as EmbeddingTasks
    from seedbed_tasks.evol_complexity import EvolComplexity as EvolComplexity
    from seedbed_tasks.evol_instruct import EvolInstruct as EvolInstruct
    from seedbed_tasks.evol_quality import EvolQuality as EvolQuality
    from seedbed_tasks.extract import Extract as Extract
    from seedbed_tasks.function_calls import FunctionCalls as FunctionCalls
    from seedbed_tasks.genstruct import Genstruct as Genstruct
    from seedbed_tasks.glan import Glan as Glan
    from seedbed_tasks.hard_negative_texts import HardNegativeTexts as HardNegativeTexts
    from seedbed_tasks.image_caption import ImageCaption as ImageCaption
    from seedbed_tasks.image_questions import ImageQuestions as ImageQuestions
    from seedbed_tasks.instruction_backtranslation import (
        InstructionBacktranslation as InstructionBacktranslation,
    )
    from seedbed_tasks.instructions_from_documents import (
        InstructionsFromDocuments as InstructionsFromDocuments,
    )
    from seedbed_tasks.judge import Judge as Judge
    from seedbed_tasks.magpie import Magpie as Magpie
    from seedbed_tasks.majority_vote import MajorityVote as MajorityVote
    from seedbed_tasks.math_problems import MathProblems as MathProblems
    from seedbed_tasks.math_shepherd import MathShepherd as MathShepherd
    from seedbed_tasks.mixture_of_agents import MixtureOfAgents as MixtureOfAgents
    from seedbed_tasks.persona_instructions import PersonaInstructions as PersonaInstructions
    from seedbed_tasks.persona_rewrite import PersonaRewrite as PersonaRewrite
    from seedbed_tasks.personas import Personas as Personas
    from seedbed_tasks.prometheus import Prometheus as Prometheus
    from seedbed_tasks.qa_from_document import QAFromDocument as QAFromDocument
    from seedbed_tasks.qa_pairs import QAPairs as QAPairs
    from seedbed_tasks.rater_agreement import RaterAgreement as RaterAgreement
    from seedbed_tasks.rewrite import Rewrite as Rewrite
    from seedbed_tasks.self_instruct import SelfInstruct as SelfInstruct
    from seedbed_tasks.self_refine import SelfRefine as SelfRefine
    from seedbed_tasks.sentence_pairs import SentencePairs as SentencePairs
    from seedbed_tasks.structured import Structured as Structured
    from seedbed_tasks.summarize import Summarize as Summarize
    from seedbed_tasks.table import Table as Table
    from seedbed_tasks.text_classification_data import TextClassificationData as TextClassificationData
    from seedbed_tasks.text_generation import TextGeneration as TextGeneration
    from seedbed_tasks.text_matching_long import TextMatchingLong as TextMatchingLong
    from seedbed_tasks.text_matching_short import TextMatchingShort as TextMatchingShort
    from seedbed_tasks.text_retrieval import TextRetrieval as TextRetrieval
    from seedbed_tasks.translate import Translate as Translate
    from seedbed_tasks.triplets import Triplets as Triplets
    from seedbed_tasks.ultrafeedback import UltraFeedback as UltraFeedback
    from seedbed_tasks.urial import Urial as Urial

_TASKS = {
    "instruction-backtranslation": (
        "seedbed_tasks.instruction_backtranslation",
        "InstructionBacktranslation",
    ),
    "deita": ("seedbed_tasks.deita_scores", "Deita"),
    "quality-score": ("seedbed_tasks.deita_scores", "QualityScore"),
    "complexity-score": ("seedbed_tasks.deita_scores", "ComplexityScore"),
    "majority-vote": ("seedbed_tasks.majority_vote", "MajorityVote"),
    "prometheus": ("seedbed_tasks.prometheus", "Prometheus"),
    "ultrafeedback": ("seedbed_tasks.ultrafeedback", "UltraFeedback"),
    "best-of-n": ("seedbed_tasks.best_of_n", "BestOfN"),
    "bitext": ("seedbed_tasks.bitext", "Bitext"),
    "chat": ("seedbed_tasks.chat", "Chat"),
    "classify": ("seedbed_tasks.classify", "Classify"),
    "dialogue": ("seedbed_tasks.dialogue", "Dialogue"),
    "clair": ("seedbed_tasks.clair", "Clair"),
    "critique-revise": ("seedbed_tasks.critique_revise", "CritiqueRevise"),
    "debate": ("seedbed_tasks.debate", "Debate"),
    "embedding-tasks": ("seedbed_tasks.embedding_tasks", "EmbeddingTasks"),
    "evol-complexity": ("seedbed_tasks.evol_complexity", "EvolComplexity"),
    "evol-instruct": ("seedbed_tasks.evol_instruct", "EvolInstruct"),
    "evol-quality": ("seedbed_tasks.evol_quality", "EvolQuality"),
    "extract": ("seedbed_tasks.extract", "Extract"),
    "glan": ("seedbed_tasks.glan", "Glan"),
    "hard-negative-texts": ("seedbed_tasks.hard_negative_texts", "HardNegativeTexts"),
    "image-caption": ("seedbed_tasks.image_caption", "ImageCaption"),
    "image-questions": ("seedbed_tasks.image_questions", "ImageQuestions"),
    "function-calls": ("seedbed_tasks.function_calls", "FunctionCalls"),
    "genstruct": ("seedbed_tasks.genstruct", "Genstruct"),
    "instructions-from-documents": ("seedbed_tasks.instructions_from_documents", "InstructionsFromDocuments"),
    "mixture-of-agents": ("seedbed_tasks.mixture_of_agents", "MixtureOfAgents"),
    "math-problems": ("seedbed_tasks.math_problems", "MathProblems"),
    "math-shepherd": ("seedbed_tasks.math_shepherd", "MathShepherd"),
    "persona-instructions": ("seedbed_tasks.persona_instructions", "PersonaInstructions"),
    "persona-rewrite": ("seedbed_tasks.persona_rewrite", "PersonaRewrite"),
    "personas": ("seedbed_tasks.personas", "Personas"),
    "judge": ("seedbed_tasks.judge", "Judge"),
    "magpie": ("seedbed_tasks.magpie", "Magpie"),
    "qa-from-document": ("seedbed_tasks.qa_from_document", "QAFromDocument"),
    "code-problems": ("seedbed_tasks.code_problems", "CodeProblems"),
    "qa-pairs": ("seedbed_tasks.qa_pairs", "QAPairs"),
    "rewrite": ("seedbed_tasks.rewrite", "Rewrite"),
    "self-instruct": ("seedbed_tasks.self_instruct", "SelfInstruct"),
    "self-refine": ("seedbed_tasks.self_refine", "SelfRefine"),
    "sentence-pairs": ("seedbed_tasks.sentence_pairs", "SentencePairs"),
    "structured": ("seedbed_tasks.structured", "Structured"),
    "summarize": ("seedbed_tasks.summarize", "Summarize"),
    "table": ("seedbed_tasks.table", "Table"),
    "text-classification-data": ("seedbed_tasks.text_classification_data", "TextClassificationData"),
    "text-generation": ("seedbed_tasks.text_generation", "TextGeneration"),
    "text-matching-long": ("seedbed_tasks.text_matching_long", "TextMatchingLong"),
    "text-matching-short": ("seedbed_tasks.text_matching_short", "TextMatchingShort"),
    "text-retrieval": ("seedbed_tasks.text_retrieval", "TextRetrieval"),
    "translate": ("seedbed_tasks.translate", "Translate"),
    "triplets": ("seedbed_tasks.triplets", "Triplets"),
    "urial": ("seedbed_tasks.urial", "Urial"),
}
_STEPS = {
    "rater-agreement": ("seedbed_tasks.rater_agreement", "RaterAgreement"),
}
_HOME = {attribute: module for module, attribute in (*_TASKS.values(), *_STEPS.values())}

__all__ = sorted(_HOME)


@hookimpl
def seedbed_task(name: str) -> Any:
    """Return the task class registered as `name`."""
    module, attribute = _TASKS[name]
    return getattr(import_module(module), attribute)


@hookimpl
def seedbed_step(name: str) -> Any:
    """Return the step class registered as `name`."""
    module, attribute = _STEPS[name]
    return getattr(import_module(module), attribute)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'seedbed_tasks' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
