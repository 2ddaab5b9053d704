"""Hooks, as the first plugins wrote them: one argument, the import inside."""

from seedbed import hookimpl


@hookimpl
def seedbed_task(name):
    from frozen_plugin import tasks

    return {
        "frozen-advice": tasks.Advice,
        "frozen-answer": tasks.Answer,
        "frozen-chain": tasks.Chain,
        "frozen-letters": tasks.Letters,
        "frozen-stream": tasks.Stream,
    }[name]


@hookimpl
def seedbed_step(name):
    from frozen_plugin import steps

    return {"frozen-rank": steps.Rank, "frozen-source": steps.Source, "frozen-split": steps.Split}[name]


@hookimpl
def seedbed_llm(name):
    if name == "frozen-http":
        from frozen_plugin.http_llm import FrozenHTTPLLM

        return FrozenHTTPLLM
    from frozen_plugin.llm import FrozenLLM

    return FrozenLLM
