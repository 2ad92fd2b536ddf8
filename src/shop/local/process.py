"""A process that outlives the command which started it, and is never mistaken for another.

A pid is used again after its process has ended. So a process is known by its pid and the moment
it was started, and nothing is signalled unless both still agree.
"""

import asyncio
import contextlib
import os
import resource
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_FILES = 64_000  # what mongod wants; it ends itself when it cannot open another one

_children: dict[int, subprocess.Popen[bytes]] = {}  # kept until reaped


@dataclass(frozen=True)
class Process:
    """A process: its pid, and when it was started (an opaque text that no other one shares)."""

    pid: int
    started: str

    @property
    def alive(self) -> bool:
        """Whether it still runs; a zombie does not."""
        return _started(self.pid) == self.started

    def send(self, number: signal.Signals) -> None:
        """Send a signal, if it still runs."""
        if self.alive:
            os.kill(self.pid, number)


def start(command: Sequence[str], *, log: Path, env: Mapping[str, str], cwd: Path) -> Process:
    """Start a program in a session of its own; what it prints goes to ``log`` (one old one kept).

    Raises OSError if it cannot be started.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists():
        log.replace(log.with_suffix(".log.1"))
    _allow_files()
    with log.open("wb") as out:
        child = subprocess.Popen(  # noqa: S603
            command,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=env,
            cwd=cwd,
            start_new_session=True,
        )
    _children[child.pid] = child
    return identify(child.pid)


def _allow_files() -> None:
    """Let this process and those it starts open as many files as they may, up to 64,000.

    Many systems set the limit that holds (soft) to 1024 for old programs' sake, far below the one
    up to which a program may raise it itself (hard).
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        # macOS names no limit, and yet has a lower one
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def identify(pid: int) -> Process:
    """Return the process that has this pid now."""
    return Process(pid, _started(pid) or "ended at once")


async def stop(process: Process, grace_s: float) -> None:
    """Ask it to end; after ``grace_s`` end it and its group by force; return when it is gone."""
    process.send(signal.SIGTERM)
    if not await _gone(process, grace_s) and process.alive:
        os.killpg(process.pid, signal.SIGKILL)
        await _gone(process, 10)
    exit_code(process)


def exit_code(process: Process) -> int | None:
    """Return the exit code of an ended process, if it was started by this command."""
    child = _children.get(process.pid)
    if child is None or child.poll() is None:
        return None
    return _children.pop(process.pid).returncode


async def _gone(process: Process, within_s: float) -> bool:
    deadline = asyncio.get_running_loop().time() + within_s
    while process.alive:
        if asyncio.get_running_loop().time() > deadline:
            return False
        await asyncio.sleep(0.02)
    return True


def _started(pid: int) -> str | None:
    """Say when the process with this pid was started; None if there is none, or only a zombie."""
    if Path("/proc/self/stat").exists():
        return _started_by_proc(pid)
    return _started_by_ps(pid)


def _started_by_proc(pid: int) -> str | None:
    """Read proc(5): after the name in brackets, fields 3 (state), 20 (threads), 22 (start time).

    The time counts from boot, so the boot's id belongs to it. A zombie with threads is still
    ending: they hold its files and ports.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    if fields[0] in "ZX" and int(fields[17]) <= 1:
        return None
    return f"{Path('/proc/sys/kernel/random/boot_id').read_text().strip()}/{fields[19]}"


def _started_by_ps(pid: int) -> str | None:
    command = ["ps", "-o", "stat=,lstart=", "-p", str(pid)]
    shown = subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()  # noqa: S603
    return None if not shown or shown[0].startswith("Z") else " ".join(shown[1:])
