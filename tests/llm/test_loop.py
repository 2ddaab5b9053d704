"""The loop thread: one for the process, of its own after a fork, unharmed by callers, gone at exit."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest
from tests.support.scripted_llm import scripted, user

from seedbed.llm.calling.loop import LoopThread, loop_thread


def python(source: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """Run a program in an interpreter of its own, which must end by itself."""
    program = "from tests.support.scripted_llm import *\n" + textwrap.dedent(source)
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, timeout=timeout
    )


@pytest.mark.slow
def test_threads_that_come_first_together_get_one_loop():
    ended = python(
        """
        import sys, threading
        from seedbed.llm.calling.loop import loop_thread
        sys.setswitchinterval(1e-6)
        together, found = threading.Barrier(16), []
        def first():
            together.wait()
            found.append(loop_thread())
        threads = [threading.Thread(target=first) for _ in range(16)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        print(len(found), len(set(map(id, found))))
        """
    )
    assert ended.stdout == "16 1\n", ended


@pytest.mark.parametrize("exit_", [SystemExit(3), KeyboardInterrupt()])
def test_a_backend_that_exits_ends_its_caller_and_not_the_loop(exit_):
    def leave(request):
        raise exit_

    with pytest.raises(type(exit_)):
        scripted(leave).generate([user("a")])
    assert scripted().generate([user("a")]) == [["yes"]]


@pytest.mark.slow
def test_a_forked_child_has_a_loop_and_permits_of_its_own():
    ended = python(
        """
        import asyncio, os, threading
        from seedbed.llm.calling.loop import loop_thread

        asked, go = threading.Semaphore(0), threading.Event()
        async def wait(request):
            asked.release()
            await asyncio.to_thread(go.wait)
            return "late"
        slow, quick = scripted(wait), scripted("quick")
        texts = [user(str(k)) for k in range(16)]
        caller = threading.Thread(target=slow.generate, args=[texts + texts])
        caller.start()
        for _ in range(16): asked.acquire()
        before = loop_thread()
        if (child := os.fork()) == 0:
            right = quick.generate(texts + texts) == [["quick"]] * 32 and loop_thread() is not before
            os._exit(0 if right else 1)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        go.set()
        caller.join()
        print(status, loop_thread() is before)
        """
    )
    assert ended.stdout == "0 True\n", ended


@pytest.mark.slow
def test_the_process_ends_at_once_with_calls_in_flight():
    ended = python(
        """
        import asyncio, concurrent.futures, contextlib, threading
        asked = threading.Event()
        def ask():
            with contextlib.suppress(concurrent.futures.CancelledError):
                scripted(hang).generate([user("a")])
        async def hang(request):
            asked.set()
            try:
                await asyncio.Event().wait()
            finally:
                print("cancelled", flush=True)
        threading.Thread(target=ask, daemon=True).start()
        asked.wait()
        print("end", flush=True)
        """
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "end\ncancelled\n", "")


@pytest.mark.slow
def test_a_thread_whose_call_ends_with_the_process_shows_no_traceback():
    ended = python(
        """
        import asyncio, threading
        asked = threading.Event()
        async def hang(request):
            asked.set()
            await asyncio.Event().wait()
        threading.Thread(target=lambda: scripted(hang).generate([user("a")]), daemon=True).start()
        asked.wait()
        """
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


@pytest.mark.slow
def test_ctrl_c_cancels_the_call_and_leaves():
    ended = python(
        """
        import asyncio, signal, threading
        async def hang(request):
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
            try:
                await asyncio.Event().wait()
            finally:
                print("cancelled", flush=True)
        try:
            scripted(hang).generate([user("a")])
        except KeyboardInterrupt:
            print("interrupted", flush=True)
        print(scripted("alive").generate([user("a")]))
        """
    )
    assert ended.stdout == "cancelled\ninterrupted\n[['alive']]\n", ended


@pytest.mark.slow
def test_ctrl_c_reaches_a_call_whose_caller_does_not_wait_for_it_yet():
    ended = python(
        """
        import asyncio, sys, threading
        begun = threading.Event()

        async def answer(request):
            begun.set()
            try:
                await asyncio.Event().wait()
            finally:
                print("cancelled", flush=True)

        def interrupt(frame, event, arg):
            if event == "call" and frame.f_code.co_name == "result":
                begun.wait()
                raise KeyboardInterrupt
            return interrupt

        sys.settrace(interrupt)
        try:
            scripted(answer).generate([user("a")])
        except KeyboardInterrupt:
            print("interrupted")
        """
    )
    assert (ended.stdout, ended.stderr) == ("cancelled\ninterrupted\n", ""), ended


def test_blocking_work_waits_for_no_other_blocking_work():
    # A step that waits for a run of its own would wait forever if that got no thread.
    together = threading.Barrier(64, timeout=60)

    async def work():
        return await asyncio.gather(*(asyncio.to_thread(together.wait) for _ in range(64)))

    assert sorted(loop_thread().run(work(), twin="work()")) == [*range(64)]


def test_blocking_work_that_raises_stop_iteration_ends():
    async def work():
        return await asyncio.wait_for(asyncio.to_thread(next, iter([])), 60)

    with pytest.raises(RuntimeError, match="StopIteration"):
        loop_thread().run(work(), twin="work()")


def test_what_was_opened_is_closed_with_the_loop():
    thread, closed = LoopThread(), []

    async def close():
        closed.append(thread.is_current())

    thread.on_close(close)
    thread.close()
    thread.close()
    assert closed == [True]
    assert thread.loop.is_closed()
    assert not loop_thread().loop.is_closed()


CHOSEN = """
class Loop(asyncio.SelectorEventLoop): pass
class Policy(asyncio.DefaultEventLoopPolicy): _loop_factory = Loop
asyncio.set_event_loop_policy(Policy())
"""


@pytest.mark.slow
@pytest.mark.variants(1)
@pytest.mark.parametrize(
    ("before", "loop"),
    [("", "uvloop"), (CHOSEN, "__main__"), ("sys.modules['uvloop'] = None", "asyncio.unix_events")],
    ids=["by default", "chosen by the application", "without uvloop"],
)
def test_runs_live_on_uvloops_event_loop_unless_there_is_another(before, loop):
    ended = python(
        f"""
        import asyncio, sys
        exec({before!r})
        from seedbed import GeneratorTask, run
        from seedbed.llm.calling.loop import loop_thread
        from seedbed.llm.response import Response
        from seedbed.testing import ChatCompletions, ScriptedServer
        from seedbed_openai import OpenAILLM

        class Story(GeneratorTask):
            template: str = "Tell a story."

        with ScriptedServer() as server:
            server.answer_with(ChatCompletions().answer(Response.of_text("Once.")))
            llm = OpenAILLM(model="m", base_url=f"{{server.url}}/v1", api_key="x", preset="vllm")
            made = run(Story(llm=llm), 20)
        print(type(loop_thread().loop).__module__, made.accepted)
        """
    )
    assert (ended.stdout, ended.stderr) == (f"{loop} 20\n", ""), ended


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_network_is_used_in_the_same_way_by_asyncios_own_loop():
    """As on Windows, and in applications that choose it."""
    names = ["connections", "transport", "proxy_and_tls", "faults", "calling", "limits", "rates"]
    files = [str(Path(__file__).parent / f"test_{name}.py") for name in names]
    ended = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; sys.modules['uvloop'] = None; import pytest; sys.exit(pytest.main(sys.argv[1:]))",
            *("-q", "-x", "-n0", "-p", "no:cacheprovider", *files),
        ],
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stdout[-4000:]
