"""Lines on their way to standard error, which may be a pipe that is read too slowly, or not at all.

The lines of one tick of the loop are written together, at its end. Nothing here ever waits for a
reader: what a pipe does not take yet is kept, up to a bound, beyond which lines are dropped and
counted; once there is room again, a line says how many.
"""

import asyncio
import errno
import os
import select
import stat
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

R = TypeVar("R")

MOST_BYTES = 1024 * 1024

_AT_ONCE = select.PIPE_BUF  # so much a pipe that has room takes whole, and without waiting
_AGAIN_S = 0.05
_BUSY = (errno.EAGAIN, errno.EWOULDBLOCK)


class Lines(Generic[R]):
    """Writes to a file descriptor.

    ``show`` makes the line of a record that was added: those of a tick one after the other, which
    is cheaper than each in its time. ``told`` makes the line that says how many were dropped.
    ``most_bytes``: how much may wait; twice as much for lines that ``write`` was given.
    """

    def __init__(
        self,
        fd: int,
        show: Callable[[R], bytes],
        told: Callable[[int], bytes],
        *,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self.dropped = 0
        self._fd = fd
        self._show = show
        self._told = told
        self._most_bytes = most_bytes
        self._poll = None if stat.S_ISREG(os.fstat(fd).st_mode) else select.poll()
        if self._poll:
            self._poll.register(fd, select.POLLOUT)
        self._lock = threading.Lock()
        self._records: list[R] = []
        self._waiting: list[bytes] = []
        self._bytes = self._untold = 0
        self._planned = False

    def add(self, record: R) -> None:
        """Write the line of a record at the end of this tick of the loop."""
        self._records.append(record)
        if not self._planned:
            self._planned = True
            asyncio.get_running_loop().call_soon(self.flush)

    def write(self, line: bytes) -> None:
        """Keep a line, which has its line break; ``flush`` follows, as with a file."""
        self._show_records()
        self._keep(line, 2 * self._most_bytes)

    def flush(self) -> None:
        """Write what the reader takes without a wait; look again in a while if that is not all."""
        self._planned = False
        self._go()
        if self._waiting:
            try:
                loop = asyncio.get_running_loop()
            except RuntimeError:  # what is left goes with the next line, or at the end
                return
            self._planned = True
            loop.call_later(_AGAIN_S, self.flush)

    def close(self, within_s: float = 1.0) -> None:
        """Write all that waits, for at most so long; the end of a process is near."""
        until_s = time.monotonic() + within_s
        self._go()
        while self._waiting and (left_s := until_s - time.monotonic()) > 0:
            if self._poll:
                self._poll.poll(left_s * 1000)
            self._go()

    def _show_records(self) -> None:
        records, self._records = self._records, []
        for record in records:
            self._keep(self._show(record), self._most_bytes)

    def _keep(self, line: bytes, most_bytes: int) -> None:
        if self._bytes + len(line) > most_bytes:
            self.dropped += 1
            self._untold += 1
            return
        self._waiting.append(line)
        self._bytes += len(line)

    def _go(self) -> None:
        self._show_records()
        with self._lock:
            data, self._waiting = b"".join(self._waiting), []
            done = self._put(data)
            if done < len(data):
                self._waiting.insert(0, data[done:])
            elif self._untold:
                untold, self._untold = self._untold, 0
                self._waiting.append(self._told(untold))
            self._bytes = sum(map(len, self._waiting))

    def _put(self, data: bytes) -> int:
        """Write and return how many bytes are done with; what cannot ever be written is dropped."""
        done, view = 0, memoryview(data)
        try:
            while done < len(data) and (self._poll is None or self._poll.poll(0)):
                done += os.write(self._fd, view[done : self._end(data, done)])
        except OSError as error:
            if error.errno not in _BUSY:  # the reader has gone, or the disk is full
                self.dropped += data.count(b"\n", done)
                return len(data)
        return done

    def _end(self, data: bytes, start: int) -> int:
        """Return where the next write ends: after a whole line, so that no other cuts into it."""
        if self._poll is None:
            return len(data)
        most = start + _AT_ONCE
        return data.rfind(b"\n", start, most) + 1 or most
