"""What the person at the terminal sees while something takes long."""

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TextIO


class Progress:
    """Prints steps as lines; on a terminal also how far the downloads are, in one moving line."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout
        self._moving = self._stream.isatty()
        self._downloads: dict[str, int] = {}

    def say(self, text: str) -> None:
        """Print a line."""
        if self._moving:
            self._stream.write("\r\033[K")
        self._stream.write(text + "\n")
        self._stream.flush()

    @asynccontextmanager
    async def download(self, name: str, folder: Path, size: int) -> AsyncIterator[None]:
        """Show how much of ``size`` bytes has come into ``folder`` while the body runs."""
        self.say(f"  fetching {name} ({size / 1e6:.0f} MB)")
        watch = asyncio.create_task(self._watch(name, folder, size))
        try:
            yield
        finally:
            watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watch
            self._downloads.pop(name, None)
        self.say(f"  {name} is here")

    async def _watch(self, name: str, folder: Path, size: int) -> None:
        while self._moving:
            self._downloads[name] = min(99, 100 * _bytes_in(folder) // size)
            shown = "  ".join(f"{name} {done} %" for name, done in self._downloads.items())
            self._stream.write(f"\r\033[K  {shown}")
            self._stream.flush()
            await asyncio.sleep(0.2)


def _bytes_in(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):  # a part was renamed meanwhile
            total += path.lstat().st_size if path.is_file() else 0
    return total
