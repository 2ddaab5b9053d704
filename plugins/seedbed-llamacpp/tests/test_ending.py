"""How processes end while the model answers; each in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

START = """
import os, sys, threading
from seedbed_llamacpp import LlamaCppLLM
from seedbed_llamacpp.call import Call

began = threading.Event()
receive = Call._receive

def watched(self, chunk):
    began.set()
    return receive(self, chunk)

Call._receive = watched
llm = LlamaCppLLM(model="smollm2-135m", threads=1, parallel=2, context=2048, max_tokens=None)
endless = {"extra": {"ignore_eos": True}}
story = [[{"role": "user", "content": "Tell a story."}]] * 4
"""

DEADLINE = 250


def start(script: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", START + script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(script: str) -> subprocess.CompletedProcess[str]:
    with start(script) as process:
        try:
            output, errors = process.communicate(timeout=DEADLINE)
        finally:
            process.kill()
    return subprocess.CompletedProcess([], process.returncode, output, errors)


@pytest.mark.slow
def test_loading_answering_and_ending_print_nothing() -> None:
    ended = run("llm.generate(story[:1], max_tokens=3); sys.exit(7)")
    assert (ended.returncode, ended.stdout, ended.stderr) == (7, "", "")


@pytest.mark.slow
def test_a_process_that_ends_with_calls_in_flight_stops_them_and_keeps_its_status() -> None:
    ended = run("""
threading.Thread(target=llm.generate, args=[story], kwargs=endless, daemon=True).start()
began.wait()
sys.exit(7)
""")
    assert (ended.returncode, ended.stdout, ended.stderr) == (7, "", "")


@pytest.mark.slow
def test_a_loop_that_is_left_with_calls_in_flight_stops_them() -> None:
    ended = run("""
import asyncio

async def main():
    task = asyncio.create_task(llm.agenerate(story, **endless))
    await asyncio.to_thread(began.wait)
    sys.exit(7)

asyncio.run(main())
""")
    assert (ended.returncode, ended.stdout, ended.stderr) == (7, "", "")


@pytest.mark.slow
def test_ctrl_c_stops_a_generation() -> None:
    script = """
threading.Thread(target=lambda: (began.wait(), print("began", flush=True)), daemon=True).start()
try:
    llm.generate(story, **endless)
except KeyboardInterrupt:
    sys.exit(130)
"""
    with start(script) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "began\n"
            process.send_signal(signal.SIGINT)
            output, errors = process.communicate(timeout=DEADLINE)
        finally:
            process.kill()
    assert (process.returncode, output, errors) == (130, "", "")


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_is_refused_and_ends_as_it_wants() -> None:
    ended = run("""
import warnings
warnings.simplefilter("ignore")
llm.generate(story[:1], max_tokens=3)
child = os.fork()
if child == 0:
    for call in (lambda: llm.generate(story[:1]), lambda: LlamaCppLLM(model="smollm2-135m").load()):
        try:
            call()
        except Exception as error:
            print(type(error).__name__, error.fact)
    llm.unload()
    sys.exit(5)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 5
assert llm.generate(story[:1], max_tokens=3)
""")
    assert (ended.returncode, ended.stderr) == (0, "")
    lines = ended.stdout.splitlines()
    assert len(lines) == 2
    assert all(line.startswith("UsageError this process was forked") for line in lines)


@pytest.mark.slow
def test_a_model_is_freed_although_the_errors_of_its_calls_are_kept() -> None:
    ended = run("""
import asyncio, errno, gc, urllib.error, urllib.request

async def stopped():
    task = asyncio.create_task(llm.agenerate(story[:1], **endless))
    await asyncio.to_thread(began.wait)
    address = llm._lease.server._native.server.listening_address
    llm.unload()
    try:
        await task
    except Exception as error:
        return error, address

gc.disable()
error, address = asyncio.run(stopped())
try:
    urllib.request.urlopen(address)
except urllib.error.URLError as refused:
    print(error.fact, refused.reason.errno == errno.ECONNREFUSED)
""")
    assert (ended.stdout, ended.stderr) == ("the model was unloaded while it answered True\n", "")
