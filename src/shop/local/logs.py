"""Reading what the members printed."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from shop.local.errors import LocalError
from shop.local.home import Home

_POLL_S = 0.2


def files(home: Home, service: str | None) -> list[Path]:
    """Return the log files of a service or server, or all; raise LocalError if there is none."""
    found = sorted(home.log("x").parent.glob("*.log"))
    chosen = [path for path in found if service in (None, path.stem, path.stem.rpartition("-")[0])]
    if not chosen:
        known = ", ".join(sorted({path.stem for path in found})) or "none yet"
        raise LocalError(f"There is no log of {service or 'anything'}. Logs: {known}.")
    return chosen


def last(paths: Sequence[Path], count: int) -> list[str]:
    """Return the last ``count`` lines of each file, under its name if there are several."""
    return [
        _named(path, line, paths)
        for path in paths
        for line in path.read_text(errors="replace").splitlines()[-count:]
    ]


async def follow(paths: Sequence[Path]) -> AsyncIterator[str]:
    """Return the lines that come from now on, for ever; a file that starts anew is read anew."""
    read = {path: path.stat().st_size for path in paths}
    while True:
        for path in paths:
            size = path.stat().st_size if path.exists() else 0
            start = read[path] if size >= read[path] else 0
            whole = _whole_lines(path, start) if size > start else b""
            read[path] = start + len(whole)
            for line in whole.decode(errors="replace").splitlines():
                yield _named(path, line, paths)
        await asyncio.sleep(_POLL_S)


def _whole_lines(path: Path, start: int) -> bytes:
    with path.open("rb") as file:
        file.seek(start)
        lines, end, _ = file.read().rpartition(b"\n")
        return lines + end


def _named(path: Path, line: str, paths: Sequence[Path]) -> str:
    return line if len(paths) == 1 else f"{path.stem:12} | {line}"
