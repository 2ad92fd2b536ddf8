"""Running another program to its end."""

import asyncio
import contextlib
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, STDOUT
from collections.abc import Mapping, Sequence
from pathlib import Path

from shop.local.errors import LocalError


async def run(
    command: Sequence[str | Path], *, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> str:
    """Return what the program printed; raise LocalError with its last lines if it failed.

    When the caller is cancelled it is ended, and with it what it has started in turn.
    """
    try:
        child = await asyncio.create_subprocess_exec(
            *command,
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=STDOUT,
            env={**os.environ, **(env or {})},
            cwd=cwd,
            start_new_session=True,
        )
    except OSError as error:
        raise LocalError(f"{command[0]} cannot be run: {error.strerror}") from error
    try:
        printed = (await child.communicate())[0].decode(errors="replace")
    finally:
        if child.returncode is None:
            with contextlib.suppress(ProcessLookupError):  # it ends at this very moment
                os.killpg(child.pid, signal.SIGKILL)
            await child.wait()
    if child.returncode != 0:
        raise LocalError(f"{Path(command[0]).name} failed:\n{last_lines(printed)}")
    return printed


def last_lines(text: str, count: int = 12) -> str:
    """Return the end of a text, indented."""
    return "\n".join("    " + line for line in text.rstrip().splitlines()[-count:])
