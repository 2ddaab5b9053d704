"""Eight rows in flight on the embedded model, against llama.cpp alone in the same process."""

from __future__ import annotations

import random
import threading
from typing import Any

from tests.benchmarks.child import Clock, in_child
from tests.benchmarks.finding import Finding, median
from tests.benchmarks.prompt import TEMPLATE, prompt

from seedbed import GenerationParameters, GeneratorTask, run
from seedbed_llamacpp import LlamaCppLLM
from seedbed_llamacpp.model_files import model_file
from seedbed_llamacpp.native import xllamacpp_module
from seedbed_llamacpp.server import Settings, _parameters

NAME = "smollm2-135m"
ROWS = 32
TOKENS = 48
PARALLEL = 8
CONTEXT = 512


class Story(GeneratorTask):
    """A row of exactly as many tokens as are asked for."""

    template: str = TEMPLATE
    generation: GenerationParameters = GenerationParameters(
        max_tokens=TOKENS, temperature=0.0, extra={"ignore_eos": True}
    )

    def sample(self, index: int, rng: random.Random) -> dict[str, Any]:
        """Return the number of the story."""
        return {"number": index}


def measure(rounds: int) -> list[Finding]:
    """Compare tokens per second."""
    found = in_child("measures.embedded_model", "in_turn", rounds=rounds)
    return [
        Finding(
            what="8 rows in flight on the embedded model, over llama.cpp",
            unit="tokens/s",
            found=ROWS * TOKENS / median(found["ours"]),
            reference=ROWS * TOKENS / median(found["llama_cpp"]),
            required=0.90,
        )
    ]


def in_turn(rounds: int) -> dict[str, list[float]]:
    """Return the seconds of each round, after one of each that warms up."""
    llm = LlamaCppLLM(model=NAME, parallel=PARALLEL, context=CONTEXT)
    llm.ensure_loaded()
    server = _server()
    found: dict[str, list[float]] = {"ours": [], "llama_cpp": []}
    for number in range(rounds + 1):
        ours, theirs = _ours(llm, f"stories-{number}"), _llama_cpp(server)
        if number:
            found["ours"].append(ours)
            found["llama_cpp"].append(theirs)
    return found


def _ours(llm: LlamaCppLLM, name: str) -> float:
    clock = Clock()
    with clock.running():
        made = run(Story(), ROWS, llm=llm, name=name, out=f"{name}.jsonl")
    if made.accepted != ROWS or made.calls.usage.output_tokens != ROWS * TOKENS:
        raise RuntimeError(str(made))
    return clock.wall


def _llama_cpp(server: Any) -> float:
    """Ask with a thread for each answer in flight, which is what xllamacpp offers."""
    numbers, tokens, clock = iter(range(ROWS)), [0], Clock()
    lock = threading.Lock()

    def count(answer: dict[str, Any]) -> bool:
        with lock:
            tokens[0] += answer["usage"]["completion_tokens"]
        return False

    def work() -> None:
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            server.handle_chat_completions(_body(number), count)

    threads = [threading.Thread(target=work) for _ in range(PARALLEL)]
    with clock.running():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if tokens[0] != ROWS * TOKENS:
        raise RuntimeError(f"llama.cpp made {tokens[0]} tokens where {ROWS * TOKENS} were asked for")
    return clock.wall


def _body(number: int) -> dict[str, Any]:
    return {
        "messages": [{"role": "user", "content": prompt(number)}],
        "max_tokens": TOKENS,
        "temperature": 0.0,
        "ignore_eos": True,
        "cache_prompt": False,
    }


def _server() -> Any:
    """Start llama.cpp with the parameters that the backend gives it: what is compared is the way there."""
    settings = Settings(model_file(NAME), PARALLEL, CONTEXT, None, None)
    xllamacpp = xllamacpp_module()
    return xllamacpp.Server(_parameters(xllamacpp, settings))
