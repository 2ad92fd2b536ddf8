"""Processes are stopped for sure, and no other is ever taken for them."""

import os
import resource
import signal
import subprocess
import sys
from dataclasses import replace

import pytest

from shop.local.process import Process, exit_code, identify, start, stop

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "print('deaf', flush=True); time.sleep(600)",
]


@pytest.fixture
def begin(tmp_path):
    started: list[Process] = []

    def of(command) -> Process:
        log = tmp_path / "process.log"
        started.append(start(command, log=log, env=os.environ, cwd=tmp_path))
        return started[-1]

    yield of
    for process in started:
        process.send(signal.SIGKILL)


async def test_a_started_process_is_alive_until_it_is_stopped(begin):
    process = begin(SLEEP)
    assert process.alive
    await stop(process, grace_s=10)
    assert not process.alive


async def test_one_that_ignores_sigterm_is_killed(begin, tmp_path):
    process = begin(STUBBORN)
    while "deaf" not in (tmp_path / "process.log").read_text():
        assert process.alive
    await stop(process, grace_s=0.1)
    assert not process.alive


async def test_a_pid_that_now_belongs_to_another_is_not_signalled(begin):
    stranger = begin(SLEEP)
    recycled = replace(stranger, started="some other boot/1")
    assert not recycled.alive
    recycled.send(signal.SIGKILL)
    await stop(recycled, grace_s=0.1)
    assert stranger.alive


async def test_a_process_is_found_again_by_its_pid(begin):
    first, second = begin(SLEEP), begin(SLEEP)
    assert identify(first.pid) == first
    assert identify(second.pid) == second


def test_a_zombie_is_not_alive():
    child = subprocess.Popen([sys.executable, "-c", "pass"], stdout=subprocess.PIPE)
    process = identify(child.pid)
    assert child.stdout
    child.stdout.read()  # returns when it has ended; it is not reaped yet
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not process.alive
    child.communicate()


async def test_it_lives_in_a_session_of_its_own(begin):
    process = begin(SLEEP)
    assert os.getsid(process.pid) == process.pid
    assert os.getsid(process.pid) != os.getsid(0)


async def test_stopping_one_that_has_ended_does_nothing(begin):
    process = begin([sys.executable, "-c", "raise SystemExit(3)"])
    while process.alive:
        pass
    assert exit_code(process) == 3
    await stop(process, grace_s=1)


async def test_the_log_of_the_run_before_is_kept(begin, tmp_path):
    for word in ("first", "second"):
        process = begin([sys.executable, "-c", f"print('{word}')"])
        while process.alive:
            pass
    assert (tmp_path / "process.log").read_text() == "second\n"
    assert (tmp_path / "process.log.1").read_text() == "first\n"


def test_it_may_open_as_many_files_as_the_system_lets_it(begin, tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = 64_000 if hard == resource.RLIM_INFINITY else min(hard, 64_000)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, soft), hard))
    try:
        process = begin(
            [sys.executable, "-c", "import resource as r; print(r.getrlimit(r.RLIMIT_NOFILE)[0])"]
        )
        while exit_code(process) is None:
            pass
        assert int((tmp_path / "process.log").read_text()) == most
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
