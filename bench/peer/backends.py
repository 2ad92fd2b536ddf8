"""Instances in processes of their own, which are ended with the block that uses them."""

import contextlib
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

_BACKEND = Path(__file__).with_name("backend.py")

FAULTS = {"refuses": signal.SIGKILL, "hangs": signal.SIGSTOP, "slow": signal.SIGUSR1}


class Backend:
    def __init__(self, usual_s: float) -> None:
        command = [sys.executable, str(_BACKEND), str(usual_s)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.url = f"http://127.0.0.1:{self._process.stdout.readline().strip()}"

    def fail(self, fault: str) -> None:
        self._process.send_signal(FAULTS[fault])

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()


@contextlib.contextmanager
def backends(count: int, usual_s: float = 0.0) -> Iterator[list[Backend]]:
    with contextlib.ExitStack() as ending:
        started = []
        for _ in range(count):
            started.append(Backend(usual_s))
            ending.callback(started[-1].end)
        yield started
