"""Seedbed makes datasets with language models. Tasks and backends are plugins.

    from seedbed import run

    dataset = run("qa-pairs", n=100, llm="openai/gpt-4.1-mini", out="qa.jsonl")

You can import everything public from here. Each name is loaded on first use.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seedbed.engine.api import run as run
    from seedbed.engine.arun import arun as arun
    from seedbed.engine.comparison.run_diff import RunDiff as RunDiff
    from seedbed.engine.comparison.run_diff import diff_runs as diff_runs
    from seedbed.engine.comparison.words import word_diff as word_diff
    from seedbed.engine.engine import ENGINE_CONTRACT as ENGINE_CONTRACT
    from seedbed.engine.engine import Engine as Engine
    from seedbed.engine.engine import Job as Job
    from seedbed.engine.engine_options import EngineOptions as EngineOptions
    from seedbed.engine.failure import Failure as Failure
    from seedbed.engine.forecast.forecast import Forecast as Forecast
    from seedbed.engine.forecast.forecast import PlannedPrompt as PlannedPrompt
    from seedbed.engine.forecast.plan_run import plan as plan
    from seedbed.engine.forecast.probe_figures import Estimate as Estimate
    from seedbed.engine.forecast.probing import Probe as Probe
    from seedbed.engine.forecast.step_forecast import StepForecast as StepForecast
    from seedbed.engine.forecast.time_needed import TimeForecast as TimeForecast
    from seedbed.engine.lineage.chapters import Chapter as Chapter
    from seedbed.engine.lineage.row_lookup import find_story as find_story
    from seedbed.engine.lineage.story import Story as Story
    from seedbed.engine.lineage.told_call import ToldCall as ToldCall
    from seedbed.engine.observing.observed import ObservedCall as ObservedCall
    from seedbed.engine.observing.observed import ObservedOutcome as ObservedOutcome
    from seedbed.engine.observing.observed import ObservedRow as ObservedRow
    from seedbed.engine.observing.observed import ObservedRun as ObservedRun
    from seedbed.engine.observing.observed import ObservedTry as ObservedTry
    from seedbed.engine.plan import Plan as Plan
    from seedbed.engine.preview.preview import Preview as Preview
    from seedbed.engine.preview.preview import preview as preview
    from seedbed.engine.preview.prompt_trial import PromptTrial as PromptTrial
    from seedbed.engine.preview.prompt_trial import prompts_in as prompts_in
    from seedbed.engine.preview.trace import PreviewedCall as PreviewedCall
    from seedbed.engine.preview.trace import PreviewedRow as PreviewedRow
    from seedbed.engine.quality.figures import Quality as Quality
    from seedbed.engine.run import Run as Run
    from seedbed.engine.stopping.concerning_all import concerns_all as concerns_all
    from seedbed.engine.stream import RowStream as RowStream
    from seedbed.engine.stream import stream as stream
    from seedbed.engine.workers.replica import Replica as Replica
    from seedbed.engine.workers.replica_line import ReplicaLine as ReplicaLine
    from seedbed.engine.workers.replicated import Replicated as Replicated
    from seedbed.engine.workers.row_worker import RowWorker as RowWorker
    from seedbed.engine.workers.worker_engine import WorkerEngine as WorkerEngine
    from seedbed.engine.workers.worker_link import WorkerLink as WorkerLink
    from seedbed.engine.workers.worker_link import WorkerLostError as WorkerLostError
    from seedbed.errors import AmbiguousPluginError as AmbiguousPluginError
    from seedbed.errors import AuthenticationError as AuthenticationError
    from seedbed.errors import BadRequestError as BadRequestError
    from seedbed.errors import BrokenPluginError as BrokenPluginError
    from seedbed.errors import BudgetExhaustedError as BudgetExhaustedError
    from seedbed.errors import ContentFilteredError as ContentFilteredError
    from seedbed.errors import ContextOverflowError as ContextOverflowError
    from seedbed.errors import DatasetError as DatasetError
    from seedbed.errors import DisabledPluginError as DisabledPluginError
    from seedbed.errors import EndpointDownError as EndpointDownError
    from seedbed.errors import GenerationError as GenerationError
    from seedbed.errors import IncompatiblePluginError as IncompatiblePluginError
    from seedbed.errors import InvalidOutputError as InvalidOutputError
    from seedbed.errors import InvalidResponseError as InvalidResponseError
    from seedbed.errors import InvalidRowError as InvalidRowError
    from seedbed.errors import LLMConnectionError as LLMConnectionError
    from seedbed.errors import LLMError as LLMError
    from seedbed.errors import LockError as LockError
    from seedbed.errors import LoopThreadError as LoopThreadError
    from seedbed.errors import MessageError as MessageError
    from seedbed.errors import MissingColumnError as MissingColumnError
    from seedbed.errors import ParameterError as ParameterError
    from seedbed.errors import PartialRowsError as PartialRowsError
    from seedbed.errors import PluginError as PluginError
    from seedbed.errors import RateLimitedError as RateLimitedError
    from seedbed.errors import Reject as Reject
    from seedbed.errors import RowError as RowError
    from seedbed.errors import SeedbedError as SeedbedError
    from seedbed.errors import ServerError as ServerError
    from seedbed.errors import StopRun as StopRun
    from seedbed.errors import StoreError as StoreError
    from seedbed.errors import TimedOutError as TimedOutError
    from seedbed.errors import UnknownModelError as UnknownModelError
    from seedbed.errors import UnknownPluginError as UnknownPluginError
    from seedbed.errors import UnsupportedError as UnsupportedError
    from seedbed.errors import UsageError as UsageError
    from seedbed.hookspecs import PLUGIN_API as PLUGIN_API
    from seedbed.hookspecs import hookimpl as hookimpl
    from seedbed.llm.budget.budget import Budget as Budget
    from seedbed.llm.budget.budget import Spent as Spent
    from seedbed.llm.budget.money import dollars as dollars
    from seedbed.llm.budget.prices import Prices as Prices
    from seedbed.llm.calling.gateway import Gateway as Gateway
    from seedbed.llm.calling.retry import RetryPolicy as RetryPolicy
    from seedbed.llm.calling.scope import call_label as call_label
    from seedbed.llm.calling.scope import row_id as row_id
    from seedbed.llm.capabilities import Capabilities as Capabilities
    from seedbed.llm.embedding.embedder import Embedder as Embedder
    from seedbed.llm.embedding.embedder import get_embedder as get_embedder
    from seedbed.llm.embedding.embeddings import Embeddings as Embeddings
    from seedbed.llm.generations import Generations as Generations
    from seedbed.llm.http.http_answer import HTTPAnswer as HTTPAnswer
    from seedbed.llm.http.http_backend import HTTPBackend as HTTPBackend
    from seedbed.llm.http.http_embedder import HTTPEmbedder as HTTPEmbedder
    from seedbed.llm.http.http_errors import http_error as http_error
    from seedbed.llm.http.http_errors import parse_body as parse_body
    from seedbed.llm.http.http_llm import HTTPLLM as HTTPLLM
    from seedbed.llm.http.transport import check_listening as check_listening
    from seedbed.llm.http.transport import get_json as get_json
    from seedbed.llm.http.transport import join_url as join_url
    from seedbed.llm.http.transport import post_json as post_json
    from seedbed.llm.http.transport import public_url as public_url
    from seedbed.llm.keys.key_source import KeySource as KeySource
    from seedbed.llm.limits.circuit import CircuitPolicy as CircuitPolicy
    from seedbed.llm.llm import LLM as LLM
    from seedbed.llm.llm import get_llm as get_llm
    from seedbed.llm.messages import ChatType as ChatType
    from seedbed.llm.messages import Message as Message
    from seedbed.llm.messages import image_part as image_part
    from seedbed.llm.messages import parts as parts
    from seedbed.llm.parameters import GenerationParameters as GenerationParameters
    from seedbed.llm.pools.fallback import FallbackLLM as FallbackLLM
    from seedbed.llm.pools.pool import PoolLLM as PoolLLM
    from seedbed.llm.request import Request as Request
    from seedbed.llm.resources import Resources as Resources
    from seedbed.llm.response import Choice as Choice
    from seedbed.llm.response import Limits as Limits
    from seedbed.llm.response import Response as Response
    from seedbed.llm.response import TokenLogprob as TokenLogprob
    from seedbed.llm.response import ToolCall as ToolCall
    from seedbed.llm.response import Usage as Usage
    from seedbed.llm.schemas.dialects import SchemaDialect as SchemaDialect
    from seedbed.llm.schemas.dialects import SchemaInPrompt as SchemaInPrompt
    from seedbed.llm.visible_text import visible as visible
    from seedbed.pipeline.file_names import is_pipeline_file as is_pipeline_file
    from seedbed.pipeline.pipeline import Pipeline as Pipeline
    from seedbed.pipeline.routing import otherwise as otherwise
    from seedbed.pipeline.routing import when as when
    from seedbed.plugins.registry import Registry as Registry
    from seedbed.raters.agreement import Agreement as Agreement
    from seedbed.raters.agreement import RaterPair as RaterPair
    from seedbed.raters.agreement import Rating as Rating
    from seedbed.raters.agreement import agreement as agreement
    from seedbed.raters.agreement import row_agreement as row_agreement
    from seedbed.raters.calibration import Calibration as Calibration
    from seedbed.store.file_source import FileSource as FileSource
    from seedbed.store.format import Format as Format
    from seedbed.store.output import Output as Output
    from seedbed.store.ratings.people_ratings import Ratings as Ratings
    from seedbed.store.ratings.row_rating import RowRating as RowRating
    from seedbed.store.ratings.run_ratings import PeopleSay as PeopleSay
    from seedbed.store.ratings.run_ratings import RunRatings as RunRatings
    from seedbed.store.read_options import Reading as Reading
    from seedbed.store.readers import read_rows as read_rows
    from seedbed.store.readers import read_text as read_text
    from seedbed.store.refused_rows import RefusedRow as RefusedRow
    from seedbed.store.refused_rows import RowCall as RowCall
    from seedbed.store.row_files import RowFiles as RowFiles
    from seedbed.store.row_names import row_name as row_name
    from seedbed.store.run_facts import RunFacts as RunFacts
    from seedbed.store.run_folders import RunEntry as RunEntry
    from seedbed.store.run_folders import list_runs as list_runs
    from seedbed.store.run_folders import run_entry as run_entry
    from seedbed.store.run_folders import run_folder as run_folder
    from seedbed.store.run_folders import runs_folder as runs_folder
    from seedbed.store.run_reader import RunReader as RunReader
    from seedbed.store.run_store import RunStore as RunStore
    from seedbed.store.run_values import Call as Call
    from seedbed.store.run_values import PlacedRow as PlacedRow
    from seedbed.store.run_values import Result as Result
    from seedbed.store.run_values import StepSpent as StepSpent
    from seedbed.store.run_values import Verdict as Verdict
    from seedbed.suggestions import did_you_mean as did_you_mean
    from seedbed.tasks.answers.gathering import gather_rows as gather_rows
    from seedbed.tasks.answers.shared_answers import SharedAnswers as SharedAnswers
    from seedbed.tasks.base_step import BaseStep as BaseStep
    from seedbed.tasks.base_task import BaseTask as BaseTask
    from seedbed.tasks.columns.column_types import ColumnType as ColumnType
    from seedbed.tasks.columns.column_types import row_model as row_model
    from seedbed.tasks.columns.types_of_rows import types_of_rows as types_of_rows
    from seedbed.tasks.description.citation import Citation as Citation
    from seedbed.tasks.description.example import Example as Example
    from seedbed.tasks.description.goals import Goal as Goal
    from seedbed.tasks.files import Files as Files
    from seedbed.tasks.generator_task import GeneratorTask as GeneratorTask
    from seedbed.tasks.join_steps import CombineStep as CombineStep
    from seedbed.tasks.join_steps import Concat as Concat
    from seedbed.tasks.join_steps import Join as Join
    from seedbed.tasks.passing import Pass as Pass
    from seedbed.tasks.rows import GeneratorOutput as GeneratorOutput
    from seedbed.tasks.rows import GeneratorStepOutput as GeneratorStepOutput
    from seedbed.tasks.rows import Row as Row
    from seedbed.tasks.step_references import get_step as get_step
    from seedbed.tasks.step_references import get_task as get_task
    from seedbed.tasks.steps import GeneratorStep as GeneratorStep
    from seedbed.tasks.steps import GlobalStep as GlobalStep
    from seedbed.tasks.steps import Step as Step
    from seedbed.tasks.task import Task as Task
    from seedbed.tasks.templates.expression import Expression as Expression
    from seedbed.tasks.templates.prompt_template import PromptTemplate as PromptTemplate

_HOMES = {
    "errors": (
        "AmbiguousPluginError AuthenticationError BadRequestError BrokenPluginError BudgetExhaustedError "
        "ContentFilteredError ContextOverflowError DatasetError DisabledPluginError EndpointDownError "
        "GenerationError IncompatiblePluginError InvalidOutputError InvalidResponseError InvalidRowError "
        "LLMConnectionError LLMError LockError LoopThreadError MessageError MissingColumnError "
        "ParameterError PartialRowsError PluginError RateLimitedError Reject RowError SeedbedError "
        "ServerError StopRun "
        "StoreError TimedOutError UnknownModelError UnknownPluginError UnsupportedError UsageError"
    ),
    "hookspecs": "PLUGIN_API hookimpl",
    "llm.budget.budget": "Budget Spent",
    "llm.capabilities": "Capabilities",
    "llm.limits.circuit": "CircuitPolicy",
    "llm.calling.gateway": "Gateway",
    "llm.http.http_errors": "http_error parse_body",
    "llm.embedding.embedder": "Embedder get_embedder",
    "llm.embedding.embeddings": "Embeddings",
    "llm.http.http_answer": "HTTPAnswer",
    "llm.http.http_backend": "HTTPBackend",
    "llm.http.http_embedder": "HTTPEmbedder",
    "llm.http.http_llm": "HTTPLLM",
    "llm.keys.key_source": "KeySource",
    "llm.generations": "Generations",
    "llm.llm": "LLM get_llm",
    "llm.messages": "ChatType Message image_part parts",
    "llm.parameters": "GenerationParameters",
    "llm.pools.fallback": "FallbackLLM",
    "llm.pools.pool": "PoolLLM",
    "llm.budget.money": "dollars",
    "llm.budget.prices": "Prices",
    "llm.request": "Request",
    "llm.resources": "Resources",
    "llm.response": "Choice Limits Response TokenLogprob ToolCall Usage",
    "llm.calling.retry": "RetryPolicy",
    "llm.schemas.dialects": "SchemaDialect SchemaInPrompt",
    "llm.calling.scope": "call_label row_id",
    "llm.http.transport": "check_listening get_json join_url post_json public_url",
    "llm.visible_text": "visible",
    "plugins.registry": "Registry",
    "raters.agreement": "Agreement RaterPair Rating agreement row_agreement",
    "raters.calibration": "Calibration",
    "suggestions": "did_you_mean",
    "tasks.description.citation": "Citation",
    "tasks.columns.column_types": "ColumnType row_model",
    "tasks.columns.types_of_rows": "types_of_rows",
    "tasks.description.example": "Example",
    "tasks.description.goals": "Goal",
    "tasks.templates.expression": "Expression",
    "tasks.files": "Files",
    "tasks.templates.prompt_template": "PromptTemplate",
    "tasks.step_references": "get_step get_task",
    "tasks.rows": "GeneratorOutput GeneratorStepOutput Row",
    "tasks.base_step": "BaseStep",
    "tasks.steps": "GeneratorStep GlobalStep Step",
    "tasks.base_task": "BaseTask",
    "tasks.task": "Task",
    "tasks.answers.gathering": "gather_rows",
    "tasks.answers.shared_answers": "SharedAnswers",
    "tasks.generator_task": "GeneratorTask",
    "tasks.join_steps": "CombineStep Concat Join",
    "tasks.passing": "Pass",
    "pipeline.file_names": "is_pipeline_file",
    "pipeline.pipeline": "Pipeline",
    "pipeline.routing": "otherwise when",
    "store.row_names": "row_name",
    "store.format": "Format",
    "store.output": "Output",
    "store.read_options": "Reading",
    "store.readers": "read_rows read_text",
    "store.file_source": "FileSource",
    "store.row_files": "RowFiles",
    "store.ratings.people_ratings": "Ratings",
    "store.ratings.row_rating": "RowRating",
    "store.ratings.run_ratings": "PeopleSay RunRatings",
    "store.refused_rows": "RefusedRow RowCall",
    "store.run_facts": "RunFacts",
    "store.run_folders": "RunEntry list_runs run_entry run_folder runs_folder",
    "store.run_reader": "RunReader",
    "store.run_store": "RunStore",
    "store.run_values": "Call PlacedRow Result StepSpent Verdict",
    "engine.api": "run",
    "engine.arun": "arun",
    "engine.stream": "RowStream stream",
    "engine.comparison.run_diff": "RunDiff diff_runs",
    "engine.comparison.words": "word_diff",
    "engine.engine": "ENGINE_CONTRACT Engine Job",
    "engine.engine_options": "EngineOptions",
    "engine.failure": "Failure",
    "engine.forecast.forecast": "Forecast PlannedPrompt",
    "engine.forecast.plan_run": "plan",
    "engine.forecast.probe_figures": "Estimate",
    "engine.forecast.probing": "Probe",
    "engine.forecast.step_forecast": "StepForecast",
    "engine.forecast.time_needed": "TimeForecast",
    "engine.lineage.chapters": "Chapter",
    "engine.lineage.row_lookup": "find_story",
    "engine.lineage.story": "Story",
    "engine.lineage.told_call": "ToldCall",
    "engine.observing.observed": "ObservedCall ObservedOutcome ObservedRow ObservedRun ObservedTry",
    "engine.plan": "Plan",
    "engine.preview.preview": "Preview preview",
    "engine.preview.prompt_trial": "PromptTrial prompts_in",
    "engine.quality.figures": "Quality",
    "engine.run": "Run",
    "engine.stopping.concerning_all": "concerns_all",
    "engine.workers.replica": "Replica",
    "engine.workers.replica_line": "ReplicaLine",
    "engine.workers.replicated": "Replicated",
    "engine.workers.row_worker": "RowWorker",
    "engine.workers.worker_engine": "WorkerEngine",
    "engine.workers.worker_link": "WorkerLink WorkerLostError",
    "engine.preview.trace": "PreviewedCall PreviewedRow",
}
_HOME = {name: home for home, names in _HOMES.items() for name in names.split()}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return import_module("seedbed.plugins.discovery.metadata").running_version() or "unknown"
    if name not in _HOME:
        advice = import_module("seedbed.plugins.authoring.distilabel_names").instead_of(name)
        raise AttributeError("\n  ".join((f"module 'seedbed' has no attribute {name!r}", *advice)))
    home = f"seedbed.{_HOME[name]}"
    try:
        module = import_module(home)
    except AttributeError as error:
        # `from seedbed import ...` reads an AttributeError as "no such name" and drops the cause.
        raise ImportError(f"{home} cannot be imported: AttributeError: {error}", name=home) from error
    value = getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*globals(), *__all__]


class _LastFinder:
    # `from seedbed import X` looks for a module X once nothing else has it, and drops an AttributeError. So
    # what to write instead can only be said here, where nothing that exists is asked for.
    @staticmethod
    def find_spec(fullname: str, path: object = None, target: object = None) -> None:
        package, _, name = fullname.rpartition(".")
        if package.startswith("seedbed"):
            import_module("seedbed.plugins.authoring.missing_names").refuse_import(package, name)


sys.meta_path.append(_LastFinder)
