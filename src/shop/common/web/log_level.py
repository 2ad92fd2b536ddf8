"""SIGUSR1: log everything, debug too. SIGUSR2: log what the configuration says.

Two signals rather than one that switches: who sends one need not know how things are. A signal
reaches the process in any container, needs no port, and only who may stop the process can send it.
"""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from shop.common import log as lines
from shop.common.config import LogConfig

log = structlog.get_logger()

MORE, USUAL = signal.SIGUSR1, signal.SIGUSR2


def ignore() -> None:
    """Let neither end the process, as they would, before it has come so far as to heed them."""
    for number in (MORE, USUAL):
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def heeded(config: LogConfig) -> Iterator[None]:
    """Heed both while the code inside runs in the loop."""
    loop = asyncio.get_running_loop()
    levels = {MORE: "debug", USUAL: config.level}
    for number, level in levels.items():
        loop.add_signal_handler(number, _change, level)
    try:
        yield
    finally:
        for number in levels:
            loop.remove_signal_handler(number)
        ignore()


def _change(level: str) -> None:
    lines.set_level(level)
    log.warning("log level changed", to=level)
